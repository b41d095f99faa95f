// Router solicitations to a Teredo server, with a fixed number of them under way, so that none is lost for want of a
// buffer and each side always has work.
#include <cerrno>
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

struct Exchange {
  int fd;
  sockaddr_in6 to;
  std::vector<uint8_t> question;
  uint8_t answers[BATCH][512];

  void send_questions(int count) {
    iovec vector = {question.data(), question.size()};
    mmsghdr messages[BATCH];
    while (count > 0) {
      const int now_many = count < BATCH ? count : BATCH;
      std::memset(messages, 0, sizeof messages);
      for (int i = 0; i < now_many; i++) {
        messages[i].msg_hdr.msg_name = &to;
        messages[i].msg_hdr.msg_namelen = sizeof to;
        messages[i].msg_hdr.msg_iov = &vector;
        messages[i].msg_hdr.msg_iovlen = 1;
      }
      if (sendmmsg(fd, messages, static_cast<unsigned>(now_many), 0) < 0 && errno != ECONNREFUSED) return;
      count -= now_many;
    }
  }

  // Answers that came, or -1 when none does.
  int take_answers() {
    iovec vectors[BATCH];
    mmsghdr messages[BATCH];
    std::memset(messages, 0, sizeof messages);
    for (int i = 0; i < BATCH; i++) {
      vectors[i] = {answers[i], sizeof answers[i]};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    return recvmmsg(fd, messages, BATCH, MSG_WAITFORONE, nullptr);
  }
};

}  // namespace

// solicit ADDRESS PORT HEX WINDOW SECONDS
void solicit(const Words& words) {
  Exchange exchange{open_udp(0), parse_address(words.at(0), std::stoi(words.at(1))), parse_hex(words.at(2)), {}};
  const int window = std::stoi(words.at(3));
  const double start = now();
  const double end = start + std::stod(words.at(4));
  set_patience(exchange.fd, 0.05);
  exchange.send_questions(window);
  uint64_t answered = 0;
  uint64_t silences = 0;
  while (now() < end) {
    const int count = exchange.take_answers();
    if (count < 0) {
      silences++;
      exchange.send_questions(window);
    } else {
      answered += static_cast<uint64_t>(count);
      exchange.send_questions(count);
    }
  }
  std::printf("{\"answered\":%llu,\"silences\":%llu,\"perSecond\":%.1f}\n", static_cast<unsigned long long>(answered),
              static_cast<unsigned long long>(silences), static_cast<double>(answered) / (now() - start));
}

// reflect PORT: sends all back at once. What it reaches bounds what `solicit` can measure.
void reflect(const Words& words) {
  const int fd = open_udp(std::stoi(words.at(0)));
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
