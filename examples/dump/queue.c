/* SPDX-License-Identifier: MIT */
#include "dump/queue.h"

#include "base/serial.h"

#include <string.h>

static void drop_first(struct queues *queues, uint32_t tunnel)
{
    struct queued *first = queues->first[tunnel];
    queues->first[tunnel] = first->next;
    talloc_free(first);
}

static void clear(struct queues *queues, uint32_t tunnel)
{
    while (queues->first[tunnel] != NULL)
        drop_first(queues, tunnel);
}

static void trim(struct queues *queues, uint32_t tunnel, uint16_t acked)
{
    while (queues->first[tunnel] != NULL && serial_before(queues->first[tunnel]->ns, acked))
        drop_first(queues, tunnel);
}

static bool add(struct queues *queues, const struct l2tpha_message_record *message)
{
    size_t len = message->bytes.len;
    struct queued *made = talloc_size(queues, sizeof(*made) + len);
    if (made == NULL)
        return false;
    *made = (struct queued){.ns = message->ns, .len = len};
    memcpy(made->data, message->bytes.data, len);
    if (queues->first[message->tunnel_id] == NULL)
        queues->first[message->tunnel_id] = made;
    else
        queues->last[message->tunnel_id]->next = made;
    queues->last[message->tunnel_id] = made;
    return true;
}

static bool keep_node(struct queues *queues, const struct l2tpha_node_record *node)
{
    struct l2tpha_bytes *unknown = &queues->node.unknown;
    talloc_free((void *)(uintptr_t)unknown->data);
    queues->node = *node;
    unknown->data =
        node->unknown.len > 0 ? talloc_memdup(queues, node->unknown.data, node->unknown.len) : NULL;
    queues->has_node = queues->renewed = true;
    return unknown->data != NULL || node->unknown.len == 0;
}

/* Ids that a standby has taken have 16 bits. */
static bool note(struct queues *queues, const struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        clear(queues, record->of.tunnel.local_id % QUEUE_TUNNELS);
        return true;
    case L2TPHA_RECORD_SEQUENCE:
        trim(queues, record->of.sequence.tunnel_id % QUEUE_TUNNELS, record->of.sequence.acked);
        return true;
    case L2TPHA_RECORD_MESSAGE:
        return record->of.message.tunnel_id >= QUEUE_TUNNELS || add(queues, &record->of.message);
    case L2TPHA_RECORD_GONE:
        if (record->of.gone.session_id == 0)
            clear(queues, record->of.gone.tunnel_id % QUEUE_TUNNELS);
        return true;
    case L2TPHA_RECORD_NODE:
        return keep_node(queues, &record->of.node);
    default:
        return true;
    }
}

bool queues_note(struct queues *queues, const struct checkpoint *checkpoint)
{
    struct l2tpha_record record;
    bool good = true;
    if (checkpoint->header.kind == L2TPHA_CHECKPOINT_BULK_BEGIN)
        queues->renewed = false;
    if (checkpoint->header.kind == L2TPHA_CHECKPOINT_BULK_END)
        queues->has_node = queues->renewed;
    for (uint32_t i = 0; i < checkpoint->count && good; i++)
        good = note(queues, checkpoint_record(checkpoint, i, &record));
    return good;
}

const struct queued *queues_first(const struct queues *queues,
                                  const struct l2tpha_tunnel_record *tunnel)
{
    const struct queued *message = queues->first[tunnel->local_id % QUEUE_TUNNELS];
    while (message != NULL && serial_before(message->ns, tunnel->acked))
        message = message->next;
    return message;
}
