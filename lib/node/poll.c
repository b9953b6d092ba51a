/* SPDX-License-Identifier: MIT */
/* What may leave: one checkpoint first, since everything else waits for it, then datagrams, then
 * events. */
#include "node/node.h"

#include <string.h>

/* What the host looked at since the last poll is over. */
static void release_polled(struct l2tpha_node *node)
{
    for (uint32_t i = 0; i < node->polled_count; i++) {
        struct event_item *item = &node->polled[i].item;
        engine_event_polled(&node->engine, item);
        buffer_put(node->engine.pool, item->message);
    }
    node->polled_count = 0;
}

static bool poll_checkpoint(struct engine *engine, struct l2tpha_output *output)
{
    *output = (struct l2tpha_output){.kind = L2TPHA_OUTPUT_CHECKPOINT};
    bool any =
        ledger_poll(engine->ledger, engine->now, &output->number, &output->data, &output->len);
    engine_close_events(engine, 0); /* a copy may have been given up: no transaction is open */
    return any;
}

static bool poll_datagram(struct engine *engine, struct l2tpha_output *output)
{
    output->kind = L2TPHA_OUTPUT_DATAGRAM;
    output->number = 0;
    output->event = NULL;
    return engine_next_datagram(engine, output);
}

static void present(struct node_polled *polled)
{
    const struct event_item *item = &polled->item;

    polled->event = (struct l2tpha_event){
        .kind = (enum l2tpha_event_kind)item->kind,
        .checkpoint = item->depends,
        .tunnel_id = item->tunnel_id,
        .session_id = item->session_id,
        .tunnel = item->tunnel,
        .session = item->tunnel ? tunnel_session_find(item->tunnel, item->session_id) : NULL,
        .user = item->user,
        .result = item->result,
        .error = item->error,
        .status = item->status,
        .by_peer = item->by_peer,
        .role = (enum l2tpha_role)item->role,
        .queried = item->queried,
        .cleared = item->cleared,
        .unverified = item->unverified,
        .text = item->text,
    };
    if (!item->message)
        return;
    /* It was decoded once and rebuilt in clear, so it decodes again. */
    if (l2tpha_message_decode(item->message->data, item->message->len, &polled->message, NULL) == 0)
        polled->event.message = &polled->message;
}

/* What an entry call has changed here happens on the node that has taken over when it was not
 * confirmed, and is told there. */
static void drop_unconfirmed(struct engine *engine)
{
    struct event_item *head;

    while ((head = outbox_head(engine->events)) &&
           head->depends > ledger_confirmed(engine->ledger)) {
        engine_event_polled(engine, head);
        buffer_put(engine->pool, head->message);
        outbox_pop(engine->events);
    }
}

static bool poll_event(struct l2tpha_node *node, struct l2tpha_output *output)
{
    struct engine *engine = &node->engine;

    if (!engine->serving)
        drop_unconfirmed(engine);
    struct event_item *head = outbox_head(engine->events);
    if (!head || node->polled_count == NODE_POLL_EVENTS)
        return false;
    if (head->depends > ledger_confirmed(engine->ledger) ||
        (head->tunnel_id && engine_is_unsure(engine)))
        return false;
    struct node_polled *polled = &node->polled[node->polled_count++];
    polled->item = *head;
    outbox_pop(engine->events);
    present(polled);
    *output = (struct l2tpha_output){
        .kind = L2TPHA_OUTPUT_EVENT, .tunnel_id = polled->item.tunnel_id, .event = &polled->event};
    return true;
}

size_t l2tpha_poll(struct l2tpha_node *node, struct l2tpha_output *outputs, size_t max,
                   uint64_t now)
{
    size_t count = 0;

    if (!node || !outputs || node_enter(node, now))
        return 0;
    release_polled(node);
    if (node->engine.serving && !node->engine.handed) {
        if (max && poll_checkpoint(&node->engine, &outputs[0]))
            count = 1;
        while (count < max && poll_datagram(&node->engine, &outputs[count]))
            count++;
    }
    while (count < max && poll_event(node, &outputs[count]))
        count++;
    if (count == 0)
        engine_reap(&node->engine);
    return count;
}
