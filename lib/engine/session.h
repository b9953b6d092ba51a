/* SPDX-License-Identifier: MIT */
/* Sessions: the four machines of RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2. */
#ifndef ENGINE_SESSION_H
#define ENGINE_SESSION_H

#include "engine/tunnel.h"

struct l2tpha_session {
    struct session_entry entry; /* first: the table allocates us and knows this part only */
    struct timer timer;         /* TIMER_SESSION: establishment, or when the next WEN may go */
    struct session_wen *wen;    /* LAC: bearer errors reported; NULL until the first */
    void *user;
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
    const struct l2tpha_session_options *options; /* SESSION_ANSWERED */
    uint16_t result;
    uint16_t error;
    const char *reason;
};

extern const struct fsm session_fsm_lac_incoming; /* RFC 2661 7.4.1 */
extern const struct fsm session_fsm_lns_incoming; /* RFC 2661 7.4.2 */
extern const struct fsm session_fsm_lac_outgoing; /* RFC 2661 7.5.1 */
extern const struct fsm session_fsm_lns_outgoing; /* RFC 2661 7.5.2 */

static inline struct l2tpha_session *session_of(struct session_entry *entry)
{
    return (struct l2tpha_session *)(void *)entry;
}

static inline struct l2tpha_tunnel *session_tunnel(const struct l2tpha_session *session)
{
    return tunnel_of(session->entry.tunnel);
}

/* Make an entry of the table live: its timer, by its state. The one way for fresh and restored. */
int session_start(struct engine *engine, struct l2tpha_session *session);
int session_step(struct l2tpha_session *session, uint8_t event, struct session_input *input);
/* A session message in order on an established tunnel, decoded and checked as far as fault says
 * (fault->error 0 = all well). */
int session_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                    const struct l2tpha_decode_fault *fault);
/* The tunnel is up: start up to `most` waiting sessions; true when more are waiting. */
bool session_start_waiting(struct l2tpha_tunnel *tunnel, uint32_t most);
/* The tunnel is going: every session ends without a message (RFC 2661 6.4). */
void session_clear_all(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                       const char *why, bool by_peer);
void session_timer_due(struct l2tpha_session *session);
/* Forget it silently. */
void session_clear(struct l2tpha_session *session, const char *why);

#endif
