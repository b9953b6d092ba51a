/* SPDX-License-Identifier: MIT */
/* Session state synchronisation by FSQ and FSR, RFC 4951 3.3. */
#ifndef FAILOVER_SYNC_H
#define FAILOVER_SYNC_H

#include "failover/failover.h"

/* Ask the peer about the tunnel's sessions, by the node's setting; harmless for a peer that has not
 * announced RFC 4951, whom an FSQ would make end the tunnel. A query under way begins anew. */
int sync_start(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* Forget what is being asked. */
void sync_stop(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* The tunnel has room again. */
void sync_moved(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* FSQ or FSR in order on an established tunnel. */
int sync_states(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_message *message);
void sync_due(struct failover *failover, struct timer *timer);

#endif
