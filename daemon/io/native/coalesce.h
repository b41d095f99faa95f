// Joining consecutive packets of one TCP or UDP flow into one big packet, which the IPv6 stack takes in one go: the
// reverse of segment.h, by the rules of the kernel's own receive offload.
//
// A big packet tells the kernel that its checksums are right (they are made anew when it is cut again). So a packet
// joins only after its checksum was verified here, and a corrupt one goes by itself, unchanged, for the stack to drop
// and count.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ipv6-fields.h"
#include "virtio-header.h"

// What goes to the TUN device in one write.
struct Joined {
  static constexpr size_t LIMIT = 64;
  VirtioHeader virtio;
  const uint8_t* bytes;
  size_t length;
  // The packets that it is made of, where they were received.
  size_t count;
  std::array<const uint8_t*, LIMIT> packets;
  std::array<uint32_t, LIMIT> lengths;
};

class Coalescer {
 public:
  // Takes what is finished. The reference is valid during the call only.
  class Sink {
   public:
    virtual void take(const Joined& joined) = 0;

   protected:
    ~Sink() = default;
  };

  explicit Coalescer(Sink* sink) : sink_(sink) {}
  // Kinds that the device has refused go one by one.
  bool joins_tcp = true;
  bool joins_udp = true;

  // Packets of one flow leave in the order in which they were added; flows may pass each other. The bytes must stay
  // until flush.
  void add(const uint8_t* packet, size_t length);
  void flush();

 private:
  // BOUNDED: flows that are open at a time; one more and the oldest is finished.
  static constexpr size_t FLOWS = 16;
  // Headers, which end where the payload begins, and as much payload as an IPv6 packet may have.
  static constexpr size_t ROOM = LONGEST_HEADER + 0x10000;

  struct Packet {
    const uint8_t* bytes = nullptr;
    size_t length = 0;
    size_t header_length = 0;
    bool is_udp = false;
    uint8_t flags = 0;  // TCP's
    size_t payload() const { return length - header_length; }
  };

  struct Flow {
    Joined joined;
    size_t header_length;
    size_t segment;   // payload of the first packet
    size_t payload;   // of all
    uint32_t next_sequence;
    uint8_t last_flags;
    bool is_udp;
  };

  static bool read(const uint8_t* bytes, size_t length, Packet* packet);
  bool may_join(const Packet& packet) const;
  static bool continues(const Flow& flow, const Packet& packet);
  static bool same_flow(const uint8_t* a, const uint8_t* b);
  static bool ends(const Flow& flow, const Packet& packet);
  void alone(const uint8_t* bytes, size_t length);
  // Both: false when its checksum is wrong, and nothing has changed.
  bool begin(const Packet& packet);
  bool append(size_t slot, const Packet& packet);
  uint8_t* payload_of(size_t slot) const { return bytes_.get() + slot * ROOM + LONGEST_HEADER; }
  void finish(size_t index);
  size_t find(const Packet& packet) const;

  Sink* const sink_;
  std::array<Flow, FLOWS> flows_;
  // What the flows have become, of each by its slot; from the first on.
  std::unique_ptr<uint8_t[]> bytes_;
  // Indices into flows_: the first `open_` are open, oldest first; the others are free.
  std::array<uint8_t, FLOWS> order_ = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  size_t open_ = 0;
  Joined alone_;
};
