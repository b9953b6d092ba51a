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
/* Whether one of this length may be taken: L2TPHA_ERR_QUEUE_FULL, _LIMIT, _NOMEM. */
int inorder_room(struct engine *engine, const struct l2tpha_tunnel *tunnel, size_t len);

#endif
