#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace {

TunResult tun_failure(int fd, const char* step) {
  TunResult result;
  result.error = errno;
  result.step = step;
  if (fd >= 0) close(fd);
  return result;
}

}  // namespace

TunResult open_tun(const char* name) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return tun_failure(fd, "open");

  // A virtio-net header (IFF_VNET_HDR) in front of every packet is what segmentation offload will add here;
  // it is read and written through an iovec of its own, so the slab's layout stays as it is.
  struct ifreq request;
  std::memset(&request, 0, sizeof request);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(fd, TUNSETIFF, &request) < 0) return tun_failure(fd, "attach");

  TunResult result;
  result.fd = fd;
  std::memcpy(result.name, request.ifr_name, IFNAMSIZ - 1);
  result.index = if_nametoindex(result.name);
  if (result.index == 0) return tun_failure(fd, "index");
  return result;
}

TunRead read_tun(int fd, const Batch& batch) {
  TunRead result;
  while (result.count < batch.capacity) {
    const ssize_t length = read(fd, batch.slot_bytes(result.count), batch.slot);
    result.calls++;
    if (length >= 0) {
      batch.fill(result.count++, static_cast<size_t>(length));
    } else if (errno != EINTR) {
      if (errno != EAGAIN) result.error = errno;
      break;
    }
  }
  return result;
}

int write_tun(int fd, const uint8_t* bytes, size_t length) {
  ssize_t written;
  do {
    written = write(fd, bytes, length);
  } while (written < 0 && errno == EINTR);
  return written < 0 ? errno : 0;
}
