/* SPDX-License-Identifier: MIT */
/* Checkpoints out, back and in. */
#ifndef NODE_REPLICATION_H
#define NODE_REPLICATION_H

#include <l2tpha/types.h>

struct l2tpha_node;

int node_checkpoint_done(struct l2tpha_node *node, uint64_t number, int status, uint64_t now);

#endif
