/* SPDX-License-Identifier: MIT */
/* Places for tunnels are limited: who goes when another one asks. */
#ifndef CONTROL_PLACE_H
#define CONTROL_PLACE_H

#include "control/tunnel.h"

/* Forget it now, in a transaction of its own. What was dead already is freed too. */
void tunnel_end_lingering(struct l2tpha_tunnel *tunnel);
/* Room for one more recovery tunnel: if need be the oldest that is over goes. */
bool tunnel_make_place(struct engine *engine);
/* Room for one that a peer at this address asks for, in every limit: the oldest go for it, each in
 * a transaction of its own. L2TPHA_ERR_LIMIT: there is none. */
int half_open_make_place(struct engine *engine, const struct l2tpha_address *remote);
/* A request is dropped; the log says so now and then. */
void half_open_dropped(struct engine *engine, int error);

#endif
