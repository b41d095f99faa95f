// The Internet checksum (RFC 1071): ones' complement sums of 16-bit words, as they lie in memory.
//
// A sum is kept unfolded in 64 bits and in the machine's byte order. That gives the same checksum as network order
// does, as long as what is added by value passes through word().
#pragma once

#include <arpa/inet.h>

#include <cstddef>
#include <cstdint>

// Adds `length` bytes; an odd one at the end counts as if a zero followed.
uint64_t sum_bytes(const uint8_t* bytes, size_t length, uint64_t sum);

// The same, and copies them on the way, which costs no more than to read them.
uint64_t copy_and_sum(uint8_t* to, const uint8_t* bytes, size_t length, uint64_t sum);

// A 16-bit value as it would lie in a packet.
inline uint64_t word(uint32_t value) { return htons(static_cast<uint16_t>(value)); }

// The 16 bits of the sum, neither inverted nor swapped: to be copied into a packet as it is.
inline uint16_t fold(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}
