// Sockets, addresses and time, as far as the load generator's parts share them.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

constexpr int BATCH = 64;

[[noreturn]] inline void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// What a listener prints when others may begin.
inline void ready() {
  std::puts("ready");
  std::fflush(stdout);
}

// IPv4 goes through the same IPv6 sockets, as ::ffff:a.b.c.d.
sockaddr_in6 parse_address(const std::string& text, int port);

// Bound to every address; large buffers.
int open_udp(int port);

// A reading socket wakes up after this long without a datagram.
void set_patience(int fd, double seconds);

std::vector<int> parse_list(const std::string& text);

// xorshift32: sizes and turns that look random and are the same in every run.
struct Dice {
  uint32_t state = 2463534242u;
  uint32_t roll() {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
  }
};

// Many Teredo clients: number `i` has an IPv4 address and a port of these ranges.
struct Peers {
  uint32_t server = 0;  // host order, as all here
  uint32_t first_address = 0;
  uint32_t addresses = 1;
  uint16_t first_port = 0;

  uint32_t address(uint32_t i) const { return first_address + i % addresses; }
  uint16_t port(uint32_t i) const { return static_cast<uint16_t>(first_port + i / addresses); }
  in6_addr teredo(uint32_t i) const;
};

// SERVER,FIRST,COUNT,PORT
Peers parse_peers(const std::string& text);
uint32_t parse_ipv4(const std::string& text);

using Words = std::vector<std::string>;
