/* SPDX-License-Identifier: MIT */
/* Silent recovery of one tunnel from a record that outputs ran ahead of: its numbers are bounds,
 * and the peer's answers narrow them down to what they are. */
#ifndef FAILOVER_LAZY_H
#define FAILOVER_LAZY_H

#include "failover/failover.h"
#include "failover/silent.h"

enum lazy_state {
    LAZY_READING, /* a certain duplicate is out: what it is answered with tells what is expected */
    LAZY_SEALING, /* every number that may have been used is being filled */
    LAZY_WATCHING /* carries again; messages acknowledged before may yet be found missing */
};

struct lazy {
    struct failover *failover;
    struct l2tpha_tunnel *tunnel;
    uint8_t state;      /* enum lazy_state */
    uint8_t tries;      /* of the probe under way */
    bool knows_end;     /* end is exact */
    bool seen;          /* lowest is of a message that came ahead of its turn */
    bool lags;          /* the peer has last acknowledged less than before */
    bool rests;         /* so does the channel, for a recovery of the peer's */
    uint16_t first;     /* oldest number that may not be acknowledged */
    uint16_t next;      /* expected of the peer, by the record */
    uint16_t lease_end; /* the node before has sent no message from here on of which the record
                           does not know */
    uint16_t ceiling;   /* ... and none at all from here on */
    uint16_t end;       /* one past the last message that the peer is known to have sent before */
    uint16_t lowest;    /* ... the lowest of them, and how often it was heard: */
    uint8_t times;
    uint16_t stuck_at; /* watching: what was expected when the wait began */
    uint64_t probe_at; /* the next probe is due */
    uint64_t
        observed; /* what the peer has to repeat has been repeated; NEVER = nothing heard yet */
    uint64_t deadline;
    struct timer timer; /* TIMER_LAZY */
};

/* Settle the numbers of an established tunnel, installed and with the flag LAZY. Ends the calls
 * half set up. */
int lazy_start(struct failover *failover, struct l2tpha_tunnel *tunnel,
               struct silent_result *result);
void lazy_stop(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* The peer recovers the tunnel (RFC 4951 3.2): its channel rests, or goes on where it was. */
void lazy_rest(struct l2tpha_tunnel *tunnel, bool rests);
/* ... and has: the numbers are those of the reset. */
void lazy_overtaken(struct l2tpha_tunnel *tunnel);
/* Whether a message of the peer's is one that it may have said to the node before, of whose end
 * this one does not know all. */
bool lazy_is_old(const struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header);
/* A datagram of a tunnel whose numbers are being settled has been through its channel. */
void lazy_heard(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_header *header);
/* TIMER_LAZY. False: the numbers cannot be found, and the tunnel has to end. */
bool lazy_due(struct failover *failover, struct timer *timer);
/* Whose timer it is. */
struct l2tpha_tunnel *lazy_tunnel(struct timer *timer);

#endif
