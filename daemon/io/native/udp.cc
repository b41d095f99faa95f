#include "udp.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

// The forced size passes the system's limit and needs CAP_NET_ADMIN; without it the limit's worth is enough to run.
void set_buffer(int fd, int forced, int plain, int size) {
  if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof size) < 0) {
    setsockopt(fd, SOL_SOCKET, plain, &size, sizeof size);
  }
}

UdpResult udp_failure(int fd, const char* step) {
  UdpResult result;
  result.error = errno;
  result.step = step;
  if (fd >= 0) close(fd);
  return result;
}

}  // namespace

UdpResult open_udp(uint32_t address, uint16_t port, int buffer) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return udp_failure(fd, "socket");

  // RFC 4380 §5.1.2: Teredo packets are sent with DF clear, so that a small IPv4 link fragments instead of dropping.
  const int discover = IP_PMTUDISC_DONT;
  if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover) < 0) return udp_failure(fd, "option");
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, buffer);

  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) < 0) return udp_failure(fd, "bind");
  socklen_t size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0) return udp_failure(fd, "name");

  UdpResult result;
  result.fd = fd;
  result.address = ntohl(name.sin_addr.s_addr);
  result.port = ntohs(name.sin_port);
  return result;
}

UdpReceiver::UdpReceiver(const Batch& batch) : batch_(batch) {
  std::memset(messages_, 0, sizeof messages_);
  for (int32_t i = 0; i < batch.capacity && i < CAPACITY; i++) {
    vectors_[i].iov_base = batch.slot_bytes(i);
    vectors_[i].iov_len = batch.slot;
    messages_[i].msg_hdr.msg_name = &names_[i];
    messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

int32_t UdpReceiver::receive(int fd, int32_t socket) {
  const int count = recvmmsg(fd, messages_, static_cast<unsigned>(batch_.capacity), MSG_DONTWAIT, nullptr);
  if (count < 0) return -errno;
  for (int32_t i = 0; i < count; i++) {
    Row& row = batch_.fill(i, messages_[i].msg_len);
    row.address = static_cast<int32_t>(ntohl(names_[i].sin_addr.s_addr));
    row.port = ntohs(names_[i].sin_port);
    row.socket = socket;
    messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
  }
  return count;
}
