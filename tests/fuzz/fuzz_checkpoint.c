/* SPDX-License-Identifier: MIT */
/* A stream of checkpoints, each behind its length in two bytes, into a standby. Whatever they are:
 * what it holds stays sound, and can be written and read again. */
#include "base/cursor.h"
#include "engine/session_fsm.h"
#include "state/ledger.h"
#include "state/replica.h"
#include "state/table_digest.h"

#include <stdlib.h>

#define POOL_BYTES (8u << 20)

struct standby {
    struct buffer_pool *pool;
    struct table *table;
    struct replica *replica;
    struct l2tpha_counters counters;
};

static void must(bool so)
{
    if (!so)
        abort();
}

static struct standby *standby_new(void)
{
    struct standby *standby = talloc_zero(NULL, struct standby);
    const struct table_options table = {.tunnel_size = sizeof(struct tunnel_entry),
                                        .session_size = sizeof(struct session_entry),
                                        .max_tunnels = 64,
                                        .max_sessions = 256,
                                        .seed = 1};
    must(standby && !buffer_pool_new(standby, POOL_BYTES, &standby->pool) &&
         !table_new(standby, &table, standby->pool, &standby->table));
    const struct replica_options options = {.table = standby->table,
                                            .serializer = l2tpha_serializer_proto(),
                                            .counters = &standby->counters,
                                            .has_state = session_has_state};
    must(!replica_new(standby, &options, &standby->replica));
    return standby;
}

static void check_sound(const struct table *table)
{
    struct tunnel_entry *tunnel;
    struct session_entry *session;
    uint32_t place = 0;

    while ((tunnel = table_tunnel_next(table, &place))) {
        uint16_t ns = tunnel->record.acked;
        for (const struct buffer *message = tunnel->queue_head; message; message = message->next)
            must(message->len >= 12 && get_u16(message->data + 8) == ns++);
        must(ns == tunnel->record.ns);
        must(table_tunnel_find(table, tunnel->record.local_id) == tunnel);
    }
    place = 0;
    while ((session = table_session_next(table, &place)))
        must(session->remote_id == 0 ||
             table_session_find_remote(table, session->tunnel, session->remote_id) == session);
}

static void confirmed(void *user, struct tunnel_entry *entry)
{
    (void)user;
    (void)entry;
}

static void mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why)
{
    (void)user;
    (void)mode;
    (void)in_sync;
    (void)why;
}

/* Promote it and copy it to another one: they must agree. */
static void copy_on(struct standby *standby)
{
    struct standby *next = standby_new();
    const struct ledger_options options = {.table = standby->table,
                                           .serializer = l2tpha_serializer_proto(),
                                           .counters = &standby->counters,
                                           .max_in_flight = 64,
                                           .confirmed = confirmed,
                                           .mode_changed = mode_changed};
    const struct cursor_options cursor = {.name = "b", .gates = true, .timeout_us = 1};
    struct tunnel_entry *entry;
    struct ledger_item item;
    struct ledger *ledger;
    uint32_t place = 0, id;

    must(!ledger_new(standby, &options, &ledger));
    ledger_begin_epoch(ledger, 1, replica_last(standby->replica));
    while ((entry = table_tunnel_next(standby->table, &place)))
        ledger_adopt(ledger, entry);
    must(!cursor_add(ledger, &cursor, &id) && !ledger_copy(ledger, id, 0));
    bool numbered = true;
    for (item.consumer = 0; numbered && ledger_poll(ledger, 0, &item); item.consumer = 0) {
        int error = replica_apply(next->replica, item.data, item.len, NULL);
        numbered = item.number <= L2TPHA_CHECKPOINT_NUMBER_MAX;
        must(error == (numbered ? 0 : L2TPHA_ERR_RECORD));
        must(!ledger_done(ledger, id, item.position, error, 0));
    }
    if (numbered) {
        must(ledger_in_sync(ledger) && replica_state(next->replica) == REPLICA_HOT);
        must(table_digest(next->table, options.serializer) ==
             table_digest(standby->table, options.serializer));
    }
    talloc_free(next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct standby *standby = standby_new();
    struct reader in = reader_over(data, size);

    while (reader_left(&in) > 2) {
        size_t len = read_u16(&in);
        if (len > reader_left(&in))
            len = reader_left(&in);
        replica_apply(standby->replica, read_bytes(&in, len), len, NULL);
    }
    check_sound(standby->table);
    if (replica_state(standby->replica) == REPLICA_HOT)
        copy_on(standby);
    talloc_free(standby);
    return 0;
}
