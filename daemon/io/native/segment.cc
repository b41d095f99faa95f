#include "segment.h"

#include <cstring>
#include <initializer_list>

#include "checksum.h"
#include "ipv6-fields.h"

namespace {

constexpr int HEADER_SHIFT = 12;
constexpr int32_t UDP_BIT = 1 << 24;
constexpr int32_t LENGTH_MASK = (1 << HEADER_SHIFT) - 1;
static_assert(LONGEST_HEADER <= static_cast<size_t>(LENGTH_MASK), "it fits");

// What must hold before a byte is cut: the headers lie inside, and there is something behind them.
bool is_sound(const uint8_t* packet, size_t length, Run* run) {
  if (length < IPV6_HEADER || packet[0] >> 4 != 6 || length - IPV6_HEADER > 0xffff) return false;
  const size_t smallest = run->is_udp ? UDP_HEADER : TCP_HEADER;
  if (run->checksum_start < IPV6_HEADER || run->checksum_start + smallest > length || run->segment == 0) return false;
  const uint8_t* transport = packet + run->checksum_start;
  run->header_length = run->checksum_start + (run->is_udp ? UDP_HEADER : tcp_header_length(transport));
  return run->header_length >= run->checksum_start + smallest && run->header_length < length &&
         run->header_length <= LONGEST_HEADER;
}

void put_sum(uint8_t* at, uint16_t value) { std::memcpy(at, &value, sizeof value); }

uint16_t get_sum(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

bool read_run(const uint8_t* packet, size_t length, const VirtioHeader& header, Run* run) {
  const uint8_t type = header.gso_type & static_cast<uint8_t>(~VIRTIO_GSO_ECN);
  if (type != VIRTIO_GSO_TCPV6 && type != VIRTIO_GSO_UDP) return false;
  run->is_udp = type == VIRTIO_GSO_UDP;
  const size_t field = run->is_udp ? UDP_CHECKSUM : TCP_CHECKSUM;
  if ((header.flags & VIRTIO_NEEDS_CHECKSUM) == 0 || header.checksum_offset != field) return false;
  run->checksum_start = header.checksum_start;
  run->segment = header.gso_size;
  return is_sound(packet, length, run);
}

// The checksum field holds the pseudo-header's part already.
bool finish_checksum(uint8_t* packet, size_t length, const VirtioHeader& header) {
  const size_t start = header.checksum_start;
  const size_t field = start + header.checksum_offset;
  if (field + 2 > length) return false;
  uint16_t checksum = static_cast<uint16_t>(~fold(sum_bytes(packet + start, length - start, 0)));
  // RFC 8200 §8.1: a UDP checksum of zero would say that there is none.
  if (checksum == 0 && header.checksum_offset == UDP_CHECKSUM) checksum = 0xffff;
  put_sum(packet + field, checksum);
  return true;
}

}  // namespace

int32_t Run::pack() const {
  return static_cast<int32_t>(checksum_start) | static_cast<int32_t>(header_length) << HEADER_SHIFT |
         (is_udp ? UDP_BIT : 0);
}

bool read_header(const VirtioHeader& header, uint8_t* packet, size_t length, RunFacts* facts) {
  if (header.gso_type != VIRTIO_GSO_NONE) {
    Run run;
    // Nothing but IPv6 goes through the tunnel, and what is not IPv6 has no need to be right.
    if (length > 0 && packet[0] >> 4 != 6) return true;
    if (!read_run(packet, length, header, &run)) return false;
    if (length - run.header_length > run.segment) {
      facts->segment = static_cast<int32_t>(run.segment);
      facts->packed = run.pack();
      return true;
    }
  }
  return (header.flags & VIRTIO_NEEDS_CHECKSUM) == 0 || finish_checksum(packet, length, header);
}

bool unpack_run(const uint8_t* packet, size_t length, int32_t segment, int32_t packed, Run* run) {
  if (segment <= 0 || segment > 0xffff || packed < 0) return false;
  run->is_udp = (packed & UDP_BIT) != 0;
  run->checksum_start = static_cast<size_t>(packed & LENGTH_MASK);
  run->segment = static_cast<size_t>(segment);
  return is_sound(packet, length, run) &&
         run->header_length == static_cast<size_t>(packed >> HEADER_SHIFT & LENGTH_MASK);
}

Segmenter::Segmenter(const uint8_t* packet, size_t length, const Run& run)
    : packet_(packet), length_(length), offset_(run.header_length), run_(run) {
  const uint8_t* transport = packet + run.checksum_start;
  const size_t transport_header = run.header_length - run.checksum_start;
  const auto whole = static_cast<uint32_t>(length - run.checksum_start);
  // The checksum field, which is summed too, holds the pseudo-header's part. The whole packet's length in it is taken
  // out by adding the complement, as is what differs from packet to packet.
  constant_sum_ = sum_bytes(transport, transport_header, word(~whole));
  if (run.is_udp) {
    constant_sum_ += static_cast<uint16_t>(~get_sum(transport + UDP_LENGTH));
  } else {
    sequence_ = get32(transport + TCP_SEQUENCE);
    flags_ = transport[TCP_FLAGS];
    for (const size_t at : {TCP_SEQUENCE, TCP_SEQUENCE + 2, TCP_DATA_OFFSET}) {
      constant_sum_ += static_cast<uint16_t>(~get_sum(transport + at));
    }
  }
}

// The payload is copied while it is summed up. Left where it is, it would be gathered from many small pieces by the
// kernel, which takes longer than this copy and one of the whole.
void Segmenter::next(uint8_t* header) {
  const size_t payload = payload_length();
  const bool first = offset_ == run_.header_length;
  const bool last = offset_ + payload == length_;
  std::memcpy(header, packet_, run_.header_length);
  put16(header + IPV6_PAYLOAD_LENGTH, static_cast<uint32_t>(run_.header_length - IPV6_HEADER + payload));

  uint8_t* transport = header + run_.checksum_start;
  const auto length = static_cast<uint32_t>(run_.header_length - run_.checksum_start + payload);
  uint64_t sum = copy_and_sum(header + run_.header_length, packet_ + offset_, payload, constant_sum_ + word(length));
  uint8_t* field = transport + (run_.is_udp ? UDP_CHECKSUM : TCP_CHECKSUM);
  if (run_.is_udp) {
    put16(transport + UDP_LENGTH, length);
    sum += word(length);
  } else {
    uint8_t flags = flags_;
    if (!last) flags &= static_cast<uint8_t>(~(TCP_FIN | TCP_PSH));
    if (!first) flags &= static_cast<uint8_t>(~TCP_CWR);
    put32(transport + TCP_SEQUENCE, sequence_);
    transport[TCP_FLAGS] = flags;
    sum += word(sequence_ >> 16) + word(sequence_ & 0xffff) + get_sum(transport + TCP_DATA_OFFSET);
    sequence_ += static_cast<uint32_t>(payload);
  }
  auto checksum = static_cast<uint16_t>(~fold(sum));
  if (checksum == 0 && run_.is_udp) checksum = 0xffff;
  put_sum(field, checksum);
  offset_ += payload;
}
