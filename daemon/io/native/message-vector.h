// IPv6 packets gathered for one sendmmsg through a raw socket.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

#include "send-report.h"

class MessageVector {
 public:
  MessageVector();
  bool full() const { return count_ == CAPACITY; }
  // The bytes are not copied: they must stay until flush. The destination is that of the packet's own header, of
  // which the caller has seen all 40 bytes.
  void add(const uint8_t* packet, size_t length);
  // Sends everything in order. A message that fails does not take the ones behind it along.
  void flush(int fd, SendReport& report);

 private:
  static constexpr unsigned CAPACITY = 128;
  unsigned count_ = 0;
  mmsghdr messages_[CAPACITY];
  iovec vectors_[CAPACITY];
  sockaddr_in6 names_[CAPACITY];
};
