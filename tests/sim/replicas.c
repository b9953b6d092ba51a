/* SPDX-License-Identifier: MIT */
#include "sim/replicas.h"

#include "base/bits.h"
#include "base/cursor.h"
#include "engine/session_fsm.h"
#include "state/queue.h"
#include "state/table_digest.h"

#include <stdio.h>

#define POOL_BYTES (64u << 20)

static void confirmed(void *user, struct tunnel_entry *entry)
{
    struct state_pair *pair = user;
    ck_assert_int_le((int16_t)(entry->ns_safe - entry->record.ns), 0);
    ck_assert_int_le((int16_t)(entry->nr_safe - entry->record.nr), 0);
    pair->confirmations++;
}

static void mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why)
{
    struct state_pair *pair = user;
    pair->mode_changes++;
    pair->mode = mode;
    pair->in_sync = in_sync;
    pair->why = why;
}

/* The last line tells why, when a test fails. */
static void keep_line(void *user, const struct l2tpha_log_line *line)
{
    struct state_pair *pair = user;
    snprintf(pair->line, sizeof(pair->line), "%s", line->text);
}

static void make_table(struct state_pair *pair, uint64_t seed, struct buffer_pool **pool,
                       struct table **table)
{
    const struct table_options options = {.tunnel_size = sizeof(struct tunnel_entry) + 40,
                                          .session_size = sizeof(struct session_entry) + 8,
                                          .max_tunnels = 5000,
                                          .max_sessions = 20000,
                                          .seed = seed};
    assert_ok(buffer_pool_new(pair, POOL_BYTES, pool));
    assert_ok(table_new(pair, &options, *pool, table));
}

struct state_pair *replicas_new(uint32_t max_in_flight, uint64_t timeout_us)
{
    struct state_pair *pair = talloc_zero(root, struct state_pair);
    ck_assert_ptr_nonnull(pair);
    pair->random = 1;
    pair->now = 1000000;
    pair->host = (struct l2tpha_host){.size = sizeof(pair->host), .user = pair, .log = keep_line};
    pair->log = (struct log){.host = &pair->host, .mask = L2TPHA_LOG_CF};
    make_table(pair, 11, &pair->active_pool, &pair->active);
    make_table(pair, 22, &pair->standby_pool, &pair->standby);
    pair->options = (struct ledger_options){.table = pair->active,
                                            .serializer = l2tpha_serializer_proto(),
                                            .counters = &pair->active_counters,
                                            .log = &pair->log,
                                            .epoch = 1,
                                            .max_in_flight = max_in_flight,
                                            .user = pair,
                                            .confirmed = confirmed,
                                            .mode_changed = mode_changed};
    assert_ok(ledger_new(pair, &pair->options, &pair->ledger));
    pair->cursor = (struct cursor_options){.name = "b", .gates = true, .timeout_us = timeout_us};
    assert_ok(cursor_add(pair->ledger, &pair->cursor, &pair->consumer));
    replicas_fresh_standby(pair);
    return pair;
}

void replicas_fresh_standby(struct state_pair *pair)
{
    const struct replica_options options = {.table = pair->standby,
                                            .serializer = l2tpha_serializer_proto(),
                                            .counters = &pair->standby_counters,
                                            .log = &pair->log,
                                            .has_state = session_has_state};
    talloc_free(pair->replica);
    table_clear(pair->standby);
    assert_ok(replica_new(pair, &options, &pair->replica));
}

void replicas_stop(struct state_pair *pair)
{
    for (uint32_t id = 1; id <= LEDGER_CURSORS; id++)
        ledger_stop_one(pair->ledger, id, "test");
}

/* Every buffer must have come back by then. */
void replicas_free(struct state_pair *pair)
{
    replicas_stop(pair);
    ledger_commit(pair->ledger, pair->now);
    table_clear(pair->active);
    table_clear(pair->standby);
    ck_assert_uint_eq(buffer_pool_out(pair->active_pool), 0);
    ck_assert_uint_eq(buffer_pool_out(pair->standby_pool), 0);
    talloc_free(pair);
}

uint32_t replicas_random(struct state_pair *pair, uint32_t below)
{
    pair->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(bits_mix(pair->random) % below);
}

/* --- changes --- */

static void set_peer(struct state_pair *pair, struct tunnel_entry *entry)
{
    struct l2tpha_path path = {.local = {.len = 4, .bytes = {10, 0, 0, 1}},
                               .remote = {.len = 6, .bytes = {10, 0, 1}}};
    put_u16(path.remote.bytes + 4, (uint16_t)replicas_random(pair, 65536));
    assert_ok(
        table_tunnel_set_remote(pair->active, entry, &path, 1 + replicas_random(pair, 65535)));
}

struct tunnel_entry *replicas_tunnel(struct state_pair *pair, uint32_t id)
{
    int error;
    struct tunnel_entry *entry = table_tunnel_add(pair->active, id, &error);
    ck_assert_ptr_nonnull(entry);
    set_peer(pair, entry);
    entry->record.state = L2TPHA_TUNNEL_ESTABLISHED;
    entry->record.remote_window = 4;
    assert_ok(table_tunnel_set_bytes(pair->active, &entry->record.peer_name,
                                     (const uint8_t *)"peer", replicas_random(pair, 5)));
    ledger_mark_tunnel(pair->ledger, entry, DIRTY_FULL);
    return entry;
}

struct session_entry *replicas_session(struct state_pair *pair, struct tunnel_entry *tunnel,
                                       uint32_t id)
{
    int error;
    struct session_entry *entry = table_session_add(pair->active, tunnel, id, &error);
    ck_assert_ptr_nonnull(entry);
    entry->side = L2TPHA_LNS;
    entry->call = L2TPHA_CALL_INCOMING;
    entry->state = L2TPHA_SESSION_WAIT_CONNECT;
    ledger_mark_session(pair->ledger, entry);
    return entry;
}

void replicas_message(struct state_pair *pair, struct tunnel_entry *tunnel, size_t len)
{
    int error;
    struct buffer *message = buffer_get(pair->active_pool, len, &error);
    ck_assert_ptr_nonnull(message);
    for (size_t i = 0; i < len; i++)
        message->data[i] = (uint8_t)replicas_random(pair, 256);
    message->len = (uint32_t)len;
    put_u16(message->data + 8, tunnel->record.ns);
    queue_append(tunnel, message);
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_SEQUENCE);
}

void replicas_acked(struct state_pair *pair, struct tunnel_entry *tunnel, uint16_t acked)
{
    table_queue_trim(pair->active, tunnel, acked);
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_ACKED);
}

void replicas_received(struct state_pair *pair, struct tunnel_entry *tunnel)
{
    tunnel->record.nr++;
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_SEQUENCE);
}

void replicas_remove_tunnel(struct state_pair *pair, struct tunnel_entry *tunnel)
{
    ledger_gone_tunnel(pair->ledger, tunnel);
    table_tunnel_remove(pair->active, tunnel);
}

void replicas_remove_session(struct state_pair *pair, struct session_entry *session)
{
    ledger_gone_session(pair->ledger, session);
    table_session_remove(pair->active, session);
}

void replicas_give_out(struct state_pair *pair)
{
    struct l2tpha_node_record *record = &table_node(pair->active)->record;

    record->tunnel_key[7] = 42;
    record->tunnel_place = (record->tunnel_place + 1) % 65535;
    record->call_serial++;
    ledger_mark_node(pair->ledger);
}

static void change_session(struct state_pair *pair, struct tunnel_entry *tunnel)
{
    uint8_t bytes[16];
    uint32_t id = 1 + replicas_random(pair, 12), remote = 1 + replicas_random(pair, 12);
    struct session_entry *entry = table_session_find(pair->active, tunnel, id);

    if (entry && replicas_random(pair, 3) == 0) {
        replicas_remove_session(pair, entry);
        return;
    }
    if (!entry)
        entry = replicas_session(pair, tunnel, id);
    if (entry->remote_id == 0 && !table_session_find_remote(pair->active, tunnel, remote))
        assert_ok(table_session_set_remote(entry, remote));
    entry->state =
        replicas_random(pair, 2) ? L2TPHA_SESSION_WAIT_CONNECT : L2TPHA_SESSION_ESTABLISHED;
    entry->data_ns = (uint16_t)replicas_random(pair, 65536);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)replicas_random(pair, 256);
    assert_ok(table_session_set_bytes(pair->active, entry,
                                      offsetof(struct session_extra, app_state), bytes,
                                      replicas_random(pair, 17)));
    ledger_mark_session(pair->ledger, entry);
}

/* As an engine does: only what is safe has been sent, so no more than that can be acknowledged. */
static void change_acked(struct state_pair *pair, struct tunnel_entry *tunnel)
{
    uint16_t sent = (uint16_t)(tunnel->ns_safe - tunnel->record.acked);
    if (sent < 0x8000)
        replicas_acked(pair, tunnel,
                       (uint16_t)(tunnel->record.acked + replicas_random(pair, sent + 1u)));
}

void replicas_change(struct state_pair *pair)
{
    uint32_t id = 1 + replicas_random(pair, 40);
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, id);

    if (!tunnel)
        tunnel = replicas_tunnel(pair, id);
    switch (replicas_random(pair, 9)) {
    case 0:
        replicas_message(pair, tunnel, 12 + replicas_random(pair, 200));
        break;
    case 1:
        replicas_received(pair, tunnel);
        break;
    case 2:
    case 3:
        change_acked(pair, tunnel);
        break;
    case 4:
        if (replicas_random(pair, 4) == 0)
            replicas_remove_tunnel(pair, tunnel);
        break;
    case 5:
        tunnel->record.flags = replicas_random(pair, 32);
        ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_FULL);
        break;
    case 6:
        replicas_give_out(pair);
        break;
    default:
        change_session(pair, tunnel);
    }
}

uint64_t replicas_commit(struct state_pair *pair)
{
    uint64_t depends = ledger_commit(pair->ledger, ++pair->now);

    ledger_close(pair->ledger, pair->now);
    return depends;
}

uint64_t replicas_transaction(struct state_pair *pair)
{
    return ledger_commit(pair->ledger, ++pair->now);
}

/* --- shipping --- */

uint64_t replicas_poll(struct state_pair *pair)
{
    pair->item.consumer = 0;
    return ledger_poll(pair->ledger, pair->now, &pair->item) ? pair->item.position : 0;
}

int replicas_done(struct state_pair *pair, uint64_t position, int status)
{
    return ledger_done(pair->ledger, pair->consumer, position, status, pair->now);
}

void replicas_copy(struct state_pair *pair)
{
    assert_ok(ledger_copy(pair->ledger, pair->consumer, pair->now));
}

bool replicas_ship(struct state_pair *pair)
{
    const struct ledger_item *item = &pair->item;
    uint64_t applied;

    pair->now++;
    if (!replicas_poll(pair))
        return false;
    int error = replica_apply(pair->replica, item->data, item->len, &applied);
    ck_assert_msg(error == 0, "%s: %s", l2tpha_strerror(error), pair->line);
    ck_assert_uint_eq(applied, item->number);
    assert_ok(replicas_done(pair, item->position, 0));
    return true;
}

int replicas_feed(struct state_pair *pair, const uint8_t *data, size_t len)
{
    uint8_t *copy = talloc_memdup(root, data, len ? len : 1);
    int error = replica_apply(pair->replica, copy, len, NULL);
    talloc_free(copy);
    return error;
}

int replicas_feed_made(struct state_pair *pair, const struct l2tpha_checkpoint_header *header,
                       const struct l2tpha_record *records, size_t count)
{
    uint8_t data[4096];
    struct l2tpha_writing writing = {data, data + sizeof(data), data + sizeof(data), 0};
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    for (size_t i = count; i > 0; i--)
        assert_ok(proto->put_record(&records[i - 1], &writing));
    assert_ok(proto->put_header(header, &writing));
    return replicas_feed(pair, writing.start, (size_t)(writing.end - writing.start));
}

void replicas_drain(struct state_pair *pair)
{
    replicas_commit(pair);
    while (replicas_ship(pair))
        ;
    pair->now += LEDGER_DEFERRED_US;
    ledger_expire(pair->ledger, pair->now);
    while (replicas_ship(pair))
        ;
}

void replicas_sync(struct state_pair *pair)
{
    pair->now++;
    replicas_copy(pair);
    replicas_drain(pair);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
}

struct ledger *replicas_promote(struct state_pair *pair)
{
    struct tunnel_entry *entry;
    struct ledger *ledger;
    uint32_t place = 0;
    pair->options.table = pair->standby;
    assert_ok(ledger_new(pair, &pair->options, &ledger));
    assert_ok(cursor_add(ledger, &pair->cursor, &pair->consumer));
    ledger_begin_epoch(ledger, replica_epoch(pair->replica) + 1, replica_last(pair->replica));
    while ((entry = table_tunnel_next(pair->standby, &place)))
        ledger_adopt(ledger, entry);
    return ledger;
}

static void assert_tunnel_sound(const struct table *table, struct tunnel_entry *entry)
{
    uint32_t messages = 0, sessions = 0;
    ck_assert_ptr_eq(table_tunnel_find(table, entry->record.local_id), entry);
    for (const struct buffer *message = entry->queue_head; message; message = message->next) {
        ck_assert_uint_eq(get_u16(message->data + 8), (uint16_t)(entry->record.acked + messages));
        ck_assert(message->next || message == entry->queue_tail);
        messages++;
    }
    ck_assert_uint_eq(messages, entry->queue_count);
    ck_assert_uint_eq(messages, (uint16_t)(entry->record.ns - entry->record.acked));
    for (const struct session_entry *session = entry->sessions; session; session = session->next) {
        ck_assert_ptr_eq(session->tunnel, entry);
        sessions++;
    }
    ck_assert_uint_eq(sessions, entry->session_count);
}

void replicas_assert_sound(const struct table *table)
{
    struct tunnel_entry *tunnel;
    struct session_entry *session;
    uint32_t place = 0, sessions = 0;

    while ((tunnel = table_tunnel_next(table, &place))) {
        assert_tunnel_sound(table, tunnel);
        sessions += tunnel->session_count;
    }
    ck_assert_uint_eq(sessions, table_session_count(table));
    place = 0;
    while ((session = table_session_next(table, &place))) {
        ck_assert_ptr_eq(table_session_find(table, session->tunnel, session->local_id), session);
        if (session->remote_id)
            ck_assert_ptr_eq(table_session_find_remote(table, session->tunnel, session->remote_id),
                             session);
    }
}

uint64_t replicas_digest(const struct table *table)
{
    return table_digest(table, l2tpha_serializer_proto());
}

static void assert_same_node(const struct l2tpha_node_record *a, const struct l2tpha_node_record *b)
{
    ck_assert_mem_eq(a->tunnel_key, b->tunnel_key, sizeof(a->tunnel_key));
    ck_assert_uint_eq(a->tunnel_place, b->tunnel_place);
    ck_assert_uint_eq(a->call_serial, b->call_serial);
}

void replicas_assert_equal(const struct state_pair *pair)
{
    assert_same_node(&table_node(pair->standby)->record, &table_node(pair->active)->record);
    replicas_assert_sound(pair->active);
    replicas_assert_sound(pair->standby);
    ck_assert_uint_eq(table_tunnel_count(pair->standby), table_tunnel_count(pair->active));
    ck_assert_uint_eq(table_session_count(pair->standby), table_session_count(pair->active));
    ck_assert_uint_eq(replicas_digest(pair->standby), replicas_digest(pair->active));
}
