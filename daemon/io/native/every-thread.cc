#include "every-thread.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace {

// The signal by which the C library changes user ids in every thread. It is the only one that reaches all of them:
// Node's inspector thread blocks every signal, but the library never lets a thread block this one. Its handler is
// put back afterwards.
constexpr int SIGNAL = 33;
constexpr size_t KERNEL_SIGNAL_SET = 8;

// For all rounds. Generous: a loaded machine may take a while to run a thread.
constexpr int TIMEOUT_MS = 10'000;

// The kernel's struct sigaction, whose layout differs between architectures and is never looked into.
struct alignas(16) KernelAction {
  unsigned char bytes[128];
};

// BOUNDED: threads of one process; Node has about eleven.
constexpr int CAPACITY = 512;

struct Slot {
  std::atomic<pid_t> thread;
  std::atomic<bool> done;
};

// Static, because a thread that answers too late must still find it.
Slot slots[CAPACITY];
std::atomic<int> used;
std::atomic<int> first_failure;
std::atomic<bool> has_changed;
std::atomic<const ThreadChange*> current;

pid_t thread_id() { return static_cast<pid_t>(syscall(SYS_gettid)); }

void change_this_thread() {
  const ThreadChange* change = current.load();
  if (change->holds()) return;
  has_changed.store(true);
  const int failure = change->make();
  int none = 0;
  if (failure != 0) first_failure.compare_exchange_strong(none, failure);
}

void handle_signal(int) {
  const int saved = errno;
  const pid_t self = thread_id();
  const int count = used.load();
  for (int i = 0; i < count; i++) {
    if (slots[i].thread.load() != self || slots[i].done.load()) continue;
    change_this_thread();
    slots[i].done.store(true);
    break;
  }
  errno = saved;
}

int kernel_action(int signal, const KernelAction* wanted, KernelAction* previous) {
  return syscall(SYS_rt_sigaction, signal, wanted, previous, KERNEL_SIGNAL_SET) < 0 ? errno : 0;
}

// sigaction() refuses signal 33. So it installs the handler for another signal, for a moment, and what the kernel
// made of that is installed for 33.
int install_handler(KernelAction* previous) {
  struct sigaction wanted = {};
  struct sigaction other;
  KernelAction made = {};
  wanted.sa_handler = handle_signal;
  wanted.sa_flags = SA_RESTART | SA_ONSTACK;
  sigfillset(&wanted.sa_mask);
  if (sigaction(SIGRTMAX, &wanted, &other) < 0) return errno;
  int error = kernel_action(SIGRTMAX, nullptr, &made);
  if (sigaction(SIGRTMAX, &other, nullptr) < 0 && error == 0) error = errno;
  return error != 0 ? error : kernel_action(SIGNAL, &made, previous);
}

int64_t now_ms() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

// The kernel counts each thread as a link of the directory, besides the directory's own two.
size_t count_threads(DIR* tasks) {
  struct stat status;
  return fstat(dirfd(tasks), &status) == 0 && status.st_nlink > 2 ? status.st_nlink - 2 : 0;
}

// Every thread but this one. False when the list may have gaps: reading stops short when a thread ends meanwhile.
bool list_threads(DIR* tasks, std::vector<pid_t>* threads) {
  const pid_t self = thread_id();
  const size_t before = count_threads(tasks);
  threads->clear();
  rewinddir(tasks);
  while (const dirent* entry = readdir(tasks)) {
    const pid_t thread = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (thread > 0 && thread != self) threads->push_back(thread);
  }
  return threads->size() + 1 == before && before == count_threads(tasks);
}

int signal_thread(pid_t thread, int signal) {
  return syscall(SYS_tgkill, getpid(), thread, signal) < 0 ? errno : 0;
}

// ESRCH when the thread ended instead of answering.
int await_thread(const Slot& slot, int64_t deadline) {
  const timespec pause = {0, 100'000};
  while (!slot.done.load()) {
    if (signal_thread(slot.thread.load(), 0) == ESRCH) return ESRCH;
    if (now_ms() > deadline) return ETIMEDOUT;
    nanosleep(&pause, nullptr);
  }
  return 0;
}

int ask_threads(const std::vector<pid_t>& threads) {
  if (threads.size() > CAPACITY) return E2BIG;
  used.store(0);
  for (size_t i = 0; i < threads.size(); i++) {
    slots[i].thread.store(threads[i]);
    slots[i].done.store(false);
  }
  used.store(static_cast<int>(threads.size()));
  for (const pid_t thread : threads) {
    const int error = signal_thread(thread, SIGNAL);
    if (error != 0 && error != ESRCH) return error;
  }
  return 0;
}

// Whether another round is needed goes to `again`.
int run_round(DIR* tasks, int64_t deadline, bool* again) {
  std::vector<pid_t> threads;
  has_changed.store(false);
  const bool is_complete = list_threads(tasks, &threads);
  const int unasked = ask_threads(threads);
  if (unasked != 0) return unasked;
  bool has_lost = false;
  for (size_t i = 0; i < threads.size(); i++) {
    const int error = await_thread(slots[i], deadline);
    if (error == ETIMEDOUT) return error;
    has_lost = has_lost || error == ESRCH;
  }
  *again = !is_complete || has_lost || has_changed.load();
  return 0;
}

// A thread that was started by one that had not been asked yet is not as it should be. So: again, until a round asks
// all and finds nothing to do. From then on threads are born as they should be.
int run_rounds(DIR* tasks) {
  const int64_t deadline = now_ms() + TIMEOUT_MS;
  bool again = true;
  while (again && first_failure.load() == 0) {
    if (now_ms() > deadline) return EAGAIN;
    const int error = run_round(tasks, deadline, &again);
    if (error != 0) return error;
  }
  return 0;
}

}  // namespace

EveryThread change_every_thread(DIR* tasks, const ThreadChange& change) {
  static ThreadChange kept;  // for the thread that answers too late
  EveryThread result;
  KernelAction previous = {};
  kept = change;
  current.store(&kept);
  first_failure.store(0);
  change_this_thread();
  result.error = install_handler(&previous);
  if (result.error != 0) return result;
  result.error = run_rounds(tasks);
  // A thread that did not answer may do so later, and then must not find the C library's handler.
  if (result.error == 0) result.error = kernel_action(SIGNAL, &previous, nullptr);
  result.failure = first_failure.load();
  return result;
}
