// Confines itself with the code of the addon, without Node, and tries what is forbidden by number. Started by
// system-calls.test.ts:
//
//     confinement-probe calls|threads|foreign ROOT UID GID
//
// UID - keeps the user. Prints one line for each step that failed ("undone STEP ERRNO"), then:
// calls    "NUMBER ERRNO" for every system call that is not in ALLOWED below, and "NAME ERRNO" for forbidden uses of
//          allowed ones; ERRNO is 0 when the call succeeded.
// threads  "confined", while threads start other threads all the time; ends when its standard input does.
// foreign  nothing: a call by the 32-bit interface kills it.
#include <fcntl.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "confine.h"

namespace {

// ---- calls ----

// Said here a second time, as a program that moves packets would: a call that slips into the filter's list shows up.
const std::set<long> ALLOWED = {
    SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg, SYS_recvmmsg,
    SYS_sendmmsg, SYS_close, SYS_shutdown, SYS_lseek, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_fcntl, SYS_ioctl,
    SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt, SYS_epoll_create1, SYS_epoll_ctl,
    SYS_epoll_pwait, 441 /* epoll_pwait2 */, SYS_ppoll, SYS_pselect6, SYS_eventfd2, SYS_pipe2, SYS_mmap, SYS_munmap,
    SYS_mprotect, SYS_mremap, SYS_madvise, SYS_brk, SYS_pkey_alloc, SYS_pkey_free, SYS_pkey_mprotect, SYS_membarrier,
    SYS_futex, 449 /* futex_waitv */, 454, 455, 456 /* futex_wake, _wait, _requeue */, 462 /* mseal */, SYS_clone,
    SYS_rseq, SYS_set_robust_list, SYS_exit, SYS_exit_group, SYS_restart_syscall, SYS_rt_sigaction,
    SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigtimedwait, SYS_sigaltstack, SYS_tgkill, SYS_sched_yield,
    SYS_sched_getaffinity, SYS_getcpu, SYS_gettid, SYS_getpid, SYS_getppid, SYS_getuid, SYS_geteuid, SYS_getgid,
    SYS_getegid, SYS_getresuid, SYS_getresgid, SYS_getgroups, SYS_capget, SYS_getcwd, SYS_getrusage, SYS_times,
    SYS_sysinfo, SYS_uname, SYS_prlimit64, SYS_prctl, SYS_clock_gettime, SYS_clock_getres, SYS_clock_nanosleep,
    SYS_nanosleep, SYS_gettimeofday, SYS_getrandom,
#ifdef __x86_64__
    SYS_epoll_wait, SYS_poll, SYS_select, SYS_time, SYS_getrlimit,
#endif
};

// Arguments that no call can do harm with, should it be allowed.
int error_of(long number) {
  const pid_t before = getpid();
  const long result = syscall(number, -1L, -1L, -1L, -1L, -1L, -1L);
  if (getpid() != before) _exit(0);  // a fork that must not have happened
  return result < 0 ? errno : 0;
}

void print(const char* name, long result) { std::printf("%s %d\n", name, result < 0 ? errno : 0); }

void try_uses() {
  struct stat status;
  char extended[256];
  rlimit limit = {1, 1};
  print("clone-process", syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
  print("clone-namespace", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  print("clone3", syscall(SYS_clone3, extended, 0));
  print("signal-parent", syscall(SYS_tgkill, getppid(), getppid(), 0));
  print("signal-self", syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), 0));
  print("outlive-parent", prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0));
  print("be-dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
  print("be-subreaper", prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  print("read-limit", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, extended));
  print("change-limit", syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, nullptr));
  print("parents-limit", syscall(SYS_prlimit64, getppid(), RLIMIT_NOFILE, nullptr, extended));
  print("own-descriptor", fcntl(0, F_SETOWN, 1));
  print("duplicate-descriptor", fcntl(0, F_DUPFD, 100));
  print("lock-descriptor", fcntl(0, F_SETLK, extended));
  print("read-flags", fcntl(0, F_GETFL));
  print("persistent-tun", ioctl(0, TUNSETPERSIST, 1));
  print("attach-tun", ioctl(0, TUNSETIFF, extended));
  print("type-into-terminal", ioctl(0, TIOCSTI, "x"));
  // Bits above the lower 32 mean nothing to the kernel, and must not mean anything to the filter.
  print("persistent-tun-high", syscall(SYS_ioctl, 0, TUNSETPERSIST | 1L << 32, 1));
  print("steer-group", setsockopt(0, SOL_SOCKET, 51, extended, 16));
  print("steer-group-newer", setsockopt(0, SOL_SOCKET, 52, extended, 4));
  print("unsteer-group", setsockopt(0, SOL_SOCKET, 68, extended, 4));
  print("receive-runs", setsockopt(0, IPPROTO_UDP, 104, extended, 4));
  print("stat-path", syscall(SYS_newfstatat, AT_FDCWD, "/", &status, 0));
  print("statx-path", syscall(SYS_statx, AT_FDCWD, "/", 0, 0, extended));
  print("stat-descriptor", fstat(0, &status));
#ifdef __x86_64__
  print("x32-getpid", syscall(0x40000000L + SYS_getpid));
  print("x32-open", syscall(0x40000000L + SYS_open, "/", 0));
#endif
}

// uretprobe and uprobe, which the kernel itself puts into programs under observation. It lets them pass every filter,
// and kills a program that calls them of its own.
bool belongs_to_kernel(long number) {
#ifdef __x86_64__
  return number == 335 || number == 336;
#else
  return false;
#endif
}

void try_calls() {
  for (long number = 0; number < 1024; number++) {
    if (belongs_to_kernel(number)) continue;
    if (ALLOWED.count(number) == 0) std::printf("%ld %d\n", number, error_of(number));
  }
  try_uses();
}

// ---- threads ----

constexpr int KEPT = 40;

// Each thread starts the next and ends, or stays: all the time, some thread that was listed is gone already, and
// some thread is there that was not listed.
void* relay(void* argument) {
  const auto generation = reinterpret_cast<intptr_t>(argument);
  usleep(20'000);
  pthread_t next;
  if (pthread_create(&next, nullptr, relay, reinterpret_cast<void*>(generation + 1)) == 0) pthread_detach(next);
  static int kept = 0;
  if (generation % 5 == 0 && __atomic_fetch_add(&kept, 1, __ATOMIC_RELAXED) < KEPT) {
    for (;;) usleep(100'000);
  }
  return nullptr;
}

void* block_signals(void*) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  _exit(0);
}

void start(void* (*function)(void*)) {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, function, nullptr) != 0) std::abort();
  pthread_detach(thread);
}

void start_threads() {
  start(block_signals);
  for (int i = 0; i < 8; i++) start(relay);
  usleep(100'000);
}

// ---- foreign ----

void call_foreign() {
#ifdef __x86_64__
  long result;
  asm volatile("int $0x80" : "=a"(result) : "a"(20 /* getpid */) : "memory");
  std::printf("survived %ld\n", result);
#endif
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  const std::string mode = words[1];
  Confinement wanted;
  wanted.root = words[2];
  wanted.keep_user = std::strcmp(words[3], "-") == 0;
  wanted.uid = static_cast<uid_t>(std::atoi(words[3]));
  wanted.gid = static_cast<gid_t>(std::atoi(words[4]));
  wanted.parent = getppid();
  if (mode == "threads") start_threads();
  const ConfineResult result = confine(wanted);
  for (const Undone& undone : result.undone) std::printf("undone %s %d\n", undone.step, undone.error);
  if (mode == "calls") try_calls();
  if (mode == "foreign") call_foreign();
  if (mode == "threads") {
    std::printf("confined\n");
    std::fflush(stdout);
    for (;;) sched_yield(), usleep(1000);
  }
  std::fflush(stdout);
  return 0;
}
