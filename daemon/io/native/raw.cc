#include "raw.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace {

OpenResult raw_failure(int fd, const char* step) {
  OpenResult result;
  result.error = errno;
  result.step = step;
  if (fd >= 0) close(fd);
  return result;
}

}  // namespace

OpenResult open_raw_ipv6(int buffer) {
  // IPPROTO_RAW: the packets bring their own header.
  const int fd = socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0) return raw_failure(fd, "socket");

  // Packets with next header 255 would still queue up here for nobody to read: refuse them all.
  sock_filter refuse_all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program = {1, refuse_all};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0) return raw_failure(fd, "option");
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  }

  OpenResult result;
  result.fd = fd;
  return result;
}
