// Numbered datagrams whose every byte both ends know: none may be missing, twice, late or changed. Runs of equal size
// leave in one message; the receiver tells how far it is, so that no queue runs over.
#include <algorithm>
#include <cstring>

#include "parts.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef SOL_UDP
#define SOL_UDP 17
#endif

namespace {

constexpr uint32_t RUN = 32;
// BOUNDED: datagrams under way.
constexpr uint32_t WINDOW = 3 * RUN;
constexpr double PATIENCE = 5;

void fill(uint8_t* bytes, size_t size, uint32_t seed, uint32_t number) {
  Dice dice{seed * 2654435761u + number * 40503u + 1};
  std::memcpy(bytes, &number, sizeof number);
  for (size_t at = sizeof number; at < size; at++) bytes[at] = static_cast<uint8_t>(dice.roll() >> 11);
}

struct Task {
  uint32_t seed;
  uint32_t count;
  uint32_t size;
};

Task task(const Words& words, size_t from) {
  const auto number = [&words](size_t at) { return static_cast<uint32_t>(std::stoul(words.at(at))); };
  return {number(from), number(from + 1), number(from + 2)};
}

// To who is connected; ends when all are acknowledged.
void send_all(int fd, const Task& task) {
  const int size = static_cast<int>(task.size);
  setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size);
  set_patience(fd, PATIENCE);
  std::vector<uint8_t> bytes(RUN * task.size);
  uint32_t sent = 0;
  uint32_t known = 0;
  while (known < task.count) {
    while (sent < task.count && sent - known < WINDOW) {
      const uint32_t run = std::min({RUN, task.count - sent, WINDOW - (sent - known)});
      for (uint32_t i = 0; i < run; i++) fill(bytes.data() + i * task.size, task.size, task.seed, sent + i);
      if (send(fd, bytes.data(), run * task.size, 0) < 0) die("send");
      sent += run;
    }
    uint32_t told = 0;
    if (recv(fd, &told, sizeof told, 0) < static_cast<ssize_t>(sizeof told)) break;
    known = std::max(known, told);
  }
  std::printf("{\"sent\":%u,\"known\":%u}\n", sent, known);
}

void receive_all(int fd, const Task& task, bool connected) {
  std::vector<uint8_t> wanted(task.size);
  std::vector<uint8_t> bytes(65536);
  set_patience(fd, PATIENCE);
  uint32_t received = 0;
  uint32_t wrong = 0;
  while (received < task.count) {
    sockaddr_in6 name{};
    socklen_t length = sizeof name;
    const ssize_t size = recvfrom(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&name), &length);
    if (size < 0) break;
    fill(wanted.data(), task.size, task.seed, received);
    if (static_cast<size_t>(size) != task.size || std::memcmp(bytes.data(), wanted.data(), task.size) != 0) wrong++;
    received++;
    if (received % RUN != 0 && received != task.count) continue;
    const auto* to = connected ? nullptr : reinterpret_cast<const sockaddr*>(&name);
    sendto(fd, &received, sizeof received, 0, to, connected ? 0 : length);
  }
  std::printf("{\"received\":%u,\"wrong\":%u}\n", received, wrong);
}

int connect_udp(const Words& words) {
  const int fd = open_udp(0);
  const sockaddr_in6 to = parse_address(words.at(0), std::stoi(words.at(1)));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) die("connect");
  return fd;
}

}  // namespace

// number-out ADDRESS PORT SEED COUNT SIZE: sends to who listens
void number_out(const Words& words) { send_all(connect_udp(words), task(words, 2)); }

// number-in-caller PORT SEED COUNT SIZE: checks what is sent here
void number_in_caller(const Words& words) {
  const int fd = open_udp(std::stoi(words.at(0)));
  ready();
  receive_all(fd, task(words, 1), false);
}

// number-out-caller PORT SEED COUNT SIZE: sends to who says hello
void number_out_caller(const Words& words) {
  const int fd = open_udp(std::stoi(words.at(0)));
  ready();
  char hello;
  sockaddr_in6 name{};
  socklen_t length = sizeof name;
  if (recvfrom(fd, &hello, 1, 0, reinterpret_cast<sockaddr*>(&name), &length) < 0) die("hello");
  if (connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0) die("connect");
  send_all(fd, task(words, 1));
}

// number-in ADDRESS PORT SEED COUNT SIZE: says hello and checks
void number_in(const Words& words) {
  const int fd = connect_udp(words);
  if (send(fd, "h", 1, 0) < 0) die("hello");
  receive_all(fd, task(words, 2), true);
}
