// UDP packets over IPv6, whole, as they lie in a tunnel.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>

constexpr size_t INNER_HEADERS = 48;

// Writes the headers for a payload of `length` bytes (even), which lies behind them already.
void write_headers(uint8_t* packet, const sockaddr_in6& from, const sockaddr_in6& to, size_t length);
