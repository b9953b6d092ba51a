/* SPDX-License-Identifier: MIT */
/* What every part of a simulation shares: virtual time, the seeded generator, the verdict and the
 * ladder that is printed on request. Nothing else is random and nothing else tells the time, so a
 * seed is a whole run. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "machine_set.h"

#include <l2tpha/node.h>

#define MS UINT64_C(1000)
#define SECOND UINT64_C(1000000)

struct world {
    uint64_t now;
    uint64_t state; /* of the generator */
    bool verbose;
    bool failed;
    char why[240]; /* the first failure */
};

/* splitmix64 */
static inline uint64_t world_random(struct world *world)
{
    uint64_t z = (world->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 to limit - 1; 0 when limit is 0. */
static inline uint64_t world_below(struct world *world, uint64_t limit)
{
    return limit ? world_random(world) % limit : 0;
}

static inline bool world_chance(struct world *world, unsigned percent)
{
    return world_below(world, 100) < percent;
}

/* a to b inclusive. */
static inline uint64_t world_between(struct world *world, uint64_t a, uint64_t b)
{
    return a + world_below(world, b - a + 1);
}

static inline uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* a - b on the circle of sequence numbers. */
static inline int serial_diff(uint16_t a, uint16_t b)
{
    return (int16_t)(uint16_t)(a - b);
}

/* Note why the run has failed; the first reason counts. */
void world_fail(struct world *world, const char *format, ...) L2TPHA_PRINTF(2, 3);
/* One line of the ladder. */
void world_say(struct world *world, const char *who, const char *format, ...) L2TPHA_PRINTF(3, 4);
/* One control message on the ladder. */
void world_show(struct world *world, const char *who, const char *fate, const uint8_t *data,
                size_t len);

/* The defaults, with limits so small that a run gets near them. */
void world_config(struct l2tpha_config *config);

/* --- what a node asks; user is the world --- */
int world_draw(void *user, uint8_t *dst, size_t len);
void world_log(void *user, const struct l2tpha_log_line *line);
/* Every call is welcome. */
void world_admit(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_message *request,
                 struct l2tpha_verdict *verdict);

#endif
