/* SPDX-License-Identifier: MIT */
/* Where a datagram comes in. */
#ifndef DISPATCH_INPUT_H
#define DISPATCH_INPUT_H

#include "control/tunnel.h"

/* One datagram, T bit set. Errors as l2tpha_feed(). Commits after every message that it
 * processes. */
int engine_receive(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                   size_t len);

#endif
