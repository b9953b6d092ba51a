/* SPDX-License-Identifier: MIT */
/* Session messages that come in. */
#ifndef ENGINE_SESSION_MESSAGE_H
#define ENGINE_SESSION_MESSAGE_H

#include "control/session.h"

/* A session message in order on an established tunnel, decoded and checked as far as fault says
 * (fault->error 0 = all well). */
int session_process(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                    const struct l2tpha_decode_fault *fault);

#endif
