/* SPDX-License-Identifier: MIT */
/* Nodes in one process for the benchmarks: an LNS with or without a standby, and a LAC. Datagrams
 * go from hand to hand, checkpoints are applied and confirmed at once; time is virtual. */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <l2tpha/l2tpha.h>

struct pair {
    TALLOC_CTX *root;
    struct l2tpha_node *lac;
    struct l2tpha_node *lns;
    struct l2tpha_node *standby; /* NULL = none */
    uint64_t now;                /* virtual, microseconds */
    uint64_t datagrams;          /* handed over so far */
};

/* Fails loudly: a benchmark that went wrong has no figures. */
void check(int error, const char *what);
uint64_t clock_ns(void);

void pair_open(struct pair *pair, bool with_standby);
void pair_close(struct pair *pair);
/* Hand everything over until both sides are quiet. */
void pair_settle(struct pair *pair);
/* Let virtual time pass, timers included. */
void pair_pass(struct pair *pair, uint64_t us);
/* Open tunnels with so many calls each, and settle after each `batch` tunnels. */
void pair_calls(struct pair *pair, uint32_t tunnels, uint32_t sessions, uint32_t batch);

#endif
