/* SPDX-License-Identifier: MIT */
/* RFC 4951 3.2.2: the channel is reset, and what still holds is said again. */
#ifndef CONTROL_RESET_H
#define CONTROL_RESET_H

#include "control/tunnel.h"

/* RFC 4951 3.2.2: go on with these numbers. What was outstanding is flushed, but what still holds
 * is said again. */
void tunnel_reset(struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr);

#endif
