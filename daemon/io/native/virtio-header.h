// The virtio-net header that stands in front of each packet of a TUN device opened with IFF_VNET_HDR: what the kernel
// left for "the hardware" to do, or what it finds done.
#pragma once

#include <cstdint>

// Legacy layout, fields in the machine's byte order.
struct VirtioHeader {
  uint8_t flags;
  uint8_t gso_type;
  uint16_t header_length;
  uint16_t gso_size;         // payload bytes of each packet
  uint16_t checksum_start;   // from the beginning of the packet
  uint16_t checksum_offset;  // of the checksum field, from there
};
static_assert(sizeof(VirtioHeader) == 10, "as the kernel has it");

// Debian 12's <linux/virtio_net.h> does not know the last of these.
constexpr uint8_t VIRTIO_NEEDS_CHECKSUM = 1;
constexpr uint8_t VIRTIO_DATA_VALID = 2;
constexpr uint8_t VIRTIO_GSO_NONE = 0;
constexpr uint8_t VIRTIO_GSO_TCPV6 = 4;
constexpr uint8_t VIRTIO_GSO_UDP = 5;
constexpr uint8_t VIRTIO_GSO_ECN = 0x80;
