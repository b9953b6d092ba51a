/* SPDX-License-Identifier: MIT */
/* A peer that does not answer. */
#ifndef DISPATCH_PATIENCE_H
#define DISPATCH_PATIENCE_H

#include "control/tunnel.h"

/* The retransmissions are used up: the tunnel goes, or is kept for the peer's time. */
void tunnel_unanswered(struct l2tpha_tunnel *tunnel);
/* After a takeover the tunnel could not be resynchronised (failover/lagging.c): it ends. */
void tunnel_numbers_lost(struct l2tpha_tunnel *tunnel);

#endif
