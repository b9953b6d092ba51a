/* SPDX-License-Identifier: MIT */
/* After a takeover from a lagging record: calls of which nothing is heard any more, since only
 * this end has them. */
#ifndef FAILOVER_INACTIVITY_H
#define FAILOVER_INACTIVITY_H

#include "failover/failover.h"

struct inactivity {
    struct l2tpha_tunnel *tunnel;
    struct timer timer;           /* TIMER_INACTIVITY */
    uint64_t absences;            /* of the engine's, when the time began */
    unsigned excused;             /* times that it began anew for that */
    struct session_entry *cursor; /* the next one to be looked at; NULL = the time is not over */
};

/* The tunnel carries again: whoever of the restored sessions is not heard of within
 * config.inactivity_ms is cleared. Nothing where that is 0, or memory is out. */
void inactivity_start(struct failover *failover, struct l2tpha_tunnel *tunnel);
void inactivity_stop(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* A session that the walk may be at is about to go. */
void inactivity_session_removed(struct l2tpha_session *session);
void inactivity_timer(struct failover *failover, struct timer *timer);

#endif
