/* SPDX-License-Identifier: MIT */
/* The host opens a tunnel. */
#ifndef DISPATCH_TUNNEL_OPEN_H
#define DISPATCH_TUNNEL_OPEN_H

#include "control/tunnel.h"

/* As l2tpha_tunnel_open(), of a node that has been entered. */
int engine_tunnel_open(struct engine *engine, const struct l2tpha_tunnel_options *options,
                       struct l2tpha_tunnel **tunnel);

#endif
