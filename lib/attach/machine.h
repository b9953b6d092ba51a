/* SPDX-License-Identifier: MIT */
/* A daemon's machines as those below see them. */
#ifndef ATTACH_MACHINE_H
#define ATTACH_MACHINE_H

#include "control/machine.h"

extern const struct machine_ops attached_machine;

/* The SCCRQ that was fed last, if it came by this path and has no tunnel yet; NULL = none. */
const struct buffer *attach_request(const struct engine *engine, const struct l2tpha_path *path);
void attach_drop_request(struct engine *engine);

#endif
