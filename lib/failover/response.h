/* SPDX-License-Identifier: MIT */
/* What the peer asks and answers about sessions, RFC 4951 3.3. */
#ifndef FAILOVER_RESPONSE_H
#define FAILOVER_RESPONSE_H

#include "failover/failover.h"

/* FSQ or FSR in order on an established tunnel. */
int sync_states(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_message *message);
/* An FSR. */
int sync_take_response(struct failover *failover, struct l2tpha_tunnel *tunnel,
                       const struct l2tpha_message *fsr);

#endif
