/* SPDX-License-Identifier: MIT */
/* A peer that does not answer. */
#ifndef DISPATCH_PATIENCE_H
#define DISPATCH_PATIENCE_H

#include "control/tunnel.h"

/* The retransmissions are used up: the tunnel goes, or is kept for the peer's time. */
void tunnel_unanswered(struct l2tpha_tunnel *tunnel);
/* Something of the peer comes, if not what is waited for: when it is given up it is told. */
bool tunnel_still_speaks(const struct l2tpha_tunnel *tunnel);
/* The peer has acknowledged something, or the channel is reset. */
void tunnel_answered(struct l2tpha_tunnel *tunnel);

#endif
