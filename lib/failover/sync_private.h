/* SPDX-License-Identifier: MIT */
/* A synchronisation under way, for those who ask (sync.c) and who take the answers (response.c). */
#ifndef FAILOVER_SYNC_PRIVATE_H
#define FAILOVER_SYNC_PRIVATE_H

#include "failover/sync.h"

struct line {
    struct l2tpha_session *first;
    struct l2tpha_session **end;
};

struct sync {
    struct failover *failover;
    struct l2tpha_tunnel *tunnel;
    struct timer timer;           /* TIMER_SYNC */
    struct session_entry *cursor; /* the next one to be asked about for the first time; NULL = all
                                     have been */
    struct line asked;            /* QUERY_ASKED, longest wait first */
    struct line stale;            /* QUERY_STALE, likewise */
    uint16_t last_ns;             /* of the last FSQ; until it is acknowledged: */
    uint32_t unheard_at;          /* who was asked from then on may not have been heard of yet */
    uint32_t round;               /* names this synchronisation; 0 = it is not shared: */
    bool alone;                   /* the previous active may have asked as well */
    bool whole;                   /* every session is asked about, or all the suspects */
    bool second;                  /* the cursor is at what was left to the peer */
    bool suspects;                /* only sessions that have changed from then on: */
    uint32_t from;                /* seconds */
    uint32_t queried;
    uint32_t cleared;
    uint32_t unverified;
};

static inline struct engine *sync_engine(const struct sync *sync)
{
    return sync->failover->engine;
}

static inline uint32_t sync_now_ms(const struct sync *sync)
{
    return (uint32_t)(sync_engine(sync)->now / US_PER_MS);
}

#endif
