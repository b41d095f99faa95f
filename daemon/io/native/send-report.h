// What became of messages that were to be sent.
#pragma once

#include <cerrno>
#include <cstdint>

struct SendReport {
  int32_t calls = 0;
  int32_t would_block = 0;  // datagrams dropped because the socket's buffer is full
  int32_t refused = 0;      // datagrams dropped for any other reason
  int error = 0;            // errno of the last drop

  void refuse(int code, int32_t datagrams = 1) {
    refused += datagrams;
    error = code;
  }
  void block(int32_t datagrams) {
    would_block += datagrams;
    error = EAGAIN;
  }
};
