// A kernel that refuses: preloaded into a child of test/io/fallback.test.ts. REFUSE holds `call=times:errno` for each
// call that fails so often before it works; REFUSED is a file that gets the call's letter each time.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

class Refusal {
 public:
  Refusal(const char* name, char letter) : letter_(letter) {
    const char* all = std::getenv("REFUSE");
    const char* at = all == nullptr ? nullptr : std::strstr(all, name);
    if (at == nullptr) return;
    char* end = nullptr;
    left_ = std::strtol(at + std::strlen(name) + 1, &end, 10);
    error_ = static_cast<int>(std::strtol(end + 1, nullptr, 10));
  }

  bool pending() const { return left_ > 0; }

  // True, with errno set, when this call is to fail.
  bool refuses() {
    if (left_ <= 0) return false;
    left_--;
    const char* name = std::getenv("REFUSED");
    const int file = name == nullptr ? -1 : open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file >= 0 && write(file, &letter_, 1) < 0) std::abort();
    if (file >= 0) close(file);
    errno = error_;
    return true;
  }

 private:
  const char letter_;
  long left_ = 0;
  int error_ = 0;
};

Refusal& offload() {
  static Refusal refusal("offload", 'o');
  return refusal;
}
Refusal& header() {
  static Refusal refusal("header", 'h');
  return refusal;
}
Refusal& joined() {
  static Refusal refusal("joined", 'j');
  return refusal;
}
Refusal& segments() {
  static Refusal refusal("segments", 's');
  return refusal;
}
// A buffer that is full before every other message.
Refusal& full() {
  static Refusal refusal("full", 'f');
  return refusal;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

constexpr size_t VIRTIO_HEADER = 10;

// Behind the flags: what kind of segments it stands for.
bool is_joined(const void* virtio_header) { return static_cast<const uint8_t*>(virtio_header)[1] != 0; }

}  // namespace

extern "C" {

int ioctl(int fd, unsigned long request, ...) noexcept {
  static auto* const real = next<int(int, unsigned long, void*)>("ioctl");
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (request == TUNSETOFFLOAD && offload().refuses()) return -1;
  if (request == TUNSETIFF && (static_cast<ifreq*>(argument)->ifr_flags & IFF_VNET_HDR) != 0 && header().refuses()) {
    return -1;
  }
  return real(fd, request, argument);
}

ssize_t writev(int fd, const iovec* vectors, int count) {
  static auto* const real = next<ssize_t(int, const iovec*, int)>("writev");
  if (count > 1 && vectors[0].iov_len == VIRTIO_HEADER && is_joined(vectors[0].iov_base) && joined().refuses()) return -1;
  return real(fd, vectors, count);
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  static auto* const real = next<int(int, mmsghdr*, unsigned, int)>("sendmmsg");
  static bool was_full = false;
  if (full().pending()) {
    was_full = !was_full;
    if (was_full && full().refuses()) return -1;
    count = 1;
  }
  // As the kernel does: what stands before a message that fails leaves, and its error is told the next time.
  for (unsigned i = 0; segments().pending() && i < count; i++) {
    if (messages[i].msg_hdr.msg_controllen == 0) continue;
    if (i == 0 && segments().refuses()) return -1;
    count = i > 0 ? i : 1;
  }
  return real(fd, messages, count, flags);
}
}
