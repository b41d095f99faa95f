// The packet path: polls the descriptors, hands each batch to JavaScript in one call, carries out the verdicts.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "message-vector.h"
#include "rows.h"
#include "udp.h"

// Everything shared with TypeScript. `pending_count` is the number of filled rows of `pending`, which TypeScript
// raises and this side sets back to 0.
struct SharedMemory {
  Batch inbound;
  Batch outbound;
  Batch pending;
  Counters* counters = nullptr;
  int32_t* pending_count = nullptr;
};

enum class Event : int32_t { Datagrams = 0, Packets = 1, TunFailed = 2, UdpFailed = 3 };

struct Descriptors {
  int tun = -1;  // either this
  int raw = -1;  // or this takes what is forwarded inward
  std::vector<int> sockets;
};

class PacketPath {
 public:
  // Returns false when the call threw: the verdicts are then void.
  using Call = std::function<bool(Event event, int32_t argument)>;

  PacketPath(const SharedMemory& memory, const Descriptors& descriptors, Call call);
  PacketPath(const PacketPath&) = delete;
  PacketPath& operator=(const PacketPath&) = delete;

  // 0 or a libuv error: the descriptors are then still the caller's, but close must be called all the same.
  int open(uv_loop_t* loop);
  // Begins to poll; 0 or a libuv error.
  int start();
  // Sends what is pending, now.
  void flush();
  // Sends what is pending and closes the descriptors. To be called once. `released` is called when no handle is
  // left in the loop, maybe at once; it may delete the path.
  void close(std::function<void()> released);

 private:
  struct Watch {
    uv_poll_t poll;
    PacketPath* path;
    int fd;
    int32_t socket;  // PACKET for the TUN device
  };

  static void on_event(uv_poll_t* poll, int status, int events);
  static void on_handle_closed(uv_handle_t* handle);
  int watch(uv_loop_t* loop, int fd, int32_t socket);
  void receive_datagrams(Watch& watch, int status);
  void receive_packets();
  void fail(Event event, int error);
  void carry_out(const Batch* datagrams, const Batch* packets, int32_t count);
  void send_datagrams(int32_t socket, const Batch& batch, int32_t count, SendReport& report);
  void deliver_packets(const Batch& batch, int32_t count, bool pending, SendReport& report);
  void deliver(const uint8_t* packet, size_t length, SendReport& report);
  void refuse_strays(const Batch& batch, int32_t count, SendReport& report) const;
  void count(const SendReport& sent, const SendReport& delivered);

  const SharedMemory memory_;
  const Descriptors descriptors_;
  const Call call_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::function<void()> released_;
  size_t open_handles_ = 0;
  bool opened_ = false;
  bool closed_ = false;
  UdpReceiver receiver_;
  MessageVector messages_;
};
