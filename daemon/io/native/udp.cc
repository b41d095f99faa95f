#include "udp.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

// Newer than some headers (Linux 5.0).
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

namespace {

// Rows of the first look: with the longest runs these are as many bytes as a batch should have.
constexpr int32_t FIRST = 8;
// With fewer bytes in the first look, those of the second will be about as short.
constexpr size_t FIRST_BYTES = 64 * 1024;
constexpr uint8_t ECN_MASK = 3;

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

UdpResult open_udp(uint32_t address, uint16_t port, int receive_buffer, int send_buffer, PortSharing sharing) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return udp_failure(fd, "socket");

  // RFC 4380 §5.1.2: Teredo packets are sent with DF clear, so that a small IPv4 link fragments instead of dropping.
  const int discover = IP_PMTUDISC_DONT;
  if (setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover, sizeof discover) < 0) return udp_failure(fd, "option");
  set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive_buffer);
  set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send_buffer);

  const int on = 1;
  const bool joins = sharing == PortSharing::Join;
  if (joins && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return udp_failure(fd, "option");
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address);
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) < 0) return udp_failure(fd, "bind");
  // Before its bind it would join a group that another program has there.
  const bool opens = sharing == PortSharing::First;
  if (opens && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0) return udp_failure(fd, "option");
  socklen_t size = sizeof name;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) < 0) return udp_failure(fd, "name");

  UdpResult result;
  result.fd = fd;
  result.address = ntohl(name.sin_addr.s_addr);
  result.port = ntohs(name.sin_port);
  return result;
}

MoreRoom::MoreRoom(int fd) : fd_(fd) {
  socklen_t length = sizeof size_;
  if (getsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &size_, &length) < 0) return;
  setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &size_, sizeof size_);
}

MoreRoom::~MoreRoom() {
  const int asked = size_ / 2;
  if (asked > 0) setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &asked, sizeof asked);
}

UdpReceiver::UdpReceiver(const Batch& batch) : batch_(batch) {
  std::memset(messages_, 0, sizeof messages_);
  for (int32_t i = 0; i < batch.capacity && i < CAPACITY; i++) {
    vectors_[i].iov_base = batch.slot_bytes(i);
    vectors_[i].iov_len = batch.slot;
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = &names_[i];
    header.msg_namelen = sizeof names_[i];
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = &controls_[i];
    header.msg_controllen = sizeof controls_[i];
  }
}

void UdpReceiver::prepare(int fd, bool runs) {
  const int on = 1;
  if (runs) setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
  setsockopt(fd, IPPROTO_IP, IP_RECVTOS, &on, sizeof on);
}

// Long runs fill a batch with a few rows; more would leave the processor's cache before they are delivered, and would
// touch memory that is then never given back. So there is a second look only after short ones.
int32_t UdpReceiver::receive(int fd, int32_t socket) {
  const int32_t first = std::min(FIRST, batch_.capacity);
  const int32_t count = receive_into(fd, socket, 0, first);
  if (count < first || first == batch_.capacity || bytes_ > FIRST_BYTES) return count;
  const int32_t more = receive_into(fd, socket, first, batch_.capacity - first);
  // An error that lasts comes again with the next look.
  return more < 0 ? count : count + more;
}

int32_t UdpReceiver::receive_into(int fd, int32_t socket, int32_t start, int32_t most) {
  const int count = recvmmsg(fd, messages_ + start, static_cast<unsigned>(most), MSG_DONTWAIT, nullptr);
  if (count < 0) return -errno;
  bytes_ = 0;
  for (int32_t i = start; i < start + count; i++) {
    msghdr& header = messages_[i].msg_hdr;
    Row& row = batch_.fill(i, batch_.slot * static_cast<size_t>(i), messages_[i].msg_len);
    row.address = static_cast<int32_t>(ntohl(names_[i].sin_addr.s_addr));
    row.port = ntohs(names_[i].sin_port);
    row.socket = socket;
    read_control(&header, &row);
    bytes_ += messages_[i].msg_len;
    // The kernel has written into both.
    header.msg_namelen = sizeof names_[i];
    header.msg_controllen = sizeof controls_[i];
  }
  return count;
}

void UdpReceiver::read_control(msghdr* header, Row* row) {
  for (cmsghdr* control = CMSG_FIRSTHDR(header); control != nullptr; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      int size = 0;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      if (size > 0 && size < row->length) row->segment = size;
    } else if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_TOS) {
      row->offload = *CMSG_DATA(control) & ECN_MASK;
    }
  }
  // The kernel makes none longer; a longer one would have packets that no bit stands for.
  const auto limit = static_cast<int64_t>(row->segment) * static_cast<int64_t>(RUN_LIMIT);
  if (row->segment > 0 && row->length > limit) row->length = static_cast<int32_t>(limit);
}
