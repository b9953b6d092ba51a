/* SPDX-License-Identifier: MIT */
/* Datagrams in: many in one call, or a batch of one. */
#include "control/find.h"
#include "control/transaction.h"
#include "dispatch/data.h"
#include "dispatch/input.h"
#include "node/ahead.h"
#include "node/sight.h"

#define T_BIT 0x80 /* RFC 2661 3.1: in the first octet, set in control messages */

static bool is_data(const struct l2tpha_datagram *datagram)
{
    return datagram->data && datagram->len && !(datagram->data[0] & T_BIT);
}

/* How many of them one call deals with. The session of a frame must be there when the host looks at
 * it, and a control message may end it; a data message ends none, but for those of a tunnel that it
 * wakes, which have had no frame yet. */
static size_t run_of(const struct l2tpha_datagram *datagrams, size_t count)
{
    bool framed = false;
    size_t run = 0;

    for (; run < count && (!framed || is_data(&datagrams[run])); run++)
        framed = framed || (datagrams[run].frame && is_data(&datagrams[run]));
    return run;
}

/* While the first of them is worked on, what the others need is on its way from memory. Each step
 * looks at what the one before has asked for. */
static void look_ahead(const struct engine *engine, const struct l2tpha_datagram *datagrams,
                       size_t count)
{
    struct l2tpha_header headers[AHEAD_MOST];

    for (size_t i = 0; i < count; i++) {
        const struct l2tpha_datagram *datagram = &datagrams[i];
        if (!datagram->data || l2tpha_header_decode(datagram->data, datagram->len, &headers[i]))
            headers[i] = (struct l2tpha_header){0};
        engine_prefetch_tunnel(engine, headers[i].tunnel_id);
    }
    for (size_t i = 0; i < count; i++)
        engine_prefetch_slot(engine, headers[i].tunnel_id, headers[i].session_id);
    for (size_t i = 0; i < count; i++)
        engine_prefetch_session(engine, headers[i].tunnel_id, headers[i].session_id);
}

static int feed(struct l2tpha_node *node, const struct l2tpha_datagram *datagram)
{
    struct engine *engine = &node->engine;

    if (datagram->frame)
        datagram->frame->session = NULL;
    if (!datagram->path || (!datagram->data && datagram->len))
        return L2TPHA_ERR_INVALID;
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

static size_t refuse(struct l2tpha_datagram *datagrams, size_t count, int error)
{
    for (size_t i = 0; i < count; i++) {
        datagrams[i].result = error;
        if (datagrams[i].frame)
            datagrams[i].frame->session = NULL;
    }
    return count;
}

size_t l2tpha_feed_batch(struct l2tpha_node *node, struct l2tpha_datagram *datagrams, size_t count,
                         uint64_t now)
{
    if (!datagrams)
        return 0;
    int error = node_enter(node, now);
    if (error)
        return refuse(datagrams, count, error);
    const struct engine *engine = &node->engine;
    bool ahead = engine->serving && is_worth_a_look(engine->table);
    size_t run = run_of(datagrams, count);
    for (size_t i = 0; i < run; i++) {
        if (ahead && run > 1 && i % AHEAD_MOST == 0)
            look_ahead(engine, &datagrams[i], run - i < AHEAD_MOST ? run - i : AHEAD_MOST);
        datagrams[i].result = feed(node, &datagrams[i]);
    }
    return run;
}

int l2tpha_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now)
{
    struct l2tpha_datagram datagram = {.path = path, .data = data, .len = len};

    l2tpha_feed_batch(node, &datagram, 1, now);
    return datagram.result;
}
