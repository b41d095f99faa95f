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

// `buffer` is the size asked for the receive and the send buffer, in bytes.
UdpResult open_udp(uint32_t address, uint16_t port, int buffer);

class UdpReceiver {
 public:
  static constexpr int32_t CAPACITY = 64;
  // Points the message headers at the slots of `batch`, whose capacity is at most CAPACITY.
  explicit UdpReceiver(const Batch& batch);
  // Number of datagrams, described in the rows from 0; or minus errno.
  int32_t receive(int fd, int32_t socket);

 private:
  const Batch& batch_;
  mmsghdr messages_[CAPACITY];
  iovec vectors_[CAPACITY];
  sockaddr_in names_[CAPACITY];
};
