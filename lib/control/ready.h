/* SPDX-License-Identifier: MIT */
/* The line of tunnels that may have something to send. */
#ifndef CONTROL_READY_H
#define CONTROL_READY_H

#include "control/tunnel.h"

/* Put a tunnel in line for engine_next_datagram. Harmless when it is there already or dying. */
void engine_ready(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* Take it out of the line; harmless when it is not in it. */
void engine_unready(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* ledger_options.confirmed; user = the engine */
void engine_confirmed(void *user, struct tunnel_entry *entry);

#endif
