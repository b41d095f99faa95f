#include "datagram-sender.h"

#include <cerrno>
#include <cstring>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

namespace {

// Spreads bits: a hash that nobody gains by choosing collisions for, which only cost a message more.
uint32_t mix(uint32_t value) {
  value = (value ^ value >> 16) * 0x7feb352d;
  return value ^ value >> 15;
}

// What the packets of a flow have in common: addresses, and ports where there are any.
uint32_t flow_of(const uint8_t* packet, size_t length) {
  if (length < IPV6_HEADER + 4 || packet[0] >> 4 != 6) return 0;
  const uint8_t protocol = packet[IPV6_NEXT_HEADER];
  uint32_t hash = protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP ? get32(packet + IPV6_HEADER) : 0;
  for (size_t at = IPV6_SOURCE; at < IPV6_HEADER; at += 4) hash = mix(hash ^ get32(packet + at));
  return hash;
}

}  // namespace

DatagramSender::DatagramSender(size_t room) : room_(room) {
  std::memset(vector_.data(), 0, sizeof vector_);
  std::memset(names_.data(), 0, sizeof names_);
  std::memset(controls_.data(), 0, sizeof controls_);
  places_.fill(0);
  flows_.fill(0);
  for (size_t i = 0; i < MESSAGES; i++) {
    names_[i].sin_family = AF_INET;
    msghdr& header = vector_[i].msg_hdr;
    header.msg_name = &names_[i];
    header.msg_namelen = sizeof names_[i];
    header.msg_iov = messages_[i].iovecs.data();
    controls_[i].header.cmsg_level = SOL_UDP;
    controls_[i].header.cmsg_type = UDP_SEGMENT;
    controls_[i].header.cmsg_len = CMSG_LEN(sizeof(uint16_t));
  }
}

void DatagramSender::use(int fd, SegmentationLimits* limits, uint64_t now) {
  fd_ = fd;
  limits_ = limits;
  now_ = now;
}

bool DatagramSender::fits(const Message& message, uint32_t address, uint16_t port, size_t length) const {
  return message.address == address && message.port == port && !message.closed && message.segments < SEGMENTS &&
         length <= message.segment_size && message.bytes + length <= MESSAGE_BYTES;
}

// The message that a datagram of this length joins, or a new one; nullptr when there is no room. It joins datagrams of
// its own size, else those of its own flow: in any other message it would be the last one that has room.
DatagramSender::Message* DatagramSender::open_message(uint32_t address, uint16_t port, size_t length, uint32_t flow) {
  const uint32_t destination = mix(mix(address) ^ port);
  uint8_t& place = places_[mix(destination ^ static_cast<uint32_t>(length)) % PLACES];
  uint8_t& last = flows_[mix(destination ^ flow) % FLOWS];
  if (place != 0 && place >= last && messages_[place - 1].segment_size == length &&
      fits(messages_[place - 1], address, port, length)) {
    last = place;
    return &messages_[place - 1];
  }
  if (last != 0 && fits(messages_[last - 1], address, port, length)) return &messages_[last - 1];
  if (message_count_ == MESSAGES) return nullptr;
  Message& message = messages_[message_count_++];
  message.address = address;
  message.port = port;
  message.segments = 0;
  message.vectors = 0;
  message.segment_size = length;
  message.bytes = 0;
  message.closed = length == 0 || length >= limits_->refused_size(address, now_);
  place = static_cast<uint8_t>(message_count_);
  last = place;
  return &message;
}

bool DatagramSender::make_room(size_t length) {
  // Memory that is not written to is none: hence no make_unique.
  if (bytes_ == nullptr) bytes_.reset(new uint8_t[room_]);
  return used_ + length <= room_;
}

void DatagramSender::append(Message* message, size_t length) {
  iovec* const last = message->vectors > 0 ? &message->iovecs[message->vectors - 1] : nullptr;
  if (last != nullptr && static_cast<uint8_t*>(last->iov_base) + last->iov_len == place()) {
    last->iov_len += length;
  } else {
    message->iovecs[message->vectors++] = {place(), length};
  }
  used_ += length;
  message->segments++;
  message->bytes += length;
  // Only the last segment of a message may be short.
  if (length < message->segment_size) message->closed = true;
}

bool DatagramSender::add(const uint8_t* bytes, size_t length, uint32_t address, uint16_t port, bool alone) {
  if (!make_room(length)) return false;
  Message* message = open_message(address, port, length, flow_of(bytes, length));
  if (message == nullptr) return false;
  if (length > 0) std::memcpy(place(), bytes, length);
  append(message, length);
  if (alone) message->closed = true;
  return true;
}

void DatagramSender::add_run(Segmenter* segmenter, uint32_t address, uint16_t port) {
  const uint32_t flow = flow_of(segmenter->packet(), segmenter->header_length());
  while (!segmenter->done() && make_room(segmenter->next_length())) {
    const size_t length = segmenter->next_length();
    Message* message = open_message(address, port, length, flow);
    if (message == nullptr) return;
    segmenter->next(place());
    append(message, length);
  }
}

void DatagramSender::describe(size_t index) {
  const Message& message = messages_[index];
  names_[index].sin_port = htons(message.port);
  names_[index].sin_addr.s_addr = htonl(message.address);
  msghdr& header = vector_[index].msg_hdr;
  header.msg_iovlen = message.vectors;
  header.msg_control = nullptr;
  header.msg_controllen = 0;
  if (message.segments > 1) {
    const auto size = static_cast<uint16_t>(message.segment_size);
    std::memcpy(CMSG_DATA(&controls_[index].header), &size, sizeof size);
    header.msg_control = &controls_[index];
    header.msg_controllen = sizeof controls_[index];
  }
}

bool DatagramSender::flush(SendReport& report) {
  for (size_t i = sent_; i < message_count_; i++) describe(i);
  while (sent_ < message_count_) {
    const int sent = sendmmsg(fd_, vector_.data() + sent_, static_cast<unsigned>(message_count_ - sent_),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    report.calls++;
    if (sent > 0) {
      sent_ += static_cast<size_t>(sent);
      continue;
    }
    // sendmmsg stops at the message that fails and names its error only when that message is the first.
    const int error = sent < 0 ? errno : EIO;
    Message& message = messages_[sent_];
    if (error == EINTR) continue;
    if (error == EAGAIN) return false;
    if (message.segments > 1 && is_segmentation_error(error)) {
      // Where nothing leaves at all (no route, no such port), segments are not the reason.
      if (send_one_by_one(&message, report)) learn(error, message);
    } else {
      report.refuse(error, message.segments);
    }
    sent_++;
  }
  clear();
  return true;
}

void DatagramSender::drop(SendReport& report) {
  for (; sent_ < message_count_; sent_++) report.block(messages_[sent_].segments);
  clear();
}

void DatagramSender::clear() {
  if (message_count_ > 0) {
    places_.fill(0);
    flows_.fill(0);
  }
  message_count_ = 0;
  sent_ = 0;
  used_ = 0;
}

// The device cannot compute checksums of segments (EIO), the kernel knows no such thing (EINVAL, EOPNOTSUPP), or a
// segment is larger than the way allows and would have to be fragmented (EINVAL, EMSGSIZE).
bool DatagramSender::is_segmentation_error(int error) {
  return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

void DatagramSender::learn(int error, const Message& message) {
  const bool any = error == EIO || error == EOPNOTSUPP;
  limits_->refuse(message.address, any ? 1 : message.segment_size, now_);
}

// Whether any datagram left.
bool DatagramSender::send_one_by_one(Message* message, SendReport& report) {
  std::array<mmsghdr, SEGMENTS> parts;
  std::array<iovec, SEGMENTS> pieces;
  size_t count = 0;
  for (size_t i = 0; i < message->vectors; i++) {
    auto* bytes = static_cast<uint8_t*>(message->iovecs[i].iov_base);
    for (size_t left = message->iovecs[i].iov_len; left > 0; count++) {
      const size_t length = left < message->segment_size ? left : message->segment_size;
      pieces[count] = {bytes, length};
      parts[count] = vector_[sent_];
      msghdr& header = parts[count].msg_hdr;
      header.msg_iov = &pieces[count];
      header.msg_iovlen = 1;
      header.msg_control = nullptr;
      header.msg_controllen = 0;
      bytes += length;
      left -= length;
    }
  }
  size_t next = 0;
  bool any = false;
  while (next < message->segments) {
    const int sent = sendmmsg(fd_, parts.data() + next, static_cast<unsigned>(message->segments - next),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    report.calls++;
    if (sent > 0) {
      next += static_cast<size_t>(sent);
      any = true;
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else if (sent < 0 && errno == EAGAIN) {
      // What is left of this message would fail too; those behind it wait.
      report.block(static_cast<int32_t>(message->segments - next));
      return any;
    } else {
      report.refuse(errno);
      next++;
    }
  }
  return any;
}
