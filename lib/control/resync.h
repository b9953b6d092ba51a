/* SPDX-License-Identifier: MIT */
/* What the channel does while the numbers of a lazy record are being settled, one step each; which
 * step comes when is failover's. */
#ifndef CONTROL_RESYNC_H
#define CONTROL_RESYNC_H

#include "control/tunnel.h"

/* resync.c: give up what is queued. What is said next has the number that the peer expects, as far
 * as it has said so, or else comes behind all that was sent, which it may yet read. */
void channel_give_up(struct engine *engine, struct channel *channel);
/* As struct l2tpha_binding has them. */
int tunnel_hold(struct l2tpha_tunnel *tunnel, uint16_t ceiling);
int tunnel_probe(struct l2tpha_tunnel *tunnel, uint16_t ns);
void tunnel_seal(struct l2tpha_tunnel *tunnel, bool careful);
void tunnel_jump(struct l2tpha_tunnel *tunnel, uint16_t nr);
void tunnel_release(struct l2tpha_tunnel *tunnel);
/* Something has come for a session that this end has not: end it, where the tunnel reconciles.
 * remote_id is the peer's id for it, 0 = it was not said. */
void tunnel_end_stray(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint32_t remote_id);

#endif
