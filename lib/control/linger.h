/* SPDX-License-Identifier: MIT */
/* Recovery tunnels that are over, oldest first. */
#ifndef CONTROL_LINGER_H
#define CONTROL_LINGER_H

#include "control/tunnel.h"

/* The state may have changed. */
void tunnel_note_lingering(struct l2tpha_tunnel *tunnel);
/* Whether tunnel_make_place() can. */
bool tunnel_has_place(const struct engine *engine);
bool linger_may_go(const struct l2tpha_tunnel *tunnel);

#endif
