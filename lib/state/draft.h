/* SPDX-License-Identifier: MIT */
/* A checkpoint being written, from the end of its room backwards: last record first. */
#ifndef STATE_DRAFT_H
#define STATE_DRAFT_H

#include "state/entry.h"

#include <l2tpha/serializer.h>

struct draft {
    const struct l2tpha_serializer *serializer;
    struct l2tpha_writing writing;
    uint32_t level; /* in force */
};

struct draft draft_over(const struct l2tpha_serializer *serializer, uint8_t *data, size_t size);
static inline size_t draft_bytes(const struct draft *draft)
{
    return (size_t)(draft->writing.end - draft->writing.start);
}

int draft_put(struct draft *draft, const struct l2tpha_record *record);
int draft_put_session(struct draft *draft, const struct session_entry *entry);
int draft_put_node(struct draft *draft, const struct node_entry *entry);
/* The tunnel as a whole with its queue, or its sequence with the messages not yet committed. */
int draft_put_tunnel(struct draft *draft, const struct tunnel_entry *entry, bool whole);

#endif
