/* SPDX-License-Identifier: MIT */
/* Checkpoints in. */
#ifndef NODE_REPLICATION_H
#define NODE_REPLICATION_H

struct l2tpha_node;

/* What the replica's state and epoch mean for the role. */
void node_follow_replica(struct l2tpha_node *node);

#endif
