/* SPDX-License-Identifier: MIT */
/* A datagram of a tunnel through its channel, and what follows from it. */
#ifndef DISPATCH_DELIVER_H
#define DISPATCH_DELIVER_H

#include "control/tunnel.h"

/* A datagram of this tunnel through its channel. */
int engine_deliver(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_path *path, const struct l2tpha_header *header,
                   const uint8_t *data, size_t len);

#endif
