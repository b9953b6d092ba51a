/* SPDX-License-Identifier: MIT */
/* Sessions: the four machines of RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2. */
#ifndef ENGINE_SESSION_FSM_H
#define ENGINE_SESSION_FSM_H

#include "base/fsm.h"
#include "control/machine.h"

#define SESSION_INPUT_TEXT 160

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
    uint32_t successor;            /* see struct tunnel_input */
    struct l2tpha_bytes words;     /* the peer's, as they came: shown in place of the reason */
    int status;                    /* for the host: why, when no message says it */
    bool by_peer;                  /* the peer caused it */
    bool quiet;                    /* the host learns it from the return value */
    bool with_tunnel;              /* what is written of the tunnel says it */
    char text[SESSION_INPUT_TEXT]; /* a place for the reason */
};

extern const struct fsm session_fsm_lac_incoming; /* RFC 2661 7.4.1 */
extern const struct fsm session_fsm_lns_incoming; /* RFC 2661 7.4.2 */
extern const struct fsm session_fsm_lac_outgoing; /* RFC 2661 7.5.1 */
extern const struct fsm session_fsm_lns_outgoing; /* RFC 2661 7.5.2 */
/* The machine of its side and call. */
const struct fsm *session_fsm(const struct l2tpha_session *session);
/* Whether it has this state. */
bool session_has_state(uint8_t side, uint8_t call, uint8_t state);
/* Dispatch one event. The session may be gone afterwards. */
int session_step(struct l2tpha_session *session, uint8_t event, struct session_input *input);
/* The machines' one writer of the state. */
void session_enter(void *object, uint8_t next);
/* The tunnel is going: every session ends without a message (RFC 2661 6.4). */
void session_clear_all(struct l2tpha_tunnel *tunnel, const struct session_input *input);
/* Forget it silently. */
void session_clear(struct l2tpha_session *session, const struct machine_end *end);

#endif
