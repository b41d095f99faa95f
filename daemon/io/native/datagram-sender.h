// Datagrams on their way out of one UDP socket, gathered so that few system calls and few walks through the kernel's
// IPv4 stack carry them: datagrams of equal size to one destination become one message, which the kernel or the
// network card cuts again (UDP_SEGMENT), and all messages leave in one sendmmsg.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "ipv6-fields.h"
#include "segment.h"
#include "segmentation-limits.h"
#include "send-report.h"

class DatagramSender {
 public:
  // `room`: bytes that wait at the same time, at least a datagram of the longest.
  explicit DatagramSender(size_t room);
  DatagramSender(const DatagramSender&) = delete;
  DatagramSender& operator=(const DatagramSender&) = delete;

  // The socket that what is added from here on leaves by; what was added must have left.
  void use(int fd, SegmentationLimits* limits, uint64_t now);
  bool empty() const { return message_count_ == 0; }

  // False: no room, flush and add it again. Host order. `alone`: a message of its own.
  bool add(const uint8_t* bytes, size_t length, uint32_t address, uint16_t port, bool alone);
  // The next packets of a run, as many as there is room for: again, after a flush, until `segmenter` is done.
  void add_run(Segmenter* segmenter, uint32_t address, uint16_t port);

  // Sends everything in order. A message that fails does not take the ones behind it along. False when the socket's
  // buffer is full: what is left stays, to be sent by another flush or to be dropped.
  bool flush(SendReport& report);
  void drop(SendReport& report);

 private:
  static constexpr size_t MESSAGES = 250;
  // UDP_MAX_SEGMENTS of kernels before 6.9, and the largest UDP payload.
  static constexpr size_t SEGMENTS = 64;
  static constexpr size_t MESSAGE_BYTES = 65507;
  static constexpr size_t PLACES = 1024;
  static constexpr size_t FLOWS = 1024;
  static_assert(MESSAGES < 256, "one byte says which");

  struct Message {
    uint32_t address;
    uint16_t port;
    bool closed;         // nothing more may be added
    uint16_t segments;
    uint16_t vectors;    // used
    size_t segment_size;
    size_t bytes;
    std::array<iovec, SEGMENTS> iovecs;
  };

  union Control {
    cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
  };

  Message* open_message(uint32_t address, uint16_t port, size_t length, uint32_t flow);
  bool fits(const Message& message, uint32_t address, uint16_t port, size_t length) const;
  // Where the next datagram is written to.
  uint8_t* place() { return bytes_.get() + used_; }
  bool make_room(size_t length);
  // What was written there belongs to this message.
  void append(Message* message, size_t length);
  void clear();
  void describe(size_t index);
  bool send_one_by_one(Message* message, SendReport& report);
  void learn(int error, const Message& message);
  static bool is_segmentation_error(int error);

  int fd_ = -1;
  SegmentationLimits* limits_ = nullptr;
  uint64_t now_ = 0;
  size_t message_count_ = 0;
  size_t sent_ = 0;  // of these
  // Copies of the datagrams, in the order in which they came: those of a message mostly lie side by side.
  const size_t room_;
  std::unique_ptr<uint8_t[]> bytes_;
  size_t used_ = 0;
  std::array<Message, MESSAGES> messages_;
  std::array<mmsghdr, MESSAGES> vector_;
  std::array<sockaddr_in, MESSAGES> names_;
  std::array<Control, MESSAGES> controls_;
  // Index + 1 of the last message of each destination and size, and of each flow, by their hashes. Others with the same
  // hash may have overwritten the first; a flow only ever goes on, so that its packets keep their order.
  std::array<uint8_t, PLACES> places_;
  std::array<uint8_t, FLOWS> flows_;
};
