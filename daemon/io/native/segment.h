// Cutting one big TCP or UDP packet, as the kernel hands it over for segmentation offload, into the packets that it
// stands for.
#pragma once

#include <cstddef>
#include <cstdint>

#include "virtio-header.h"

// A big packet's parts. An int32 carries it through TypeScript (ROW_OFFLOAD) beside the segment size.
struct Run {
  size_t checksum_start = 0;  // where the TCP or UDP header begins
  size_t header_length = 0;   // where the payload begins
  size_t segment = 0;         // payload bytes of each packet but the last
  bool is_udp = false;

  // Bits 12 to 23 are `header_length`, which TypeScript knows too (runHeaderLength in daemon/protocol/environment.ts).
  int32_t pack() const;
};

// A run as a row holds it. `segment` 0: one packet.
struct RunFacts {
  int32_t segment = 0;
  int32_t packed = 0;
};

// Heeds what the kernel says of a packet: a big one is described, the checksum of any other is finished if the kernel
// left that to the device. False when what it says cannot be.
bool read_header(const VirtioHeader& header, uint8_t* packet, size_t length, RunFacts* facts);
// What was said of a run: `packet` is looked at anew, since it went through other hands.
bool unpack_run(const uint8_t* packet, size_t length, int32_t segment, int32_t packed, Run* run);

// The packets of one run, one after the other. What it stands in must stay, and is not changed.
class Segmenter {
 public:
  Segmenter() = default;
  Segmenter(const uint8_t* packet, size_t length, const Run& run);

  bool done() const { return offset_ >= length_; }
  const uint8_t* packet() const { return packet_; }
  size_t header_length() const { return run_.header_length; }
  // Length of the next packet.
  size_t next_length() const { return run_.header_length + payload_length(); }
  // Writes the next packet and goes on to the one behind it.
  void next(uint8_t* packet);

 private:
  size_t payload_length() const {
    const size_t left = length_ - offset_;
    return left < run_.segment ? left : run_.segment;
  }

  const uint8_t* packet_ = nullptr;
  size_t length_ = 0;
  size_t offset_ = 0;
  Run run_;
  // Sum over the pseudo-header, less the length, and over the header, less what differs from packet to packet.
  uint64_t constant_sum_ = 0;
  uint32_t sequence_ = 0;
  uint8_t flags_ = 0;
};
