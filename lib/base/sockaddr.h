/* SPDX-License-Identifier: MIT */
/* Socket addresses among the addresses of a path, which are octets to the rest: their length, and
 * where port and address lie in them, is the same on every system that has them. */
#ifndef BASE_SOCKADDR_H
#define BASE_SOCKADDR_H

#include <l2tpha/types.h>

#define SOCKADDR_IN 16
#define SOCKADDR_IN6 28
#define SOCKADDR_PORT 2
#define SOCKADDR_IN_ADDRESS 4
#define SOCKADDR_IN6_ADDRESS 8

bool sockaddr_is_ipv4(const struct l2tpha_address *from);
bool sockaddr_is_ipv6(const struct l2tpha_address *from);

#endif
