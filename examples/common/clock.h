/* SPDX-License-Identifier: MIT */
/* The two clocks: one that never jumps for the library, one that people read. */
#ifndef EXAMPLES_CLOCK_H
#define EXAMPLES_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us(clockid_t id)
{
    struct timespec time;
    clock_gettime(id, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

/* Monotonic microseconds, as l2tpha_pair_now(). */
static inline uint64_t clock_now(void)
{
    return clock_us(CLOCK_BOOTTIME);
}

/* Microseconds since 1970. */
static inline uint64_t clock_wall(void)
{
    return clock_us(CLOCK_REALTIME);
}

#define CLOCK_TEXT_MAX 32

/* "2024-05-17T09:30:00.250Z". Returns dst. */
const char *clock_text(uint64_t wall_us, char dst[CLOCK_TEXT_MAX]);

#endif
