/* SPDX-License-Identifier: MIT */
/* Consumers of the node's checkpoints. */
#ifndef NODE_CONSUMER_H
#define NODE_CONSUMER_H

#include <l2tpha/types.h>

struct l2tpha_node;

/* l2tpha_consumer_done() of a link. */
int node_consumer_done(struct l2tpha_node *node, uint32_t id, uint64_t position, int status,
                       uint64_t now);

#endif
