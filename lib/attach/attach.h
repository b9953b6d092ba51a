/* SPDX-License-Identifier: MIT */
/* Tunnels whose machines are a daemon's. */
#ifndef ATTACH_ATTACH_H
#define ATTACH_ATTACH_H

#include "control/inbox.h"

#include <l2tpha/attach.h>

/* As l2tpha_attach_tunnel(), of a node that has been entered. */
int engine_attach(struct engine *engine, const struct l2tpha_attach_options *options,
                  struct l2tpha_tunnel **tunnel);

#endif
