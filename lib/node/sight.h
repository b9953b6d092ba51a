/* SPDX-License-Identifier: MIT */
/* Whether the other node is seen. Each entry of a node begins with node_enter(). */
#ifndef NODE_SIGHT_H
#define NODE_SIGHT_H

#include "node/node.h"

/* Standby: the active is not heard, since then; is heard again; the stream is over. */
void node_lose_sight(struct l2tpha_node *node, uint64_t since, uint64_t now);
void node_see_again(struct l2tpha_node *node, uint64_t now);
void node_cut_off(struct l2tpha_node *node, uint64_t since, uint64_t now);
/* L2TPHA_ERR_INVALID: there is none. A standby that was away has lost sight of the active. */
int node_enter(struct l2tpha_node *node, uint64_t now);
/* ... but for those that belong to a transaction which a host's own machines have open. */
int node_enter_within(struct l2tpha_node *node, uint64_t now);

/* For what only an active does. */
static inline int node_enter_serving(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter(node, now);

    if (!error && !node->engine.serving)
        error = L2TPHA_ERR_ROLE;
    return error;
}

#endif
