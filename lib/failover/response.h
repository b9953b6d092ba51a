/* SPDX-License-Identifier: MIT */
/* What the peer asks and answers about sessions, RFC 4951 3.3. */
#ifndef FAILOVER_RESPONSE_H
#define FAILOVER_RESPONSE_H

#include "control/tunnel.h"
#include "failover/failover.h"

/* FSQ or FSR whose turn has come, for the machine to which it comes. */
int sync_states(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                const struct l2tpha_decode_fault *fault);
/* An FSR. */
int sync_take_response(struct failover *failover, struct l2tpha_tunnel *tunnel,
                       const struct l2tpha_message *fsr);

#endif
