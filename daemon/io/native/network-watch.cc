#include "network-watch.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace {

constexpr uint32_t GROUPS = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

// What is left comes in the next turn of the loop: a storm of routes must not hold up packets.
constexpr int MESSAGES_A_TURN = 256;

int open_socket() {
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return -errno;
  sockaddr_nl name = {};
  name.nl_family = AF_NETLINK;
  name.nl_groups = GROUPS;
  if (bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof name) == 0) return fd;
  const int error = errno;
  ::close(fd);
  return -error;
}

}  // namespace

int NetworkWatch::open(uv_loop_t* loop, bool keeps_loop_alive, std::function<void()> changed) {
  changed_ = std::move(changed);
  fd_ = open_socket();
  if (fd_ < 0) return -std::exchange(fd_, -1);
  int error = uv_poll_init(loop, &poll_, fd_);
  if (error != 0) return -error;
  polled_ = true;
  poll_.data = this;
  if (!keeps_loop_alive) uv_unref(reinterpret_cast<uv_handle_t*>(&poll_));
  error = uv_poll_start(&poll_, UV_READABLE, on_event);
  return -error;
}

void NetworkWatch::close(std::function<void()> released) {
  released_ = std::move(released);
  if (polled_) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), on_closed);
  if (fd_ >= 0) ::close(fd_);
  if (!polled_) std::exchange(released_, nullptr)();
}

void NetworkWatch::on_closed(uv_handle_t* handle) {
  std::exchange(static_cast<NetworkWatch*>(handle->data)->released_, nullptr)();
}

// Returns how many there were. ENOBUFS says that some did not fit into the queue: as good as one.
int NetworkWatch::drain() {
  int count = 0;
  char byte;
  while (count < MESSAGES_A_TURN) {
    // Takes the whole message away, whatever its length.
    const ssize_t length = recv(fd_, &byte, sizeof byte, MSG_DONTWAIT);
    if (length < 0 && errno != ENOBUFS && errno != EINTR) break;
    count++;
  }
  return count;
}

void NetworkWatch::on_event(uv_poll_t* poll, int status, int) {
  NetworkWatch& watch = *static_cast<NetworkWatch*>(poll->data);
  const int count = watch.drain();
  // libuv stops polling when a socket has an error. Here that is the overflow, which draining took away.
  if (status < 0) uv_poll_start(poll, UV_READABLE, on_event);
  if (count > 0) watch.changed_();
}
