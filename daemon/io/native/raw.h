// A raw IPv6 socket that sends whole packets and receives none.
#pragma once

#include "tun.h"

OpenResult open_raw_ipv6(int buffer);
