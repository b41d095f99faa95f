// Makes a relay know many Teredo clients: one datagram from each, its IPv4 source spoofed by a raw socket.
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <arpa/inet.h>

#include <cstring>

#include "inner.h"
#include "parts.h"

namespace {

constexpr size_t PAYLOAD = 8;
constexpr int DISCARD = 9;

struct Packet {
  iphdr ip;
  udphdr udp;
  uint8_t headers[INNER_HEADERS];
  uint8_t payload[PAYLOAD];
} __attribute__((packed));

void write_packet(Packet& packet, const Peers& peers, uint32_t i, const sockaddr_in& relay, const sockaddr_in6& to) {
  std::memset(&packet, 0, sizeof packet);
  packet.ip.version = 4;
  packet.ip.ihl = 5;
  packet.ip.ttl = 64;
  packet.ip.protocol = IPPROTO_UDP;
  packet.ip.tot_len = htons(sizeof packet);
  packet.ip.saddr = htonl(peers.address(i));
  packet.ip.daddr = relay.sin_addr.s_addr;
  packet.udp.source = htons(peers.port(i));
  packet.udp.dest = relay.sin_port;
  packet.udp.len = htons(sizeof packet - sizeof packet.ip);  // no checksum: IPv4 allows it
  sockaddr_in6 from{};
  from.sin6_port = to.sin6_port;
  from.sin6_addr = peers.teredo(i);
  write_headers(packet.headers, from, to, PAYLOAD);
}

}  // namespace

// prime PEERS COUNT RELAY PORT HOST RATE: every peer sends one datagram to HOST through the relay; RATE a second.
void prime(const Words& words) {
  const Peers peers = parse_peers(words.at(0));
  const uint32_t count = static_cast<uint32_t>(std::stoul(words.at(1)));
  sockaddr_in relay{};
  relay.sin_family = AF_INET;
  relay.sin_addr.s_addr = htonl(parse_ipv4(words.at(2)));
  relay.sin_port = htons(static_cast<uint16_t>(std::stoi(words.at(3))));
  const sockaddr_in6 to = parse_address(words.at(4), DISCARD);
  const double rate = std::stod(words.at(5));
  const int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
  if (fd < 0) die("raw socket");
  const double start = now();
  for (uint32_t i = 0; i < count;) {
    if (static_cast<double>(i) > (now() - start) * rate) continue;
    static Packet packets[BATCH];
    iovec vectors[BATCH];
    mmsghdr messages[BATCH];
    std::memset(messages, 0, sizeof messages);
    int filled = 0;
    for (; filled < BATCH && i < count; filled++, i++) {
      write_packet(packets[filled], peers, i, relay, to);
      vectors[filled] = {&packets[filled], sizeof packets[filled]};
      messages[filled].msg_hdr.msg_name = &relay;
      messages[filled].msg_hdr.msg_namelen = sizeof relay;
      messages[filled].msg_hdr.msg_iov = &vectors[filled];
      messages[filled].msg_hdr.msg_iovlen = 1;
    }
    if (sendmmsg(fd, messages, static_cast<unsigned>(filled), 0) < 0) die("sendmmsg");
  }
  std::printf("{\"primed\":%u,\"seconds\":%.3f}\n", count, now() - start);
}
