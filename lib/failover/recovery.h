/* SPDX-License-Identifier: MIT */
/* Recovery of one tunnel by RFC 4951 3.2. Where one end has lost the numbers of a control channel,
 * both reset it to numbers that the other end chooses. They agree on them over a control connection
 * of its own, the recovery tunnel, which names the old tunnel by both its ids, has its secret and
 * carries no calls. The recovery endpoint is the end that has failed (recovery_action.c), the
 * remote endpoint the other one (remote.c). Where both have failed a tie says whose request goes
 * on, and the loser is a remote endpoint that has failed (appendix B).
 *
 *     recovery endpoint                                       remote endpoint
 *      | WAITING: the old channel rests                         |
 *      | SCCRQ_SENT SCCRQ: old ids, tie breaker                 |
 *      |------------------------------------------------------->| checked in request.c
 *      |            SCCRP: Ns and Nr suggested                  | PEER_RECOVERING: it rests
 *      |<-------------------------------------------------------|
 *      | RESET_SENT: the old channel is reset                   |
 *      |            SCCCN                                       |
 *      |------------------------------------------------------->| PEER_RECOVERED: reset here, too,
 *      |            ZLB                                         | and goes on
 *      |<-------------------------------------------------------|
 *      | IDLE: the old channel goes on                          |
 *      |            StopCCN, result 1                           |
 *      |------------------------------------------------------->| IDLE
 *      |   on the old channel: FSQ and FSR of both, sync.h      |
 *      |<------------------------------------------------------>|
 *
 * - There is one for a tunnel at most. `old` and, where there is one, `tunnel` point back at it. In
 *   IDLE it is gone.
 * - While the old channel rests nothing leaves on it and nothing of it is taken; data goes on.
 * - Nothing is proven before the SCCCN. Until its own reset each end can go back: the remote
 *   endpoint to the numbers that it had, the recovery endpoint to another attempt, or to silent
 *   recovery where the method has that. After the reset the recovery endpoint has no way but
 *   another attempt, and the record says so (RESET_SENT) to whoever takes over from it.
 * - The recovery endpoint is silent on the old channel until its SCCCN is acknowledged: before, the
 *   peer drops what it says.
 * - Silence and a lost tie are tried again until the deadline, which runs from the takeover. A
 *   StopCCN to the recovery tunnel is final, for the old tunnel as well.
 * - The state moves with that of the recovery tunnel (recovery_input.c) and with what the peer
 *   shows otherwise (recovery_sign.c). */
#ifndef FAILOVER_RECOVERY_H
#define FAILOVER_RECOVERY_H

#include "failover/failover.h"

#define RECOVERY_PLACES                                                                            \
    (ENGINE_RECOVERIES / 4 * 3) /* of ours at one time; the rest is for peers                      \
                                 */

_Static_assert(RECOVERY_PLACES < ENGINE_RECOVERIES, "peers have places");

enum recovery_state {
    RECOVERY_IDLE,            /* about to begin, or over */
    RECOVERY_WAITING,         /* for a place, or before the next attempt */
    RECOVERY_SCCRQ_SENT,      /* our SCCRQ is out */
    RECOVERY_RESET_SENT,      /* the channel is reset; our SCCCN is not acknowledged yet */
    RECOVERY_BOTH_FAILED,     /* likewise PEER_RECOVERING, while this end has failed too */
    RECOVERY_PEER_RECOVERING, /* the peer recovers it: our SCCRP is out, the old channel rests */
    RECOVERY_PEER_RECOVERED,  /* the peer has recovered it; its recovery tunnel is still there */
    RECOVERY_STATE_COUNT
};

enum recovery_event {
    RECOVERY_OPEN,        /* this end has failed */
    RECOVERY_BEGIN,       /* a place is free, or the pause is over */
    RECOVERY_SCCRP,       /* SCCRP: valid, and our SCCCN is queued */
    RECOVERY_SCCCN_ACKED, /* our SCCCN is acknowledged */
    RECOVERY_REQUEST,     /* the peer's SCCRQ is accepted, and our SCCRP is queued */
    RECOVERY_CONNECTED,   /* its SCCCN: valid */
    RECOVERY_LOST,        /* the recovery tunnel is gone: no answer, tie lost; may be tried again */
    RECOVERY_REFUSED,     /* ... by the peer's StopCCN, or it could not prove itself: final, for the
                             old tunnel as well */
    RECOVERY_EXPIRED,     /* the time is over */
    RECOVERY_CLOSED,      /* the old tunnel closes: there is nothing to recover */
    RECOVERY_FAILED,      /* an action failed */
    RECOVERY_EVENT_COUNT
};

struct recovery {
    struct failover *failover;
    struct l2tpha_tunnel *old;
    struct l2tpha_tunnel *tunnel; /* the recovery tunnel; NULL = none now */
    uint8_t state;
    bool ours;              /* this end has failed: it tries until the deadline */
    bool meek;              /* a reset of ours was in vain: the peer's own request goes first */
    bool answered;          /* the peer has said something to it */
    bool unasked;           /* recovered by the peer; the sessions are to be asked about yet */
    bool over;              /* freed with the transaction */
    uint64_t deadline;      /* ours: then it has failed */
    uint64_t asked_at;      /* ours: when it left the line last; 0 = its peer was never asked */
    uint64_t asked_us;      /* ours: for how long its peer was asked before that */
    uint64_t again;         /* waiting: the next attempt is not before */
    uint64_t challenged;    /* reset-sent: when the peer has asked itself; 0 = it has not */
    uint64_t turn;          /* sccrq-sent: then it makes room for those in line */
    struct timer timer;     /* TIMER_RECOVERY */
    struct recovery *next;  /* in line for a place */
    struct recovery **back; /* NULL = not in line */
};

extern const struct fsm recovery_fsm; /* recovery_fsm.c */
/* Before the first of them: the table has been taken over now. */
void recovery_prepare(struct failover *failover);
/* Set the timer by state. */
void recovery_arm(struct recovery *recovery);
/* The tunnel's; made when it has none. */
int recovery_of(struct failover *failover, struct l2tpha_tunnel *old, struct recovery **recovery);
/* Let its recovery tunnel go without a word. */
void recovery_discard(struct recovery *recovery);
void recovery_say(const struct recovery *recovery, enum l2tpha_log_category category,
                  const char *text);
/* Reset-sent: the peer asks, too, and may have failed since it answered. */
void recovery_challenge(struct recovery *recovery);
/* Whether the old tunnel has silent recovery to turn to. */
bool recovery_may_be_silent(const struct recovery *recovery);
/* Memory for one, so that recovery_of() will not fail. */
int recovery_reserve(struct failover *failover);
/* It is over: let go of both tunnels. */
void recovery_end(struct recovery *recovery);
bool recovery_has_had_its_turn(const struct recovery *recovery);
void recovery_join_line(struct recovery *recovery);
void recovery_leave_line(struct recovery *recovery);
uint64_t recovery_limit(const struct recovery *recovery);
void recovery_wake_line(struct failover *failover);

#endif
