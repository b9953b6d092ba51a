/* SPDX-License-Identifier: MIT */
/* Sessions: the four machines of RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2. */
#ifndef ENGINE_SESSION_FSM_H
#define ENGINE_SESSION_FSM_H

#include "base/fsm.h"
#include "control/machine.h"

/* Call-request and -reply messages of the other direction count as REQUEST, REPLY and CONNECT in
 * the tables too: a machine has a row for each that the RFC lists. */
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

extern const struct fsm session_fsm_lac_incoming; /* RFC 2661 7.4.1 */
extern const struct fsm session_fsm_lns_incoming; /* RFC 2661 7.4.2 */
extern const struct fsm session_fsm_lac_outgoing; /* RFC 2661 7.5.1 */
extern const struct fsm session_fsm_lns_outgoing; /* RFC 2661 7.5.2 */
/* The machine of its side and call. */
const struct fsm *session_fsm(const struct l2tpha_session *session);
/* Whether it has this state. */
bool session_has_state(uint8_t side, uint8_t call, uint8_t state);
/* Whether this library has the machine (L2TPHA_LAC, L2TPHA_LNS of the build). */
bool session_is_built(uint8_t side, uint8_t call);
/* Dispatch one event. The session may be gone afterwards. */
int session_step(struct l2tpha_session *session, uint8_t event, struct machine_input *input);

#endif
