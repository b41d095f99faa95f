#include "file-lock.h"

#include <fcntl.h>

#include <cerrno>

int lock_file(int fd) {
  // A lock of the open file, not of the process: no other close of the same file in this process releases it. It
  // excludes the locks that lockf and fcntl take in other programs.
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return fcntl(fd, F_OFD_SETLK, &lock) == 0 ? 0 : errno;
}
