// Which of several readers gets a packet: programs that the kernel runs for a group of UDP sockets (SO_REUSEPORT) and
// for the queues of a TUN device. What they compute is the caller's business.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

// An instruction of the kernel's newer machine (bpf(2)), in columns: its own struct has fields of 4 bits.
struct SteeringInstruction {
  int32_t code;
  int32_t destination;
  int32_t source;
  int32_t offset;
  int32_t immediate;
};

// Returns 0 or an errno. The program takes the place of the one before at once, for all sockets of the group.
int steer_sockets(int fd, std::vector<sock_filter> program);

// Returns 0 or an errno: EPERM without CAP_BPF (or, before Linux 5.8, CAP_SYS_ADMIN). With -1 for the device the program
// is loaded and forgotten, which tells whether one could be.
int steer_device(int fd, const std::vector<SteeringInstruction>& program);
