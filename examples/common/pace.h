/* SPDX-License-Identifier: MIT */
/* So many things per second, evenly spread. */
#ifndef EXAMPLES_PACE_H
#define EXAMPLES_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
    uint64_t interval_ns; /* 0 = stopped */
    uint64_t next_ns;
};

/* Change the rate; a standing pace starts at now, a running one goes on. 0 stops it. */
void pace_set(struct pace *pace, uint64_t per_second, uint64_t now);

/* Whether one thing is due; it counts as done then. Of a delay at most 100 ms are made up for, so
 * that a process that was stopped does not flood its peer. */
bool pace_due(struct pace *pace, uint64_t now);

/* When the next one is due, microseconds; UINT64_MAX = never. */
uint64_t pace_deadline(const struct pace *pace);

#endif
