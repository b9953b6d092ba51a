/* SPDX-License-Identifier: MIT */
/* The next datagram that may leave. */
#ifndef DISPATCH_OUTPUT_H
#define DISPATCH_OUTPUT_H

#include "control/tunnel.h"

/* The next datagram that may leave, stamped with the Nr that is safe; false = none. */
bool engine_next_datagram(struct engine *engine, struct l2tpha_output *output);

#endif
