#include "packet-path.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "errors.h"
#include "tun.h"

namespace {

// What stands behind an IPv6 packet, as its header has it, does not go with it.
size_t without_trailer(const uint8_t* packet, size_t length) {
  if (length < IPV6_HEADER) return length;
  return std::min(length, IPV6_HEADER + get16(packet + IPV6_PAYLOAD_LENGTH));
}

}  // namespace

PacketPath::PacketPath(const SharedMemory& memory, const Descriptors& descriptors, const Offload& offload, Call call,
                       Settle settle)
    : memory_(memory),
      descriptors_(descriptors),
      offload_(offload),
      call_(std::move(call)),
      settle_(std::move(settle)),
      limits_(descriptors.sockets.size()),
      receiver_(memory_.inbound) {}

int PacketPath::open(uv_loop_t* loop) {
  loop_ = loop;
  int error = descriptors_.tun >= 0 ? watch(loop, descriptors_.tun, PACKET) : 0;
  for (size_t i = 0; i < descriptors_.sockets.size() && error == 0; i++) {
    error = watch(loop, descriptors_.sockets[i], static_cast<int32_t>(i));
  }
  if (error != 0) return error;
  opened_ = true;
  with_header_ = descriptors_.tun >= 0 && has_virtio_header(descriptors_.tun);
  writer_.use(descriptors_.tun, with_header_, offload_.join_tcp, offload_.join_udp);
  for (const int fd : descriptors_.sockets) UdpReceiver::prepare(fd, offload_.receive_runs);
  if (!offload_.send_runs) {
    for (SegmentationLimits& limits : limits_) limits.refuse_all();
  }
  return 0;
}

int PacketPath::watch(uv_loop_t* loop, int fd, int32_t socket) {
  // libuv sees a descriptor that is watched twice only once polling has begun.
  for (const auto& other : watches_) {
    if (other->fd == fd) return UV_EEXIST;
  }
  auto watch = std::make_unique<Watch>();
  watch->path = this;
  watch->fd = fd;
  watch->socket = socket;
  const int error = uv_poll_init(loop, &watch->poll, fd);
  if (error != 0) return error;
  watch->poll.data = watch.get();
  open_handles_++;
  watches_.push_back(std::move(watch));
  return 0;
}

int PacketPath::start() {
  polling_ = true;
  for (auto& watch : watches_) {
    const int error = uv_poll_start(&watch->poll, UV_READABLE, on_event);
    if (error != 0) return error;
  }
  return 0;
}

void PacketPath::flush() {
  if (closed_) return;
  send_pending();
  deliver_pending();
}

void PacketPath::close(std::function<void()> released) {
  if (opened_) flush();
  closed_ = true;
  released_ = std::move(released);
  for (auto& watch : watches_) {
    uv_close(reinterpret_cast<uv_handle_t*>(&watch->poll), on_handle_closed);
  }
  if (opened_) {
    // The handles left epoll with uv_close, so the numbers may be reused from here on.
    if (descriptors_.tun >= 0) ::close(descriptors_.tun);
    if (descriptors_.raw >= 0) ::close(descriptors_.raw);
    for (const int fd : descriptors_.sockets) ::close(fd);
  }
  if (open_handles_ == 0) std::exchange(released_, nullptr)();
}

void PacketPath::on_handle_closed(uv_handle_t* handle) {
  PacketPath* path = static_cast<Watch*>(handle->data)->path;
  if (--path->open_handles_ == 0) std::exchange(path->released_, nullptr)();
}

// One batch a wake-up and descriptor: polling is level-triggered, so what is left comes in the next turn of the
// loop, after the other direction, the other sockets and the timers had theirs.
void PacketPath::on_event(uv_poll_t* poll, int status, int events) {
  Watch& watch = *static_cast<Watch*>(poll->data);
  PacketPath& path = *watch.path;
  if (watch.socket == PACKET) {
    path.receive_packets();
  } else {
    if ((events & UV_WRITABLE) != 0 || status < 0) path.continue_outward();
    if ((events & UV_READABLE) != 0 || status < 0) path.receive_datagrams(watch, status);
  }
  path.settle_();
}

void PacketPath::receive_datagrams(Watch& watch, int status) {
  const int32_t count = receiver_.receive(watch.fd, watch.socket);
  memory_.counters->receive_calls++;
  if (count < 0 && is_descriptor_error(-count)) return fail(Event::UdpFailed, -count);
  // libuv stops polling on EPOLLERR. For UDP that is an ICMP error about one datagram, which receiving took away.
  if (status < 0) {
    uv_poll_start(&watch.poll, UV_READABLE, on_event);
    if (outward_.waiting) wait_until_writable();
  }
  if (count <= 0) return;
  const bool valid = call_(Event::Datagrams, count);
  if (closed_) return;
  send_pending();
  deliver_pending();
  if (valid) deliver_inward(count);
}

void PacketPath::receive_packets() {
  if (outward_.waiting) return;
  const TunRead read = read_tun(descriptors_.tun, with_header_, memory_.outbound);
  memory_.counters->receive_calls += read.calls;
  memory_.counters->send_refused += read.refused;
  if (read.count > 0) {
    const bool valid = call_(Event::Packets, read.count);
    if (closed_) return;
    send_pending();
    if (valid) begin_outward(read.count);
    deliver_pending();
  }
  if (read.error != 0) fail(Event::TunFailed, read.error);
}

void PacketPath::fail(Event event, int error) {
  polling_ = false;
  for (auto& watch : watches_) uv_poll_stop(&watch->poll);
  call_(event, error);
}

// ---- datagrams ----

void PacketPath::use_socket(DatagramSender& sender, size_t socket) {
  sender.use(descriptors_.sockets[socket], &limits_[socket], uv_now(loop_));
}

// TypeScript raises it; what it says is not trusted.
int32_t PacketPath::pending_count() const {
  return std::clamp(*memory_.pending_count, int32_t{0}, memory_.pending.capacity);
}

// What the handler sent by itself leaves before the rows of the batch: a bubble that opens a hole before the data that
// needs it. Each socket gets its own pass, so that one sendmmsg carries all that leaves by it.
void PacketPath::send_pending() {
  const Batch& pending = memory_.pending;
  const int32_t count = pending_count();
  if (count == 0) return;
  SendReport report;
  for (size_t i = 0; i < descriptors_.sockets.size(); i++) {
    use_socket(pending_sender_, i);
    for (int32_t index = 0; index < count; index++) {
      send_one(static_cast<int32_t>(i), pending.rows[index], report);
    }
    flush_pending(i, report);
  }
  refuse_strays(pending, count, report);
  count_sent(report);
}

// A buffer full of data shall not cost what keeps the tunnel up. Beyond twice the room it is dropped, as by any full
// queue.
void PacketPath::flush_pending(size_t socket, SendReport& report) {
  if (pending_sender_.flush(report)) return;
  const MoreRoom room(descriptors_.sockets[socket]);
  if (!pending_sender_.flush(report)) pending_sender_.drop(report);
}

void PacketPath::send_one(int32_t socket, const Row& row, SendReport& report) {
  if (row.socket != socket) return;
  const Batch& pending = memory_.pending;
  if (!pending.contains(row)) return report.refuse(EINVAL);
  const uint8_t* bytes = pending.bytes + row.offset;
  const auto length = static_cast<size_t>(row.length);
  const auto address = static_cast<uint32_t>(row.address);
  const auto port = static_cast<uint16_t>(row.port);
  const auto make_room = [this, socket, &report] { flush_pending(static_cast<size_t>(socket), report); };
  if (row.segment == 0) {
    if (pending_sender_.add(bytes, length, address, port, true)) return;
    make_room();
    pending_sender_.add(bytes, length, address, port, true);
    return;
  }
  Run run;
  if (!unpack_run(bytes, length, row.segment, row.offload, &run)) return report.refuse(EINVAL);
  Segmenter segmenter(bytes, length, run);
  for (;;) {
    pending_sender_.add_run(&segmenter, address, port);
    if (segmenter.done()) return;
    make_room();
  }
}

void PacketPath::refuse_strays(const Batch& batch, int32_t count, SendReport& report) const {
  const auto sockets = static_cast<int32_t>(descriptors_.sockets.size());
  for (int32_t i = 0; i < count; i++) {
    const Row& row = batch.rows[i];
    if (row.verdict == VERDICT_FORWARD && (row.socket < PACKET || row.socket >= sockets)) report.refuse(EINVAL);
  }
}

void PacketPath::begin_outward(int32_t count) {
  SendReport report;
  refuse_strays(memory_.outbound, count, report);
  count_sent(report);
  outward_ = Outward{};
  outward_.count = count;
  if (!descriptors_.sockets.empty()) use_socket(outward_sender_, 0);
  continue_outward();
}

void PacketPath::continue_outward() {
  if (outward_.count == 0) return;
  SendReport report;
  const bool done = send_outward(report);
  count_sent(report);
  if (done) {
    outward_.count = 0;
    if (outward_.waiting) stop_waiting();
  } else if (!outward_.waiting || outward_.awaited != outward_.socket) {
    outward_.waiting = true;
    outward_.awaited = outward_.socket;
    wait_until_writable();
  }
}

// False when a socket's buffer is full.
bool PacketPath::send_outward(SendReport& report) {
  for (; outward_.socket < descriptors_.sockets.size(); outward_.socket++, outward_.row = 0) {
    if (outward_sender_.empty()) use_socket(outward_sender_, outward_.socket);
    for (; outward_.row < outward_.count; outward_.row++) {
      while (!add_outward(memory_.outbound.rows[outward_.row], report)) {
        if (!outward_sender_.flush(report)) return false;
      }
    }
    if (!outward_sender_.flush(report)) return false;
  }
  return true;
}

// False: no room, the sender must be flushed.
bool PacketPath::add_outward(const Row& row, SendReport& report) {
  if (row.verdict != VERDICT_FORWARD || row.socket != static_cast<int32_t>(outward_.socket)) return true;
  const Batch& batch = memory_.outbound;
  const auto address = static_cast<uint32_t>(row.address);
  const auto port = static_cast<uint16_t>(row.port);
  if (!outward_.segmenting) {
    if (!batch.contains(row)) return report.refuse(EINVAL), true;
    const uint8_t* bytes = batch.bytes + row.offset;
    const auto length = static_cast<size_t>(row.length);
    if (row.segment == 0) return outward_sender_.add(bytes, length, address, port, false);
    Run run;
    if (!unpack_run(bytes, length, row.segment, row.offload, &run)) return report.refuse(EINVAL), true;
    outward_.segmenter = Segmenter(bytes, length, run);
    outward_.segmenting = true;
  }
  outward_sender_.add_run(&outward_.segmenter, address, port);
  outward_.segmenting = !outward_.segmenter.done();
  return !outward_.segmenting;
}

void PacketPath::wait_until_writable() {
  if (!polling_) return;
  for (auto& watch : watches_) {
    if (watch->socket == PACKET) {
      uv_poll_stop(&watch->poll);
    } else {
      const bool is_full = watch->socket == static_cast<int32_t>(outward_.awaited);
      uv_poll_start(&watch->poll, is_full ? UV_READABLE | UV_WRITABLE : UV_READABLE, on_event);
    }
  }
}

void PacketPath::stop_waiting() {
  outward_.waiting = false;
  if (!polling_) return;
  for (auto& watch : watches_) uv_poll_start(&watch->poll, UV_READABLE, on_event);
}

// ---- packets ----

// Among pending rows PACKET marks the packets. The table is free for new rows afterwards.
void PacketPath::deliver_pending() {
  const Batch& pending = memory_.pending;
  const int32_t count = pending_count();
  if (count == 0) return;
  SendReport report;
  for (int32_t i = 0; i < count; i++) {
    if (pending.rows[i].socket != PACKET) continue;
    if (pending.contains(pending.rows[i])) {
      deliver(pending.bytes + pending.rows[i].offset, static_cast<size_t>(pending.rows[i].length), report);
    } else {
      report.refuse(EINVAL);
    }
  }
  finish_delivery(report);
  *memory_.pending_count = 0;
}

void PacketPath::deliver_inward(int32_t count) {
  SendReport report;
  for (int32_t i = 0; i < count; i++) {
    const Row& row = memory_.inbound.rows[i];
    if (row.verdict != VERDICT_FORWARD) continue;
    if (memory_.inbound.contains(row) && row.segment >= 0) {
      deliver_row(row, report);
    } else {
      report.refuse(EINVAL);
    }
  }
  finish_delivery(report);
}

void PacketPath::deliver_row(const Row& row, SendReport& report) {
  const uint8_t* bytes = memory_.inbound.bytes + row.offset;
  const auto length = static_cast<size_t>(row.length);
  if (row.segment == 0) return deliver(bytes, length, report);
  const auto segment = static_cast<size_t>(row.segment);
  size_t index = 0;
  for (size_t offset = 0; offset < length && index < RUN_LIMIT; offset += segment, index++) {
    const bool dropped = (row.dropped[index / 32] >> index % 32 & 1) != 0;
    if (!dropped) deliver(bytes + offset, without_trailer(bytes + offset, std::min(segment, length - offset)), report);
  }
}

void PacketPath::deliver(const uint8_t* packet, size_t length, SendReport& report) {
  if (length < IPV6_HEADER) return report.refuse(EINVAL);
  if (descriptors_.tun >= 0) {
    writer_.add(packet, length, report);
  } else if (descriptors_.raw >= 0) {
    if (messages_.full()) messages_.flush(descriptors_.raw, report);
    messages_.add(packet, length);
  } else {
    report.refuse(ENXIO);
  }
}

void PacketPath::finish_delivery(SendReport& report) {
  if (descriptors_.tun >= 0) writer_.flush(report);
  if (descriptors_.raw >= 0) messages_.flush(descriptors_.raw, report);
  count_delivered(report);
}

void PacketPath::count_sent(const SendReport& report) {
  Counters& counters = *memory_.counters;
  counters.send_calls += report.calls;
  counters.send_would_block += report.would_block;
  counters.send_refused += report.refused;
  if (report.error != 0) counters.last_errno = report.error;
}

void PacketPath::count_delivered(const SendReport& report) {
  Counters& counters = *memory_.counters;
  counters.send_calls += report.calls;
  counters.deliver_refused += report.refused + report.would_block;
  if (report.error != 0) counters.last_errno = report.error;
}
