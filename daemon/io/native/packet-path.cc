#include "packet-path.h"

#include <unistd.h>

#include <cerrno>
#include <utility>

#include "errors.h"
#include "tun.h"

namespace {

constexpr int32_t IPV6_HEADER = 40;

}  // namespace

PacketPath::PacketPath(const SharedMemory& memory, const Descriptors& descriptors, Call call)
    : memory_(memory), descriptors_(descriptors), call_(std::move(call)), receiver_(memory_.inbound) {}

int PacketPath::open(uv_loop_t* loop) {
  int error = descriptors_.tun >= 0 ? watch(loop, descriptors_.tun, PACKET) : 0;
  for (size_t i = 0; i < descriptors_.sockets.size() && error == 0; i++) {
    error = watch(loop, descriptors_.sockets[i], static_cast<int32_t>(i));
  }
  opened_ = error == 0;
  return error;
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
  for (auto& watch : watches_) {
    const int error = uv_poll_start(&watch->poll, UV_READABLE, on_event);
    if (error != 0) return error;
  }
  return 0;
}

void PacketPath::flush() {
  if (!closed_) carry_out(nullptr, nullptr, 0);
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
void PacketPath::on_event(uv_poll_t* poll, int status, int) {
  Watch& watch = *static_cast<Watch*>(poll->data);
  PacketPath& path = *watch.path;
  if (watch.socket == PACKET) {
    path.receive_packets();
  } else {
    path.receive_datagrams(watch, status);
  }
}

void PacketPath::receive_datagrams(Watch& watch, int status) {
  const int32_t count = receiver_.receive(watch.fd, watch.socket);
  memory_.counters->receive_calls++;
  if (count < 0 && is_descriptor_error(-count)) return fail(Event::UdpFailed, -count);
  // libuv stops polling on EPOLLERR. For UDP that is an ICMP error about one datagram, which receiving took away.
  if (status < 0) uv_poll_start(&watch.poll, UV_READABLE, on_event);
  if (count <= 0) return;
  const bool valid = call_(Event::Datagrams, count);
  if (!closed_) carry_out(nullptr, &memory_.inbound, valid ? count : 0);
}

void PacketPath::receive_packets() {
  const TunRead read = read_tun(descriptors_.tun, memory_.outbound);
  memory_.counters->receive_calls += read.calls;
  if (read.count > 0) {
    const bool valid = call_(Event::Packets, read.count);
    if (closed_) return;
    carry_out(&memory_.outbound, nullptr, valid ? read.count : 0);
  }
  if (read.error != 0) fail(Event::TunFailed, read.error);
}

void PacketPath::fail(Event event, int error) {
  for (auto& watch : watches_) uv_poll_stop(&watch->poll);
  call_(event, error);
}

// Pending rows leave before those of the batch: a bubble that opens a hole before the data that needs it. Each
// socket gets its own pass, so that one sendmmsg carries all that leaves by it.
void PacketPath::carry_out(const Batch* datagrams, const Batch* packets, int32_t rows) {
  SendReport sent;
  SendReport delivered;
  const Batch& pending = memory_.pending;
  const int32_t pending_rows = *memory_.pending_count;
  for (size_t i = 0; i < descriptors_.sockets.size(); i++) {
    const auto socket = static_cast<int32_t>(i);
    send_datagrams(socket, pending, pending_rows, sent);
    if (datagrams != nullptr) send_datagrams(socket, *datagrams, rows, sent);
    messages_.flush(descriptors_.sockets[i], sent);
  }
  refuse_strays(pending, pending_rows, sent);
  if (datagrams != nullptr) refuse_strays(*datagrams, rows, sent);

  deliver_packets(pending, pending_rows, true, delivered);
  if (packets != nullptr) deliver_packets(*packets, rows, false, delivered);
  if (descriptors_.raw >= 0) messages_.flush(descriptors_.raw, delivered);
  *memory_.pending_count = 0;
  count(sent, delivered);
}

void PacketPath::send_datagrams(int32_t socket, const Batch& batch, int32_t count, SendReport& report) {
  for (int32_t i = 0; i < count; i++) {
    const Row& row = batch.rows[i];
    if (row.verdict != VERDICT_FORWARD || row.socket != socket) continue;
    if (row.segment != 0) {
      report.refuse(EOPNOTSUPP);  // runs are for segmentation offload; nothing hands any out yet
    } else if (!batch.contains(row)) {
      report.refuse(EINVAL);
    } else {
      if (messages_.full()) messages_.flush(descriptors_.sockets[static_cast<size_t>(socket)], report);
      messages_.add_ipv4(batch.bytes + row.offset, static_cast<size_t>(row.length),
                         static_cast<uint32_t>(row.address), static_cast<uint16_t>(row.port));
    }
  }
}

void PacketPath::refuse_strays(const Batch& batch, int32_t count, SendReport& report) const {
  const auto sockets = static_cast<int32_t>(descriptors_.sockets.size());
  for (int32_t i = 0; i < count; i++) {
    const Row& row = batch.rows[i];
    if (row.verdict == VERDICT_FORWARD && (row.socket < PACKET || row.socket >= sockets)) report.refuse(EINVAL);
  }
}

// Rows of a batch of datagrams carry the socket they came in by; among pending rows PACKET marks the packets.
void PacketPath::deliver_packets(const Batch& batch, int32_t count, bool pending, SendReport& report) {
  for (int32_t i = 0; i < count; i++) {
    const Row& row = batch.rows[i];
    if (row.verdict != VERDICT_FORWARD || (pending && row.socket != PACKET)) continue;
    if (!batch.contains(row) || row.length < IPV6_HEADER) {
      report.refuse(EINVAL);
    } else {
      deliver(batch.bytes + row.offset, static_cast<size_t>(row.length), report);
    }
  }
}

void PacketPath::deliver(const uint8_t* packet, size_t length, SendReport& report) {
  if (descriptors_.tun >= 0) {
    const int error = write_tun(descriptors_.tun, packet, length);
    report.calls++;
    if (error != 0) report.refuse(error);
  } else if (descriptors_.raw >= 0) {
    if (messages_.full()) messages_.flush(descriptors_.raw, report);
    messages_.add_ipv6(packet, length);
  } else {
    report.refuse(ENXIO);
  }
}

void PacketPath::count(const SendReport& sent, const SendReport& delivered) {
  Counters& counters = *memory_.counters;
  counters.send_calls += sent.calls + delivered.calls;
  counters.send_would_block += sent.would_block;
  counters.send_refused += sent.refused;
  counters.deliver_refused += delivered.refused + delivered.would_block;
  if (sent.error != 0) counters.last_errno = sent.error;
  if (delivered.error != 0) counters.last_errno = delivered.error;
}
