/* SPDX-License-Identifier: MIT */
/* What ends a tunnel or a call for the peer, in the words of RFC 2661 6.4 and 6.12, whichever
 * machine runs it. */
#ifndef DISPATCH_FAREWELL_H
#define DISPATCH_FAREWELL_H

#include "control/machine.h"

/* Queue a StopCCN with the input's result, which the record keeps. */
int tunnel_say_stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input);
/* Queue a CDN for a call that is not there: the peer's id for it in the header. */
int tunnel_say_no_call(struct l2tpha_tunnel *tunnel, uint32_t remote_id, uint16_t result,
                       uint16_t error, const char *reason);
/* Queue the plain CDN of a call. */
int session_say_end(struct l2tpha_session *session, const struct machine_input *input);

#endif
