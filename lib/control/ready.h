/* SPDX-License-Identifier: MIT */
/* The line of channels that may have something to send. */
#ifndef CONTROL_READY_H
#define CONTROL_READY_H

#include "control/channel.h"

/* Put a channel in line for engine_next_datagram(). Harmless when it is there already or stopped.
 */
void engine_ready(struct engine *engine, struct channel *channel);
/* Take it out of the line; harmless when it is not in it. */
void engine_unready(struct engine *engine, struct channel *channel);

#endif
