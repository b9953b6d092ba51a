/* SPDX-License-Identifier: MIT */
/* A session, whichever machine runs it. */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include "control/tunnel.h"

struct l2tpha_session {
    struct session_entry entry; /* first: the table allocates us and knows this part only */
    union {
        struct timer timer; /* TIMER_SESSION: establishment, or when the next WEN may go */
        struct {            /* once it is gone: */
            struct l2tpha_session *gone_next;
            uint64_t gone_at; /* it stays until the host is done with so many events */
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
    bool unheard : 1;        /* restored from a lagging record, and nothing was heard of it yet */
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

/* By the peer's; there is none with id 0. */
static inline struct l2tpha_session *tunnel_session_find_remote(const struct l2tpha_tunnel *tunnel,
                                                                uint32_t remote_id)
{
    struct session_entry *entry =
        table_session_find_remote(tunnel->engine->table, &tunnel->entry, remote_id);

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

static inline struct engine *session_engine(const struct l2tpha_session *session)
{
    return session_tunnel(session)->engine;
}

/* A new session with a fresh id, idle; session_id_taken() when it is sure that it stays or was told
 * of. L2TPHA_ERR_NO_ID, _LIMIT, _NOMEM. */
int session_new(struct l2tpha_tunnel *tunnel, struct l2tpha_session **session);
/* Likewise with an id that its machine has chosen. L2TPHA_ERR_EXISTS, _INVALID. */
int session_new_with_id(struct l2tpha_tunnel *tunnel, uint32_t id, struct l2tpha_session **session);
/* Make an entry of the table live: its timer, its place in line, by its state. The one way for
 * fresh and restored. */
void session_start(struct engine *engine, struct l2tpha_session *session);
/* Take data numbers; they are known to the standby when the transaction is confirmed. */
void session_lease_numbers(struct l2tpha_session *session);
void session_arm(struct l2tpha_session *session);
void session_join_line(struct l2tpha_session *session);
void session_leave_line(struct l2tpha_session *session);
void session_retry_later(struct l2tpha_session *session);

#endif
