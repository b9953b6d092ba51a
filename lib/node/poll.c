/* SPDX-License-Identifier: MIT */
/* What may leave: checkpoints first, since everything else waits for them, one for each consumer;
 * then datagrams, then events. */
#include "node/sight.h"

#include "control/event.h"
#include "control/inbox.h"
#include "control/transaction.h"
#include "dispatch/output.h"

#include <string.h>

/* What the host looked at since the last poll is over. */
static void release_polled(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->polled_count; i++)
        engine_event_done(engine, &engine->polled[i].item);
    engine->polled_count = 0;
    engine->polled_message_count = 0;
    buffer_call_back(engine->pool);
}

/* Whatever the host does before it polls again, these bytes stay. */
static void borrow(struct engine *engine, const struct l2tpha_output *output)
{
    if (output->data != output->ack)
        buffer_borrow(engine->pool, buffer_of(output->data));
}

static bool poll_checkpoint(struct engine *engine, struct ledger_item *item,
                            struct l2tpha_output *output)
{
    bool any = ledger_poll(engine->ledger, engine->now, item);

    engine_close_events(engine, 0); /* a copy may have been given up: no transaction is open */
    if (!any)
        return false;
    *output = (struct l2tpha_output){.kind = L2TPHA_OUTPUT_CHECKPOINT,
                                     .data = item->data,
                                     .len = item->len,
                                     .number = item->number,
                                     .consumer = item->consumer,
                                     .position = item->position};
    borrow(engine, output);
    return true;
}

static bool poll_datagram(struct engine *engine, struct l2tpha_output *output)
{
    output->kind = L2TPHA_OUTPUT_DATAGRAM;
    output->number = 0;
    output->event = NULL;
    if (!engine_next_datagram(engine, output))
        return false;
    borrow(engine, output);
    /* The tunnel may go, or its peer move, while the output waits to be sent. */
    output->to = *output->path;
    output->path = &output->to;
    return true;
}

static void *user_of(const struct event_item *item)
{
    if (item->session)
        return item->session->user;
    return item->tunnel ? item->tunnel->user : NULL;
}

static void present(struct engine *engine, struct polled_event *polled)
{
    const struct event_item *item = &polled->item;
    bool lives = item->session && !session_is_gone(item->session);

    polled->event = (struct l2tpha_event){
        .kind = (enum l2tpha_event_kind)item->kind,
        .checkpoint = item->depends,
        .tunnel_id = item->tunnel_id,
        .session_id = item->session_id,
        .tunnel = item->tunnel,
        .session = lives ? item->session : NULL,
        .user = user_of(item),
        .result = item->result,
        .error = item->error,
        .status = item->status,
        .by_peer = item->by_peer,
        .role = (enum l2tpha_role)item->role,
        .queried = item->queried,
        .cleared = item->cleared,
        .unverified = item->unverified,
        .successor = item->successor,
        .text = item->text,
    };
    if (!item->message)
        return;
    /* It was decoded once and rebuilt in clear, so it decodes again. */
    struct l2tpha_message *message = &engine->polled_messages[engine->polled_message_count++];
    if (l2tpha_message_decode(item->message->data, item->message->len, message, NULL) == 0)
        polled->event.message = message;
}

/* What an entry call has changed here happens on the node that has taken over when it was not
 * confirmed, and is told there. Not while the host looks at older ones: events are done with in
 * their order. */
static void drop_unconfirmed(struct engine *engine)
{
    struct event_item *head;

    while ((head = outbox_head(engine->events)) &&
           head->depends > ledger_confirmed(engine->ledger)) {
        engine_event_done(engine, head);
        outbox_pop(engine->events);
    }
}

static bool poll_event(struct engine *engine, struct l2tpha_output *output)
{
    if (!engine->serving && engine->polled_count == 0)
        drop_unconfirmed(engine);
    struct event_item *head = outbox_head(engine->events);
    if (!head || engine->polled_count == ENGINE_POLLED ||
        (head->message && engine->polled_message_count == ENGINE_POLLED_MESSAGES))
        return false;
    if (head->depends > ledger_confirmed(engine->ledger) ||
        (head->tunnel_id && engine_is_unsure(engine)))
        return false;
    struct polled_event *polled = &engine->polled[engine->polled_count++];
    polled->item = *head;
    outbox_pop(engine->events);
    present(engine, polled);
    *output = (struct l2tpha_output){
        .kind = L2TPHA_OUTPUT_EVENT, .tunnel_id = polled->item.tunnel_id, .event = &polled->event};
    return true;
}

size_t l2tpha_poll(struct l2tpha_node *node, struct l2tpha_output *outputs, size_t max,
                   uint64_t now)
{
    size_t count = 0;

    if (!node || !outputs || node_enter_within(node, now))
        return 0;
    struct engine *engine = &node->engine;
    if (engine->inbox.message)
        return 0; /* half a transaction must not leave */
    inbox_finish(engine);
    release_polled(engine);
    if (engine->serving && !engine->handed) {
        struct ledger_item item = {.consumer = 0};
        while (count < max && poll_checkpoint(engine, &item, &outputs[count]))
            count++;
        while (count < max && poll_datagram(engine, &outputs[count]))
            count++;
    }
    while (count < max && poll_event(engine, &outputs[count]))
        count++;
    engine_reap(engine);
    engine_audited(engine);
    return count;
}
