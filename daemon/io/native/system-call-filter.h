// Takes away the system calls that a process has no need of which moves packets between open descriptors.
#pragma once

// False on architectures for which no filter was written.
bool has_system_call_filter();

// Puts the filter on every thread, for good. Needs no_new_privs on the calling thread. Returns 0 or an errno.
int install_system_call_filter();
