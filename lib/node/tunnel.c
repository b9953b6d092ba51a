/* SPDX-License-Identifier: MIT */
/* The entries about tunnels, sessions and data that start from the node. */
#include "node/node.h"

#include "control/find.h"
#include "control/transaction.h"
#include "dispatch/begin.h"
#include "dispatch/data.h"
#include "dispatch/tunnel_open.h"
#include "failover/sync.h"

int l2tpha_tunnel_open(struct l2tpha_node *node, const struct l2tpha_tunnel_options *options,
                       uint64_t now, struct l2tpha_tunnel **tunnel)
{
    if (!node || !options || !tunnel)
        return L2TPHA_ERR_INVALID;
    int error = engine_enter(&node->engine, now);
    if (error)
        return error;
    return engine_leave(&node->engine, engine_tunnel_open(&node->engine, options, tunnel));
}

int l2tpha_tunnel_query(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    struct engine *engine = tunnel->engine;
    return engine_leave(engine, sync_query(&node_of(engine)->failover, tunnel));
}

struct l2tpha_tunnel *l2tpha_tunnel_find(const struct l2tpha_node *node, uint32_t local_id)
{
    return node ? engine_tunnel_find(&node->engine, local_id) : NULL;
}

struct l2tpha_tunnel *l2tpha_tunnel_next(const struct l2tpha_node *node,
                                         const struct l2tpha_tunnel *previous)
{
    return node ? engine_tunnel_next(&node->engine, previous) : NULL;
}

struct l2tpha_tunnel *l2tpha_tunnel_walk(const struct l2tpha_node *node, uint32_t *place)
{
    return node && place ? engine_tunnel_walk(&node->engine, place) : NULL;
}

struct l2tpha_session *l2tpha_session_walk(const struct l2tpha_node *node, uint32_t *place)
{
    return node && place ? engine_session_walk(&node->engine, place) : NULL;
}

struct l2tpha_session *l2tpha_session_find(const struct l2tpha_node *node, uint32_t tunnel_id,
                                           uint32_t session_id)
{
    return node ? engine_session_find(&node->engine, tunnel_id, session_id) : NULL;
}

int l2tpha_data_receive(struct l2tpha_node *node, const struct l2tpha_path *path,
                        const uint8_t *data, size_t len, uint64_t now, struct l2tpha_frame *frame)
{
    if (!node || !path || (!data && len) || !frame)
        return L2TPHA_ERR_INVALID;
    int error = engine_enter(&node->engine, now);
    if (error)
        return error;
    return engine_leave(&node->engine, engine_data_receive(&node->engine, path, data, len, frame));
}
