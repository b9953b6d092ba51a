/* SPDX-License-Identifier: MIT */
/* Messages on their way to a daemon. */
#ifndef ATTACH_HEAR_H
#define ATTACH_HEAR_H

#include "control/inbox.h"

/* The next one that is for the daemon, of this tunnel or of any (NULL), handed out from now on;
 * NULL = none. */
const struct buffer *attach_hear(struct engine *engine, struct l2tpha_tunnel *only,
                                 struct l2tpha_tunnel **tunnel);

#endif
