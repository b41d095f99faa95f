// Capabilities of the calling thread (capabilities(7)), by system call. All of it may run in a signal handler.
#pragma once

#include <cstdint>
#include <string>

// Bit n is capability n.
using CapabilitySet = uint64_t;

struct Capabilities {
  CapabilitySet effective = 0;
  CapabilitySet permitted = 0;
  CapabilitySet inheritable = 0;
};

// Number of the capability of that name, such as "CAP_NET_ADMIN"; -1 when there is none.
int capability_number(const std::string& name);

// nullptr when that number has no name.
const char* capability_name(int number);

// Whether nothing is there beyond `kept`: for an exec to give; in the thread's own sets.
bool is_bounding_set_within(CapabilitySet kept);
bool are_capabilities_within(CapabilitySet kept);

// These return 0 or an errno.
int read_capabilities(Capabilities* capabilities);

// What an exec may give. Needs CAP_SETPCAP unless nothing is to be removed.
int limit_bounding_set(CapabilitySet kept);

// Permitted, effective, inheritable and ambient.
int limit_capabilities(CapabilitySet kept);

// What a program that this thread starts is given, although its user is not root. Raising takes permitted ones.
int raise_ambient(CapabilitySet lent);
int clear_ambient();
