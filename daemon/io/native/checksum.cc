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

// Reads one value, and with COPY writes it where `to` points.
template <bool COPY, typename Value>
[[gnu::always_inline]] inline void take(Value* value, uint8_t*& to, const uint8_t*& bytes, size_t size) {
  std::memcpy(value, bytes, size);
  bytes += size;
  if (COPY) {
    std::memcpy(to, value, size);
    to += size;
  }
}

// Each 64-bit lane takes the two halves of its word apart, so that no carry is ever lost.
template <bool COPY>
[[gnu::always_inline]] inline uint64_t pass(uint8_t* to, const uint8_t* bytes, size_t length, uint64_t sum) {
  if (length >= BLOCK) {
    Lanes low = {};
    Lanes high = {};
    do {
      Lanes first;
      Lanes second;
      take<COPY>(&first, to, bytes, sizeof first);
      take<COPY>(&second, to, bytes, sizeof second);
      low += (first & 0xffffffff) + (second & 0xffffffff);
      high += (first >> 32) + (second >> 32);
      length -= BLOCK;
    } while (length >= BLOCK);
    for (int lane = 0; lane < 4; lane++) sum += low[lane] + high[lane];
  }
  for (; length >= 4; length -= 4) {
    uint32_t four;
    take<COPY>(&four, to, bytes, sizeof four);
    sum += four;
  }
  uint32_t last = 0;
  for (uint32_t shift = 0; length > 0; length--, shift += 8) {
    uint8_t one;
    take<COPY>(&one, to, bytes, sizeof one);
    last |= static_cast<uint32_t>(one) << shift;
  }
  return sum + (last & 0xffff) + (last >> 16);
}

}  // namespace

FOR_EACH_PROCESSOR uint64_t sum_bytes(const uint8_t* bytes, size_t length, uint64_t sum) {
  return pass<false>(nullptr, bytes, length, sum);
}

FOR_EACH_PROCESSOR uint64_t copy_and_sum(uint8_t* to, const uint8_t* bytes, size_t length, uint64_t sum) {
  return pass<true>(to, bytes, length, sum);
}
