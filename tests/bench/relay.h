/* SPDX-License-Identifier: MIT */
/* A long way for tcp: each octet later by so many microseconds, in either direction. */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include <netinet/in.h>
#include <stdint.h>

struct relay {
    struct sockaddr_in from, to; /* whoever connects to the first reaches the second */
    uint32_t delay_us;
};

/* Of one connection, until it ends. */
void relay_run(void *relay);

#endif
