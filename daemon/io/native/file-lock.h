// Locks on files, which Node lacks.
#pragma once

// Locks the whole file for writing. 0, or the errno: EAGAIN or EACCES when another process holds a lock.
int lock_file(int fd);
