/* SPDX-License-Identifier: MIT */
/* Calls of the host about a tunnel or a session. */
#ifndef DISPATCH_BEGIN_H
#define DISPATCH_BEGIN_H

#include "control/session.h"

/* Begin a call of the host about this tunnel: as engine_enter(). It is live then, or dying. */
int tunnel_begin(struct l2tpha_tunnel *tunnel, uint64_t now);
/* ... that the built-in machines run: L2TPHA_ERR_STATE of others. */
int tunnel_begin_own(struct l2tpha_tunnel *tunnel, uint64_t now);
int session_begin_own(struct l2tpha_session *session, uint64_t now);
/* Begin a call of the host about it: as tunnel_begin(). L2TPHA_ERR_STATE: it is gone. */
int session_begin(struct l2tpha_session *session, uint64_t now);

#endif
