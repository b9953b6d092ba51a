/* SPDX-License-Identifier: MIT */
/* Takeover: every replicated tunnel is recovered by its effective method. Not
 * all at once: a slice with each call, and before its turn whichever is spoken to. Until then a
 * tunnel is a record in the table, without timers, which says what the previous active knew. */
#ifndef FAILOVER_TAKEOVER_H
#define FAILOVER_TAKEOVER_H

#include "failover/failover.h"

/* The table is a replica that is to serve. Restores the first slice. Where the record is not exact,
 * RFC 4951 recovers established tunnels that both ends have announced it for, whatever their method
 * but disable, and FSQ and FSR synchronise the calls. The others go on silently when it is
 * uncertain, and are cleared with a StopCCN when it is stale. */
void takeover_run(struct failover *failover, enum l2tpha_trust trust);
/* As much as one call should do, and peers are to answer at once. */
void takeover_go_on(struct failover *failover);
/* When to go on; L2TPHA_NEVER = all are restored. */
uint64_t takeover_deadline(const struct failover *failover);
/* One that is not live: the way in which all of them are restored. A tunnel that cannot be
 * recovered is cleared and counted; it does not keep the others waiting. */
void takeover_restore(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* Another slice of what is no ordinary established tunnel; whether none of that is left. */
bool takeover_restore_pending(struct failover *failover);
/* A tunnel found in the table, about to be worked with: made live if a takeover has not come to it
 * yet. NULL when there is none, or it could not go on. */
struct l2tpha_tunnel *engine_wake(struct engine *engine, struct l2tpha_tunnel *tunnel);

#endif
