/* SPDX-License-Identifier: MIT */
/* Writing one checkpoint. It is written into a scratch area that is kept, and copied into a buffer
 * of its size; the scratch begins small and grows once, up to the longest checkpoint. */
#include "state/ledger_private.h"

#include "base/cursor.h"

#define SCRATCH_FIRST 65536u
#define NR_AT 10 /* of a control header (RFC 2661 3.1) */

struct draft draft_over(const struct l2tpha_serializer *serializer, uint8_t *data, size_t size)
{
    return (struct draft){serializer, data, data + size, data + size, 0};
}

int draft_put(struct draft *draft, const struct l2tpha_record *record)
{
    int error =
        draft->serializer->put_record(record, &draft->start, (size_t)(draft->start - draft->low));
    if (!error)
        draft->count++;
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
    bool stamped = message->len >= NR_AT + 2;
    uint16_t nr = stamped ? get_u16(message->data + NR_AT) : 0;

    if (stamped)
        put_u16(message->data + NR_AT, 0);
    record.of.message = (struct l2tpha_message_record){
        .tunnel_id = entry->record.local_id, .ns = ns, .bytes = {message->data, message->len}};
    int error = draft_put(draft, &record);
    if (stamped)
        put_u16(message->data + NR_AT, nr);
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
    uint32_t fresh = (uint16_t)(truth->ns - entry->ns_sealed);

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

static int resize(struct ledger *ledger, size_t size)
{
    uint8_t *scratch = talloc_size(ledger, size);
    if (!scratch)
        return L2TPHA_ERR_NOMEM;
    talloc_free(ledger->scratch);
    ledger->scratch = scratch;
    ledger->scratch_size = size;
    return 0;
}

static int compose(struct ledger *ledger, struct draft *draft,
                   const struct l2tpha_checkpoint_header *header, draft_fill fill, void *argument)
{
    *draft = draft_over(ledger->options.serializer, ledger->scratch, ledger->scratch_size);
    int error = fill ? fill(draft, ledger, argument) : 0;
    if (error)
        return error;
    return draft->serializer->put_header(header, &draft->start,
                                         (size_t)(draft->start - draft->low));
}

static int enqueue(struct ledger *ledger, const struct draft *draft, uint64_t now)
{
    struct buffer_pool *pool = table_pool(ledger->options.table);
    size_t len = (size_t)(draft->end - draft->start);
    int error;
    struct buffer *blob = buffer_get(pool, len, &error);
    if (!blob)
        return error;
    struct flight *flight = outbox_push(ledger->flights, &error);
    if (!flight) {
        buffer_put(pool, blob);
        return error;
    }
    memcpy(blob->data, draft->start, len);
    blob->len = (uint32_t)len;
    *flight = (struct flight){.number = ++ledger->last,
                              .since = patience_own(&ledger->patience, now),
                              .made = now,
                              .blob = blob};
    ledger->options.counters->checkpoints++;
    ledger->options.counters->checkpoint_bytes += len;
    return 0;
}

int ledger_write(struct ledger *ledger, struct l2tpha_checkpoint_header *header, draft_fill fill,
                 void *argument, uint64_t now)
{
    struct draft draft;
    int error = ledger->scratch ? 0 : resize(ledger, SCRATCH_FIRST);

    header->version = L2TPHA_CHECKPOINT_VERSION;
    header->epoch = ledger->epoch;
    header->number = ledger->last + 1;
    if (!error)
        error = compose(ledger, &draft, header, fill, argument);
    if (error == L2TPHA_ERR_TOO_SMALL && ledger->scratch_size < L2TPHA_CHECKPOINT_MAX) {
        error = resize(ledger, L2TPHA_CHECKPOINT_MAX);
        if (!error)
            error = compose(ledger, &draft, header, fill, argument);
    }
    return error ? error : enqueue(ledger, &draft, now);
}
