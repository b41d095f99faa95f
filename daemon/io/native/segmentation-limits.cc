#include "segmentation-limits.h"

#include <algorithm>

namespace {

// What was refused is tried again after this many milliseconds: routes and their MTU change.
constexpr uint64_t RETRY_AFTER = 10'000;

}  // namespace

void SegmentationLimits::refuse(uint32_t address, size_t size, uint64_t now) {
  const size_t before = refused_size(address, now);
  retry_at_ = now + RETRY_AFTER;
  places_[index(address)] = {address, std::min(before, size), retry_at_};
}
