#include "steering.h"

#include <linux/bpf.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
// Newer than some headers (Linux 4.16).
#ifndef TUNSETSTEERINGEBPF
#define TUNSETSTEERINGEBPF _IOR('T', 224, int)
#endif

namespace {

int load_program(const std::vector<bpf_insn>& instructions) {
  static const char LICENCE[] = "MIT";
  bpf_attr attributes = {};
  attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
  attributes.insns = reinterpret_cast<uintptr_t>(instructions.data());
  attributes.insn_cnt = static_cast<uint32_t>(instructions.size());
  attributes.license = reinterpret_cast<uintptr_t>(LICENCE);
  return static_cast<int>(syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes));
}

std::vector<bpf_insn> assemble(const std::vector<SteeringInstruction>& program) {
  std::vector<bpf_insn> instructions;
  for (const SteeringInstruction& one : program) {
    bpf_insn instruction = {};
    instruction.code = static_cast<uint8_t>(one.code);
    instruction.dst_reg = static_cast<uint8_t>(one.destination & 0xf);
    instruction.src_reg = static_cast<uint8_t>(one.source & 0xf);
    instruction.off = static_cast<int16_t>(one.offset);
    instruction.imm = one.immediate;
    instructions.push_back(instruction);
  }
  return instructions;
}

}  // namespace

int steer_sockets(int fd, std::vector<sock_filter> program) {
  const sock_fprog attached = {static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &attached, sizeof attached) < 0 ? errno : 0;
}

int steer_device(int fd, const std::vector<SteeringInstruction>& program) {
  const int loaded = load_program(assemble(program));
  if (loaded < 0) return errno;
  const int error = fd >= 0 && ioctl(fd, TUNSETSTEERINGEBPF, &loaded) < 0 ? errno : 0;
  // The device holds it from here on.
  close(loaded);
  return error;
}
