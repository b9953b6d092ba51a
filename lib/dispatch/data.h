/* SPDX-License-Identifier: MIT */
/* Data messages that come in. */
#ifndef DISPATCH_DATA_H
#define DISPATCH_DATA_H

#include "control/session.h"

int engine_data_receive(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                        size_t len, struct l2tpha_frame *frame);

#endif
