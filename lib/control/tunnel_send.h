/* SPDX-License-Identifier: MIT */
/* Messages of a tunnel on their way to its channel. */
#ifndef CONTROL_TUNNEL_SEND_H
#define CONTROL_TUNNEL_SEND_H

#include "control/tunnel.h"

#include <l2tpha/avp.h>

/* Have the peer confirm: a HELLO unless something is outstanding (RFC 2661 6.5). */
int tunnel_hello(struct l2tpha_tunnel *tunnel);
/* Begin a message to the peer in engine->build, hiding switched on where it applies. */
void tunnel_build(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id);
/* Finish and queue it. */
int tunnel_send(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);
/* The secret, as the codec wants it. */
struct l2tpha_hiding tunnel_hiding(const struct l2tpha_tunnel *tunnel);
/* Begin an FSQ or FSR, RFC 4951 3.3: states of sessions are put into it one by one. */
void tunnel_build_states(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder,
                         uint16_t type);
/* Finish and queue it. L2TPHA_ERR_QUEUE_FULL: no room now; L2TPHA_ERR_STATE: it is not
 * established. */
int tunnel_send_states(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder);

/* Whether the peer bears a CDN whose header has session id 0, which RFC 2661 4.4.4 allows where its
 * id is not known yet. xl2tpd ends the tunnel upon one; it is told with its id once that comes, or
 * finds the call missing by itself. */
bool tunnel_takes_no_id(const struct l2tpha_tunnel *tunnel);

#endif
