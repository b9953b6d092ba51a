/* SPDX-License-Identifier: MIT */
/* The digest over a whole table, or some of what is in it. */
#ifndef STATE_TABLE_DIGEST_H
#define STATE_TABLE_DIGEST_H

#include "state/table.h"

#include <l2tpha/serializer.h>

/* One of them, the others are NULL. */
struct table_item {
    struct node_entry *node;
    struct tunnel_entry *tunnel; /* with its messages */
    struct session_entry *session;
};

/* The sum of digests; zero but for these three. The room grows to the longest record. */
struct table_sum {
    TALLOC_CTX *parent; /* of the room */
    const struct l2tpha_serializer *serializer;
    size_t size; /* of the room, to begin with */
    uint8_t *room;
    uint64_t sum;
};

/* False: memory is out. What cannot be encoded at all counts by its error. */
bool table_sum_add(struct table_sum *sum, struct table_item item);

/* Digest over the whole table, independent of order. */
uint64_t table_digest(const struct table *table, const struct l2tpha_serializer *serializer);

#endif
