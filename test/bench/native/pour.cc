// A long TCP stream whose every byte both ends know: the receiver makes the same one and compares.
#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "parts.h"

namespace {

constexpr size_t CHUNK = 1 << 18;

// xorshift64: faster than any network here.
class Stream {
 public:
  explicit Stream(uint64_t seed) : state_(seed * 2 + 1) {}
  const uint8_t* next_chunk() {
    for (uint64_t& word : words_) {
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      word = state_;
    }
    return reinterpret_cast<const uint8_t*>(words_.data());
  }

 private:
  uint64_t state_;
  std::vector<uint64_t> words_ = std::vector<uint64_t>(CHUNK / sizeof(uint64_t));
};

int connect_to(const std::string& address, int port) {
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  const sockaddr_in6 name = parse_address(address, port);
  if (fd < 0 || connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) < 0) die("connect");
  return fd;
}

int accept_one(int port) {
  const int fd = socket(AF_INET6, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(static_cast<uint16_t>(port));
  if (fd < 0 || bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) < 0 || listen(fd, 1) < 0) die("listen");
  ready();
  const int connection = accept(fd, nullptr, nullptr);
  if (connection < 0) die("accept");
  return connection;
}

void send_stream(int fd, uint64_t seed, uint64_t bytes) {
  Stream stream(seed);
  const uint64_t whole = bytes;
  while (bytes > 0) {
    const uint8_t* chunk = stream.next_chunk();
    const size_t length = static_cast<size_t>(std::min<uint64_t>(bytes, CHUNK));
    for (size_t done = 0; done < length;) {
      const ssize_t sent = send(fd, chunk + done, length - done, MSG_NOSIGNAL);
      if (sent <= 0) die("send");
      done += static_cast<size_t>(sent);
    }
    bytes -= length;
  }
  shutdown(fd, SHUT_WR);
  char end;
  const ssize_t rest = recv(fd, &end, 1, 0);  // the receiver closes when it has seen all
  std::printf("{\"sent\":%llu,\"closed\":%d}\n", static_cast<unsigned long long>(whole), rest == 0 ? 1 : 0);
}

// Until the sender ends; `wrong` counts chunks that are not what was sent.
void check_stream(int fd, uint64_t seed) {
  Stream stream(seed);
  std::vector<uint8_t> chunk(CHUNK);
  uint64_t received = 0;
  uint64_t wrong = 0;
  const double start = now();
  for (bool more = true; more;) {
    size_t length = 0;
    while (length < CHUNK && more) {
      const ssize_t got = recv(fd, chunk.data() + length, CHUNK - length, 0);
      if (got < 0) die("recv");
      more = got > 0;
      length += static_cast<size_t>(got);
    }
    if (length > 0 && std::memcmp(stream.next_chunk(), chunk.data(), length) != 0) wrong++;
    received += length;
  }
  std::printf("{\"received\":%llu,\"wrong\":%llu,\"seconds\":%.3f}\n", static_cast<unsigned long long>(received),
              static_cast<unsigned long long>(wrong), now() - start);
}

uint64_t number(const std::string& text) { return std::stoull(text); }

}  // namespace

// pour ADDRESS PORT SEED BYTES: sends to who listens
void pour(const Words& words) {
  send_stream(connect_to(words.at(0), std::stoi(words.at(1))), number(words.at(2)), number(words.at(3)));
}

// pour-caller PORT SEED BYTES: sends to who connects
void pour_caller(const Words& words) {
  send_stream(accept_one(std::stoi(words.at(0))), number(words.at(1)), number(words.at(2)));
}

// drink ADDRESS PORT SEED: connects and checks
void drink(const Words& words) {
  check_stream(connect_to(words.at(0), std::stoi(words.at(1))), number(words.at(2)));
}

// drink-caller PORT SEED: checks what who connects sends
void drink_caller(const Words& words) { check_stream(accept_one(std::stoi(words.at(0))), number(words.at(1))); }
