/* SPDX-License-Identifier: MIT */
/* What is to be ended with a StopCCN or a CDN and cannot be just now is ended later. */
#ifndef DISPATCH_DISCONNECT_H
#define DISPATCH_DISCONNECT_H

#include "control/machine.h"

/* Whether a StopCCN may be queued now. While the channel rests it may not: the machine is asked to
 * stop the tunnel once it carries again. */
bool tunnel_may_stop(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error);
/* It is asked to: nothing new begins on it, and the host cannot close it twice. */
bool tunnel_is_to_stop(const struct l2tpha_tunnel *tunnel);
/* Whether the host may open a call: L2TPHA_ERR_STATE, _QUEUE_FULL. */
int tunnel_may_open_session(const struct l2tpha_tunnel *tunnel);
/* Whether it is established, is not to be stopped, and this end is that side of it. */
bool session_is_up_as(const struct l2tpha_session *session, enum l2tpha_side side);
/* Whether a CDN may be queued now. Otherwise the machine is asked to stop the session as soon as
 * there is room. */
bool session_may_stop(struct l2tpha_session *session, uint16_t result);
/* TIMER_START, TIMER_TUNNEL, TIMER_SESSION: what waits to be ended, or else the machine's. */
void tunnel_start_due(struct l2tpha_tunnel *tunnel);
void tunnel_timer_due(struct l2tpha_tunnel *tunnel);
void session_due(struct l2tpha_session *session);

#endif
