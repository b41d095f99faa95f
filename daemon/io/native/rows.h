// The table of rows that TypeScript shares with this addon. The columns are those of daemon/io/packet-path.ts.
#pragma once

#include <cstddef>
#include <cstdint>

struct Row {
  int32_t offset;   // first byte in the slab
  int32_t length;   // bytes from there
  int32_t segment;  // size of each packet of a run; 0: one packet
  int32_t address;  // IPv4, host order
  int32_t port;
  int32_t socket;   // index of the socket; PACKET in a pending row that goes to the IPv6 side
  int32_t verdict;
  int32_t offload;
  uint32_t dropped[4];  // bits: packets of an inbound run that are not forwarded, though the others are
};
static_assert(sizeof(Row) == 48, "ROW_STRIDE is 12 int32");

// A run has no more packets than `dropped` has bits.
constexpr size_t RUN_LIMIT = 128;

constexpr int32_t VERDICT_DROP = 0;
constexpr int32_t VERDICT_FORWARD = 1;
constexpr int32_t PACKET = -1;

// One slab and its rows. `slot` is the distance between the receive buffers of two rows, where each has its own.
struct Batch {
  uint8_t* bytes = nullptr;
  size_t size = 0;
  Row* rows = nullptr;
  int32_t capacity = 0;
  size_t slot = 0;

  uint8_t* slot_bytes(int32_t index) const { return bytes + slot * static_cast<size_t>(index); }

  // Rows come back from TypeScript: a fault there must not become a read outside of the slab.
  bool contains(const Row& row) const {
    return row.offset >= 0 && row.length >= 0 &&
           static_cast<size_t>(row.offset) + static_cast<size_t>(row.length) <= size;
  }

  // Describes a packet that was just received at `offset`.
  Row& fill(int32_t index, size_t offset, size_t length) const {
    Row& row = rows[index];
    row = Row{};
    row.offset = static_cast<int32_t>(offset);
    row.length = static_cast<int32_t>(length);
    return row;
  }
};

// Doubles shared with TypeScript (exact up to 2^53); the order is that of COUNTERS in daemon/io/kernel-path.ts.
struct Counters {
  double receive_calls;
  double send_calls;
  double send_would_block;
  double send_refused;
  double deliver_refused;
  double last_errno;
};
