/* SPDX-License-Identifier: MIT */
/* A record of the table becomes a live tunnel, or ends without having been one. */
#ifndef CONTROL_RESTORE_H
#define CONTROL_RESTORE_H

#include "control/machine.h"

/* Make the tunnel and its sessions live: numbers, unacknowledged messages, timers. It may transmit
 * at once: first what is unacknowledged, then what is new; unless it is suspended. */
int tunnel_restore(struct engine *engine, struct l2tpha_tunnel *tunnel, bool suspended);
/* Have the peer confirm that an established tunnel lives: a HELLO unless something is outstanding.
 * L2TPHA_ERR_STATE: it is not established. */
int tunnel_confirm(struct l2tpha_tunnel *tunnel);
/* End it with a StopCCN, live or not. `exact`: what is queued goes first and its acknowledgement is
 * awaited; else nobody knows what the peer expects, and the StopCCN is all that leaves, once. */
int tunnel_stop(struct engine *engine, struct l2tpha_tunnel *tunnel, bool exact,
                const struct machine_input *end);
/* Forget it without a word to the peer, live or not; the host is told. */
void tunnel_forget(struct engine *engine, struct l2tpha_tunnel *tunnel, int status,
                   const char *why);

#endif
