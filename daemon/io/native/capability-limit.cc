#include "capability-limit.h"

#include <dirent.h>

#include <cerrno>

#include "every-thread.h"

namespace {

// Static: the threads look at it from a signal handler.
CapabilitySet limit;

constexpr ThreadChange LIMIT_BOUNDING_SET = {[] { return is_bounding_set_within(limit); },
                                             [] { return limit_bounding_set(limit); }};
constexpr ThreadChange LIMIT_CAPABILITIES = {[] { return are_capabilities_within(limit); },
                                             [] { return limit_capabilities(limit); }};

}  // namespace

std::vector<Undone> limit_process(CapabilitySet kept) {
  DIR* tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return {{"threads", errno}};
  limit = kept;
  std::vector<Undone> undone;
  // The bounding set first: the capability for it may be among those that go.
  const EveryThread bounding = change_every_thread(tasks, LIMIT_BOUNDING_SET);
  if (bounding.failure != 0) undone.push_back({"bounding-set", bounding.failure});
  if (bounding.error == 0) {
    const EveryThread own = change_every_thread(tasks, LIMIT_CAPABILITIES);
    if (own.failure != 0) undone.push_back({"capabilities", own.failure});
    if (own.error != 0) undone.push_back({"threads", own.error});
  } else {
    undone.push_back({"threads", bounding.error});
  }
  closedir(tasks);
  return undone;
}
