/* SPDX-License-Identifier: MIT */
/* A message that a daemon sends: what follows from it, and its way to the channel. */
#ifndef ATTACH_SAY_H
#define ATTACH_SAY_H

#include "control/tunnel.h"

/* As l2tpha_attach_send(), of a tunnel for which a call has begun. */
int attach_say(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len);

#endif
