/* SPDX-License-Identifier: MIT */
/* A hierarchical timing wheel: arming, stopping and firing cost the same with ten timers and with a
 * million; putting off or stopping one that runs is a store. Times are microseconds; the wheel's
 * grain is 1024 us and a timer never fires early. */
#ifndef BASE_TIMING_H
#define BASE_TIMING_H

#include <l2tpha/types.h>
#include <talloc.h>

#define US_PER_MS UINT64_C(1000)
#define US_PER_S UINT64_C(1000000)

/* Lives inside its owner, who finds himself from `kind` by container_of. Zero-filled = not armed.
 * `back` points at whatever points at this timer, so that unlinking needs no search. */
struct timer {
    struct timer *next;
    struct timer **back; /* NULL = not linked */
    uint64_t at;         /* when to fire; L2TPHA_NEVER while linked = stopped */
    uint8_t kind;        /* the owner's */
    uint16_t place;      /* the wheel's slot that it is in */
};

struct wheel;

int wheel_new(TALLOC_CTX *parent, uint64_t now, struct wheel **wheel);
/* Arm or re-arm; at = L2TPHA_NEVER stops. A time in the past fires at the next wheel_pop. */
void wheel_arm(struct wheel *wheel, struct timer *timer, uint64_t at);
/* It fires no more until it is armed again. The wheel may still know it: its memory must stay until
 * wheel_disarm(). */
void wheel_stop(struct wheel *wheel, struct timer *timer);
/* Stop it and forget it. */
void wheel_disarm(struct wheel *wheel, struct timer *timer);
/* The next timer that is due at now, disarmed; NULL when none is, or when finding it takes more
 * work than one call should do: then the deadline has come already. Timers due in the same grain
 * come in the order in which they were armed, except for those that were put off. */
struct timer *wheel_pop(struct wheel *wheel, uint64_t now);
/* Not later than the earliest armed timer needs; L2TPHA_NEVER when none is armed. Calling early is
 * harmless: wheel_pop then gives NULL and the next deadline is nearer to the mark. */
uint64_t wheel_deadline(const struct wheel *wheel);
size_t wheel_count(const struct wheel *wheel); /* armed timers */

static inline bool timer_armed(const struct timer *timer)
{
    return timer->back != NULL && timer->at != L2TPHA_NEVER;
}

#define container_of(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
