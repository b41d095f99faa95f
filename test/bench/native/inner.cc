#include "inner.h"

#include <cstring>

namespace {

uint32_t sum16(const uint8_t* bytes, size_t length, uint32_t sum) {
  for (size_t i = 0; i < length; i += 2) sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
  return sum;
}

}  // namespace

void write_headers(uint8_t* packet, const sockaddr_in6& from, const sockaddr_in6& to, size_t length) {
  uint8_t* udp = packet + 40;
  const auto upper = static_cast<uint16_t>(INNER_HEADERS - 40 + length);
  const uint16_t first[4] = {htons(0x6000), 0, htons(upper), htons(IPPROTO_UDP << 8 | 64)};
  std::memcpy(packet, first, sizeof first);
  std::memcpy(packet + 8, &from.sin6_addr, 16);
  std::memcpy(packet + 24, &to.sin6_addr, 16);
  const uint16_t words[4] = {from.sin6_port, to.sin6_port, htons(upper), 0};
  std::memcpy(udp, words, sizeof words);
  uint32_t sum = sum16(packet + 8, 32 + upper, upper + static_cast<uint32_t>(IPPROTO_UDP));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  const uint16_t checksum = htons(static_cast<uint16_t>(~sum));
  std::memcpy(udp + 6, &checksum, sizeof checksum);
}
