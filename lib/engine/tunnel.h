/* SPDX-License-Identifier: MIT */
/* The control connection, RFC 2661 5.1, 5.5, 5.7 and 7.2. */
#ifndef ENGINE_TUNNEL_H
#define ENGINE_TUNNEL_H

#include "base/fsm.h"
#include "engine/channel.h"

/* Its place in lines of half_open.c. */
enum { TUNNEL_LINE, TUNNEL_SOURCE, TUNNEL_PLACES };
struct tunnel_place {
    struct l2tpha_tunnel *next;
    struct l2tpha_tunnel *prev;
};

/* What each message touches stands together, ahead of the rest. */
#define RESULT_GENERAL 2 /* of a StopCCN or CDN, RFC 2661 4.4.2: the error code says what */
#define ERROR_VENDOR 6   /* ... and what no other code says */

struct l2tpha_tunnel {
    struct tunnel_entry entry; /* first: the table allocates us and knows this part only */
    struct engine *engine;     /* NULL = a record that nobody has made live yet */
    struct l2tpha_tunnel *ready_next;
    struct l2tpha_tunnel *ready_prev;
    struct channel channel;
    struct timer hello;
    void *user;
    struct l2tpha_session *waiting;      /* sessions in wait-tunnel, oldest first */
    struct l2tpha_session **waiting_end; /* NULL = none yet */
    struct id_set session_ids_taken;     /* session_id.c; made when there are many */
    struct sync *sync;                   /* failover's: sessions being asked about; NULL = none */
    struct lazy *lazy; /* failover's: numbers of a lazy record being settled; NULL = none */
    struct inactivity *inactivity; /* failover's: sessions may be found inactive; NULL = none */
    uint32_t next_id_place;        /* session_id.c: behind the id looked for last */
    uint32_t events;               /* events in the outbox that name this tunnel */
    uint32_t event_bytes;          /* of the pool, in the messages that they hold */
    bool ready : 1;                /* in engine.ready */
    bool dying : 1;          /* gone for everybody but the host, who has events about it to poll */
    bool told : 1;           /* the host knows of it: DOWN and GONE are for its ears */
    bool fell : 1;           /* DOWN has happened */
    bool resyncing : 1;      /* restored, and the peer has not answered yet */
    bool restored : 1;       /* by a takeover of this node */
    bool meek : 1;           /* a recovery tunnel that gives way to one of the peer's */
    bool unresponsive : 1;   /* retransmissions are used up and the peer's Recovery Time is not */
    bool reconciles : 1;     /* taken over from a lazy record: the peer may have calls that we have
                                not */
    bool asked_incoming : 1; /* ICRQ went out here: we are the LAC of incoming calls */
    bool asked_outgoing : 1; /* OCRQ went out here: we are the LNS of outgoing calls */
    bool lingering : 1;      /* in engine.linger */
    bool counted_half_open : 1;
    bool counted_recovering : 1;
    bool counted_running : 1; /* failover's: one of the recovery tunnels that it has under way */
    bool counted_over : 1;    /* in engine.strangers.over */
    bool unproven : 1;    /* half_open.c: its address may be forged, credit bounds what is sent */
    bool calling : 1;     /* in engine.calling */
    bool asked_again : 1; /* tunnel_twin.c: an SCCRQ like its own came though it was answered */
    bool twinned : 1;     /* ... another tunnel has, or had, its address and the peer's id */
    bool answers : 1;     /* ... a copy of its request came, which it answers though hushed */
    uint8_t source;       /* half_open.c: place of where it comes from */
    uint32_t asked_again_ms; /* ... when */
    uint32_t hushed_ms;      /* ... when it last fell silent for a new one */
    uint32_t answered_ms;    /* likewise: when it was made live, or established */
    uint32_t started;        /* the order in which tunnels were made; 0 = it was taken over */
    uint32_t credit;         /* half_open.c: bytes */
    uint32_t begun_ms;       /* half_open.c */
    uint16_t close_result;   /* of a StopCCN that waits for the channel to carry again; 0 = none */
    uint16_t close_error;
    uint16_t beaten_request; /* Assigned Tunnel ID of a recovery SCCRQ that has lost the tie */
    struct timer timer;      /* TIMER_TUNNEL: by state */
    struct timer start;      /* TIMER_START */
    union {
        struct { /* in engine.calling while in wait-ctl-reply */
            struct l2tpha_tunnel *calling_next;
            struct l2tpha_tunnel **calling_back;
        };
        struct { /* in engine.linger once it is over */
            struct l2tpha_tunnel *linger_next;
            struct l2tpha_tunnel *linger_prev;
        };
        struct tunnel_place places[TUNNEL_PLACES]; /* half_open.c, of one that is no recovery's */
        struct l2tpha_tunnel *dead_next;           /* in engine.dead when it is idle */
    };
    struct recovery *recovery; /* failover's, of both tunnels that take part in one; NULL = none */
    uint64_t stray_at;         /* resync.c: the next stray call may be ended then */
    uint64_t rests_until;      /* failover's, of an old tunnel: recovery.h */
    uint64_t failed_at;        /* failover's: when an end of it failed, sync.h; 0 = not known */
    uint64_t beaten_until;     /* ... its copies are dropped until then */
};

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
    TUNNEL_CLOSE,       /* administrative close */
    TUNNEL_FAULT,       /* malformed or unknown mandatory message: fault says which */
    TUNNEL_DELIVERED,   /* our StopCCN is acknowledged */
    TUNNEL_TIMEOUT,     /* the state's own timer */
    TUNNEL_UNREACHABLE, /* the channel gave the peer up */
    TUNNEL_FAILED,      /* an action failed */
    TUNNEL_EVENT_COUNT
};

#define INPUT_TEXT 160

/* What goes with an event. */
struct tunnel_input {
    int status;                           /* for the host: why, when no message says it */
    const struct l2tpha_message *message; /* NULL = none */
    const struct l2tpha_path *path;       /* where the message came from */
    uint16_t result;                      /* for a StopCCN that is to be sent */
    uint16_t error;
    const char *reason;
    struct l2tpha_bytes words; /* the peer's, as they came: shown in place of the reason */
    uint32_t successor; /* TUNNEL_SCCRQ_LOST: local id of the tunnel that has won; 0 = none */
    bool by_peer;
    char text[INPUT_TEXT]; /* a place for the reason */
};

extern const struct fsm tunnel_fsm; /* tunnel_fsm.c */

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
static inline bool tunnel_is_open(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel->channel.suspended &&
           !tunnel->unresponsive && !tunnel->channel.resyncing;
}
/* Whether all places are taken. Recovery tunnels have places and ids of their own: those of
 * ordinary ones may all be in use. */
bool tunnel_is_full(const struct engine *engine, bool recovery);
/* A new tunnel with a fresh id, in the table and idle. Its path is set. `after` is the node's
 * record without that id, for engine_set_record() once it is sure that the tunnel stays: an id of
 * which nobody has heard is not taken. */
int tunnel_new(struct engine *engine, const struct l2tpha_path *path, uint32_t recovers,
               struct l2tpha_node_record *after, struct l2tpha_tunnel **tunnel);
/* Make an entry of the table live: channel, timers in full, by its state. The one way for fresh and
 * restored tunnels. */
int tunnel_start(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* RFC 4951 3.2.1: say nothing and hear nothing for a while; and go on. */
void tunnel_suspend(struct l2tpha_tunnel *tunnel, bool suspended);
static inline bool tunnel_is_recovery(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.recovers != 0;
}
/* What was to be said last has been said or heard: it is only kept for copies. */
static inline bool tunnel_is_over(const struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;

    return state == L2TPHA_TUNNEL_STOPPING || state == L2TPHA_TUNNEL_STOPPED;
}
/* Dispatch one event. */
int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct tunnel_input *input);
/* Out of the table; for what nothing refers to any more. */
void tunnel_remove(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* Forget it: the one way out of the table, from tunnel_enter(). */
void tunnel_die(struct l2tpha_tunnel *tunnel);
/* Timer and places by state: for tunnel_start() and whenever the state or the sessions change. */
void tunnel_arm(struct l2tpha_tunnel *tunnel);
void tunnel_timer_due(struct l2tpha_tunnel *tunnel);
void tunnel_hello_due(struct l2tpha_tunnel *tunnel);
void tunnel_start_due(struct l2tpha_tunnel *tunnel);
/* RFC 4951 3.2.2: go on with these numbers. What was outstanding is flushed, but what still holds
 * is said again. */
void tunnel_reset(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr);
/* Anything was received from the peer. */
void tunnel_heard(struct l2tpha_tunnel *tunnel);
/* After a takeover: one tunnel less, if it is one, that has to be confirmed. */
void tunnel_resynced(struct l2tpha_tunnel *tunnel);
/* Whatever failover does with it ends. */
void tunnel_leave_failover(struct l2tpha_tunnel *tunnel);
/* Have the peer confirm: a HELLO unless something is outstanding (RFC 2661 6.5). */
int tunnel_hello(struct l2tpha_tunnel *tunnel);
/* Begin a message to the peer in engine->build, hiding switched on where it applies. */
void tunnel_build(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id);
/* Finish and queue it. */
int tunnel_send(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* Forget it silently, sessions included: no message is sent. */
void tunnel_clear(struct l2tpha_tunnel *tunnel, int status, const char *why);

/* Begin a call of the host about this tunnel: as engine_enter(). It is live then, or dying. */
int tunnel_begin(struct l2tpha_tunnel *tunnel, uint64_t now);
void tunnel_mark(struct l2tpha_tunnel *tunnel, uint8_t dirty);
/* The first tunnel with an outstanding SCCRQ to this peer after `previous` (NULL = first). */
struct l2tpha_tunnel *tunnel_next_calling(struct engine *engine,
                                          const struct l2tpha_address *remote,
                                          const struct l2tpha_tunnel *previous);
void tunnel_join_calling(struct l2tpha_tunnel *tunnel);
void tunnel_leave_calling(struct l2tpha_tunnel *tunnel);
/* half_open.c: a peer has asked for it, and it is not established. */
void tunnel_set_half_open(struct l2tpha_tunnel *tunnel, bool half_open);
/* This recovery SCCRQ for the old tunnel has lost a tie: beaten_request. */
void tunnel_remember_beaten(struct l2tpha_tunnel *old, const struct l2tpha_message *sccrq);

/* --- tunnel_fsm.c: the machine's one writer of the state --- */
void tunnel_enter(void *object, uint8_t next);

/* --- tunnel_action.c: what the rows do; fsm_action --- */
int send_sccrq(void *object, void *argument);
int ask_again(void *object, void *argument);
int send_sccrp(void *object, void *argument);
int send_scccn(void *object, void *argument);
int send_stopccn(void *object, void *argument);
int stop_failed(void *object, void *argument);
int start_sessions(void *object, void *argument);
/* What the peer says about itself in SCCRQ or SCCRP. */
int tunnel_take_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                     const struct l2tpha_path *path);

/* --- tunnel_message.c --- */
/* A message in order on this tunnel: decode, classify, dispatch. Faults included. */
int tunnel_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len);
/* The secret, as the codec wants it. */
struct l2tpha_hiding tunnel_hiding(const struct l2tpha_tunnel *tunnel);
/* Whether an SCCRQ or SCCRP is one that we can go on with; otherwise input says what to answer. */
bool tunnel_judge_peer(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                       const struct l2tpha_decode_fault *fault, struct tunnel_input *input);
/* Say a fault in a StopCCN or CDN: result 2, its general error, text of cap bytes. */
void fault_say(const struct l2tpha_decode_fault *fault, char *text, size_t cap, uint16_t *result,
               uint16_t *error);
/* Unhide and check what has been decoded; the first fault stays. */
void message_finish(struct engine *engine, const struct l2tpha_hiding *hiding,
                    struct l2tpha_decode_fault *fault);
/* Wipe what was hidden. */
void message_done(struct engine *engine);

/* --- tunnel_request.c --- */
/* A datagram with header tunnel id 0: SCCRQ, or a StopCCN of a half-open tunnel. */
int tunnel_process_unbound(struct engine *engine, const struct l2tpha_path *path,
                           const struct l2tpha_header *header, const uint8_t *data, size_t len);

/* --- tunnel_twin.c: tunnels with one id of one peer, which has begun anew --- */
/* What tells an SCCRQ from another one with the same Assigned Tunnel ID. */
uint64_t tunnel_request_digest(const struct l2tpha_message *sccrq);
/* This tunnel was asked for by that SCCRQ. */
void tunnel_note_request(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrq);
/* The tunnel that began with this SCCRQ; NULL = it is no copy, but asks for a new one. */
struct l2tpha_tunnel *tunnel_find_copied(struct engine *engine, const struct l2tpha_path *path,
                                         const struct l2tpha_message *sccrq, uint32_t recovers);
/* The tunnel that a StopCCN without our id means; NULL = none. */
struct l2tpha_tunnel *tunnel_find_stopped(struct engine *engine, const struct l2tpha_path *path,
                                          const struct l2tpha_message *stopccn);
/* Of those half open one goes, if need be, for there are few at one time. */
void tunnel_make_twin_place(struct engine *engine, const struct l2tpha_path *path, uint32_t id);
/* Whether another one, not over, has its peer's id too: what is said of this one would be taken
 * for that one's. */
bool tunnel_has_twin(const struct l2tpha_tunnel *tunnel);
/* The tunnel is new, or new to this node. */
void tunnel_note_twins(struct l2tpha_tunnel *tunnel);
/* It says nothing just now, for the sake of a twin. */
bool tunnel_is_hushed(struct l2tpha_tunnel *tunnel);
/* Its twins may be hushed no more. */
void tunnel_wake_twins(struct l2tpha_tunnel *tunnel);
/* It is established, and so its peer has no use for the others that are older. */
void tunnel_replace_twins(struct l2tpha_tunnel *tunnel);

/* --- tunnel_linger.c: recovery tunnels that are over, oldest first --- */
/* The state may have changed. */
void tunnel_note_lingering(struct l2tpha_tunnel *tunnel);
/* Forget it now, in a transaction of its own. What was dead already is freed too. */
void tunnel_end_lingering(struct l2tpha_tunnel *tunnel);
/* Whether tunnel_make_place() can. */
bool tunnel_has_place(const struct engine *engine);
/* Room for one more recovery tunnel: if need be the oldest that is over goes. */
bool tunnel_make_place(struct engine *engine);

/* --- tunnel_patience.c: Recovery Time, RFC 4951 5.1 --- */
/* Until when the peer has asked to be waited for; 0 = it has not, or nothing waits for it. */
uint64_t tunnel_granted_until(const struct l2tpha_tunnel *tunnel);
/* The retransmissions are used up: the tunnel goes, or is kept for the peer's time. */
void tunnel_unanswered(struct l2tpha_tunnel *tunnel);
/* Something of the peer comes, if not what is waited for: when it is given up it is told. */
bool tunnel_still_speaks(const struct l2tpha_tunnel *tunnel);
/* The peer has acknowledged something, or the channel is reset. */
void tunnel_answered(struct l2tpha_tunnel *tunnel);

/* --- engine.c --- */
/* Messages that were ahead and whose turn has come, each a transaction of its own. */
void engine_process_kept(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* A datagram of this tunnel through its channel. */
int engine_deliver(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_path *path, const struct l2tpha_header *header,
                   const uint8_t *data, size_t len);

/* --- tunnel_failover.c: what RFC 4951 adds to the messages of the setup --- */
/* Into an SCCRQ or SCCRP: our capability, or what a recovery tunnel is for. */
void put_failover_avps(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* The peer's capability. */
void take_failover_avps(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message);
/* The first AVP of this type, whatever is wrong with it: one with M=0 that cannot be read is
 * ignored by the decoder. Hidden ones as they came. */
bool avp_is_written(const struct l2tpha_message *message, uint16_t type, struct l2tpha_avp *avp);
/* An SCCRP otherwise acceptable: the sequence that a recovery tunnel's suggests is taken. */
bool judge_failover_reply(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                          struct tunnel_input *input);
#define CAPABLE_CONTROL 1u /* bits of l2tpha_tunnel_record.remote_failover, RFC 4951 5.1 */
#define CAPABLE_DATA 2u
/* RFC 4951 3.2.1, 5.1: both ends have announced that they can recover the control channel. */
static inline bool failover_is_capable(const struct l2tpha_tunnel_record *record)
{
    return record->remote_failover & CAPABLE_CONTROL && record->flags & L2TPHA_TUNNEL_ANNOUNCED;
}

/* --- tunnel_policy.c: which failover method --- */
/* L2TPHA_ERR_INVALID: a member is out of range. NULL is a policy, too. */
int policy_check(const struct l2tpha_policy *policy);
/* What is said about the peer of a tunnel that is not up yet; the policy is in order. */
void tunnel_take_policy(struct l2tpha_tunnel *tunnel, const struct l2tpha_policy *policy);
/* It is established: its effective method is what it is from now on. */
void tunnel_settle_method(struct l2tpha_tunnel *tunnel);
/* Its own, or the node's. */
uint8_t tunnel_configured_method(const struct l2tpha_tunnel *tunnel);

#endif
