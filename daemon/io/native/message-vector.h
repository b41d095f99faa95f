// Messages gathered for one sendmmsg.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>

struct SendReport {
  int32_t calls = 0;
  int32_t would_block = 0;  // messages dropped because the socket's buffer is full
  int32_t refused = 0;      // messages dropped for any other reason
  int error = 0;            // errno of the last drop

  void refuse(int code) {
    refused++;
    error = code;
  }
};

class MessageVector {
 public:
  MessageVector();
  bool full() const { return count_ == CAPACITY; }
  // The bytes are not copied: they must stay until flush. `address` and `port` in host order.
  void add_ipv4(const uint8_t* bytes, size_t length, uint32_t address, uint16_t port);
  // Takes the destination from the packet's own header, of which the caller has seen all 40 bytes.
  void add_ipv6(const uint8_t* packet, size_t length);
  // Sends everything in order. A message that fails does not take the ones behind it along.
  void flush(int fd, SendReport& report);

 private:
  static constexpr unsigned CAPACITY = 128;
  union Name {
    sockaddr_in ipv4;
    sockaddr_in6 ipv6;
  };
  void add(const uint8_t* bytes, size_t length, socklen_t name_length);

  unsigned count_ = 0;
  mmsghdr messages_[CAPACITY];
  iovec vectors_[CAPACITY];
  Name names_[CAPACITY];
};
