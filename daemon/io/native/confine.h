// Gives up everything that a process has no need of which moves packets between open descriptors, for good and in
// all of its threads.
#pragma once

#include <sys/types.h>

#include "undone.h"

struct Confinement {
  // Absolute. An empty directory.
  const char* root = "";
  uid_t uid = 0;
  gid_t gid = 0;
  // Leaves user and group as they are: in a user namespace that has no other.
  bool keep_user = false;
  // When that process dies this one is killed.
  pid_t parent = 0;
};

struct ConfineResult {
  // Steps that failed. Those after them have been tried all the same, unless threads could not be reached.
  std::vector<Undone> undone;
  bool filtered = false;
};

// To be called once.
ConfineResult confine(const Confinement& wanted);
