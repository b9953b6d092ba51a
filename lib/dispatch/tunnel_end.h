/* SPDX-License-Identifier: MIT */
/* The end of a tunnel, whichever machine has run it. */
#ifndef DISPATCH_TUNNEL_END_H
#define DISPATCH_TUNNEL_END_H

#include "control/tunnel.h"

/* Forget it: the one way out of the table, from tunnel_set_state(). */
void tunnel_die(struct l2tpha_tunnel *tunnel);
/* Whatever failover does with it ends. */
void tunnel_leave_failover(struct l2tpha_tunnel *tunnel);

#endif
