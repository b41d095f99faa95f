#include "tun-writer.h"

#include <sys/uio.h>
#include <unistd.h>

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
  if (write(joined.virtio, joined.bytes, joined.length)) return;
  const int error = errno;
  if (joined.count == 1 || (error != EINVAL && error != EOPNOTSUPP)) {
    report_->refuse(error, static_cast<int32_t>(joined.count));
    return;
  }
  // A kernel without this kind: it will not learn it while we run.
  bool& joins = joined.virtio.gso_type == VIRTIO_GSO_UDP ? coalescer_.joins_udp : coalescer_.joins_tcp;
  joins = false;
  for (size_t i = 0; i < joined.count; i++) {
    if (!write(VirtioHeader{}, joined.packets[i], joined.lengths[i])) report_->refuse(errno);
  }
}

bool TunWriter::write(const VirtioHeader& header, const uint8_t* packet, size_t length) {
  const iovec vectors[] = {vector_of(&header, sizeof header), vector_of(packet, length)};
  const size_t skipped = with_header_ ? 0 : 1;
  report_->calls++;
  return write_vectors(fd_, vectors + skipped, 2 - skipped) >= 0;
}
