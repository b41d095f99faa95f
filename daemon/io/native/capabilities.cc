#include "capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace {

// By number.
constexpr const char* NAMES[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
};

constexpr int MAXIMUM = 64;

constexpr bool has(CapabilitySet set, int capability) { return (set >> capability & 1) != 0; }

constexpr CapabilitySet both(const __user_cap_data_struct data[2], uint32_t __user_cap_data_struct::*field) {
  return data[0].*field | CapabilitySet{data[1].*field} << 32;
}

int write_capabilities(const Capabilities& capabilities) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  for (int half = 0; half < 2; half++) {
    data[half].effective = static_cast<uint32_t>(capabilities.effective >> (32 * half));
    data[half].permitted = static_cast<uint32_t>(capabilities.permitted >> (32 * half));
    data[half].inheritable = static_cast<uint32_t>(capabilities.inheritable >> (32 * half));
  }
  return syscall(SYS_capset, &header, data) < 0 ? errno : 0;
}

// The kernel lowers ambient capabilities with the inheritable ones; said all the same, since it costs nothing.
int limit_ambient(CapabilitySet kept) {
  for (int capability = 0; capability < MAXIMUM; capability++) {
    if (has(kept, capability)) continue;
    const int raised = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0);
    if (raised < 0) return errno == EINVAL ? 0 : errno;  // beyond the kernel's last one
    if (raised == 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_LOWER, capability, 0, 0) < 0) return errno;
  }
  return 0;
}

}  // namespace

int capability_number(const std::string& name) {
  int number = 0;
  for (const char* known : NAMES) {
    if (name == known) return number;
    number++;
  }
  return -1;
}

int read_capabilities(Capabilities* capabilities) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return errno;
  capabilities->effective = both(data, &__user_cap_data_struct::effective);
  capabilities->permitted = both(data, &__user_cap_data_struct::permitted);
  capabilities->inheritable = both(data, &__user_cap_data_struct::inheritable);
  return 0;
}

const char* capability_name(int number) {
  constexpr int count = sizeof NAMES / sizeof NAMES[0];
  return number >= 0 && number < count ? NAMES[number] : nullptr;
}

bool is_bounding_set_within(CapabilitySet kept) {
  for (int capability = 0; capability < MAXIMUM; capability++) {
    if (!has(kept, capability) && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1) return false;
  }
  return true;
}

bool are_capabilities_within(CapabilitySet kept) {
  Capabilities held;
  if (read_capabilities(&held) != 0) return false;
  // Ambient ones are inheritable ones too.
  return ((held.effective | held.permitted | held.inheritable) & ~kept) == 0;
}

int limit_bounding_set(CapabilitySet kept) {
  for (int capability = 0; capability < MAXIMUM; capability++) {
    if (has(kept, capability)) continue;
    const int present = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
    if (present < 0) return errno == EINVAL ? 0 : errno;  // beyond the kernel's last one
    if (present == 1 && prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) return errno;
  }
  return 0;
}

int limit_capabilities(CapabilitySet kept) {
  const int error = limit_ambient(kept);
  if (error != 0) return error;
  Capabilities held;
  const int unread = read_capabilities(&held);
  if (unread != 0) return unread;
  return write_capabilities({held.effective & kept, held.permitted & kept, held.inheritable & kept});
}

int raise_ambient(CapabilitySet lent) {
  Capabilities held;
  const int unread = read_capabilities(&held);
  if (unread != 0) return unread;
  // Ambient ones have to be inheritable, which those are not that a file gave.
  if ((lent & ~held.inheritable) != 0) {
    const int error = write_capabilities({held.effective, held.permitted, held.inheritable | lent});
    if (error != 0) return error;
  }
  for (int capability = 0; capability < MAXIMUM; capability++) {
    if (has(lent, capability) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0) return errno;
  }
  return 0;
}

int clear_ambient() { return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ? errno : 0; }
