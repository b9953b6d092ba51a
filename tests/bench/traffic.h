/* SPDX-License-Identifier: MIT */
/* What a busy node meets: messages and frames of random tunnels and of random calls that are up, in
 * an order that no cache can foresee. The seed is fixed, so every run visits the same. */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include "bench/pair.h"

#define TRAFFIC_BATCH 16 /* visits in a batch, at most */

struct call;

struct traffic {
    struct bench *pair;
    struct l2tpha_tunnel **tunnels; /* of the LAC */
    struct call *calls;             /* that are up */
    uint32_t tunnel_count;
    uint32_t call_count;
    uint32_t batches; /* begun */
    uint32_t *met;    /* by tunnel: the batch that has met it last */
    uint64_t seed;
};

/* The pair with so many tunnels of so many calls each; it says no HELLO unless it is told to. */
void traffic_open(struct traffic *traffic, struct bench *pair, uint32_t tunnels, uint32_t calls);
/* Nanoseconds for a control message, both ends, what acknowledges it included: calls that come and
 * go, SLIs of calls that are up, HELLOs. So many of each are said before the other end reads. */
double traffic_messages(struct traffic *traffic, uint32_t batch);
/* Nanoseconds for a data frame that goes to the LNS or comes back, both ends. */
double traffic_frames(struct traffic *traffic, uint32_t batch);

#endif
