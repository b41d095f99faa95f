// Hears of changes to the host's interfaces, addresses and routes (rtnetlink(7)). What changed is not looked at.
#pragma once

#include <uv.h>

#include <functional>

class NetworkWatch {
 public:
  // Returns 0 or an errno. `changed` is called from the loop, once for all that it finds at a time.
  int open(uv_loop_t* loop, bool keeps_loop_alive, std::function<void()> changed);

  // `released` is called when the loop has forgotten it; it may delete the watch. To be called once.
  void close(std::function<void()> released);

 private:
  static void on_event(uv_poll_t* poll, int status, int events);
  static void on_closed(uv_handle_t* handle);
  int drain();

  uv_poll_t poll_;
  int fd_ = -1;
  bool polled_ = false;
  std::function<void()> changed_;
  std::function<void()> released_;
};
