// What a socket was found to refuse to send in one message (UDP_SEGMENT), by destination: routes, devices and path
// MTUs differ, and one peer must not slow the others down.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

// One for each socket, for as long as it lives. Times are milliseconds of a monotonic clock.
class SegmentationLimits {
 public:
  static constexpr size_t ANY = SIZE_MAX;

  // Every datagram leaves by itself, for good.
  void refuse_all() { none_ = true; }
  // Datagrams of `size` and larger to `address` leave one by one for a while. 1: all.
  void refuse(uint32_t address, size_t size, uint64_t now);

  // The smallest size that leaves for `address` by itself.
  size_t refused_size(uint32_t address, uint64_t now) const {
    if (none_) return 1;
    // Mostly nothing is refused to anybody.
    if (now >= retry_at_) return ANY;
    const Place& place = places_[index(address)];
    return place.address == address && now < place.retry_at ? place.size : ANY;
  }

 private:
  // BOUNDED: destinations that are remembered. Another one with the same place takes it; the first is then tried anew.
  static constexpr size_t PLACES = 256;

  struct Place {
    uint32_t address = 0;
    size_t size = ANY;
    uint64_t retry_at = 0;
  };

  // The last bits of addresses differ most; those before them count too.
  static size_t index(uint32_t address) { return (address ^ address >> 8 ^ address >> 16) % PLACES; }

  bool none_ = false;
  uint64_t retry_at_ = 0;  // the last of all places
  std::array<Place, PLACES> places_;
};
