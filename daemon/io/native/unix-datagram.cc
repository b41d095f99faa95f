#include "unix-datagram.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace {

// Opened at the first use and kept. Negative: the errno of the attempt, which is made again.
int open_socket() {
  static int kept = -1;
  if (kept >= 0) return kept;
  kept = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return kept >= 0 ? kept : -errno;
}

}  // namespace

int send_unix_datagram(const std::string& path, const uint8_t* bytes, size_t length) {
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  if (path.empty()) return EINVAL;
  if (path.size() >= sizeof name.sun_path) return ENAMETOOLONG;
  const bool is_abstract = path[0] == '@' || path[0] == '\0';
  if (path.find('\0', is_abstract ? 1 : 0) != std::string::npos) return EINVAL;
  std::memcpy(name.sun_path, path.data(), path.size());
  if (is_abstract) name.sun_path[0] = '\0';

  const int fd = open_socket();
  if (fd < 0) return -fd;
  // An abstract name ends where the length says, and would have the NUL for a part.
  const size_t size = offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1);
  ssize_t sent;
  do {
    sent = sendto(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&name),
                  static_cast<socklen_t>(size));
  } while (sent < 0 && errno == EINTR);
  return sent < 0 ? errno : 0;
}
