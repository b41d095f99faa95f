// UDP over IPv4: opening, and receiving in batches.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "rows.h"
#include "tun.h"

struct UdpResult : OpenResult {
  uint32_t address = 0;  // host order
  uint16_t port = 0;
};

// Whether other sockets of this user may have the same address and port, each getting a part of what comes.
enum class PortSharing : int32_t {
  None = 0,
  First = 1,  // the port is free, or it fails; others may join from then on
  Join = 2,
};

// Sizes asked for the buffers in bytes.
UdpResult open_udp(uint32_t address, uint16_t port, int receive_buffer, int send_buffer, PortSharing sharing);

// Twice the room in a socket's send buffer, for as long as it lives. Needs no privilege, as long as the buffer is not
// larger than the system's limit (net.core.wmem_max).
class MoreRoom {
 public:
  explicit MoreRoom(int fd);
  ~MoreRoom();
  MoreRoom(const MoreRoom&) = delete;
  MoreRoom& operator=(const MoreRoom&) = delete;

 private:
  const int fd_;
  int size_ = 0;  // as the kernel says it: twice what was asked for
};

class UdpReceiver {
 public:
  static constexpr int32_t CAPACITY = 64;
  // Points the message headers at the slots of `batch`, whose capacity is at most CAPACITY.
  explicit UdpReceiver(const Batch& batch);
  // Asks for runs of datagrams and for the ECN field of the outer header; what the kernel refuses stays away.
  static void prepare(int fd, bool runs);
  // Number of rows from 0 that describe datagrams and runs; or minus errno.
  int32_t receive(int fd, int32_t socket);

 private:
  // Of control messages: the size of a run's datagrams, and the type of service.
  union Control {
    cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(int))];
  };

  static void read_control(msghdr* header, Row* row);
  // As receive, into `most` rows from `start`.
  int32_t receive_into(int fd, int32_t socket, int32_t start, int32_t most);

  const Batch& batch_;
  // Of the last look.
  size_t bytes_ = 0;
  mmsghdr messages_[CAPACITY];
  iovec vectors_[CAPACITY];
  sockaddr_in names_[CAPACITY];
  Control controls_[CAPACITY];
};
