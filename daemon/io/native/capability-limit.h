// Leaves a process, and what it starts, no more than some capabilities.
#pragma once

#include "capabilities.h"
#include "undone.h"

// In every thread. The steps are "bounding-set", "capabilities" and "threads"; each is taken also when one failed.
std::vector<Undone> limit_process(CapabilitySet kept);
