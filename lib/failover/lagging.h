/* SPDX-License-Identifier: MIT */
/* Silent recovery of one tunnel from a lagging record: its numbers are bounds,
 * and the peer's answers narrow them down to what they are. */
#ifndef FAILOVER_LAGGING_H
#define FAILOVER_LAGGING_H

#include "failover/failover.h"
#include "failover/silent.h"

enum lagging_state {
    LAGGING_READING, /* a certain duplicate is out: its answer tells what is expected */
    LAGGING_FILLING, /* every number that may have been used is being filled */
    LAGGING_WATCHING /* carries again; messages acknowledged before may yet be found missing */
};

struct lagging {
    struct failover *failover;
    struct l2tpha_tunnel *tunnel;
    uint8_t state;      /* enum lagging_state */
    uint8_t tries;      /* of the probe under way */
    bool knows_end;     /* end is exact */
    bool seen;          /* lowest is of a message that came ahead of its turn */
    bool peer_lagging;  /* the peer has last acknowledged less than before */
    bool rests;         /* so does the channel, for a recovery of the peer's */
    uint16_t first;     /* oldest number that may not be acknowledged */
    uint16_t next;      /* expected of the peer, by the record */
    uint16_t lease_end; /* the previous active has sent no message from here on of which the
                           record does not know */
    uint16_t ceiling;   /* ... and none at all from here on */
    uint16_t end;       /* one past the last message that the peer is known to have sent before */
    uint16_t lowest;    /* ... the lowest of them, and how often it was heard: */
    uint8_t times;
    uint16_t stuck_at; /* watching: what was expected when the wait began */
    uint64_t probe_at; /* the next probe is due */
    uint64_t observed; /* the peer has repeated what it has to; NEVER = nothing heard yet */
    uint64_t deadline;
    struct timer timer; /* TIMER_LAGGING */
};

/* Resynchronise an established tunnel, installed and with the flag LAGGING. Ends the calls half
 * set up. */
int lagging_start(struct failover *failover, struct l2tpha_tunnel *tunnel,
                  struct silent_result *result);
void lagging_stop(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* The peer recovers the tunnel (RFC 4951 3.2): its channel rests, or goes on where it was. */
void lagging_suspend(struct l2tpha_tunnel *tunnel, bool rests);
/* ... and has: the numbers are those of the reset. */
void lagging_superseded(struct l2tpha_tunnel *tunnel);
/* Whether the peer may have sent a message to the previous active, of which this node does not
 * know all. */
bool lagging_is_old(const struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header);
/* A datagram of a tunnel that is being resynchronised has been through its channel. */
void lagging_input(struct failover *failover, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_header *header);
/* TIMER_LAGGING. False: the numbers cannot be found, and the tunnel has to end. */
bool lagging_timer(struct failover *failover, struct timer *timer);
/* Whose timer it is. */
struct l2tpha_tunnel *lagging_tunnel(struct timer *timer);

#endif
