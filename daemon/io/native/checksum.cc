#include "checksum.h"

#include <cstring>

// One more version of the loop for processors with AVX2, chosen when the addon is loaded. Not under a sanitizer, whose
// runtime is not there yet at that time.
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__has_attribute) && !defined(__SANITIZE_ADDRESS__)
#if __has_attribute(target_clones)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#endif
#endif
#ifndef FOR_EACH_PROCESSOR
#define FOR_EACH_PROCESSOR
#endif

namespace {

using Lanes = uint64_t __attribute__((vector_size(32)));
constexpr size_t BLOCK = 2 * sizeof(Lanes);

}  // namespace

// Each 64-bit lane takes the two halves of its word apart, so that no carry is ever lost.
FOR_EACH_PROCESSOR uint64_t sum_bytes(const uint8_t* bytes, size_t length, uint64_t sum) {
  if (length >= BLOCK) {
    Lanes low = {};
    Lanes high = {};
    do {
      Lanes first;
      Lanes second;
      std::memcpy(&first, bytes, sizeof first);
      std::memcpy(&second, bytes + sizeof first, sizeof second);
      low += (first & 0xffffffff) + (second & 0xffffffff);
      high += (first >> 32) + (second >> 32);
      bytes += BLOCK;
      length -= BLOCK;
    } while (length >= BLOCK);
    for (int lane = 0; lane < 4; lane++) sum += low[lane] + high[lane];
  }
  while (length >= 4) {
    uint32_t four;
    std::memcpy(&four, bytes, sizeof four);
    sum += four;
    bytes += 4;
    length -= 4;
  }
  if (length >= 2) {
    uint16_t two;
    std::memcpy(&two, bytes, sizeof two);
    sum += two;
    bytes += 2;
    length -= 2;
  }
  uint16_t last = 0;
  std::memcpy(&last, bytes, length);
  return sum + last;
}
