// The packet path: polls the descriptors, hands each batch to JavaScript in one call, carries out the verdicts.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <vector>

#include "datagram-sender.h"
#include "message-vector.h"
#include "rows.h"
#include "tun-writer.h"
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

// What the path may ask of the kernel; what the kernel refuses it goes without. Each can be switched off.
struct Offload {
  bool receive_runs = true;  // UDP_GRO
  bool send_runs = true;     // UDP_SEGMENT
  bool join_tcp = true;      // big TCP packets into the TUN device
  bool join_udp = true;      // big UDP packets into the TUN device
};

class PacketPath {
 public:
  // Returns false when the call threw: the verdicts are then void.
  using Call = std::function<bool(Event event, int32_t argument)>;
  // Called after each event, when all that the calls wanted is done.
  using Settle = std::function<void()>;

  PacketPath(const SharedMemory& memory, const Descriptors& descriptors, const Offload& offload, Call call,
             Settle settle);
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

  int32_t pending_count() const;
  void send_pending();
  void flush_pending(size_t socket, SendReport& report);
  void send_one(int32_t socket, const Row& row, SendReport& report);
  void use_socket(DatagramSender& sender, size_t socket);
  void refuse_strays(const Batch& batch, int32_t count, SendReport& report) const;

  void begin_outward(int32_t count);
  void continue_outward();
  bool send_outward(SendReport& report);
  bool add_outward(const Row& row, SendReport& report);
  void wait_until_writable();
  void stop_waiting();

  void deliver_pending();
  void deliver_inward(int32_t count);
  void deliver_row(const Row& row, SendReport& report);
  void deliver(const uint8_t* packet, size_t length, SendReport& report);
  void finish_delivery(SendReport& report);
  void count_sent(const SendReport& report);
  void count_delivered(const SendReport& report);

  // Where sending the packets of the last batch has got to. While `waiting`, a socket's buffer is full: the device is
  // not read, so that what its queue cannot hold is dropped there, and senders on this host slow down.
  struct Outward {
    int32_t count = 0;
    int32_t row = 0;
    size_t socket = 0;
    bool waiting = false;
    size_t awaited = 0;  // that socket
    Segmenter segmenter;  // of that row, while it is not done
    bool segmenting = false;
  };

  const SharedMemory memory_;
  const Descriptors descriptors_;
  const Offload offload_;
  const Call call_;
  const Settle settle_;
  std::vector<std::unique_ptr<Watch>> watches_;
  std::vector<SegmentationLimits> limits_;  // of each socket
  std::function<void()> released_;
  uv_loop_t* loop_ = nullptr;
  size_t open_handles_ = 0;
  bool opened_ = false;
  bool closed_ = false;
  bool with_header_ = false;
  bool polling_ = false;
  UdpReceiver receiver_;
  Outward outward_;
  // A batch with the headers of its packets, which leaves in one call then; and what a core sends by itself.
  DatagramSender outward_sender_{704 * 1024};
  DatagramSender pending_sender_{128 * 1024};
  TunWriter writer_;
  MessageVector messages_;
};
