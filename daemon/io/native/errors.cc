#include "errors.h"

#include <cerrno>
#include <cstdio>

namespace {

struct Name {
  int code;
  const char* name;
};

#define NAMED(code) {code, #code}
constexpr Name NAMES[] = {
    NAMED(EACCES),       NAMED(EADDRINUSE),   NAMED(EADDRNOTAVAIL), NAMED(EAFNOSUPPORT), NAMED(EAGAIN),
    NAMED(EBADF),        NAMED(EBADFD),       NAMED(EBUSY),         NAMED(ECONNREFUSED), NAMED(ECONNRESET),
    NAMED(EDESTADDRREQ), NAMED(EEXIST),       NAMED(EFAULT),        NAMED(EHOSTDOWN),    NAMED(EHOSTUNREACH),
    NAMED(EINTR),        NAMED(EINVAL),       NAMED(EIO),           NAMED(EISCONN),      NAMED(EMFILE),
    NAMED(EMSGSIZE),     NAMED(ENETDOWN),     NAMED(ENETUNREACH),   NAMED(ENFILE),       NAMED(ENOBUFS),
    NAMED(ENODEV),       NAMED(ENOENT),       NAMED(ENOMEM),        NAMED(ENONET),       NAMED(ENOPROTOOPT),
    NAMED(ENOSPC),       NAMED(ENOSYS),       NAMED(ENOTCONN),      NAMED(ENOTSOCK),     NAMED(ENOTTY),
    NAMED(ENOTUNIQ),     NAMED(ENXIO),        NAMED(EOPNOTSUPP),    NAMED(EPERM),        NAMED(EPIPE),
    NAMED(EPROTO),       NAMED(EPROTONOSUPPORT), NAMED(ERANGE),     NAMED(ETIMEDOUT),    NAMED(ETOOMANYREFS),
    NAMED(ENAMETOOLONG), NAMED(E2BIG),        NAMED(ENOTDIR),         NAMED(ELOOP),        NAMED(EXDEV),
    NAMED(ESRCH),        NAMED(EROFS),        NAMED(EPROTOTYPE),
};
#undef NAMED

}  // namespace

const char* errno_name(int code) {
  for (const Name& entry : NAMES) {
    if (entry.code == code) return entry.name;
  }
  static thread_local char unknown[16];
  std::snprintf(unknown, sizeof unknown, "E%d", code);
  return unknown;
}

bool is_descriptor_error(int code) {
  return code == EBADF || code == ENOTSOCK || code == EINVAL || code == EFAULT || code == EOPNOTSUPP;
}
