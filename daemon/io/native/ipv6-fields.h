// Fields of IPv6, TCP and UDP headers, as far as segmentation and checksums need them. Nothing here is aligned.
#pragma once

#include <cstddef>
#include <cstdint>

constexpr size_t IPV6_HEADER = 40;
constexpr size_t TCP_HEADER = 20;
constexpr size_t UDP_HEADER = 8;
constexpr uint8_t PROTOCOL_TCP = 6;
constexpr uint8_t PROTOCOL_UDP = 17;

// Offsets in an IPv6 header.
constexpr size_t IPV6_PAYLOAD_LENGTH = 4;
constexpr size_t IPV6_NEXT_HEADER = 6;
constexpr size_t IPV6_SOURCE = 8;
// Offsets in a TCP header.
constexpr size_t TCP_SEQUENCE = 4;
constexpr size_t TCP_ACKNOWLEDGEMENT = 8;
constexpr size_t TCP_DATA_OFFSET = 12;
constexpr size_t TCP_FLAGS = 13;
constexpr size_t TCP_WINDOW = 14;
constexpr size_t TCP_CHECKSUM = 16;
constexpr size_t TCP_URGENT = 18;
// Offsets in a UDP header.
constexpr size_t UDP_LENGTH = 4;
constexpr size_t UDP_CHECKSUM = 6;

constexpr uint8_t TCP_FIN = 0x01;
constexpr uint8_t TCP_SYN = 0x02;
constexpr uint8_t TCP_RST = 0x04;
constexpr uint8_t TCP_PSH = 0x08;
constexpr uint8_t TCP_ACK = 0x10;
constexpr uint8_t TCP_URG = 0x20;
constexpr uint8_t TCP_ECE = 0x40;
constexpr uint8_t TCP_CWR = 0x80;

// The longest header that is taken apart: IPv6, some extension headers, TCP with all of its options.
constexpr size_t LONGEST_HEADER = 160;

inline uint32_t get16(const uint8_t* at) { return static_cast<uint32_t>(at[0]) << 8 | at[1]; }

inline uint32_t get32(const uint8_t* at) { return get16(at) << 16 | get16(at + 2); }

inline void put16(uint8_t* at, uint32_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

inline void put32(uint8_t* at, uint32_t value) {
  put16(at, value >> 16);
  put16(at + 2, value);
}

inline size_t tcp_header_length(const uint8_t* tcp) { return static_cast<size_t>(tcp[TCP_DATA_OFFSET] >> 4) * 4; }
