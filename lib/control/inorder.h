/* SPDX-License-Identifier: MIT */
/* Messages whose turn has come, each a transaction of its own. */
#ifndef CONTROL_INORDER_H
#define CONTROL_INORDER_H

#include "control/tunnel.h"

/* Messages that were ahead and whose turn has come, each a transaction of its own. */
void engine_process_kept(struct engine *engine, struct l2tpha_tunnel *tunnel);
/* One: the machine has it, and Nr moves on. */
int inorder_process(struct engine *engine, struct l2tpha_tunnel *tunnel,
                    const struct l2tpha_path *path, const uint8_t *data, size_t len);

#endif
