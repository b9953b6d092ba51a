/* SPDX-License-Identifier: MIT */
/* The control connection, RFC 2661 5.1, 5.5, 5.7 and 7.2. */
#ifndef ENGINE_TUNNEL_H
#define ENGINE_TUNNEL_H

#include "base/fsm.h"
#include "engine/channel.h"

struct l2tpha_tunnel {
    struct tunnel_entry entry; /* first: the table allocates us and knows this part only */
    struct engine *engine;
    struct channel channel;
    struct timer hello;
    struct timer timer; /* TIMER_TUNNEL: by state */
    struct timer start; /* TIMER_START */
    struct scramble session_ids;
    struct l2tpha_tunnel *ready_next;
    struct l2tpha_tunnel *ready_prev;
    bool ready;     /* in engine.ready */
    bool dying;     /* in engine.dead */
    bool resyncing; /* restored, and the peer has not answered yet */
    bool counted_half_open;
    struct l2tpha_tunnel *dead_next;
    uint32_t waiting; /* sessions in wait-tunnel */
    uint32_t events;  /* events in the outbox that name this tunnel */
    void *user;
};

/* Events of the machine: RFC 2661 7.2.1, classified before they are dispatched. */
enum tunnel_event {
    TUNNEL_OPEN,          /* local open request */
    TUNNEL_SCCRQ,         /* acceptable */
    TUNNEL_SCCRQ_REFUSED, /* not acceptable */
    TUNNEL_SCCRQ_WON,     /* the peer's SCCRQ crossed ours and lost the tie */
    TUNNEL_SCCRQ_LOST,    /* ... and won it: ours goes */
    TUNNEL_SCCRP,
    TUNNEL_SCCRP_REFUSED,
    TUNNEL_SCCCN,
    TUNNEL_SCCCN_REFUSED,
    TUNNEL_HELLO,
    TUNNEL_STOPCCN,
    TUNNEL_CLOSE,       /* administrative close */
    TUNNEL_FAULT,       /* malformed or unknown mandatory message: fault says which */
    TUNNEL_DELIVERED,   /* our StopCCN is acknowledged */
    TUNNEL_TIMEOUT,     /* the state's own timer */
    TUNNEL_UNREACHABLE, /* the channel gave the peer up */
    TUNNEL_FAILED,      /* an action failed */
    TUNNEL_EVENT_COUNT
};

/* What goes with an event. */
struct tunnel_input {
    const struct l2tpha_message *message; /* NULL = none */
    const struct l2tpha_path *path;       /* where the message came from */
    uint16_t result;                      /* for a StopCCN that is to be sent */
    uint16_t error;
    const char *reason;
    bool by_peer;
};

extern const struct fsm tunnel_fsm; /* tunnel_fsm.c */

static inline struct l2tpha_tunnel *tunnel_of(struct tunnel_entry *entry)
{
    return (struct l2tpha_tunnel *)(void *)entry;
}

/* A new tunnel with a fresh id, in the table and idle. Its path is set. */
int tunnel_new(struct engine *engine, const struct l2tpha_path *path,
               struct l2tpha_tunnel **tunnel);
/* Make an entry of the table live: channel, timers in full, by its state. The one way for fresh and
 * restored tunnels. */
int tunnel_start(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* Dispatch one event. */
int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct tunnel_input *input);
/* A message in order on this tunnel, decoded; faults included. */
int tunnel_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len);
/* A datagram with header tunnel id 0: SCCRQ, or a StopCCN of a half-open tunnel. */
int tunnel_process_unbound(struct engine *engine, const struct l2tpha_path *path,
                           const struct l2tpha_header *header, const uint8_t *data, size_t len);
void tunnel_timer_due(struct l2tpha_tunnel *tunnel);
void tunnel_hello_due(struct l2tpha_tunnel *tunnel);
void tunnel_start_due(struct l2tpha_tunnel *tunnel);
/* Anything was received from the peer. */
void tunnel_heard(struct l2tpha_tunnel *tunnel);
/* Have the peer confirm: a HELLO unless something is outstanding (RFC 2661 6.5). */
int tunnel_hello(struct l2tpha_tunnel *tunnel);
/* Begin a message to the peer in engine->build, hiding switched on where it applies. */
void tunnel_build(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id);
/* Finish and queue it. */
int tunnel_send(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* Forget it silently, sessions included: no message is sent. */
void tunnel_clear(struct l2tpha_tunnel *tunnel, int status, const char *why);

/* --- tunnel_fsm.c's actions are in tunnel_action.c --- */

#endif
