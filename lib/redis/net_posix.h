/* SPDX-License-Identifier: MIT */
/* A TCP connection of the system's, its timer, and one descriptor for both. */
#ifndef REDIS_NET_POSIX_H
#define REDIS_NET_POSIX_H

#include "net.h"

#include <talloc.h>

/* Host and port are copied. It lasts until its free(). */
int net_posix_new(TALLOC_CTX *parent, const char *host, const char *port, struct net *net);

#endif
