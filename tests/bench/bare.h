/* SPDX-License-Identifier: MIT */
/* The floor of replication: as many bytes over the same kind of stream to a process that does
 * nothing but count them, and says how many have come. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include "bench/nodes.h"

/* What is sent and awaited. */
struct load {
    uint32_t count;
    uint32_t window;   /* not confirmed, at most */
    uint32_t together; /* said before the stream has its turn */
    uint32_t rate;     /* of them in a second; 0 = as many as can be */
};

/* Of so many at a time: when each was said, and how long it took. */
struct timing {
    uint64_t *said;
    uint64_t *took;
    uint32_t made, done;
    uint64_t began, ended;
};

void timing_begin(struct timing *timing, const struct load *load);
/* How many more may be said now. */
uint32_t timing_room(const struct timing *timing, const struct load *load);
void timing_say(struct timing *timing);
/* The oldest one is confirmed. */
void timing_done(struct timing *timing);

struct figures {
    double rate, median_us, p99_us; /* of the confirmations */
    double here_ns, there_ns;       /* processor, each */
};

struct figures timing_end(struct timing *timing);

/* From a process of its own; nodes that are there go on meanwhile, NULL = none. */
struct figures bare_run(struct nodes *nodes, enum way way, uint32_t bytes, const struct load *load);

#endif
