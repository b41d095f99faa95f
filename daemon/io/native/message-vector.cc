#include "message-vector.h"

#include <cerrno>
#include <cstring>

MessageVector::MessageVector() {
  std::memset(messages_, 0, sizeof messages_);
  std::memset(names_, 0, sizeof names_);
  for (unsigned i = 0; i < CAPACITY; i++) {
    messages_[i].msg_hdr.msg_name = &names_[i];
    messages_[i].msg_hdr.msg_namelen = sizeof names_[i];
    messages_[i].msg_hdr.msg_iov = &vectors_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

void MessageVector::add(const uint8_t* packet, size_t length) {
  sockaddr_in6& name = names_[count_];
  name.sin6_family = AF_INET6;
  std::memcpy(&name.sin6_addr, packet + 24, 16);
  vectors_[count_].iov_base = const_cast<uint8_t*>(packet);
  vectors_[count_].iov_len = length;
  count_++;
}

void MessageVector::flush(int fd, SendReport& report) {
  unsigned next = 0;
  while (next < count_) {
    const int sent = sendmmsg(fd, messages_ + next, count_ - next, MSG_DONTWAIT | MSG_NOSIGNAL);
    report.calls++;
    if (sent > 0) {
      next += static_cast<unsigned>(sent);
    } else if (sent < 0 && errno == EINTR) {
      continue;
    } else if (sent < 0 && errno == EAGAIN) {
      // The buffer is full: the rest would fail too, one system call each. Dropped, as any full queue does.
      report.block(static_cast<int32_t>(count_ - next));
      break;
    } else {
      // sendmmsg stops at the message that fails and names its error only when that message is the first.
      report.refuse(errno);
      next++;
    }
  }
  count_ = 0;
}
