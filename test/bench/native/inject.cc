// Packets handed to a tunnel's device from within its own namespace. A flood through a socket, and through routers on
// the same processors, costs more a packet than the tunnel does, and so measures the generator.
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <unistd.h>

#include <cstring>

#include "inner.h"
#include "parts.h"

namespace {

constexpr uint16_t FIRST_PORT = 20'000;
// A generator that was not let on goes on from here, instead of making up for it all at once.
constexpr double MOST_BEHIND = 0.001;

struct Injector {
  int fd = -1;
  sockaddr_ll device{};
  std::vector<sockaddr_in6> targets;  // of flow i: i modulo their number
  std::vector<int> sizes;
  std::vector<std::vector<uint8_t>> packets;  // of flow i and size j
  size_t flows = 1;
  size_t burst = 1;
  Dice dice;

  const std::vector<uint8_t>& packet(size_t flow, size_t size) const { return packets[flow * sizes.size() + size]; }

  // One call: bursts of one flow and one size each.
  uint64_t turn(uint64_t first) {
    mmsghdr messages[BATCH];
    iovec vectors[BATCH];
    std::memset(messages, 0, sizeof messages);
    size_t size = 0;
    for (size_t i = 0; i < BATCH; i++) {
      if (i % burst == 0) size = dice.roll() % sizes.size();
      const std::vector<uint8_t>& bytes = packet((first + i) / burst % flows, size);
      vectors[i] = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
      messages[i].msg_hdr.msg_name = &device;
      messages[i].msg_hdr.msg_namelen = sizeof device;
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    // What a full device drops is an error here: the rest of the call goes with it, and counts as sent.
    sendmmsg(fd, messages, BATCH, 0);
    return BATCH;
  }
};

Injector open_injector(const std::string& device, const std::string& sizes) {
  Injector injector;
  injector.fd = socket(AF_PACKET, SOCK_DGRAM, 0);
  if (injector.fd < 0) die("packet socket");
  const int on = 1;
  if (setsockopt(injector.fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on) < 0) die("bypass");
  injector.device.sll_family = AF_PACKET;
  injector.device.sll_protocol = htons(ETH_P_IPV6);
  injector.device.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
  if (injector.device.sll_ifindex == 0) die(device.c_str());
  injector.sizes = parse_list(sizes);
  return injector;
}

void make_packets(Injector& injector, sockaddr_in6 source, uint32_t run) {
  for (size_t flow = 0; flow < injector.flows; flow++) {
    source.sin6_port = htons(static_cast<uint16_t>(FIRST_PORT + flow));
    for (const int size : injector.sizes) {
      std::vector<uint8_t> packet(INNER_HEADERS + static_cast<size_t>(size), 0x5a);
      std::memcpy(packet.data() + INNER_HEADERS, &run, sizeof run);
      const sockaddr_in6& target = injector.targets[flow % injector.targets.size()];
      write_headers(packet.data(), source, target, static_cast<size_t>(size));
      injector.packets.push_back(std::move(packet));
    }
  }
}

void run_injector(Injector& injector, double seconds, double rate) {
  const double start = now();
  double due = start;
  uint64_t sent = 0;
  for (double time = start; time - start < seconds; time = now()) {
    if (time < due) {
      usleep(static_cast<useconds_t>((due - time) * 1e6));
      continue;
    }
    const uint64_t more = injector.turn(sent);
    sent += more;
    due += static_cast<double>(more) / rate;
    if (due < time - MOST_BEHIND) due = time - MOST_BEHIND;
  }
  std::printf("{\"sent\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(sent), now() - start);
}

}  // namespace

// inject DEVICE SOURCE ADDRESS PORT RUN SECONDS SIZE RATE: one flow, RATE packets a second
void inject(const Words& words) {
  Injector injector = open_injector(words.at(0), words.at(6));
  injector.targets = {parse_address(words.at(2), std::stoi(words.at(3)))};
  make_packets(injector, parse_address(words.at(1), 0), static_cast<uint32_t>(std::stoul(words.at(4))));
  run_injector(injector, std::stod(words.at(5)), std::stod(words.at(7)));
}

// inject-peers DEVICE SOURCE PEERS COUNT PORT SECONDS SIZES FLOWS BURST RATE: flows to Teredo clients
void inject_peers(const Words& words) {
  Injector injector = open_injector(words.at(0), words.at(6));
  const Peers peers = parse_peers(words.at(2));
  for (uint32_t i = 0; i < std::stoul(words.at(3)); i++) {
    sockaddr_in6 target = parse_address("::", std::stoi(words.at(4)));
    target.sin6_addr = peers.teredo(i);
    injector.targets.push_back(target);
  }
  injector.flows = std::stoul(words.at(7));
  injector.burst = std::stoul(words.at(8));
  make_packets(injector, parse_address(words.at(1), 0), 0);
  run_injector(injector, std::stod(words.at(5)), std::stod(words.at(9)));
}
