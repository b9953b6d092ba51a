/* SPDX-License-Identifier: MIT */
/* The state of a session: the one place that writes it, whichever machine runs it. */
#ifndef DISPATCH_SESSION_STATE_H
#define DISPATCH_SESSION_STATE_H

#include "control/machine.h"

#define SESSION_STATES (L2TPHA_SESSION_ESTABLISHED + 1)

extern const char *const session_state_names[SESSION_STATES];

/* The log line, the timer, the line of those that wait, the events and the checkpoint mark happen
 * here; in IDLE it is gone, and its memory with it unless an event names it. */
void session_set_state(struct l2tpha_session *session, uint8_t next,
                       const struct machine_input *input);
/* The tunnel is going: every session ends without a message (RFC 2661 6.4). */
void session_end_all(struct l2tpha_tunnel *tunnel, const struct machine_input *input);

#endif
