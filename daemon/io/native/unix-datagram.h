// Datagrams to unix sockets, which Node lacks: what the system's log and service manager listen to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

// `path` of a socket in the file system; with a leading NUL or @, an abstract name. Does not wait.
// Returns 0 or an errno.
int send_unix_datagram(const std::string& path, const uint8_t* bytes, size_t length);
