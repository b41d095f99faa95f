#include "tun-writer.h"

#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace {

ssize_t write_vectors(int fd, const iovec* vectors, size_t count) {
  ssize_t written;
  do {
    written = writev(fd, vectors, static_cast<int>(count));
  } while (written < 0 && errno == EINTR);
  return written;
}

iovec vector_of(const void* bytes, size_t length) { return {const_cast<void*>(bytes), length}; }

}  // namespace

void TunWriter::use(int fd, bool with_header, bool joins_tcp, bool joins_udp) {
  fd_ = fd;
  with_header_ = with_header;
  coalescer_.joins_tcp = with_header && joins_tcp;
  coalescer_.joins_udp = with_header && joins_udp;
}

void TunWriter::add(const uint8_t* packet, size_t length, SendReport& report) {
  report_ = &report;
  coalescer_.add(packet, length);
}

void TunWriter::flush(SendReport& report) {
  report_ = &report;
  coalescer_.flush();
}

void TunWriter::take(const Joined& joined) {
  if (joined.count > 1 && write_joined(joined)) return;
  const VirtioHeader header = joined.count > 1 ? VirtioHeader{} : joined.virtio;
  for (size_t i = 0; i < joined.count; i++) write_one(header, joined.packets[i], joined.lengths[i]);
}

// False when the device does not take such packets: they must go one by one.
bool TunWriter::write_joined(const Joined& joined) {
  std::array<iovec, Joined::LIMIT + 2> vectors;
  vectors[0] = vector_of(&joined.virtio, sizeof joined.virtio);
  vectors[1] = vector_of(joined.header, joined.header_length);
  for (size_t i = 0; i < joined.count; i++) {
    vectors[i + 2] = vector_of(joined.packets[i] + joined.header_length, joined.lengths[i] - joined.header_length);
  }
  report_->calls++;
  if (write_vectors(fd_, vectors.data(), joined.count + 2) >= 0) return true;
  if (errno == EINVAL || errno == EOPNOTSUPP) {
    // A kernel without this kind: it will not learn it while we run.
    bool& joins = joined.virtio.gso_type == VIRTIO_GSO_UDP ? coalescer_.joins_udp : coalescer_.joins_tcp;
    joins = false;
    return false;
  }
  report_->refuse(errno, static_cast<int32_t>(joined.count));
  return true;
}

void TunWriter::write_one(const VirtioHeader& header, const uint8_t* packet, size_t length) {
  const iovec vectors[] = {vector_of(&header, sizeof header), vector_of(packet, length)};
  const size_t skipped = with_header_ ? 0 : 1;
  report_->calls++;
  if (write_vectors(fd_, vectors + skipped, 2 - skipped) < 0) report_->refuse(errno);
}
