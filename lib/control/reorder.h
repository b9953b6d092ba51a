/* SPDX-License-Identifier: MIT */
/* Messages ahead of their turn, RFC 2661 5.8: kept until it comes, as far as that is affordable. */
#ifndef CONTROL_REORDER_H
#define CONTROL_REORDER_H

#include "control/channel.h"

/* Keep a copy of what is ahead, within the window: CHANNEL_KEPT, _DUPLICATE or _BEYOND. */
enum channel_verdict reorder_keep(struct engine *engine, struct channel *channel, uint16_t ns,
                                  const uint8_t *data, size_t len);

/* Nr is about to move on: a copy of the message that it stands for goes. */
void reorder_pass(struct engine *engine, struct channel *channel);
/* All that is kept goes: the tunnel is no longer established, or its channel starts anew. */
void reorder_drop(struct engine *engine, struct channel *channel);
/* Length of the kept message whose turn has come; 0 = none. */
size_t reorder_next_len(const struct channel *channel);
/* That message; the caller gives it back to the pool. NULL = none. */
struct buffer *reorder_take(struct channel *channel);
/* The lowest Ns that is kept; false = none. */
bool reorder_lowest(const struct channel *channel, uint16_t *ns);

#endif
