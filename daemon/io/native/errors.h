// System errors by name. Sentences about them are TypeScript's.
#pragma once

// "EPERM" for EPERM; "E<number>" for one that the table lacks.
const char* errno_name(int code);

// True when an error of recvmmsg or sendmmsg says that the descriptor itself is of no use any more.
// Everything else is about one datagram: an ICMP error that came back, a missing route, a full queue.
bool is_descriptor_error(int code);
