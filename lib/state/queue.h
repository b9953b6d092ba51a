/* SPDX-License-Identifier: MIT */
/* The queue of a tunnel's messages that are not acknowledged, oldest first: part of its record. */
#ifndef STATE_QUEUE_H
#define STATE_QUEUE_H

#include "base/buffer.h"
#include "state/entry.h"

/* The message has the record's Ns, which moves on; it is the queue's from now on. */
void queue_append(struct tunnel_entry *entry, struct buffer *message);
/* Give back what stands below `acked`, which becomes the record's. */
void queue_trim(struct buffer_pool *pool, struct tunnel_entry *entry, uint16_t acked);

#endif
