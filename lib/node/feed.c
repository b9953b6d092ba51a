/* SPDX-License-Identifier: MIT */
/* Datagrams in: many in one call, or a batch of one. */
#include "node/node.h"

#define T_BIT 0x80 /* RFC 2661 3.1: in the first octet, set in control messages */

static int feed(struct l2tpha_node *node, const struct l2tpha_datagram *datagram)
{
    struct engine *engine = &node->engine;

    if (engine->draining || engine->held) {
        /* The peer sends it again, to the node that takes over. */
        engine->counters.fenced_drops++;
        return L2TPHA_ERR_STATE;
    }
    int error = engine_receive(engine, datagram->path, datagram->data, datagram->len);
    if (error == L2TPHA_ERR_DATA_MESSAGE && datagram->frame)
        error = engine_data_receive(engine, datagram->path, datagram->data, datagram->len,
                                    datagram->frame);
    return engine_leave(engine, error);
}

/* Data messages end no call, but for those of a tunnel that they wake, and these have had no frame
 * yet. */
static bool is_data(const struct l2tpha_datagram *datagram)
{
    return datagram->data && datagram->len && !(datagram->data[0] & T_BIT);
}

size_t l2tpha_feed_batch(struct l2tpha_node *node, struct l2tpha_datagram *datagrams, size_t count,
                         uint64_t now)
{
    bool framed = false;
    size_t done = 0;

    if (!datagrams || count == 0)
        return 0;
    int entered = node_enter(node, now);
    for (; done < count && (!framed || is_data(&datagrams[done])); done++) {
        struct l2tpha_datagram *datagram = &datagrams[done];
        if (datagram->frame)
            datagram->frame->session = NULL;
        if (!datagram->path || (!datagram->data && datagram->len))
            datagram->result = L2TPHA_ERR_INVALID;
        else
            datagram->result = entered ? entered : feed(node, datagram);
        framed = framed || (datagram->frame && datagram->frame->session);
    }
    return done;
}

int l2tpha_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now)
{
    struct l2tpha_datagram datagram = {.path = path, .data = data, .len = len};

    l2tpha_feed_batch(node, &datagram, 1, now);
    return datagram.result;
}
