// TUN devices: opening, and moving single packets.
#pragma once

#include <net/if.h>

#include "rows.h"

struct OpenResult {
  int fd = -1;
  int error = 0;              // errno when fd is -1
  const char* step = "";      // the call that failed
};

struct TunResult : OpenResult {
  char name[IFNAMSIZ] = {};   // the name that the kernel gave
  unsigned index = 0;
};

// `name` may be empty or a pattern such as "miredo%d". The device goes away with its last descriptor.
TunResult open_tun(const char* name);

struct TunRead {
  int32_t count = 0;    // packets, in the rows from 0
  int32_t calls = 0;
  int error = 0;        // set when the device is gone; rows before it are valid
};

// Reads until the device is empty or the batch is full.
TunRead read_tun(int fd, const Batch& batch);

// 0, or the errno of the refusal.
int write_tun(int fd, const uint8_t* bytes, size_t length);
