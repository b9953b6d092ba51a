/* SPDX-License-Identifier: MIT */
/* The control connection's machine, RFC 2661 7.2.1. */
#ifndef ENGINE_TUNNEL_FSM_H
#define ENGINE_TUNNEL_FSM_H

#include "base/fsm.h"
#include "control/machine.h"

/* Events of the machine: RFC 2661 7.2.1, classified before they are dispatched. */
enum tunnel_event {
    TUNNEL_OPEN,          /* local open request */
    TUNNEL_SCCRQ,         /* acceptable */
    TUNNEL_SCCRQ_REFUSED, /* not acceptable */
    TUNNEL_SCCRQ_WON,     /* the peer's SCCRQ crossed ours and lost the tie: ours stays */
    TUNNEL_SCCRQ_LOST,    /* ... and won it, or drew: ours goes */
    TUNNEL_SCCRP,
    TUNNEL_SCCRP_REFUSED,
    TUNNEL_SCCCN,
    TUNNEL_SCCCN_REFUSED,
    TUNNEL_HELLO,
    TUNNEL_STOPCCN,
    TUNNEL_CLOSE,     /* administrative close */
    TUNNEL_FAULT,     /* malformed or unknown mandatory message: fault says which */
    TUNNEL_DELIVERED, /* our StopCCN is acknowledged */
    TUNNEL_TIMEOUT,   /* the state's own timer */
    TUNNEL_FAILED,    /* an action failed */
    TUNNEL_EVENT_COUNT
};

extern const struct fsm tunnel_fsm; /* tunnel_fsm.c */
/* Dispatch one event. */
int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct machine_input *input);

#endif
