/* SPDX-License-Identifier: MIT */
/* The state of a tunnel: the one place that writes it, whichever machine runs the tunnel. */
#ifndef DISPATCH_TUNNEL_STATE_H
#define DISPATCH_TUNNEL_STATE_H

#include "control/machine.h"

#define TUNNEL_STATES (L2TPHA_TUNNEL_STOPPED + 1)

extern const char *const tunnel_state_names[TUNNEL_STATES];

/* The log line, the timer, the lines of tunnels, the events and the checkpoint mark happen here; in
 * IDLE it is gone, sessions included. It stays in memory until the host has heard of that. */
void tunnel_set_state(struct l2tpha_tunnel *tunnel, uint8_t next,
                      const struct machine_input *input);

#endif
