/* SPDX-License-Identifier: MIT */
/* WAN-Error-Notify, RFC 2661 6.13. */
#ifndef ENGINE_SESSION_ERRORS_H
#define ENGINE_SESSION_ERRORS_H

#include "control/session.h"

int send_errors(void *object, void *argument);
int session_note_errors(struct l2tpha_session *session, const struct l2tpha_call_errors *totals);

#endif
