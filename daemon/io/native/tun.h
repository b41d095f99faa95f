// TUN devices: opening, and reading packets in batches.
#pragma once

#include <net/if.h>

#include "rows.h"

struct OpenResult {
  int fd = -1;
  int error = 0;              // errno when fd is -1
  const char* step = "";      // the call that failed
};

// What a device shall leave to us, each step including those before it. What a kernel refuses is left out.
enum class TunOffload : int32_t {
  None = 0,      // whole packets, nothing in front
  Header = 1,    // a virtio-net header in front, of which nothing is used
  Checksum = 2,  // packets may come with unfinished checksums
  Tcp = 3,       // and TCP packets of up to 64 KiB, to be cut
  Udp = 4,       // and UDP ones
};

struct TunResult : OpenResult {
  char name[IFNAMSIZ] = {};   // the name that the kernel gave
  unsigned index = 0;
  TunOffload offload = TunOffload::None;
};

// `name` may be empty or a pattern such as "miredo%d". The device goes away with its last descriptor. `several`: each
// further call with its name gives another of its queues.
TunResult open_tun(const char* name, TunOffload wanted, bool several);

// Whether a virtio-net header goes in front of each packet: the descriptor itself knows.
bool has_virtio_header(int fd);

struct TunRead {
  int32_t count = 0;    // packets, in the rows from 0
  int32_t calls = 0;
  int32_t refused = 0;  // packets that cannot be what the kernel says of them
  int error = 0;        // set when the device is gone; rows before it are valid
};

// Reads until the device is empty, `batch` has no row left, or enough for one batch is there. Packets lie one behind
// the other, each aligned.
TunRead read_tun(int fd, bool with_header, const Batch& batch);
