/* SPDX-License-Identifier: MIT */
/* Time, chance and the node's own record, as every part of the control plane has them. */
#ifndef CONTROL_CONTEXT_H
#define CONTROL_CONTEXT_H

#include "base/id_set.h"
#include "base/log.h"
#include "base/outbox.h"
#include "base/scramble.h"
#include "base/timing.h"
#include "state/ledger.h"

#include <l2tpha/builder.h>
#include <l2tpha/message.h>
#include <l2tpha/node.h>
#include <l2tpha/observe.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

struct channel;
struct channel_port;
struct failover;
struct machine_ops;

#define ENGINE_LONGEST 65536 /* bytes of the longest message */
#define ENGINE_BUILD                                                                               \
    8192                 /* bytes of any that the library makes by itself, an FSR apart: each AVP  \
                            has at most 1023, and seven of an ICCN may be so long */
#define ENGINE_VECTOR 16 /* bytes of a Random Vector, RFC 2661 4.4.1 */
#define ENGINE_TIME_MAX (UINT64_MAX / 2) /* a deadline is a time and a wait, and must not wrap */
#define ENGINE_ANSWER 2048     /* bytes of an answer; only an ICCN with long proxy AVPs has more */
#define ENGINE_APP_STATE 60000 /* bytes that a host may attach to a tunnel, or to a call */
#define ENGINE_RECOVERIES 512  /* ids and places kept for recovery tunnels */
#define ENGINE_OPENING 256     /* buckets of tunnels whose SCCRQ is outstanding */
#define ENGINE_SOURCES 256     /* places of sources of half-open tunnels */

/* Who a timer's owner is and what is due; struct timer's kind. */
enum timer_kind {
    TIMER_RETRANSMIT = 1, /* channel: oldest message not acknowledged in time */
    TIMER_ACK,            /* channel: acknowledgement has waited long enough */
    TIMER_HELLO,          /* tunnel: nothing heard from the peer */
    TIMER_TUNNEL,         /* tunnel: establishment, retention, idle: by state */
    TIMER_START,          /* tunnel: more waiting sessions to start */
    TIMER_RECOVERY,       /* failover: an attempt, its deadline, a guard time */
    TIMER_SYNC,           /* failover: queries without an answer */
    TIMER_LAGGING,        /* failover: a probe without an answer, the end of observation */
    TIMER_INACTIVITY,     /* failover: sessions of which nothing was heard since a takeover */
    TIMER_SESSION         /* session: establishment or answer, by state */
};

/* An event waiting in the outbox. */
struct event_item {
    uint64_t depends; /* checkpoint number; 0 until the transaction is committed */
    uint8_t kind;     /* enum l2tpha_event_kind */
    uint8_t role;
    bool by_peer;
    uint16_t result;
    uint16_t error;
    int status;
    uint32_t queried; /* SESSIONS_SYNCED */
    uint32_t cleared;
    uint32_t unverified;
    struct l2tpha_tunnel *tunnel;   /* NULL = none; it stays until the host is done with its */
    struct l2tpha_session *session; /* events, and so does this */
    uint32_t tunnel_id;
    uint32_t session_id;
    uint32_t successor;     /* TUNNEL_DOWN, SESSION_DOWN */
    struct buffer *message; /* the peer's message in clear, header included; NULL = none */
    char text[112];
};

#define ENGINE_POLLED 16         /* events that the host looks at at one time, */
#define ENGINE_POLLED_MESSAGES 4 /* of which so many have a message */

/* One that it looks at: valid until it polls again. */
struct polled_event {
    struct event_item item;
    struct l2tpha_event event;
};

/* Tunnels, oldest first. */
struct tunnel_line {
    struct l2tpha_tunnel *head;
    struct l2tpha_tunnel *tail;
    uint32_t count;
};

/* Sessions that are gone, first in first out. */
struct session_line {
    struct l2tpha_session *head;
    struct l2tpha_session *tail;
};

/* inbox.c: messages that a machine fetches */
struct inbox {
    struct outbox *tunnels;       /* ids of those that have one whose turn has come */
    struct l2tpha_tunnel *tunnel; /* whose message is handed out */
    struct buffer *message;       /* ... it; NULL = none is */
    bool open;                    /* what the host has said since is a transaction not yet closed */
    bool fresh;                   /* the call that is being made has begun that */
    struct buffer *request;       /* SCCRQ that the host was asked about last; NULL = none */
    struct l2tpha_path request_path;
};

/* half_open.c */
struct strangers {
    struct tunnel_line started; /* that peers have asked for, not yet established */
    struct tunnel_line over;    /* that were established once and are kept for copies */
    struct tunnel_line sources[ENGINE_SOURCES]; /* those started, by where they come from */
    uint64_t seed;
    uint64_t log_at; /* no line before */
    uint32_t ended;  /* since the last line */
    uint32_t ended_for_source;
    uint32_t dropped;
    int last_error;
};

struct engine {
    /* What much of the code reaches for stands first, where an instruction has a short offset. */
    struct log log;
    struct table *table;
    struct ledger *ledger;
    struct wheel *wheel;
    struct buffer_pool *pool;
    struct outbox *events;
    struct failover *failover;
    uint32_t open_events; /* at the tail of events, not yet committed */
    uint64_t now;
    bool serving;          /* false on a standby and once fenced: nothing is sent, no timer runs */
    bool asking;           /* inside a host callback */
    bool draining;         /* planned switchover: no input, no timers, outputs drain */
    bool handed;           /* ... and the other end was told to serve: nothing is left to do here */
    bool held;             /* by the host: nothing leaves, nothing is taken in */
    uint64_t unsure_until; /* after an absence: nothing leaves before the standby is heard, or then;
                              0 = no such wait */
    uint64_t rest_until; /* after an absence: no timer runs before what has come is read; 0 = no */
    unsigned rests;      /* so often in a row */
    uint64_t before;     /* the last time that was earlier than now */
    uint64_t expected; /* whoever drives a link of this node calls by then; L2TPHA_NEVER: no link */
    uint64_t absences; /* so many, on a standby too */
    struct l2tpha_host host;
    struct l2tpha_config config;
    struct l2tpha_counters counters;
    const struct machine_ops *machine;          /* of ordinary tunnels */
    const struct machine_ops *recovery_machine; /* of recovery tunnels: the built-in ones */
    uint32_t recovering;                        /* recovery tunnels in the table */
    uint64_t refusals_until;  /* recoveries refused lately fill their limit until then */
    struct id_set tunnel_ids; /* in use, as far as they are live; made when there are many */
    uint32_t tunnels_started; /* so many were made here */
    struct strangers strangers;
    uint32_t unconfirmed; /* tunnels restored whose peer has not answered since a takeover */
    uint32_t resynced;
    uint32_t unrestored;             /* ordinary tunnels to which the takeover has not come yet */
    bool taking_over;                /* TAKEOVER_DONE is to be told yet */
    struct channel *ready_head;      /* channels that may have something to send, first in first */
    struct channel *ready_tail;      /* out */
    const struct channel_port *port; /* what they tell of themselves */
    struct l2tpha_tunnel *linger_head; /* recovery tunnels that are over, oldest first */
    struct l2tpha_tunnel *linger_tail;
    struct l2tpha_tunnel *dead;    /* tunnels to be freed at the end of the entry call */
    struct l2tpha_message message; /* the one being processed */
    uint8_t *scratch;              /* its AVPs in clear */
    size_t scratch_size;           /* bytes; these two grow by engine_make_room() and stay so */
    uint8_t *build;                /* the one being built */
    size_t build_size;             /* bytes */
    uint8_t vector[ENGINE_VECTOR]; /* its Random Vector */
    struct l2tpha_node_record beginning; /* of the node's record, when no epoch has left one */
    struct l2tpha_tunnel *opening[ENGINE_OPENING]; /* in wait-ctl-reply, by the peer's address */
    uint64_t events_made;                          /* so many have been put into events */
    uint64_t events_done;                          /* with so many of them the host is done */
    struct session_line gone;                      /* in this transaction */
    struct session_line buried;                    /* earlier, but named by events */
    void *owner;                                   /* of what is allocated for it: its node */
    void *gone_parts; /* parent of what else is gone in this transaction, */
    bool parts_gone;  /* if there is any */
    struct inbox inbox;
    uint32_t polled_count;
    struct polled_event polled[ENGINE_POLLED];
    uint32_t polled_message_count;
    struct l2tpha_message polled_messages[ENGINE_POLLED_MESSAGES];
    void (*audit)(struct engine *engine); /* checked builds: at the end of each entry call; else
                                             NULL */
    uint32_t audits;                      /* so many */
    uint32_t audit_place;                 /* of the tunnel that is in turn */
};

/* Time moves on to now, never back. L2TPHA_ERR_REENTERED inside a callback, L2TPHA_ERR_INVALID for
 * what can be no time, such as L2TPHA_NEVER. */
int engine_tick(struct engine *engine, uint64_t now);
/* Begin a call of the host that changes something: a tick, and L2TPHA_ERR_ROLE when not serving,
 * L2TPHA_ERR_STATE while a planned switchover drains. */
int engine_enter(struct engine *engine, uint64_t now);

/* Milliseconds; they wrap. */
static inline uint32_t engine_now_ms(const struct engine *engine)
{
    return (uint32_t)(engine->now / 1000);
}

/* How many ids tunnels may have here: the range of the configuration. */
static inline uint32_t engine_tunnel_ids(const struct engine *engine)
{
    return engine->config.tunnel_id_last - engine->config.tunnel_id_first + 1;
}

/* Whether nothing may leave: this node does not know what its standby has become, or is held. */
static inline bool engine_is_unsure(const struct engine *engine)
{
    return engine->held || engine->unsure_until > engine->now;
}

/* See to it that a message of so many bytes can be read, and one as long be made. L2TPHA_ERR_NOMEM:
 * nothing has changed, and the message is as good as lost. What was read before is read no more. */
int engine_make_room(struct engine *engine, size_t len);

/* Around a callback of the host, which may enter nothing meanwhile: L2TPHA_ERR_REENTERED. */
void engine_ask(struct engine *engine);
void engine_answered(struct engine *engine);
/* The host's unpredictable bytes; L2TPHA_ERR_HOST (counted) when it has none. A number is drawn
 * from them by get_drawn(). */
int engine_random(struct engine *engine, uint8_t *dst, size_t len);
/* What the node has given out so far, and what it has now. A node that took over and a fresh one
 * differ in what the table has, in nothing else. */
const struct l2tpha_node_record *engine_record(const struct engine *engine);
void engine_set_record(struct engine *engine, const struct l2tpha_node_record *record);

#endif
