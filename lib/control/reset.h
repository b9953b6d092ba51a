/* SPDX-License-Identifier: MIT */
/* RFC 4951 3.2.2: the channel is reset, and what still holds is said again. */
#ifndef CONTROL_RESET_H
#define CONTROL_RESET_H

#include "control/tunnel.h"

/* RFC 4951 3.2.2: drop all messages queued and kept, and go on with these numbers, slow start
 * included; what still holds is said again. Every session of which the peer has heard and which is
 * not established goes without a word (3.3, Step I). The tunnel may stay suspended. The path is the
 * recovery tunnel's. `data_channel`: this end has failed, so numbered data starts at 0 again
 * (3.2.3); the tunnel's record says both for all sessions. */
int tunnel_reset(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr,
                 const struct l2tpha_path *path, bool data_channel);

#endif
