#include "tun.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "segment.h"

// Newer than Debian 12's headers (Linux 6.2).
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#endif
#ifndef TUN_F_USO6
#define TUN_F_USO6 0x40
#endif

namespace {

// The longest packet a device hands over, with room to spare.
constexpr size_t LONGEST_PACKET = 67'584;
// More in one batch would leave the processor's cache before it is sent, and make others wait.
constexpr size_t BATCH_BYTES = 512 * 1024;
constexpr size_t ALIGNMENT = 64;

TunResult tun_failure(int fd, const char* step) {
  TunResult result;
  result.error = errno;
  result.step = step;
  if (fd >= 0) close(fd);
  return result;
}

struct Step {
  TunOffload offload;
  unsigned flags;
};

// The kernel wants both address families for USO. TSO for IPv4 goes with it: nothing of it gets through the tunnel.
constexpr unsigned TCP_FLAGS_WANTED = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
constexpr Step STEPS[] = {
    {TunOffload::Udp, TCP_FLAGS_WANTED | TUN_F_TSO_ECN | TUN_F_USO4 | TUN_F_USO6},
    {TunOffload::Tcp, TCP_FLAGS_WANTED | TUN_F_TSO_ECN},
    {TunOffload::Tcp, TCP_FLAGS_WANTED},
    {TunOffload::Checksum, TUN_F_CSUM},
};

// The most of what is wanted that the kernel grants.
TunOffload set_offload(int fd, TunOffload wanted) {
  for (const Step& step : STEPS) {
    if (step.offload <= wanted && ioctl(fd, TUNSETOFFLOAD, static_cast<unsigned long>(step.flags)) == 0) {
      return step.offload;
    }
  }
  ioctl(fd, TUNSETOFFLOAD, 0UL);
  return TunOffload::Header;
}

bool attach(int fd, const char* name, short flags, ifreq* request) {
  std::memset(request, 0, sizeof *request);
  request->ifr_flags = flags;
  std::strncpy(request->ifr_name, name, IFNAMSIZ - 1);
  return ioctl(fd, TUNSETIFF, request) == 0;
}

}  // namespace

TunResult open_tun(const char* name, TunOffload wanted, bool several) {
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return tun_failure(fd, "open");

  ifreq request;
  const short plain = static_cast<short>(IFF_TUN | IFF_NO_PI | (several ? IFF_MULTI_QUEUE : 0));
  const short with_header = static_cast<short>(plain | IFF_VNET_HDR);
  const bool has_header = wanted != TunOffload::None && attach(fd, name, with_header, &request);
  if (!has_header && !attach(fd, name, plain, &request)) return tun_failure(fd, "attach");

  TunResult result;
  result.fd = fd;
  if (has_header) {
    int size = sizeof(VirtioHeader);
    if (ioctl(fd, TUNSETVNETHDRSZ, &size) < 0) return tun_failure(fd, "header");
    result.offload = set_offload(fd, wanted);
  }
  std::memcpy(result.name, request.ifr_name, IFNAMSIZ - 1);
  result.index = if_nametoindex(result.name);
  if (result.index == 0) return tun_failure(fd, "index");
  return result;
}

bool has_virtio_header(int fd) {
  ifreq request;
  std::memset(&request, 0, sizeof request);
  return ioctl(fd, TUNGETIFF, &request) == 0 && (request.ifr_flags & IFF_VNET_HDR) != 0;
}

TunRead read_tun(int fd, bool with_header, const Batch& batch) {
  TunRead result;
  // The header lies in front of the packet, which is aligned: one vector less for the kernel to look at.
  VirtioHeader header = {};
  const size_t header_size = with_header ? sizeof header : 0;
  size_t offset = ALIGNMENT;
  while (result.count < batch.capacity && offset <= BATCH_BYTES && offset + LONGEST_PACKET <= batch.size) {
    uint8_t* packet = batch.bytes + offset;
    const ssize_t length = read(fd, packet - header_size, header_size + LONGEST_PACKET);
    result.calls++;
    if (length < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) result.error = errno;
      break;
    }
    if (static_cast<size_t>(length) < header_size) continue;
    const size_t size = static_cast<size_t>(length) - header_size;
    std::memcpy(&header, packet - header_size, header_size);
    RunFacts facts;
    if (with_header && !read_header(header, packet, size, &facts)) {
      result.refused++;
      continue;
    }
    Row& row = batch.fill(result.count++, offset, size);
    row.segment = facts.segment;
    row.offload = facts.packed;
    offset += (size + sizeof header + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
  }
  return result;
}
