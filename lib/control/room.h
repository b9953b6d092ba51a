/* SPDX-License-Identifier: MIT */
/* Whether there is room for what a message that has come may need. */
#ifndef CONTROL_ROOM_H
#define CONTROL_ROOM_H

#include "control/tunnel.h"

/* Whether one of this length may be taken: L2TPHA_ERR_QUEUE_FULL, _LIMIT, _NOMEM. */
int inorder_room(struct engine *engine, const struct l2tpha_tunnel *tunnel, size_t len);

#endif
