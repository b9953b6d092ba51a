/* SPDX-License-Identifier: MIT */
#include "state/draft.h"

#include "state/level.h"
#include "state/record.h"
#include "state/table_session.h"

struct draft draft_over(const struct l2tpha_serializer *serializer, uint8_t *data, size_t size)
{
    return (struct draft){serializer, {data, data + size, data + size, 0}, 0};
}

int draft_put(struct draft *draft, const struct l2tpha_record *record)
{
    struct l2tpha_record marked;
    int error =
        draft->serializer->put_record(level_put(draft->level, record, &marked), &draft->writing);
    if (!error)
        draft->writing.records++;
    return error;
}

int draft_put_session(struct draft *draft, const struct session_entry *entry)
{
    struct l2tpha_record record;
    record.kind = L2TPHA_RECORD_SESSION;
    table_session_get(entry, &record.of.session);
    return draft_put(draft, &record);
}

int draft_put_node(struct draft *draft, const struct node_entry *entry)
{
    struct l2tpha_record record;
    record.kind = L2TPHA_RECORD_NODE;
    record.of.node = entry->record;
    return draft_put(draft, &record);
}

/* Nr is stamped whenever a message is sent, so that zero may stand for it here; but the message may
 * be in the host's hands just now, and stays what it is. */
static int put_message(struct draft *draft, const struct tunnel_entry *entry, uint16_t ns,
                       struct buffer *message)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_MESSAGE};
    const struct wire_format *wire = record_wire(&entry->record);
    bool stamped = message->len >= wire->header_len;
    uint16_t nr = stamped ? wire_nr(wire, message->data) : 0;

    if (stamped)
        wire_put_nr(wire, message->data, 0);
    record.of.message = (struct l2tpha_message_record){
        .tunnel_id = entry->record.local_id, .ns = ns, .bytes = {message->data, message->len}};
    int error = draft_put(draft, &record);
    if (stamped)
        wire_put_nr(wire, message->data, nr);
    return error;
}

/* The newest `count` messages of the queue, the last one first. */
static int put_messages(struct draft *draft, const struct tunnel_entry *entry, uint32_t count)
{
    uint16_t ns = entry->record.ns;
    int error = 0;

    for (struct buffer *message = entry->queue_tail; count > 0 && message && !error; count--) {
        error = put_message(draft, entry, --ns, message);
        message = message->prev;
    }
    return error;
}

int draft_put_tunnel(struct draft *draft, const struct tunnel_entry *entry, bool whole)
{
    struct l2tpha_record record;
    const struct l2tpha_tunnel_record *truth = &entry->record;
    uint32_t fresh = (uint16_t)(truth->ns - entry->ns_committed);

    if (fresh > entry->queue_count)
        whole = true;
    int error = put_messages(draft, entry, whole ? entry->queue_count : fresh);
    if (error)
        return error;
    if (whole) {
        record.kind = L2TPHA_RECORD_TUNNEL;
        record.of.tunnel = *truth;
    } else {
        record.kind = L2TPHA_RECORD_SEQUENCE;
        record.of.sequence = (struct l2tpha_sequence_record){
            .tunnel_id = truth->local_id,
            .ns = truth->ns,
            .nr = truth->nr,
            .acked = truth->acked,
        };
    }
    return draft_put(draft, &record);
}
