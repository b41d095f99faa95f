#include "coalesce.h"

#include <cstring>

#include "checksum.h"

namespace {

// The payload length field of IPv6 holds no more.
constexpr size_t LONGEST_PAYLOAD = 0xffff;
// Flags of which packets behind the first may have others (the kernel's tcp_gro_receive has the same ones).
constexpr uint8_t FREE_FLAGS = TCP_FIN | TCP_PSH | TCP_CWR;

uint64_t pseudo_header_sum(const uint8_t* packet, size_t upper_length, uint8_t protocol) {
  return sum_bytes(packet + IPV6_SOURCE, 32, word(static_cast<uint32_t>(upper_length)) + word(protocol));
}

// Over pseudo-header and TCP or UDP header: what the payload is added to.
uint64_t sum_headers(const uint8_t* packet, size_t length, size_t header_length) {
  const uint64_t pseudo = pseudo_header_sum(packet, length - IPV6_HEADER, packet[IPV6_NEXT_HEADER]);
  return sum_bytes(packet + IPV6_HEADER, header_length - IPV6_HEADER, pseudo);
}

bool is_valid(uint64_t sum) { return fold(sum) == 0xffff; }

}  // namespace

// TCP or UDP right behind the IPv6 header, whole, with nothing around it.
bool Coalescer::read(const uint8_t* bytes, size_t length, Packet* packet) {
  if (length < IPV6_HEADER + UDP_HEADER || bytes[0] >> 4 != 6) return false;
  if (IPV6_HEADER + get16(bytes + IPV6_PAYLOAD_LENGTH) != length) return false;
  const uint8_t* transport = bytes + IPV6_HEADER;
  packet->bytes = bytes;
  packet->length = length;
  if (bytes[IPV6_NEXT_HEADER] == PROTOCOL_UDP) {
    packet->is_udp = true;
    packet->header_length = IPV6_HEADER + UDP_HEADER;
    return get16(transport + UDP_LENGTH) == length - IPV6_HEADER;
  }
  if (bytes[IPV6_NEXT_HEADER] != PROTOCOL_TCP || length < IPV6_HEADER + TCP_HEADER) return false;
  packet->is_udp = false;
  packet->header_length = IPV6_HEADER + tcp_header_length(transport);
  packet->flags = transport[TCP_FLAGS];
  return packet->header_length >= IPV6_HEADER + TCP_HEADER && packet->header_length <= length;
}

bool Coalescer::may_join(const Packet& packet) const {
  if (packet.payload() == 0) return false;
  if (packet.is_udp) return joins_udp && get16(packet.bytes + IPV6_HEADER + UDP_CHECKSUM) != 0;
  return joins_tcp && (packet.flags & (TCP_SYN | TCP_RST | TCP_URG | TCP_ACK)) == TCP_ACK;
}

// Next header, addresses and ports.
bool Coalescer::same_flow(const uint8_t* a, const uint8_t* b) {
  return std::memcmp(a + IPV6_SOURCE, b + IPV6_SOURCE, 36) == 0 && a[IPV6_NEXT_HEADER] == b[IPV6_NEXT_HEADER];
}

bool Coalescer::continues(const Flow& flow, const Packet& packet) {
  const uint8_t* first = flow.joined.packets[0];
  const uint8_t* next = packet.bytes;
  if (flow.joined.count == Joined::LIMIT || packet.payload() > flow.segment) return false;
  if (flow.header_length - IPV6_HEADER + flow.payload + packet.payload() > LONGEST_PAYLOAD) return false;
  // Version, traffic class and flow label; next header and hop limit.
  if (std::memcmp(first, next, 4) != 0 || std::memcmp(first + IPV6_NEXT_HEADER, next + IPV6_NEXT_HEADER, 2) != 0) {
    return false;
  }
  if (packet.is_udp) return true;
  const uint8_t* a = first + IPV6_HEADER;
  const uint8_t* b = next + IPV6_HEADER;
  if (packet.header_length != flow.header_length || get32(b + TCP_SEQUENCE) != flow.next_sequence) return false;
  if ((packet.flags & TCP_CWR) != 0 || ((a[TCP_FLAGS] ^ packet.flags) & ~FREE_FLAGS) != 0) return false;
  // Acknowledgement, length and reserved bits; window; urgent pointer (which may be set without its flag) and options.
  return std::memcmp(a + TCP_ACKNOWLEDGEMENT, b + TCP_ACKNOWLEDGEMENT, 5) == 0 &&
         std::memcmp(a + TCP_WINDOW, b + TCP_WINDOW, 2) == 0 &&
         std::memcmp(a + TCP_URGENT, b + TCP_URGENT, packet.header_length - IPV6_HEADER - TCP_URGENT) == 0;
}

// Nothing may follow a short packet, nor one that says that its data shall be handed on now.
bool Coalescer::ends(const Flow& flow, const Packet& packet) {
  return packet.payload() < flow.segment || (!packet.is_udp && (packet.flags & (TCP_PSH | TCP_FIN)) != 0);
}

size_t Coalescer::find(const Packet& packet) const {
  size_t index = 0;
  while (index < open_ && !same_flow(flows_[order_[index]].joined.packets[0], packet.bytes)) index++;
  return index;
}

void Coalescer::add(const uint8_t* bytes, size_t length) {
  Packet packet;
  if (!read(bytes, length, &packet)) {
    // It may be a fragment of any flow.
    flush();
    return alone(bytes, length);
  }
  const size_t index = find(packet);
  const bool joins = may_join(packet);
  if (index < open_) {
    const size_t slot = order_[index];
    if (joins && continues(flows_[slot], packet) && append(slot, packet)) {
      if (ends(flows_[slot], packet)) finish(index);
      return;
    }
    finish(index);
  }
  if (!joins || !begin(packet)) alone(bytes, length);
}

void Coalescer::flush() {
  while (open_ > 0) finish(0);
}

void Coalescer::alone(const uint8_t* bytes, size_t length) {
  alone_.virtio = VirtioHeader{};
  alone_.count = 1;
  alone_.bytes = bytes;
  alone_.length = length;
  sink_->take(alone_);
}

bool Coalescer::begin(const Packet& packet) {
  // Memory that is not written to is none: hence no make_unique.
  if (bytes_ == nullptr) bytes_.reset(new uint8_t[FLOWS * ROOM]);
  if (open_ == FLOWS) {
    // A corrupt packet ends nobody's run, so it is looked at before there is a place to copy it to.
    const uint64_t sum = sum_headers(packet.bytes, packet.length, packet.header_length);
    if (!is_valid(sum_bytes(packet.bytes + packet.header_length, packet.payload(), sum))) return false;
    finish(0);
  }
  const size_t slot = order_[open_];
  Flow& flow = flows_[slot];
  flow.joined.count = 0;
  flow.header_length = packet.header_length;
  flow.segment = packet.payload();
  flow.payload = 0;
  flow.is_udp = packet.is_udp;
  if (!append(slot, packet)) return false;
  open_++;
  if (ends(flow, packet)) finish(open_ - 1);
  return true;
}

// Verified and copied in one pass. Left where they are, the kernel would gather the payloads piece by piece, which takes
// longer than this copy and one of the whole.
bool Coalescer::append(size_t slot, const Packet& packet) {
  Flow& flow = flows_[slot];
  const uint64_t sum = sum_headers(packet.bytes, packet.length, packet.header_length);
  const uint8_t* payload = packet.bytes + packet.header_length;
  if (!is_valid(copy_and_sum(payload_of(slot) + flow.payload, payload, packet.payload(), sum))) return false;
  Joined& joined = flow.joined;
  joined.packets[joined.count] = packet.bytes;
  joined.lengths[joined.count] = static_cast<uint32_t>(packet.length);
  joined.count++;
  flow.payload += packet.payload();
  flow.last_flags = packet.flags;
  if (!packet.is_udp) {
    flow.next_sequence = get32(packet.bytes + IPV6_HEADER + TCP_SEQUENCE) + static_cast<uint32_t>(packet.payload());
  }
  return true;
}

void Coalescer::finish(size_t index) {
  const uint8_t slot = order_[index];
  std::memmove(order_.data() + index, order_.data() + index + 1, open_ - index - 1);
  order_[--open_] = slot;
  const Flow& flow = flows_[slot];
  Joined& joined = flows_[slot].joined;
  joined.virtio = VirtioHeader{};
  joined.virtio.flags = VIRTIO_DATA_VALID;
  joined.bytes = joined.packets[0];
  joined.length = joined.lengths[0];
  if (joined.count > 1) {
    uint8_t* header = payload_of(slot) - flow.header_length;
    uint8_t* transport = header + IPV6_HEADER;
    const size_t upper = flow.header_length - IPV6_HEADER + flow.payload;
    std::memcpy(header, joined.packets[0], flow.header_length);
    joined.bytes = header;
    joined.length = flow.header_length + flow.payload;
    put16(header + IPV6_PAYLOAD_LENGTH, static_cast<uint32_t>(upper));
    const uint16_t sum = fold(pseudo_header_sum(header, upper, header[IPV6_NEXT_HEADER]));
    joined.virtio.flags = VIRTIO_NEEDS_CHECKSUM;
    joined.virtio.header_length = static_cast<uint16_t>(flow.header_length);
    joined.virtio.gso_size = static_cast<uint16_t>(flow.segment);
    joined.virtio.checksum_start = IPV6_HEADER;
    if (flow.is_udp) {
      joined.virtio.gso_type = VIRTIO_GSO_UDP;
      joined.virtio.checksum_offset = UDP_CHECKSUM;
      put16(transport + UDP_LENGTH, static_cast<uint32_t>(upper));
      std::memcpy(transport + UDP_CHECKSUM, &sum, sizeof sum);
    } else {
      transport[TCP_FLAGS] |= flow.last_flags & (TCP_PSH | TCP_FIN);
      joined.virtio.gso_type = VIRTIO_GSO_TCPV6;
      if ((transport[TCP_FLAGS] & TCP_CWR) != 0) joined.virtio.gso_type |= VIRTIO_GSO_ECN;
      joined.virtio.checksum_offset = TCP_CHECKSUM;
      std::memcpy(transport + TCP_CHECKSUM, &sum, sizeof sum);
    }
  }
  sink_->take(joined);
}
