/* SPDX-License-Identifier: MIT */
/* A tunnel, whichever machine runs it: its record, its channel, its timers. */
#ifndef CONTROL_TUNNEL_H
#define CONTROL_TUNNEL_H

#include "base/prefetch.h"
#include "codec/codes.h"
#include "control/channel.h"
#include "control/recovery_time.h"
#include "state/record.h"

/* A tunnel more is restored, or confirmed by its peer: after the last one it is told. */
void engine_check_takeover(struct engine *engine);

/* Its place in lines of half_open.c. */
enum { TUNNEL_LINE, TUNNEL_SOURCE, TUNNEL_PLACES };

struct tunnel_place {
    struct l2tpha_tunnel *next;
    struct l2tpha_tunnel *prev;
};

/* What each message touches stands together, ahead of the rest: up to `timer`. */
struct l2tpha_tunnel {
    struct tunnel_entry entry; /* first: the table allocates us and knows this part only */
    struct engine *engine;     /* NULL = a record that nobody has made live yet */
    struct channel channel;
    struct timer hello;
    void *user;
    struct l2tpha_session *waiting;      /* sessions in wait-tunnel, oldest first */
    struct l2tpha_session **waiting_end; /* NULL = none yet */
    struct id_set session_ids_taken;     /* session_id.c; made when there are many */
    struct sync *sync;                   /* failover's: sessions being asked about; NULL = none */
    struct lagging *lagging;       /* failover's: resynchronises a lagging record; NULL = none */
    struct inactivity *inactivity; /* failover's: sessions may be found inactive; NULL = none */
    struct recovery *recovery; /* failover's, of both tunnels that take part in one; NULL = none */
    uint32_t next_id_place;    /* session_id.c: behind the id looked for last */
    uint32_t events;           /* events in the outbox that name this tunnel */
    uint32_t event_bytes;      /* of the pool, in the messages that they hold */
    bool dying : 1;       /* gone for everybody but the host, who has events about it to poll */
    bool announced : 1;   /* the host knows of it: DOWN and GONE are for its ears */
    bool down_told : 1;   /* DOWN has happened */
    bool unconfirmed : 1; /* restored, and the peer has not answered yet */
    bool restored : 1;    /* by a takeover of this node */
    bool meek : 1;        /* a recovery tunnel that gives way to one of the peer's */
    bool reconciles : 1;  /* taken over from a lagging record: the peer may have calls that we have
                             not */
    bool asked_incoming : 1; /* ICRQ went out here: we are the LAC of incoming calls */
    bool asked_outgoing : 1; /* OCRQ went out here: we are the LNS of outgoing calls */
    bool lingering : 1;      /* in engine.linger */
    bool counted_half_open : 1;
    bool counted_recovering : 1;
    bool counted_running : 1; /* failover's: one of the recovery tunnels that it has under way */
    bool counted_over : 1;    /* in engine.strangers.over */
    bool opening : 1;         /* in engine.opening */
    bool asked_again : 1;     /* tunnel_duplicate.c: its SCCRQ came again though it was answered */
    bool duplicated : 1;      /* ... another tunnel has, or had, its address and the peer's id */
    bool answers : 1;         /* ... a copy of its request came, which it answers though hushed */
    bool in_inbox : 1;   /* its id is in engine.inbox: messages of it may wait for their machine */
    bool said_stop : 1;  /* attached: the daemon has sent a StopCCN; */
    bool heard_stop : 1; /* ... it was given one of the peer's */
    uint8_t source;      /* half_open.c: place of where it comes from */
    uint16_t close_result; /* of a StopCCN that waits for the channel to carry again; 0 = none */
    uint16_t close_error;
    uint32_t lost_tie_request; /* Assigned Tunnel ID of a recovery SCCRQ that has lost the tie. The
                                  last that messages touch */
    struct timer timer;        /* TIMER_TUNNEL: by state */
    struct timer start;        /* TIMER_START */
    uint32_t asked_again_ms;   /* tunnel_duplicate.c: when its SCCRQ came again */
    uint32_t hushed_ms;        /* ... when it last became silent for a new one */
    uint32_t answered_ms;      /* likewise: when it was made live, or established */
    uint32_t started;          /* the order in which tunnels were made; 0 = it was taken over */
    union {
        struct { /* in engine.opening while in wait-ctl-reply */
            struct l2tpha_tunnel *opening_next;
            struct l2tpha_tunnel **opening_back;
        };
        struct { /* in engine.linger once it is over */
            struct l2tpha_tunnel *linger_next;
            struct l2tpha_tunnel *linger_prev;
        };
        struct tunnel_place places[TUNNEL_PLACES]; /* half_open.c, of one that is no recovery's */
        struct l2tpha_tunnel *dead_next;           /* in engine.dead when it is idle */
    };
    uint64_t rests_until; /* failover's, of an old tunnel: recovery.h */
    uint64_t failed_at;   /* failover's: when an end of it failed, sync.h; 0 = not known */
    uint32_t orphan_ms;   /* resync.c: when an orphan was ended last */
    uint32_t lost_tie_ms; /* when a recovery SCCRQ has lost the tie: its copies are dropped */
};

/* What messages touch, in whole lines: most strings of the record are passed over. */
#define TUNNEL_FRONT offsetof(struct l2tpha_tunnel, entry.record.peer_name)
#define TUNNEL_BACK (sizeof(struct tunnel_entry) / CACHE_LINE * CACHE_LINE)
#define TUNNEL_HOT offsetof(struct l2tpha_tunnel, timer)

/* Begin the loads of all that a message touches. A tunnel in no cache then costs one wait. */
static inline void tunnel_prefetch(const struct l2tpha_tunnel *tunnel)
{
    prefetch(tunnel, TUNNEL_FRONT);
    prefetch((const char *)tunnel + TUNNEL_BACK, TUNNEL_HOT - TUNNEL_BACK);
}

static inline struct l2tpha_tunnel *tunnel_of(struct tunnel_entry *entry)
{
    return (struct l2tpha_tunnel *)(void *)entry;
}

/* Also of one that is not live. */
static inline struct engine *tunnel_engine(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->engine ? tunnel->engine : table_user(&tunnel->entry);
}

/* Whether calls may be placed: established, and the channel carries, as far as is known. */
bool tunnel_is_open(const struct l2tpha_tunnel *tunnel);

/* Whether all places are taken. Recovery tunnels have places and ids of their own: those of
 * ordinary ones may all be in use. */
bool tunnel_is_full(const struct engine *engine, bool recovery);
/* A new tunnel with a fresh id, in the table and idle. Its path is set. `after` is the node's
 * record without that id, for engine_set_record() once it is sure that the tunnel stays: an id of
 * which nobody has heard is not taken. */
int tunnel_new(struct engine *engine, const struct l2tpha_path *path, uint32_t recovers,
               struct l2tpha_node_record *after, struct l2tpha_tunnel **tunnel);
/* Likewise with an id that its machine has chosen, of the node's range; 0 = any. L2TPHA_ERR_EXISTS:
 * it is in use. */
int tunnel_new_with_id(struct engine *engine, const struct l2tpha_path *path, uint32_t recovers,
                       uint32_t id, struct l2tpha_node_record *after,
                       struct l2tpha_tunnel **tunnel);
/* Make an entry of the table live: channel, timers in full, by its state. The one way for fresh and
 * restored tunnels. */
int tunnel_start(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* The host knows of it from now on. */
static inline void tunnel_announce(struct l2tpha_tunnel *tunnel)
{
    tunnel->announced = true;
}

/* Nothing is said or heard for a while; a machine may ask for its end all the same. */
static inline bool tunnel_is_suspended(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->channel.suspended;
}

/* Room in the channel for what is said unasked. */
static inline bool tunnel_has_own_room(const struct l2tpha_tunnel *tunnel)
{
    return channel_has_own_room(tunnel->engine, &tunnel->channel);
}

/* The machine's `start` is due then, for calls that wait. */
void tunnel_start_later(struct l2tpha_tunnel *tunnel, uint64_t pause_us);
/* RFC 4951 3.2.1: say nothing and hear nothing for a while; and go on. */
void tunnel_suspend(struct l2tpha_tunnel *tunnel, bool suspended);

static inline bool tunnel_is_recovery(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.recovers != 0;
}

/* Its machines are a daemon's. */
static inline bool tunnel_is_attached(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.flags & L2TPHA_TUNNEL_ATTACHED;
}

/* A peer has asked for it, and has not completed it. */
static inline bool tunnel_is_half_open(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.state == L2TPHA_TUNNEL_WAIT_CTL_CONN;
}
/* What was to be said last has been said or heard: it is only kept for copies. */
static inline bool tunnel_is_over(const struct l2tpha_tunnel *tunnel)
{
    return record_is_over(&tunnel->entry.record);
}

/* Out of the table; for what nothing refers to any more. */
void tunnel_remove(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* Timer and places by state: for tunnel_start() and whenever the state or the sessions change. */
void tunnel_arm(struct l2tpha_tunnel *tunnel);
void tunnel_hello_timer(struct l2tpha_tunnel *tunnel);
/* Anything was received from the peer. */
void tunnel_heard(struct l2tpha_tunnel *tunnel);
/* After a takeover: one tunnel less, if it is one, that has to be confirmed. */
void tunnel_resynced(struct l2tpha_tunnel *tunnel);
/* The peer has acknowledged something, or the channel is reset. */
void tunnel_answered(struct l2tpha_tunnel *tunnel);
/* An event about it, and its line in the log. */
void tunnel_say(struct l2tpha_tunnel *tunnel, uint8_t kind, const char *text);
void tunnel_mark(struct l2tpha_tunnel *tunnel, uint8_t dirty);

/* The record says how this node commits. Only while its numbers are exact. */
void tunnel_set_commit(struct l2tpha_tunnel *tunnel);

#endif
