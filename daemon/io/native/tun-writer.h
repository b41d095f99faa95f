// Packets on their way into a TUN device. Consecutive packets of a flow are joined where the device takes that.
#pragma once

#include "coalesce.h"
#include "send-report.h"

class TunWriter : private Coalescer::Sink {
 public:
  TunWriter() : coalescer_(this) {}
  TunWriter(const TunWriter&) = delete;
  TunWriter& operator=(const TunWriter&) = delete;

  void use(int fd, bool with_header, bool joins_tcp, bool joins_udp);
  // The bytes must stay until flush.
  void add(const uint8_t* packet, size_t length, SendReport& report);
  void flush(SendReport& report);

 private:
  void take(const Joined& joined) override;
  // False: it was refused, errno says why.
  bool write(const VirtioHeader& header, const uint8_t* packet, size_t length);

  int fd_ = -1;
  bool with_header_ = false;
  Coalescer coalescer_;
  SendReport* report_ = nullptr;
};
