#include "net.h"

#include <arpa/inet.h>
#include <sys/time.h>

#include <sstream>

uint32_t parse_ipv4(const std::string& text) {
  in_addr address;
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) die(text.c_str());
  return ntohl(address.s_addr);
}

sockaddr_in6 parse_address(const std::string& text, int port) {
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(static_cast<uint16_t>(port));
  const std::string whole = text.find(':') == std::string::npos ? "::ffff:" + text : text;
  if (inet_pton(AF_INET6, whole.c_str(), &name.sin6_addr) != 1) die(text.c_str());
  return name;
}

int open_udp(int port) {
  const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  const int no = 0;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
  const int size = 4 << 20;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  sockaddr_in6 name{};
  name.sin6_family = AF_INET6;
  name.sin6_port = htons(static_cast<uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) < 0) die("bind");
  return fd;
}

void set_patience(int fd, double seconds) {
  timeval time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_usec = static_cast<suseconds_t>((seconds - static_cast<double>(time.tv_sec)) * 1e6);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
}

std::vector<int> parse_list(const std::string& text) {
  std::vector<int> numbers;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) numbers.push_back(std::stoi(part));
  return numbers;
}

Peers parse_peers(const std::string& text) {
  std::stringstream stream(text);
  std::string server, first, count, port;
  std::getline(stream, server, ',');
  std::getline(stream, first, ',');
  std::getline(stream, count, ',');
  std::getline(stream, port, ',');
  Peers peers;
  peers.server = parse_ipv4(server);
  peers.first_address = parse_ipv4(first);
  peers.addresses = static_cast<uint32_t>(std::stoul(count));
  peers.first_port = static_cast<uint16_t>(std::stoul(port));
  return peers;
}

// RFC 4380 §4: prefix, server, flags, port and address with all bits inverted.
in6_addr Peers::teredo(uint32_t i) const {
  in6_addr result;
  const uint32_t words[4] = {
      htonl(0x20010000),
      htonl(server),
      htonl(static_cast<uint16_t>(~port(i))),
      htonl(~address(i)),
  };
  static_assert(sizeof words == sizeof result, "128 bits");
  __builtin_memcpy(&result, words, sizeof result);
  return result;
}
