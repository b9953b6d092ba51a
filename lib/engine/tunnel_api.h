/* SPDX-License-Identifier: MIT */
/* l2tpha_tunnel_open() and _close(). */
#ifndef ENGINE_TUNNEL_API_H
#define ENGINE_TUNNEL_API_H

#include "control/tunnel.h"

/* --- what the node's entries of the same names do, for a node that has been entered --- */
int engine_tunnel_open(struct engine *engine, const struct l2tpha_tunnel_options *options,
                       struct l2tpha_tunnel **tunnel);

#endif
