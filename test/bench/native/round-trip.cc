// One question at a time, and how long its answer takes.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "parts.h"

// echo PORT: answers until it is killed.
void echo(const Words& words) {
  const int fd = open_udp(std::stoi(words.at(0)));
  ready();
  char bytes[2048];
  for (;;) {
    sockaddr_in6 name{};
    socklen_t size = sizeof name;
    const ssize_t length = recvfrom(fd, bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&name), &size);
    if (length >= 0) sendto(fd, bytes, static_cast<size_t>(length), 0, reinterpret_cast<sockaddr*>(&name), size);
  }
}

namespace {

// Microseconds, or less than zero when no answer came in time.
double ask_once(int fd, uint32_t number) {
  char bytes[64] = {};
  std::memcpy(bytes, &number, sizeof number);
  const double start = now();
  if (send(fd, bytes, sizeof bytes, 0) < 0) return -1;
  for (;;) {
    char answer[64];
    const ssize_t length = recv(fd, answer, sizeof answer, 0);
    if (length < 0) return -1;
    if (length == sizeof bytes && std::memcmp(answer, bytes, sizeof number) == 0) return (now() - start) * 1e6;
  }
}

}  // namespace

// Seconds until an answer counts as lost, and for how long a lost one counts.
constexpr double PATIENCE = 1;

// ask ADDRESS PORT SECONDS [INTERVAL]: one datagram of 64 bytes under way at a time. With an interval (microseconds),
// one is due each time it is over, whether or not the one before was answered: slow times weigh what they last.
void ask(const Words& words) {
  const int fd = open_udp(0);
  const sockaddr_in6 to = parse_address(words.at(0), std::stoi(words.at(1)));
  if (connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) < 0) die("connect");
  set_patience(fd, PATIENCE);
  std::vector<double> times;
  uint32_t number = 0;
  uint32_t lost = 0;
  const double warm = now() + 0.02;
  while (now() < warm) ask_once(fd, ++number);
  const uint32_t first = number;
  const double end = now() + std::stod(words.at(2));
  const double interval = words.size() > 3 ? std::stod(words.at(3)) / 1e6 : 0;
  for (double due = now(); due < end; due = std::max(due + interval, now())) {
    const double early = due - now();
    if (early > 0) usleep(static_cast<useconds_t>(early * 1e6));
    const double time = ask_once(fd, ++number);
    if (time < 0) lost++;
    // Those that were due meanwhile would have waited for the rest of it.
    double left = time < 0 ? PATIENCE * 1e6 : time;
    do {
      times.push_back(left);
      left -= interval * 1e6;
    } while (interval > 0 && left > 0);
  }
  std::sort(times.begin(), times.end());
  const auto at = [&times](double share) {
    return times[static_cast<size_t>(share * static_cast<double>(times.size() - 1))];
  };
  std::printf("{\"asked\":%u,\"lost\":%u,\"p50\":%.2f,\"p99\":%.2f}\n", number - first, lost, at(0.5), at(0.99));
}
