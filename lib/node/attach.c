/* SPDX-License-Identifier: MIT */
/* A daemon's entries that are about the node. */
#include "attach/attach.h"
#include "attach/hear.h"
#include "control/transaction.h"
#include "node/node.h"
#include "node/sight.h"

int l2tpha_attach_tunnel(struct l2tpha_node *node, const struct l2tpha_attach_options *options,
                         uint64_t now, struct l2tpha_tunnel **tunnel)
{
    if (!node || !options || !tunnel)
        return L2TPHA_ERR_INVALID;
    int error = engine_enter(&node->engine, now);
    if (error)
        return error;
    return engine_leave(&node->engine, engine_attach(&node->engine, options, tunnel));
}

int l2tpha_attach_receive(struct l2tpha_node *node, struct l2tpha_tunnel *tunnel,
                          struct l2tpha_inbound *in, uint64_t now)
{
    if (!node || !in || in->size != sizeof(*in) ||
        (tunnel && tunnel_engine(tunnel) != &node->engine))
        return L2TPHA_ERR_INVALID;
    struct engine *engine = &node->engine;
    int error = node_enter(node, now);
    if (error)
        return error;
    if (!engine->serving || engine->draining || engine->held)
        return 0;
    const struct buffer *message = attach_hear(engine, tunnel, &in->tunnel);
    if (!message) {
        engine_audited(engine);
        return 0;
    }
    in->path = &in->tunnel->entry.record.path;
    in->data = message->data;
    in->len = message->len;
    return 1;
}
