/* SPDX-License-Identifier: MIT */
/* Nine levels of 64 slots, one level for each digit of the tick in base 64: together they span
 * every 64-bit time, so there is no overflow list. A timer sits at the level of the highest digit
 * in which its tick differs from the wheel's, in the slot of that digit; one that is due sits at
 * level 0 in the slot of the wheel's own tick. From this follows all the rest:
 *
 * - every timer of a level is due before every timer of the levels above, and within a level slots
 *   come in the order of their numbers: the earliest slot is the lowest bit of the lowest level;
 * - the place is a function of both ticks, so timers of one tick always share a slot, in the order
 *   in which they were armed, also after moving down;
 * - no slot needs attention until the wheel reaches its first tick, so the wheel jumps from one
 *   occupied slot to the next, however far. A timer moves down at most eight times.
 *
 * A timer may sit in a slot that comes up before it is due. So one that is put off, or stopped,
 * only has its time written and stays where it is: its neighbours in the slot, which belong to
 * other objects, are not touched. The wheel moves or drops it when that slot comes up. A timer that
 * every datagram puts off thus costs one store each, and one move in the time it runs. */
#include "base/timing.h"

#include "base/bits.h"

#include <l2tpha/error.h>

#define GRAIN_BITS 10
#define DIGIT_BITS 6
#define SLOTS 64
#define LEVELS 9
#define TICK_MAX (UINT64_MAX >> GRAIN_BITS)
#define MOVES 1024 /* of timers within the wheel, in one call of wheel_pop */

struct slot {
    struct timer *head;
    struct timer **tail; /* valid while head is not NULL */
};

struct wheel {
    uint64_t now;        /* the latest time seen */
    uint64_t tick;       /* reached so far; not past now's */
    size_t count;        /* armed timers; stopped ones may be linked beside them */
    struct slot *moving; /* begun to move down: before all else; NULL = none */
    uint64_t occupied[LEVELS];
    struct slot slots[LEVELS * SLOTS];
};

int wheel_new(TALLOC_CTX *parent, uint64_t now, struct wheel **wheel)
{
    struct wheel *fresh = talloc_zero(parent, struct wheel);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->now = now;
    fresh->tick = now >> GRAIN_BITS;
    *wheel = fresh;
    return L2TPHA_OK;
}

/* Rounded up, so that nothing fires early. The last grain before L2TPHA_NEVER cannot be. */
static uint64_t tick_of(uint64_t at)
{
    uint64_t tick = (at >> GRAIN_BITS) + ((at & ((1 << GRAIN_BITS) - 1)) != 0);
    return tick < TICK_MAX ? tick : TICK_MAX;
}

/* Append to the slot of the tick, which is not before the wheel's. */
static void link_in(struct wheel *wheel, struct timer *timer, uint64_t tick)
{
    unsigned level = 0;
    for (uint64_t apart = tick ^ wheel->tick; apart >= SLOTS; apart >>= DIGIT_BITS)
        level++;
    unsigned digit = (unsigned)(tick >> (level * DIGIT_BITS)) % SLOTS;

    timer->place = (uint16_t)(level * SLOTS + digit);
    struct slot *slot = &wheel->slots[timer->place];
    if (!slot->head)
        slot->tail = &slot->head;
    timer->next = NULL;
    timer->back = slot->tail;
    *slot->tail = timer;
    slot->tail = &timer->next;
    wheel->occupied[level] |= UINT64_C(1) << digit;
}

static void unlink_from(struct wheel *wheel, struct timer *timer)
{
    struct slot *slot = &wheel->slots[timer->place];

    *timer->back = timer->next;
    if (timer->next)
        timer->next->back = timer->back;
    else
        slot->tail = timer->back;
    if (!slot->head) {
        wheel->occupied[timer->place / SLOTS] &= ~(UINT64_C(1) << (timer->place % SLOTS));
        wheel->moving = wheel->moving == slot ? NULL : wheel->moving;
    }
    timer->next = NULL;
    timer->back = NULL;
}

/* The first tick of the slot that a timer is in: above its digit the wheel's tick has the same. */
static uint64_t start_of(const struct wheel *wheel, unsigned place)
{
    unsigned shift = place / SLOTS * DIGIT_BITS;
    uint64_t above = wheel->tick >> shift >> DIGIT_BITS << DIGIT_BITS;

    return (above | place % SLOTS) << shift;
}

void wheel_arm(struct wheel *wheel, struct timer *timer, uint64_t at)
{
    if (at == L2TPHA_NEVER) {
        wheel_stop(wheel, timer);
        return;
    }
    if (at <= wheel->now)
        at = wheel->tick << GRAIN_BITS; /* at once */
    uint64_t tick = tick_of(at);
    bool linked = timer->back != NULL;
    wheel->count += !timer_armed(timer);
    timer->at = at;
    if (linked && tick >= start_of(wheel, timer->place))
        return;
    if (linked)
        unlink_from(wheel, timer);
    link_in(wheel, timer, tick);
}

void wheel_stop(struct wheel *wheel, struct timer *timer)
{
    if (!timer_armed(timer))
        return;
    timer->at = L2TPHA_NEVER;
    wheel->count--;
}

void wheel_disarm(struct wheel *wheel, struct timer *timer)
{
    wheel_stop(wheel, timer);
    if (timer->back)
        unlink_from(wheel, timer);
}

/* The earliest occupied slot and its first tick; NULL when all are empty. */
static struct slot *earliest(const struct wheel *wheel, uint64_t *start)
{
    if (wheel->moving) {
        *start = wheel->tick;
        return wheel->moving;
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        if (wheel->occupied[level] == 0)
            continue;
        unsigned place = level * SLOTS + bits_lowest(wheel->occupied[level]);
        *start = start_of(wheel, place);
        return (struct slot *)&wheel->slots[place];
    }
    return NULL;
}

/* Out of a slot whose first tick has come, into the one of its own time: that of a slot above level
 * 0 differs in lower digits only. */
static void move(struct wheel *wheel, struct timer *timer)
{
    unlink_from(wheel, timer);
    if (timer->at != L2TPHA_NEVER)
        link_in(wheel, timer, tick_of(timer->at));
}

struct timer *wheel_pop(struct wheel *wheel, uint64_t now)
{
    struct slot *slot;
    uint64_t start;

    if (now > wheel->now)
        wheel->now = now;
    uint64_t last = wheel->now >> GRAIN_BITS;
    for (unsigned moves = 0; (slot = earliest(wheel, &start)) && start <= last; moves++) {
        struct timer *timer = slot->head;
        wheel->tick = start;
        if (timer_armed(timer) && timer->place < SLOTS && tick_of(timer->at) <= start) {
            unlink_from(wheel, timer);
            wheel->count--;
            return timer;
        }
        if (moves == MOVES)
            return NULL;
        if (timer->place >= SLOTS)
            wheel->moving = slot;
        move(wheel, timer);
    }
    wheel->tick = last;
    return NULL;
}

uint64_t wheel_deadline(const struct wheel *wheel)
{
    uint64_t start;

    return wheel->count && earliest(wheel, &start) ? start << GRAIN_BITS : L2TPHA_NEVER;
}

size_t wheel_count(const struct wheel *wheel)
{
    return wheel->count;
}
