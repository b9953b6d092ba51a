/* SPDX-License-Identifier: MIT */
/* Sessions: the four machines of RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/tunnel.h"

struct l2tpha_session {
    struct session_entry entry; /* first: the table allocates us and knows this part only */
    union {
        struct timer timer; /* TIMER_SESSION: establishment, or when the next WEN may go */
        struct {            /* once it is gone: */
            struct l2tpha_session *buried_next;
            uint64_t buried_at; /* it stays until the host is done with so many events */
        };
    };
    void *user;
    union {                                 /* NULL = in no line */
        struct l2tpha_session **wait_back;  /* wait-tunnel: in the tunnel's line */
        struct l2tpha_session **query_back; /* established: in one of failover's, by query */
    };
    union {
        struct l2tpha_session *wait_next; /* while it is in the line: in wait-tunnel */
        struct session_wen *wen;          /* LAC: bearer errors reported; NULL until the first */
    };
    uint32_t lease_number;   /* low bits, of the checkpoint that has those up to entry.data_ns */
    uint16_t lease_end;      /* data numbers before it are known to the standby, if there is one */
    uint16_t dismissed;      /* Result Code with which to be ended as soon as a CDN can be queued */
    bool connecting : 1;     /* our ICCN or OCCN has not left yet */
    bool unheard : 1;        /* restored from a record that lags, and nothing was heard of it yet */
    bool named : 1;          /* an event has named it */
    uint8_t query : 3;       /* failover's: enum sync_query */
    uint8_t query_tries : 5; /* likewise: times that the peer was asked about it */
    union {
        uint16_t connect_ns; /* connecting: Ns of the ICCN or OCCN */
        uint16_t late_next; /* else: what follows the late data frames counted (entry.late_count) */
    };
    uint32_t query_at; /* failover's: when, or when it was found stale; milliseconds. Or in which
                          synchronisation the peer has named it */
    struct l2tpha_session *query_next; /* likewise: in the line of its kind */
};

enum session_event {
    SESSION_OPEN,        /* local open: bearer ring, or an outgoing call is wanted */
    SESSION_TUNNEL_OPEN, /* the tunnel is established */
    SESSION_REQUEST,     /* ICRQ or OCRQ, acceptable */
    SESSION_REQUEST_REFUSED,
    SESSION_REPLY, /* ICRP or OCRP */
    SESSION_REPLY_REFUSED,
    SESSION_CONNECT, /* ICCN or OCCN */
    SESSION_CONNECT_REFUSED,
    SESSION_ANSWERED, /* the bearer has answered an outgoing call */
    SESSION_CDN,
    SESSION_CLOSE, /* local close or bearer drop */
    SESSION_SLI,
    SESSION_WEN,
    SESSION_FAULT, /* malformed message for this session */
    SESSION_TIMEOUT,
    SESSION_FAILED, /* an action failed */
    SESSION_EVENT_COUNT
};

/* Call-request and -reply messages of the other direction count as REQUEST, REPLY and CONNECT in
 * the tables too: a machine has a row for each that the RFC lists. */
struct session_input {
    const struct l2tpha_message *message;
    const struct l2tpha_disconnect *why;          /* for a CDN that is to be sent */
    const struct l2tpha_session_options *options; /* SESSION_TUNNEL_OPEN, _ANSWERED: not stored */
    uint16_t result;
    uint16_t error;
    const char *reason;
    uint32_t successor;        /* see struct tunnel_input */
    struct l2tpha_bytes words; /* the peer's, as they came: shown in place of the reason */
    int status;                /* for the host: why, when no message says it */
    bool by_peer;              /* the peer caused it */
    bool quiet;                /* the host learns it from the return value */
    bool with_tunnel;          /* what is written of the tunnel says it */
    char text[INPUT_TEXT];     /* a place for the reason */
};

extern const struct fsm session_fsm_lac_incoming; /* RFC 2661 7.4.1 */
extern const struct fsm session_fsm_lns_incoming; /* RFC 2661 7.4.2 */
extern const struct fsm session_fsm_lac_outgoing; /* RFC 2661 7.5.1 */
extern const struct fsm session_fsm_lns_outgoing; /* RFC 2661 7.5.2 */

static inline struct l2tpha_session *session_of(struct session_entry *entry)
{
    return (struct l2tpha_session *)(void *)entry;
}

/* By our id for it. */
static inline struct l2tpha_session *tunnel_session_find(const struct l2tpha_tunnel *tunnel,
                                                         uint32_t session_id)
{
    struct session_entry *entry =
        table_session_find(tunnel->engine->table, &tunnel->entry, session_id);

    return entry ? session_of(entry) : NULL;
}

/* It is over, and only kept since the host may look at it. */
static inline bool session_is_gone(const struct l2tpha_session *session)
{
    return !session->entry.back;
}

static inline struct l2tpha_tunnel *session_tunnel(const struct l2tpha_session *session)
{
    return tunnel_of(session->entry.tunnel);
}

/* Begin a call of the host about it: as tunnel_begin(). L2TPHA_ERR_STATE: it is gone. */
int session_begin(struct l2tpha_session *session, uint64_t now);
/* A new session with a fresh id, idle; session_id_taken() when it is sure that it stays or was told
 * of. L2TPHA_ERR_NO_ID, _LIMIT, _NOMEM. */
int session_new(struct l2tpha_tunnel *tunnel, struct l2tpha_session **session);
/* Make an entry of the table live: its timer, its place in line, by its state. The one way for
 * fresh and restored. */
void session_start(struct engine *engine, struct l2tpha_session *session);
/* The machine of its side and call. */
const struct fsm *session_fsm(const struct l2tpha_session *session);
/* Whether it has this state. */
bool session_has_state(uint8_t side, uint8_t call, uint8_t state);
/* Dispatch one event. The session may be gone afterwards. */
int session_step(struct l2tpha_session *session, uint8_t event, struct session_input *input);
/* The machines' one writer of the state. */
void session_enter(void *object, uint8_t next);
/* The tunnel is up: start up to `most` waiting sessions; true when more are waiting. */
bool session_start_waiting(struct l2tpha_tunnel *tunnel, uint32_t most);
/* Whether the peer has advertised what the call needs (RFC 2661 4.4.3). */
bool session_is_allowed(const struct l2tpha_session *session);
/* The tunnel is going: every session ends without a message (RFC 2661 6.4). */
void session_clear_all(struct l2tpha_tunnel *tunnel, const struct session_input *input);
/* The control channel is reset. Those that the peer has heard of and that are not established go
 * without a message (RFC 4951 3.3, Step I); numbered data of the others starts at 0 again where
 * this end has failed (3.2.3). The tunnel's record says it for all of them. */
void session_settle_all(struct l2tpha_tunnel *tunnel, bool data_channel);
void session_timer_due(struct l2tpha_session *session);
/* End it with a CDN; later, when there is no room for it or the tunnel is being recovered. */
int session_dismiss(struct l2tpha_session *session, uint16_t result, const char *reason);
/* Take data numbers; they are known to the standby when the transaction is confirmed. */
void session_lease_numbers(struct l2tpha_session *session);
/* Forget it silently. */
void session_clear(struct l2tpha_session *session, int status, const char *why);

/* --- session_id.c --- */
/* Names the order in which the calls of a tunnel get their ids. */
uint64_t session_id_key(const struct l2tpha_node_record *node, uint32_t tunnel_id);
/* RFC 4951 3.3 wants new calls to have ids not used lately. The tunnel is restored: */
void session_ids_restore(struct l2tpha_tunnel *tunnel);
/* ... or its channel is about to be reset to this Ns. */
void session_ids_reset(struct l2tpha_tunnel *tunnel, uint16_t ns);
/* A session id of this tunnel that is not in use; 0 = there is none. */
uint16_t session_id_free(struct l2tpha_tunnel *tunnel);
/* It has been used, and what is said of it at once is queued: it comes back late. */
void session_id_taken(struct l2tpha_tunnel *tunnel);

/* --- session_action.c: what the rows do; fsm_action --- */
int send_request(void *object, void *argument);
int send_reply(void *object, void *argument);
int send_connect(void *object, void *argument);
int take_reply(void *object, void *argument);
int take_connect(void *object, void *argument);
int send_cdn(void *object, void *argument);
int send_cdn_failed(void *object, void *argument);
int take_link_info(void *object, void *argument);
int tell_errors(void *object, void *argument);
int send_errors(void *object, void *argument);
/* A CDN for no session of ours. */
int send_stray_cdn(struct l2tpha_tunnel *tunnel, uint32_t remote_id, uint16_t result,
                   uint16_t error, const char *reason);

/* --- session_avps.c: the host's attributes of a call and AVPs --- */
void put_request_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options);
void put_connect_avps(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                      const struct l2tpha_session_options *options);
/* AVPs that were stored by store_avps(), through the builder again so that hiding applies. */
void put_stored_avps(struct l2tpha_builder *builder, const struct l2tpha_bytes *stored);
typedef void (*put_avps)(struct l2tpha_builder *builder, const struct l2tpha_session *session,
                         const struct l2tpha_session_options *options);
/* Keep the AVPs of a message to be sent later, in clear and replicated; place as in
 * table_session_set_bytes(). */
int store_avps(struct l2tpha_session *session, uint16_t type, size_t place, put_avps put,
               const struct l2tpha_session_options *options);

/* --- session_message.c --- */
/* A session message in order on an established tunnel, decoded and checked as far as fault says
 * (fault->error 0 = all well). */
int session_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                    const struct l2tpha_decode_fault *fault);

/* --- session_errors.c: WAN-Error-Notify, RFC 2661 6.13 --- */
int session_note_errors(struct l2tpha_session *session, const struct l2tpha_call_errors *totals);

#endif
