// Datagrams as fast as the socket takes them, and how many arrive.
#include <cstring>

#include "parts.h"

// Newer than some headers (Linux 5.0).
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif


namespace {

// The first bytes of each datagram, so that late ones of an earlier measurement do not count.
struct Mark {
  uint32_t run;
};

struct Sender {
  std::vector<int> sockets;
  std::vector<sockaddr_in6> targets;  // of flow i: i modulo their number
  std::vector<int> sizes;
  int burst;
  std::vector<uint8_t> payload;
  Dice dice;

  // One burst of one flow: packets of one size.
  int turn(size_t flow) {
    mmsghdr messages[BATCH];
    iovec vector;
    std::memset(messages, 0, sizeof(mmsghdr) * static_cast<size_t>(burst));
    vector.iov_base = payload.data();
    vector.iov_len = static_cast<size_t>(sizes[dice.roll() % sizes.size()]);
    for (int i = 0; i < burst; i++) {
      messages[i].msg_hdr.msg_name = &targets[flow % targets.size()];
      messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_in6);
      messages[i].msg_hdr.msg_iov = &vector;
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent = sendmmsg(sockets[flow % sockets.size()], messages, static_cast<unsigned>(burst), 0);
    return sent < 0 ? 0 : sent;  // ENOBUFS and the like: it counts as not sent
  }
};

// A pass over all flows that is not to overrun anybody, in bursts a second.
constexpr double GENTLE = 30'000;

// 0 seconds: every flow has one turn.
void run_flood(Sender& sender, size_t flows, double seconds) {
  const double start = now();
  double end = start;
  uint64_t sent = 0;
  for (uint64_t turn = 0; seconds > 0 ? end - start < seconds : turn < flows; turn++) {
    while (seconds <= 0 && static_cast<double>(turn) > (now() - start) * GENTLE) continue;
    sent += static_cast<uint64_t>(sender.turn(turn % flows));
    if (turn % 16 == 0) end = now();
  }
  std::printf("{\"sent\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(sent), now() - start);
}

// Waits for a receiver behind a NAT to say where it is.
sockaddr_in6 await_caller(int fd) {
  sockaddr_in6 name{};
  socklen_t size = sizeof name;
  char hello[16];
  set_patience(fd, 5);
  if (recvfrom(fd, hello, sizeof hello, 0, reinterpret_cast<sockaddr*>(&name), &size) < 0) die("no caller");
  return name;
}

Sender make_sender(const std::string& sizes, int burst, uint32_t run) {
  Sender sender;
  sender.sizes = parse_list(sizes);
  sender.burst = burst < BATCH ? burst : BATCH;
  sender.payload.assign(65536, 0x5a);
  std::memcpy(sender.payload.data(), &run, sizeof run);
  return sender;
}

}  // namespace

// flood ADDRESS PORT RUN SECONDS SIZES FLOWS BURST
void flood(const Words& words) {
  Sender sender = make_sender(words.at(4), std::stoi(words.at(6)), static_cast<uint32_t>(std::stoul(words.at(2))));
  sender.targets = {parse_address(words.at(0), std::stoi(words.at(1)))};
  const size_t flows = std::stoul(words.at(5));
  for (size_t i = 0; i < flows; i++) sender.sockets.push_back(open_udp(0));
  run_flood(sender, flows, std::stod(words.at(3)));
}

// flood-caller PORT RUN SECONDS SIZES BURST: to whoever says hello
void flood_caller(const Words& words) {
  Sender sender = make_sender(words.at(3), std::stoi(words.at(4)), static_cast<uint32_t>(std::stoul(words.at(1))));
  sender.sockets = {open_udp(std::stoi(words.at(0)))};
  ready();
  sender.targets = {await_caller(sender.sockets[0])};
  run_flood(sender, 1, std::stod(words.at(2)));
}

// flood-peers PEERS COUNT PORT SECONDS SIZES FLOWS BURST: to Teredo clients; 0 flows: one a peer, from one socket
void flood_peers(const Words& words) {
  const Peers peers = parse_peers(words.at(0));
  const uint32_t count = static_cast<uint32_t>(std::stoul(words.at(1)));
  Sender sender = make_sender(words.at(4), std::stoi(words.at(6)), 0);
  for (uint32_t i = 0; i < count; i++) {
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(static_cast<uint16_t>(std::stoi(words.at(2))));
    target.sin6_addr = peers.teredo(i);
    sender.targets.push_back(target);
  }
  const size_t flows = std::stoul(words.at(5));
  for (size_t i = 0; i < (flows == 0 ? 1 : flows); i++) sender.sockets.push_back(open_udp(0));
  run_flood(sender, flows == 0 ? count : flows, std::stod(words.at(3)));
}

namespace {

// Takes runs of datagrams whole where the kernel has kept them together (UDP_GRO), as programs that receive so much
// do. To cut them and receive each by itself costs more than a tunnel, and would measure the receiver.
class Receiver {
 public:
  explicit Receiver(int fd) : fd_(fd), buffers_(BATCH * LONGEST) {
    const int on = 1;
    setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
    std::memset(messages_, 0, sizeof messages_);
    for (size_t i = 0; i < BATCH; i++) {
      vectors_[i] = {&buffers_[i * LONGEST], LONGEST};
      messages_[i].msg_hdr.msg_iov = &vectors_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_control = &controls_[i];
    }
  }

  int receive() {
    for (mmsghdr& message : messages_) message.msg_hdr.msg_controllen = sizeof controls_[0];
    return recvmmsg(fd_, messages_, BATCH, MSG_WAITFORONE, nullptr);
  }

  bool belongs_to(size_t i, uint32_t run) const { return std::memcmp(&buffers_[i * LONGEST], &run, sizeof run) == 0; }
  size_t bytes(size_t i) const { return messages_[i].msg_len; }

  size_t datagrams(size_t i) {
    msghdr& header = messages_[i].msg_hdr;
    for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(&header, control)) {
      int size = 0;
      if (control->cmsg_level != SOL_UDP || control->cmsg_type != UDP_GRO) continue;
      std::memcpy(&size, CMSG_DATA(control), sizeof size);
      if (size > 0) return (bytes(i) + static_cast<size_t>(size) - 1) / static_cast<size_t>(size);
    }
    return 1;
  }

 private:
  static constexpr size_t LONGEST = 65536;
  union Control {
    cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
  };

  int fd_;
  std::vector<uint8_t> buffers_;
  iovec vectors_[BATCH];
  mmsghdr messages_[BATCH];
  Control controls_[BATCH];
};

}  // namespace

// sink PORT RUN QUIET [ADDRESS PORT]: counts until nothing comes for QUIET seconds. With an address it says hello
// there and counts what comes back. Packets a second: from the first to the last.
void sink(const Words& words) {
  const int fd = open_udp(std::stoi(words.at(0)));
  const uint32_t run = static_cast<uint32_t>(std::stoul(words.at(1)));
  if (words.size() > 3) {
    const sockaddr_in6 to = parse_address(words.at(3), std::stoi(words.at(4)));
    if (sendto(fd, "hello", 5, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) die("hello");
  }
  ready();
  Receiver receiver(fd);
  set_patience(fd, 5);
  uint64_t packets = 0, bytes = 0;
  double first = 0, last = 0;
  for (;;) {
    const int count = receiver.receive();
    if (count < 0) break;
    last = now();
    for (size_t i = 0; i < static_cast<size_t>(count); i++) {
      if (!receiver.belongs_to(i, run)) continue;
      if (packets == 0) {
        first = last;
        set_patience(fd, std::stod(words.at(2)));
      }
      packets += receiver.datagrams(i);
      bytes += receiver.bytes(i);
    }
  }
  const double seconds = last > first ? last - first : 1;
  std::printf("{\"packets\":%llu,\"bytes\":%llu,\"perSecond\":%.1f}\n", static_cast<unsigned long long>(packets),
              static_cast<unsigned long long>(bytes), static_cast<double>(packets) / seconds);
}
