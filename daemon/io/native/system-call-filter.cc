// What is not listed here is refused: EPERM, so that code which can do without goes on; ENOSYS for calls that are
// newer than this file, so that the C library takes the older ones. The list is what Node needs to run JavaScript,
// collect garbage, start V8's threads, use timers, and move bytes over descriptors that are open already.
//
// The most frequent calls stand first. Kernels since 5.11 remember the verdict of those that are allowed without a
// look at their arguments, so that they cost next to nothing.
#include "system-call-filter.h"

#if defined(__x86_64__) || (defined(__aarch64__) && defined(__AARCH64EL__))

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace {

#ifdef __x86_64__
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_X86_64;
// Numbers from here on are those of the x32 ABI: the same calls under other numbers.
constexpr uint32_t FIRST_X32_CALL = 0x40000000;
#else
constexpr uint32_t ARCHITECTURE = AUDIT_ARCH_AARCH64;
#endif

// Numbers above 423 are the same on all architectures; headers may be older than the kernel.
constexpr uint32_t NEWEST_KNOWN_CALL = 469;
constexpr uint32_t CALL_FUTEX_WAITV = 449;
constexpr uint32_t CALL_EPOLL_PWAIT2 = 441;
constexpr uint32_t CALL_FUTEX_WAKE = 454;
constexpr uint32_t CALL_FUTEX_WAIT = 455;
constexpr uint32_t CALL_FUTEX_REQUEUE = 456;
constexpr uint32_t CALL_MSEAL = 462;

// Socket options, newer than some headers (Linux 4.5 and 5.3).
constexpr uint32_t ATTACH_REUSEPORT_CBPF = 51;
constexpr uint32_t ATTACH_REUSEPORT_EBPF = 52;
constexpr uint32_t DETACH_REUSEPORT_BPF = 68;

constexpr uint32_t ALLOWED[] = {
    // packets, messages, events
    SYS_epoll_pwait,
    SYS_recvmmsg,
    SYS_sendmmsg,
    SYS_read,
    SYS_write,
    SYS_futex,
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_recvfrom,
    SYS_sendto,
    SYS_readv,
    SYS_writev,
    SYS_epoll_ctl,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_eventfd2,
    SYS_pipe2,
    CALL_EPOLL_PWAIT2,
    // descriptors that are open
    SYS_close,
    SYS_shutdown,
    SYS_fstat,
    SYS_lseek,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    // memory
    SYS_madvise,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_brk,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    SYS_membarrier,
    CALL_MSEAL,
    // threads and signals
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_getcpu,
    SYS_rseq,
    SYS_set_robust_list,
    SYS_gettid,
    SYS_exit,
    SYS_exit_group,
    SYS_restart_syscall,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    CALL_FUTEX_WAITV,
    CALL_FUTEX_WAKE,
    CALL_FUTEX_WAIT,
    CALL_FUTEX_REQUEUE,
    // time, entropy, and what the process may know of itself
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getrandom,
    SYS_getpid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
    SYS_capget,
    SYS_getcwd,
    SYS_getrusage,
    SYS_times,
    SYS_sysinfo,
    SYS_uname,
#ifdef __x86_64__
    SYS_epoll_wait,
    SYS_poll,
    SYS_select,
    SYS_time,
    SYS_getrlimit,
#endif
};

// Low and high half of an argument.
constexpr uint32_t low(int argument) {
  return static_cast<uint32_t>(offsetof(seccomp_data, args) + sizeof(uint64_t) * static_cast<size_t>(argument));
}
constexpr uint32_t high(int argument) { return low(argument) + sizeof(uint32_t); }

struct Condition {
  uint32_t word;
  uint32_t mask;
  uint32_t value;
};

constexpr uint32_t ALL_BITS = 0xffffffff;
constexpr uint32_t REFUSE = SECCOMP_RET_ERRNO | EPERM;
constexpr uint32_t UNKNOWN = SECCOMP_RET_ERRNO | ENOSYS;

// In each rule the accumulator holds the call's number when it begins; a rule for another call leaves it there.
class Program {
 public:
  void load(uint32_t offset) { add(BPF_LD | BPF_W | BPF_ABS, offset); }
  void finish(uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }
  void finish_unless_equal(uint32_t value, uint32_t verdict) { test(BPF_JEQ, value, 1, 0), finish(verdict); }
  void finish_if_equal(uint32_t value, uint32_t verdict) { test(BPF_JEQ, value, 0, 1), finish(verdict); }
  void finish_from(uint32_t value, uint32_t verdict) { test(BPF_JGE, value, 0, 1), finish(verdict); }

  // The call is allowed when all of the conditions hold.
  void allow_if(uint32_t call, std::initializer_list<Condition> conditions) {
    test(BPF_JEQ, call, 0, static_cast<uint8_t>(4 * conditions.size() + 1));
    for (const Condition& condition : conditions) {
      load(condition.word);
      add(BPF_ALU | BPF_AND | BPF_K, condition.mask);
      finish_unless_equal(condition.value, REFUSE);
    }
    finish(SECCOMP_RET_ALLOW);
  }

  // The call is allowed when the low half of that argument is one of these; its high half means nothing then.
  void allow_values(uint32_t call, int argument, std::initializer_list<uint32_t> values) {
    test(BPF_JEQ, call, 0, static_cast<uint8_t>(2 * values.size() + 2));
    load(low(argument));
    for (const uint32_t value : values) finish_if_equal(value, SECCOMP_RET_ALLOW);
    finish(REFUSE);
  }

  // The call is allowed unless the low half of that argument is one of these.
  void refuse_values(uint32_t call, int argument, std::initializer_list<uint32_t> values) {
    test(BPF_JEQ, call, 0, static_cast<uint8_t>(2 * values.size() + 2));
    load(low(argument));
    for (const uint32_t value : values) finish_if_equal(value, REFUSE);
    finish(SECCOMP_RET_ALLOW);
  }

  std::vector<sock_filter>& instructions() { return instructions_; }

 private:
  void add(uint32_t code, uint32_t operand) {
    instructions_.push_back({static_cast<uint16_t>(code), 0, 0, operand});
  }
  void test(uint32_t comparison, uint32_t value, uint8_t if_true, uint8_t if_false) {
    instructions_.push_back({static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), if_true, if_false, value});
  }

  std::vector<sock_filter> instructions_;
};

void add_conditional_rules(Program* program) {
  // Threads, but no processes. The flags of clone3 lie in memory, where a filter cannot see them.
  program->allow_if(SYS_clone, {{low(0), CLONE_THREAD, CLONE_THREAD}});
  program->finish_if_equal(SYS_clone3, UNKNOWN);
  // Signals for its own threads.
  program->allow_values(SYS_tgkill, 0, {static_cast<uint32_t>(getpid())});
  program->allow_values(SYS_prctl, 0, {PR_SET_NAME, PR_GET_NAME, 0x53564d41 /* PR_SET_VMA: names for memory */});
  // Reading limits of its own.
  program->allow_if(SYS_prlimit64, {{low(0), ALL_BITS, 0}, {low(2), ALL_BITS, 0}, {high(2), ALL_BITS, 0}});
  program->allow_values(SYS_fcntl, 1, {F_GETFD, F_SETFD, F_GETFL, F_SETFL});
  // Not those that change a TUN device, which could be made to outlive the process; what it is may be asked.
  program->allow_values(SYS_ioctl, 1, {FIONBIO, FIONREAD, FIOCLEX, FIONCLEX, TCGETS, TIOCGWINSZ, TUNGETIFF});
  // Which engine of several gets which datagrams is not for one of them to say. By name alone: at other levels nobody
  // needs these numbers.
  program->refuse_values(SYS_setsockopt, 2, {ATTACH_REUSEPORT_CBPF, ATTACH_REUSEPORT_EBPF, DETACH_REUSEPORT_BPF});
  // Only of a descriptor, as the C library's and libuv's fstat() ask.
  program->allow_if(SYS_newfstatat, {{low(3), AT_EMPTY_PATH, AT_EMPTY_PATH}});
  program->allow_if(SYS_statx, {{low(2), AT_EMPTY_PATH, AT_EMPTY_PATH}});
}

Program make_program() {
  Program program;
  program.load(offsetof(seccomp_data, arch));
  program.finish_unless_equal(ARCHITECTURE, SECCOMP_RET_KILL_PROCESS);
  program.load(offsetof(seccomp_data, nr));
#ifdef __x86_64__
  program.finish_from(FIRST_X32_CALL, REFUSE);
#endif
  for (const uint32_t call : ALLOWED) program.finish_if_equal(call, SECCOMP_RET_ALLOW);
  add_conditional_rules(&program);
  program.finish_from(NEWEST_KNOWN_CALL + 1, UNKNOWN);
  program.finish(REFUSE);
  return program;
}

}  // namespace

bool has_system_call_filter() { return true; }

int install_system_call_filter() {
  Program program = make_program();
  sock_fprog loaded = {static_cast<unsigned short>(program.instructions().size()), program.instructions().data()};
  const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &loaded);
  if (result < 0) return errno;
  // The number of a thread that has a filter which this one was not made on top of.
  return result == 0 ? 0 : ESRCH;
}

#else

#include <cerrno>

bool has_system_call_filter() { return false; }

int install_system_call_filter() { return ENOSYS; }

#endif
