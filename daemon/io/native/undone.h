// What could not be done on the way to less privilege.
#pragma once

#include <vector>

struct Undone {
  const char* step;
  int error;
};
