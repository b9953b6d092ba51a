/* SPDX-License-Identifier: MIT */
/* What follows from a session message whichever machine it goes to. */
#ifndef DISPATCH_SESSION_INPUT_H
#define DISPATCH_SESSION_INPUT_H

#include "control/session.h"

/* The session that it is for, of which something was heard now; NULL = there is none. */
struct l2tpha_session *session_addressed(struct l2tpha_tunnel *tunnel,
                                         const struct l2tpha_message *message);
/* There is none, counted. True: it is one that the peer has and this end has not, for the tunnel
 * was taken over from a lagging record; it is ended, and no other answer is due. */
bool session_end_orphan(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message);
/* An ICRQ or OCRQ has come while a lagging record is being resynchronised, counted: it is
 * to be refused for the time being. */
bool session_request_must_wait(struct l2tpha_tunnel *tunnel);

#endif
