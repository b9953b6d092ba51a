/* SPDX-License-Identifier: MIT */
/* Sessions that wait: for their tunnel, for an answer, or for room to be ended. */
#ifndef ENGINE_SESSION_WAIT_H
#define ENGINE_SESSION_WAIT_H

#include "control/session.h"

/* The tunnel is up: start up to `most` waiting sessions; true when more are waiting. */
bool session_start_waiting(struct l2tpha_tunnel *tunnel, uint32_t most);
/* Whether the peer has advertised what the call needs (RFC 2661 4.4.3). */
bool session_is_allowed(const struct l2tpha_session *session);
void session_timer(struct l2tpha_session *session);
/* End it with a CDN; later, when there is no room for it or the tunnel is being recovered. */
int session_dismiss(struct l2tpha_session *session, uint16_t result, const char *reason);

#endif
