/* SPDX-License-Identifier: MIT */
/* What the channel does while the numbers of a lagging record are being resynchronised, one step
 * each; which step comes when is failover's. */
#ifndef CONTROL_RESYNC_H
#define CONTROL_RESYNC_H

#include "control/tunnel.h"

/* Give up what is queued. What is said next has the number that the peer expects, as far
 * as it has said so, or else comes behind all that was sent, which it may yet read. */
void channel_give_up(struct engine *engine, struct channel *channel);
/* Until tunnel_release() the queue waits, and what the peer acknowledges up to `ceiling` is
 * believed. Numbers up to and including `ceiling` that no message has are given to HELLOs now; what
 * is queued later comes behind them. What comes in order is processed; nothing above the number
 * expected is acknowledged; no call is placed. */
int tunnel_hold(struct l2tpha_tunnel *tunnel, uint16_t ceiling);
/* Send a HELLO with this number at once, beside the queue. */
int tunnel_probe(struct l2tpha_tunnel *tunnel, uint16_t ns);
/* Transmit the queue. `careful`: until tunnel_release() each message only once the one before is
 * acknowledged. */
void tunnel_fill(struct l2tpha_tunnel *tunnel, bool careful);
/* What the peer has sent below this number is done with: expect it next, and process what has come
 * of it already, which may end the tunnel. */
void tunnel_jump(struct l2tpha_tunnel *tunnel, uint16_t nr);
/* The numbers are exact: go on as usual. From now on data, and any message but a CDN, for a session
 * that does not exist is answered with a CDN that carries the session's number as Assigned Session
 * ID, with 0 in the header (RFC 2661 4.4.4), at a limited rate. */
void tunnel_release(struct l2tpha_tunnel *tunnel);
/* Something has come for a session that this end has not: end it, where the tunnel reconciles.
 * remote_id is the peer's id for it, 0 = it was not said. */
void tunnel_end_orphan(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint32_t remote_id);

#endif
