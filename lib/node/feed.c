/* SPDX-License-Identifier: MIT */
/* Datagrams in. */
#include "node/node.h"

int l2tpha_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now)
{
    if (!path || (!data && len))
        return L2TPHA_ERR_INVALID;
    int error = node_enter(node, now);
    if (error)
        return error;
    if (node->engine.draining || node->engine.held) {
        /* The peer sends it again, to the node that takes over. */
        node->engine.counters.fenced_drops++;
        return L2TPHA_ERR_STATE;
    }
    return engine_leave(&node->engine, engine_receive(&node->engine, path, data, len));
}
