// Router solicitations to a Teredo server, as many as one processor can make. Who runs it counts the answers and drops
// them at the door: to receive them would cost the server's processor more than the answer itself.
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <cstring>

#include "parts.h"

namespace {

std::vector<uint8_t> parse_hex(const std::string& text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// Stands in the server's own namespace, so that the way there costs next to nothing, and writes IPv4 itself: each
// solicitation comes from another port than the one before, as from many clients, and all leave in one call.
constexpr uint16_t FIRST_PORT = 20'000;
constexpr uint16_t PORTS = 256;

struct Question {
  iphdr ip;
  udphdr udp;
  uint8_t bytes[256];
} __attribute__((packed));

class Exchange {
 public:
  Exchange(uint32_t self, uint32_t server, uint16_t port, const std::vector<uint8_t>& question) {
    server_.sin_family = AF_INET;
    server_.sin_addr.s_addr = htonl(server);
    out_ = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (out_ < 0) die("raw socket");
    for (Question& one : questions_) write_question(one, self, port, question);
  }

  void send_questions() {
    for (Question& question : questions_) {
      question.udp.source = htons(static_cast<uint16_t>(FIRST_PORT + next_++ % PORTS));
    }
    if (sendmmsg(out_, messages_, BATCH, 0) < 0) die("sendmmsg");
  }

 private:
  void write_question(Question& one, uint32_t self, uint16_t port, const std::vector<uint8_t>& question) {
    if (question.size() > sizeof one.bytes) die("too long");
    const size_t length = sizeof one.ip + sizeof one.udp + question.size();
    one = {};
    one.ip.version = 4;
    one.ip.ihl = 5;
    one.ip.ttl = 64;
    one.ip.protocol = IPPROTO_UDP;
    one.ip.tot_len = htons(static_cast<uint16_t>(length));
    one.ip.saddr = htonl(self);
    one.ip.daddr = server_.sin_addr.s_addr;
    one.udp.dest = htons(port);
    one.udp.len = htons(static_cast<uint16_t>(length - sizeof one.ip));
    std::memcpy(one.bytes, question.data(), question.size());
    const size_t i = static_cast<size_t>(&one - questions_);
    vectors_[i] = {&one, length};
    messages_[i] = {};
    messages_[i].msg_hdr.msg_name = &server_;
    messages_[i].msg_hdr.msg_namelen = sizeof server_;
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }

  int out_ = -1;
  uint32_t next_ = 0;
  sockaddr_in server_{};
  Question questions_[BATCH];
  iovec vectors_[BATCH];
  mmsghdr messages_[BATCH];
};

}  // namespace

// solicit SELF SERVER PORT HEX SECONDS
void solicit(const Words& words) {
  static Exchange exchange(parse_ipv4(words.at(0)), parse_ipv4(words.at(1)),
                           static_cast<uint16_t>(std::stoi(words.at(2))), parse_hex(words.at(3)));
  const double start = now();
  const double end = start + std::stod(words.at(4));
  uint64_t sent = 0;
  for (; now() < end; sent += BATCH) exchange.send_questions();
  std::printf("{\"sent\":%llu,\"seconds\":%.6f}\n", static_cast<unsigned long long>(sent), now() - start);
}

// reflect ADDRESS PORT: sends all back at once: what a server could reach that did nothing.
void reflect(const Words& words) {
  const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  const int no = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  const sockaddr_in6 local = parse_address(words.at(0), std::stoi(words.at(1)));
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&local), sizeof local) < 0) die("bind");
  ready();
  static uint8_t buffers[BATCH][512];
  sockaddr_in6 names[BATCH];
  iovec vectors[BATCH];
  mmsghdr messages[BATCH];
  for (;;) {
    std::memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = {buffers[i], sizeof buffers[i]};
      messages[i].msg_hdr.msg_name = &names[i];
      messages[i].msg_hdr.msg_namelen = sizeof names[i];
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, nullptr);
    for (int i = 0; i < count; i++) vectors[i].iov_len = messages[i].msg_len;
    if (count > 0) sendmmsg(fd, messages, static_cast<unsigned>(count), 0);
  }
}
