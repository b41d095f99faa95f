#include "confine.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "capabilities.h"
#include "every-thread.h"
#include "system-call-filter.h"

namespace {

int result_of(int returned) { return returned < 0 ? errno : 0; }

// What each thread must see once it is confined. Static: the threads look at it from a signal handler.
struct Expected {
  bool is_rooted;
  dev_t device;
  ino_t inode;
  bool has_user;
  uid_t uid;
  gid_t gid;
};
Expected expected;

bool sees_root() {
  struct stat root;
  return stat("/", &root) == 0 && root.st_dev == expected.device && root.st_ino == expected.inode;
}

// System calls, not the C library's functions, which know what they have set for all threads.
bool has_user() {
  uid_t uids[3];
  gid_t gids[3];
  if (syscall(SYS_getresuid, &uids[0], &uids[1], &uids[2]) < 0) return false;
  if (syscall(SYS_getresgid, &gids[0], &gids[1], &gids[2]) < 0) return false;
  for (const uid_t uid : uids) {
    if (uid != expected.uid) return false;
  }
  for (const gid_t gid : gids) {
    if (gid != expected.gid) return false;
  }
  return true;
}

bool is_as_expected() { return (!expected.is_rooted || sees_root()) && (!expected.has_user || has_user()); }

bool has_new_privileges_forbidden() { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1; }

constexpr ThreadChange EMPTY_BOUNDING_SET = {[] { return is_bounding_set_within(0); },
                                             [] { return limit_bounding_set(0); }};
constexpr ThreadChange DROP_CAPABILITIES = {[] { return are_capabilities_within(0); },
                                            [] { return limit_capabilities(0); }};
constexpr ThreadChange FORBID_NEW_PRIVILEGES = {
    has_new_privileges_forbidden, [] { return result_of(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }};
constexpr ThreadChange CHECK = {is_as_expected, [] { return EXDEV; }};

// A ring of io_uring opens files and sockets for its owner, past every filter.
bool holds_io_uring() {
  DIR* descriptors = opendir("/proc/self/fd");
  if (descriptors == nullptr) return false;
  bool found = false;
  while (const dirent* entry = readdir(descriptors)) {
    char target[64];
    const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, target, sizeof target - 1);
    if (length < 0) continue;
    target[length] = 0;
    found = found || std::strstr(target, "[io_uring]") != nullptr;
  }
  closedir(descriptors);
  return found;
}

int change_root(int directory) {
  struct stat root;
  if (fstat(directory, &root) < 0) return errno;
  expected.device = root.st_dev;
  expected.inode = root.st_ino;
  if (fchdir(directory) < 0 || chroot(".") < 0 || chdir("/") < 0) return errno;
  if (!sees_root()) return EXDEV;
  expected.is_rooted = true;
  return 0;
}

int empty_groups() {
  const int count = getgroups(0, nullptr);
  if (count == 0) return 0;
  return count < 0 ? errno : result_of(setgroups(0, nullptr));
}

// The last number means "as it is" to these calls.
bool is_unprivileged(id_t id) { return id != 0 && id != static_cast<id_t>(-1); }

// The wrappers of the C library do it in every thread.
int change_group(gid_t gid) {
  if (!is_unprivileged(gid)) return EINVAL;
  return result_of(setresgid(gid, gid, gid));
}

int change_user(uid_t uid) {
  if (!is_unprivileged(uid)) return EINVAL;
  return result_of(setresuid(uid, uid, uid));
}

int forbid_core_dumps() {
  const rlimit none = {0, 0};
  return result_of(setrlimit(RLIMIT_CORE, &none));
}

// After the change of user, which resets the first two of them.
int forbid_tracing() { return result_of(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }
int die_with_parent() { return result_of(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)); }

// It may have died before that was arranged.
int check_parent(pid_t parent) { return getppid() == parent ? 0 : ESRCH; }

class Steps {
 public:
  explicit Steps(DIR* tasks) : tasks_(tasks) {}

  void note(const char* step, int error) {
    if (error != 0) result_.undone.push_back({step, error});
  }

  // False when threads could not be reached: nothing may be done any more that asks them again.
  bool in_every_thread(const char* step, const ThreadChange& change) {
    const EveryThread outcome = change_every_thread(tasks_, change);
    note("threads", outcome.error);
    note(step, outcome.failure);
    return outcome.error == 0;
  }

  ConfineResult& result() { return result_; }

 private:
  DIR* tasks_;
  ConfineResult result_;
};

bool change_identity(const Confinement& wanted, Steps* steps) {
  // Before the change of user, with which the capability for it goes.
  if (!steps->in_every_thread("bounding-set", EMPTY_BOUNDING_SET)) return false;
  steps->note("groups", empty_groups());
  if (wanted.keep_user) return true;
  const int group_error = change_group(wanted.gid);
  const int user_error = change_user(wanted.uid);
  steps->note("group", group_error);
  steps->note("user", user_error);
  expected.has_user = group_error == 0 && user_error == 0;
  expected.uid = wanted.uid;
  expected.gid = wanted.gid;
  return true;
}

bool drop_privileges(Steps* steps) {
  return steps->in_every_thread("capabilities", DROP_CAPABILITIES) &&
         steps->in_every_thread("no-new-privileges", FORBID_NEW_PRIVILEGES) &&
         steps->in_every_thread("check", CHECK);
}

void restrict_process(const Confinement& wanted, Steps* steps) {
  steps->note("core-dumps", forbid_core_dumps());
  steps->note("tracing", forbid_tracing());
  steps->note("parent-death", die_with_parent());
  steps->note("parent", check_parent(wanted.parent));
  if (!has_system_call_filter()) return;
  const int error = install_system_call_filter();
  steps->note("system-calls", error);
  steps->result().filtered = error == 0;
}

}  // namespace

ConfineResult confine(const Confinement& wanted) {
  DIR* tasks = opendir("/proc/self/task");
  Steps steps(tasks);
  if (tasks == nullptr) {
    steps.note("threads", errno);
    return steps.result();
  }
  expected = {};
  if (holds_io_uring()) steps.note("io-uring", EEXIST);
  const int root = wanted.root[0] == '/' ? open(wanted.root, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (root < 0) {
    steps.note("root", wanted.root[0] == '/' ? errno : EINVAL);
  } else {
    steps.note("chroot", change_root(root));
    close(root);
  }
  const bool reached = change_identity(wanted, &steps) && drop_privileges(&steps);
  closedir(tasks);
  if (reached) restrict_process(wanted, &steps);
  return steps.result();
}
