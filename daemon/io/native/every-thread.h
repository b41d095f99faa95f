// Kernel state that belongs to a thread, changed in all threads of the process.
//
// Capabilities, the bounding set and no_new_privs are a thread's own, and the kernel lets no thread change them for
// another. So each thread is interrupted by a signal and does it for itself, as the C library does for setuid(2).
#pragma once

#include <dirent.h>

// What each thread does, in a signal handler: nothing but system calls.
struct ThreadChange {
  // Whether the thread is as it should be.
  bool (*holds)();
  // Makes it so. Returns 0, or a number that says what failed.
  int (*make)();
};

struct EveryThread {
  // errno when a thread could not be asked or did not answer in time. The process is then in an unknown state.
  int error = 0;
  // First number other than 0 that a thread's make() returned.
  int failure = 0;
};

// `tasks` is /proc/self/task, opened while there still was a /proc. Not for two threads at once.
EveryThread change_every_thread(DIR* tasks, const ThreadChange& change);
