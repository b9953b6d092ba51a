/* SPDX-License-Identifier: MIT */
#include "fixture.h"
#include "state/table.h"

#include "base/bits.h"
#include "state/digest.h"
#include "state/queue.h"

#include <l2tpha/failover.h>
#include <l2tpha/serializer.h>
#include <string.h>

#define TUNNELS 60
#define SESSIONS 400

static struct buffer_pool *pool;
static struct table *table;

static void setup(void)
{
    const struct table_options options = {.tunnel_size = sizeof(struct tunnel_entry) + 16,
                                          .session_size = sizeof(struct session_entry) + 16,
                                          .max_tunnels = TUNNELS,
                                          .max_sessions = SESSIONS,
                                          .seed = 7};
    fixture_setup();
    assert_ok(buffer_pool_new(root, 1 << 20, &pool));
    assert_ok(table_new(root, &options, pool, &table));
}

static void teardown(void)
{
    table_clear(table);
    ck_assert_uint_eq(table_tunnel_count(table), 0);
    ck_assert_uint_eq(table_session_count(table), 0);
    ck_assert_uint_eq(buffer_pool_out(pool), 0);
    talloc_free(table);
    talloc_free(pool);
    fixture_teardown();
}

static struct tunnel_entry *add_tunnel(uint32_t id)
{
    int error;
    struct tunnel_entry *entry = table_tunnel_add(table, id, &error);
    ck_assert_ptr_nonnull(entry);
    return entry;
}

static struct session_entry *add_session(struct tunnel_entry *tunnel, uint32_t id)
{
    int error;
    struct session_entry *entry = table_session_add(table, tunnel, id, &error);
    ck_assert_ptr_nonnull(entry);
    return entry;
}

static struct l2tpha_path path_to(uint8_t last)
{
    return (struct l2tpha_path){.remote = {.len = 4, .bytes = {10, 0, 0, last}}};
}

START_TEST(ids)
{
    int error;
    struct tunnel_entry *entry = add_tunnel(UINT16_MAX);
    ck_assert_uint_eq(entry->record.local_id, UINT16_MAX);
    ck_assert_uint_eq(entry->record.size, sizeof(entry->record));
    ck_assert_ptr_eq(table_tunnel_find(table, UINT16_MAX), entry);
    ck_assert_ptr_null(table_tunnel_add(table, UINT16_MAX, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_EXISTS);
    ck_assert_ptr_null(table_tunnel_add(table, 0, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(table_tunnel_find(table, 0));
    ck_assert_ptr_null(table_tunnel_add(table, UINT16_MAX + 1, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(table_tunnel_find(table, UINT32_MAX)); /* no longer id for a shorter one */
    ck_assert_ptr_null(table_session_add(table, entry, 0, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_INVALID);
    struct session_entry *session = add_session(entry, 70000);
    ck_assert_ptr_null(table_session_add(table, entry, 70000, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_EXISTS);
    struct tunnel_entry *other = add_tunnel(1), *empty = add_tunnel(2);
    struct session_entry *namesake = add_session(other, 70000); /* ids are the tunnel's own */
    ck_assert_ptr_eq(table_session_find(table, entry, 70000), session);
    ck_assert_ptr_null(table_session_find(table, entry, 70001));
    ck_assert_ptr_eq(table_session_find(table, other, 70000), namesake);
    ck_assert_ptr_null(table_session_find(table, empty, 70000));
    ck_assert_ptr_null(table_session_find_remote(table, entry, 70000)); /* nor the peer's */
    assert_ok(table_session_set_remote(session, 70000));
    ck_assert_ptr_eq(table_session_find_remote(table, entry, 70000), session);
    ck_assert_uint_gt(table_bytes(table), 0);
    ck_assert_ptr_eq(table_pool(table), pool);
}
END_TEST

/* Whatever a datagram says: no id leads astray, and what is there stays as it is. */
START_TEST(prefetching_changes_nothing)
{
    static const uint32_t asked[] = {0, 1, 2, 7, 70000, UINT16_MAX, UINT32_MAX};
    enum { IDS = sizeof(asked) / sizeof(asked[0]) };
    struct tunnel_entry *tunnel = add_tunnel(1), *empty = add_tunnel(2);
    struct session_entry *session = add_session(tunnel, 7);

    assert_ok(table_session_set_remote(session, 70000));
    size_t bytes = table_bytes(table);
    for (uint32_t i = 0; i < IDS; i++) {
        table_prefetch_slot(tunnel, asked[i]);
        table_prefetch_session(table, tunnel, asked[i]);
        table_prefetch_slot(empty, asked[i]);
        table_prefetch_session(table, empty, asked[i]);
    }
    ck_assert_uint_eq(table_bytes(table), bytes);
    ck_assert_ptr_eq(table_tunnel_find(table, 2), empty);
    ck_assert_ptr_eq(table_session_find(table, tunnel, 7), session);
    table_session_remove(table, session);
    table_prefetch_slot(tunnel, 7); /* its memory is poisoned */
    table_prefetch_session(table, tunnel, 7);
}
END_TEST

START_TEST(limits)
{
    int error;
    for (uint32_t id = 1; id <= TUNNELS; id++)
        add_tunnel(id);
    ck_assert_ptr_null(table_tunnel_add(table, TUNNELS + 1, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_LIMIT);
    struct tunnel_entry *tunnel = table_tunnel_find(table, 3);
    for (uint32_t id = 1; id <= SESSIONS; id++)
        add_session(tunnel, id);
    ck_assert_ptr_null(table_session_add(table, tunnel, SESSIONS + 1, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_LIMIT);
    table_tunnel_remove(table, tunnel);
    ck_assert_uint_eq(table_session_count(table), 0);
    add_tunnel(TUNNELS + 1);
}
END_TEST

START_TEST(objects_must_hold_an_entry)
{
    struct table_options options = {.tunnel_size = sizeof(struct tunnel_entry) - 1,
                                    .session_size = sizeof(struct session_entry),
                                    .max_tunnels = 1,
                                    .max_sessions = 1};
    struct table *other = NULL;
    assert_error(table_new(root, &options, pool, &other), L2TPHA_ERR_INVALID);
    options.tunnel_size++;
    options.session_size--;
    assert_error(table_new(root, &options, pool, &other), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(other);
}
END_TEST

START_TEST(by_peer)
{
    struct l2tpha_path here = path_to(1), there = path_to(2), longer = path_to(1);
    struct tunnel_entry *a = add_tunnel(1), *b = add_tunnel(2), *c = add_tunnel(3);
    longer.remote.len = 5; /* the same bytes and a zero */
    assert_ok(table_tunnel_set_remote(table, a, &here, 9));
    assert_ok(table_tunnel_set_remote(table, b, &there, 9));
    assert_ok(table_tunnel_set_remote(table, c, &longer, 9));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &here.remote, 9), a);
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &there.remote, 9), b);
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &longer.remote, 9), c);
    ck_assert_ptr_null(table_tunnel_find_remote(table, &here.remote, 8));
    ck_assert_ptr_null(table_tunnel_find_remote(table, &here.remote, 0));
    assert_ok(table_tunnel_set_remote(table, a, &there, 10)); /* it moves */
    ck_assert_ptr_null(table_tunnel_find_remote(table, &here.remote, 9));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &there.remote, 10), a);
    assert_ok(table_tunnel_set_remote(table, a, &there, 10)); /* once more */
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &there.remote, 10), a);
    assert_ok(table_tunnel_set_remote(table, a, &there, 0)); /* not known any more */
    ck_assert_ptr_null(table_tunnel_find_remote(table, &there.remote, 10));
    there.remote.len = L2TPHA_ADDRESS_MAX + 1;
    assert_error(table_tunnel_set_remote(table, a, &there, 10), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(table_tunnel_find_remote(table, &there.remote, 10));
}
END_TEST

static uint32_t digest_of_peer(uint8_t last, uint32_t remote_id)
{
    const struct l2tpha_path path = path_to(last);

    return (uint32_t)digest_bytes(7 ^ remote_id, path.remote.bytes, path.remote.len);
}

/* They share a list, and each is found, has its own twins and goes by itself. */
START_TEST(peers_with_the_same_digest)
{
    static const struct {
        uint8_t last;
        uint32_t id;
    } alike[][2] = {{{3, 37301}, {2, 44478}}, {{4, 42719}, {4, 12332}}, {{1, 53101}, {1, 52597}}};
    struct l2tpha_path first = path_to(alike[_i][0].last), second = path_to(alike[_i][1].last);
    uint32_t a = alike[_i][0].id, b = alike[_i][1].id;

    ck_assert_uint_eq(digest_of_peer(alike[_i][0].last, a), digest_of_peer(alike[_i][1].last, b));
    struct tunnel_entry *one = add_tunnel(1), *two = add_tunnel(2), *twin = add_tunnel(3);
    assert_ok(table_tunnel_set_remote(table, one, &first, a));
    ck_assert_ptr_null(table_tunnel_find_remote(table, &second.remote, b));
    assert_ok(table_tunnel_set_remote(table, two, &second, b));
    assert_ok(table_tunnel_set_remote(table, twin, &first, a));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &first.remote, a), twin);
    ck_assert_ptr_eq(table_tunnel_next_duplicate(table, twin), one);
    ck_assert_ptr_null(table_tunnel_next_duplicate(table, one));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &second.remote, b), two);
    ck_assert_ptr_null(table_tunnel_next_duplicate(table, two));
    table_tunnel_remove(table, two);
    ck_assert_ptr_null(table_tunnel_find_remote(table, &second.remote, b));
    ck_assert_ptr_eq(table_tunnel_next_duplicate(table, twin), one);
    table_tunnel_remove(table, twin);
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &first.remote, a), one);
    assert_ok(table_tunnel_set_remote(table, one, &second, b)); /* to the same digest */
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &second.remote, b), one);
    ck_assert_ptr_null(table_tunnel_find_remote(table, &first.remote, a));
}
END_TEST

/* A peer that has restarted uses an id again while the old tunnel lingers. */
START_TEST(later_tunnel_of_a_peer_is_found)
{
    struct l2tpha_path path = path_to(1);
    struct tunnel_entry *old = add_tunnel(1), *new = add_tunnel(2);
    assert_ok(table_tunnel_set_remote(table, old, &path, 9));
    assert_ok(table_tunnel_set_remote(table, new, &path, 9));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &path.remote, 9), new);
    table_tunnel_remove(table, old);
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &path.remote, 9), new);
    table_tunnel_remove(table, new);
    ck_assert_ptr_null(table_tunnel_find_remote(table, &path.remote, 9));
}
END_TEST

START_TEST(remote_session_ids)
{
    struct tunnel_entry *tunnel = add_tunnel(1), *other = add_tunnel(2);
    struct session_entry *a = add_session(tunnel, 1), *b = add_session(tunnel, 2);
    struct session_entry *c = add_session(other, 1);
    assert_ok(table_session_set_remote(a, 7));
    assert_ok(table_session_set_remote(a, 7));
    assert_ok(table_session_set_remote(c, 7));
    assert_error(table_session_set_remote(b, 7), L2TPHA_ERR_EXISTS);
    ck_assert_uint_eq(b->remote_id, 0);
    ck_assert_ptr_eq(table_session_find_remote(table, tunnel, 7), a);
    ck_assert_ptr_eq(table_session_find_remote(table, other, 7), c);
    assert_ok(table_session_set_remote(a, 8));
    assert_ok(table_session_set_remote(b, 7));
    ck_assert_ptr_eq(table_session_find_remote(table, tunnel, 7), b);
    table_session_remove(table, b);
    ck_assert_ptr_null(table_session_find_remote(table, tunnel, 7));
    ck_assert_ptr_eq(table_session_find_remote(table, tunnel, 8), a);
    assert_ok(table_session_set_remote(a, 0));
    ck_assert_ptr_null(table_session_find_remote(table, tunnel, 8));
    ck_assert_ptr_null(table_session_find_remote(table, tunnel, 0));
}
END_TEST

START_TEST(strings_are_owned)
{
    uint8_t name[] = "abcdef";
    struct tunnel_entry *tunnel = add_tunnel(1);
    struct l2tpha_bytes *field = &tunnel->record.peer_name;
    assert_ok(table_tunnel_set_bytes(table, field, NULL, 0));
    assert_ok(table_tunnel_set_bytes(table, field, name, 6));
    const uint8_t *memory = field->data;
    name[0] = 'x';
    ck_assert_mem_eq(field->data, "abcdef", 6);
    assert_ok(table_tunnel_set_bytes(table, field, name, 6));
    ck_assert_ptr_eq(field->data, memory); /* the same length: the same memory */
    ck_assert_mem_eq(field->data, "xbcdef", 6);
    assert_ok(table_tunnel_set_bytes(table, field, field->data + 2, 3)); /* of its own */
    ck_assert_uint_eq(field->len, 3);
    ck_assert_mem_eq(field->data, "cde", 3);
    assert_ok(table_tunnel_set_bytes(table, field, NULL, 0));
    ck_assert_uint_eq(field->len, 0);

    struct session_entry *session = add_session(tunnel, 1);
    size_t place = offsetof(struct session_extra, connect);
    assert_ok(table_session_set_bytes(table, session, place, NULL, 0));
    ck_assert_ptr_null(session->extra);
    assert_ok(table_session_set_bytes(table, session, place, name, 4));
    ck_assert_mem_eq(session->extra->connect.data, "xbcd", 4);
    assert_ok(table_session_set_bytes(table, session, place, NULL, 0));
    ck_assert_ptr_null(session->extra); /* what few have costs nothing when it is gone */
}
END_TEST

static void put(struct tunnel_entry *tunnel)
{
    struct buffer *message = buffer_get(pool, 12, NULL);
    message->len = 12;
    message->data[0] = (uint8_t)tunnel->record.ns;
    queue_append(tunnel, message);
}

START_TEST(queue_runs_through_the_wrap)
{
    struct tunnel_entry *tunnel = add_tunnel(1);
    tunnel->record.ns = tunnel->record.acked = 65533;
    for (unsigned i = 0; i < 6; i++)
        put(tunnel);
    ck_assert_uint_eq(tunnel->record.ns, 3);
    table_queue_trim(table, tunnel, 65533);
    ck_assert_uint_eq(tunnel->queue_count, 6);
    table_queue_trim(table, tunnel, 1);
    ck_assert_uint_eq(tunnel->queue_count, 2);
    ck_assert_uint_eq(tunnel->queue_head->data[0], 1);
    ck_assert_ptr_null(tunnel->queue_head->prev);
    ck_assert_ptr_eq(tunnel->queue_head->next, tunnel->queue_tail);
    ck_assert_ptr_eq(tunnel->queue_tail->prev, tunnel->queue_head);
    table_queue_trim(table, tunnel, 3);
    ck_assert_uint_eq(tunnel->queue_count, 0);
    ck_assert_ptr_null(tunnel->queue_head);
    ck_assert_ptr_null(tunnel->queue_tail);
    ck_assert_uint_eq(buffer_pool_out(pool), 0);
    put(tunnel);
    ck_assert_ptr_eq(tunnel->queue_head, tunnel->queue_tail);
}
END_TEST

START_TEST(loading_a_tunnel)
{
    struct tunnel_entry *tunnel = add_tunnel(5);
    struct l2tpha_path path = path_to(1);
    struct l2tpha_tunnel_record record = {.local_id = 5,
                                          .remote_id = 6,
                                          .ns = 10,
                                          .acked = 10,
                                          .path = path,
                                          .secret = {(const uint8_t *)"secret", 6},
                                          .unknown = {(const uint8_t *)"\x01", 1}};
    assert_ok(table_tunnel_load(table, tunnel, &record));
    ck_assert_ptr_ne(tunnel->record.secret.data, record.secret.data);
    ck_assert_mem_eq(tunnel->record.secret.data, "secret", 6);
    ck_assert_uint_eq(tunnel->record.unknown.len, 1);
    ck_assert_uint_eq(tunnel->record.size, sizeof(record));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &path.remote, 6), tunnel);
    record.path.remote.len = 99;
    record.secret.len = 0;
    assert_error(table_tunnel_load(table, tunnel, &record), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(tunnel->record.secret.len, 6); /* nothing has changed */
    record.path = path;
    record.local_id = 6;
    assert_error(table_tunnel_load(table, tunnel, &record), L2TPHA_ERR_INVALID);
    record.local_id = 5;
    record.unknown.len = 0;
    record.remote_id = 7;
    assert_ok(table_tunnel_load(table, tunnel, &record));
    ck_assert_ptr_null(table_tunnel_find_remote(table, &path.remote, 6));
    ck_assert_ptr_eq(table_tunnel_find_remote(table, &path.remote, 7), tunnel);
}
END_TEST

static void method_of(struct tunnel_entry *tunnel, uint8_t method)
{
    tunnel->record.effective_method = method;
    table_note_method(table, tunnel);
}

static void assert_ha(uint32_t tunnels, uint32_t sessions)
{
    ck_assert_uint_eq(table_ha_tunnels(table), tunnels);
    ck_assert_uint_eq(table_ha_sessions(table), sessions);
}

START_TEST(tunnels_with_a_method_are_counted)
{
    struct tunnel_entry *one = add_tunnel(1), *other = add_tunnel(2), *recovery = add_tunnel(3);
    struct session_entry *early = add_session(one, 1);
    add_session(one, 2);
    add_session(other, 1);
    assert_ha(0, 0);
    method_of(one, L2TPHA_FAILOVER_SILENT);
    method_of(one, L2TPHA_FAILOVER_FALLBACK);
    assert_ha(1, 2);
    add_session(one, 3);
    add_session(other, 2);
    table_session_remove(table, early);
    assert_ha(1, 2);
    recovery->record.recovers = 1;
    method_of(recovery, L2TPHA_FAILOVER_SILENT);
    assert_ha(1, 2);
    struct l2tpha_tunnel_record record = other->record;
    record.effective_method = L2TPHA_FAILOVER_PROTOCOL;
    ck_assert_int_eq(table_tunnel_load(table, other, &record), 0);
    ck_assert_int_eq(table_tunnel_load(table, other, &record), 0);
    assert_ha(2, 4);
    method_of(one, L2TPHA_FAILOVER_DISABLE);
    assert_ha(1, 2);
    table_tunnel_remove(table, other);
    assert_ha(0, 0);
    method_of(one, L2TPHA_FAILOVER_SILENT);
    assert_ha(1, 2);
    table_clear(table);
    assert_ha(0, 0);
}
END_TEST

static size_t encode(const struct l2tpha_session_record *session, uint8_t room[256])
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
    struct l2tpha_writing writing = {room, room + 256, room + 256, 0};
    record.of.session = *session;
    assert_ok(l2tpha_serializer_proto()->put_record(&record, &writing));
    return (size_t)(room + 256 - writing.start);
}

static void assert_same(const struct l2tpha_session_record *a,
                        const struct l2tpha_session_record *b)
{
    uint8_t x[256], y[256];
    size_t len = encode(a, x);
    ck_assert_uint_eq(len, encode(b, y));
    ck_assert_mem_eq(x + 256 - len, y + 256 - len, len);
}

START_TEST(loading_a_session)
{
    struct session_entry *session = add_session(add_tunnel(5), 9), *other;
    struct l2tpha_session_record back;
    struct l2tpha_session_record record = {.size = sizeof(record),
                                           .tunnel_id = 5,
                                           .local_id = 9,
                                           .remote_id = UINT32_MAX,
                                           .state = 5,
                                           .side = 2,
                                           .call = 2,
                                           .flags = 255,
                                           .serial = UINT32_MAX,
                                           .framing = 255,
                                           .bearer = 255,
                                           .tx_speed = UINT32_MAX,
                                           .rx_speed = UINT32_MAX - 1,
                                           .data_ns = 65535,
                                           .data_nr = 65534,
                                           .request = {(const uint8_t *)"r", 1},
                                           .connect = {(const uint8_t *)"co", 2},
                                           .app_state = {(const uint8_t *)"app", 3},
                                           .unknown = {(const uint8_t *)"unkn", 4}};
    assert_ok(table_session_load(table, session, &record));
    table_session_get(session, &back);
    assert_same(&back, &record);

    other = add_session(session->tunnel, 10);
    record.local_id = 10;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_EXISTS);
    ck_assert_ptr_null(other->extra);
    ck_assert_uint_eq(other->serial, 0);
    record.remote_id = 1;
    record.framing = 256;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
    record.framing = 1;
    record.tx_speed = UINT64_C(1) << 32;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
    record.tx_speed = 1;
    record.rx_speed = UINT64_C(1) << 32;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
    record.rx_speed = 1;
    record.data_ns = 65536;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
    record.data_ns = 1;
    record.data_nr = 65536;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
    record.data_nr = 1;
    record.tunnel_id = 4;
    assert_error(table_session_load(table, other, &record), L2TPHA_ERR_INVALID);
}
END_TEST

START_TEST(sweep_leaves_one_generation)
{
    for (uint32_t id = 1; id <= TUNNELS; id++) {
        struct tunnel_entry *tunnel = add_tunnel(id);
        tunnel->generation = id % 3;
        for (uint32_t session = 1; session <= 4; session++)
            add_session(tunnel, session)->generation = session % 2;
    }
    table_sweep(table, 1);
    ck_assert_uint_eq(table_tunnel_count(table), TUNNELS / 3);
    ck_assert_uint_eq(table_session_count(table), TUNNELS / 3 * 2);
    uint32_t place = 0;
    const struct session_entry *session;
    while ((session = table_session_next(table, &place))) {
        ck_assert_uint_eq(session->generation, 1);
        ck_assert_uint_eq(session->tunnel->generation, 1);
        ck_assert_uint_eq(session->tunnel->session_count, 2);
        ck_assert_uint_eq(session->place, place - 1);
    }
    place = 0;
    const struct tunnel_entry *tunnel = table_tunnel_next(table, &place);
    ck_assert_uint_eq(tunnel->place, place - 1);
}
END_TEST

/* Against a model: which session has which remote id. */
START_TEST(random_sessions)
{
    uint32_t remote_of[4][32] = {{0}}; /* 0 = no session, else its remote id + 1 */
    uint64_t random = 3;
    int error;
    for (uint32_t id = 1; id < 4; id++)
        add_tunnel(id);
    for (unsigned step = 0; step < 20000; step++) {
        random = bits_mix(random + 1);
        uint32_t tunnel_id = 1 + random % 3, id = 1 + (random >> 8) % 31;
        uint32_t remote = (random >> 16) % 40, *slot = &remote_of[tunnel_id][id], holder = 0;
        struct tunnel_entry *tunnel = table_tunnel_find(table, tunnel_id);
        struct session_entry *entry = table_session_find(table, tunnel, id);
        ck_assert_int_eq(entry != NULL, *slot != 0);
        for (uint32_t i = 1; i < 32; i++)
            if (remote != 0 && remote_of[tunnel_id][i] == remote + 1)
                holder = i;
        const struct session_entry *found = table_session_find_remote(table, tunnel, remote);
        ck_assert_uint_eq(found ? found->local_id : 0, holder);
        if (!entry) {
            ck_assert_ptr_nonnull(table_session_add(table, tunnel, id, &error));
            *slot = 1;
        } else if ((random >> 32) % 3 == 0) {
            table_session_remove(table, entry);
            *slot = 0;
        } else if (table_session_set_remote(entry, remote) == 0) {
            ck_assert(holder == 0 || holder == id);
            *slot = remote + 1;
        } else {
            ck_assert(holder != 0 && holder != id);
        }
    }
}
END_TEST

Suite *suite_table(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, ids);
    tcase_add_test(tcase, prefetching_changes_nothing);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, objects_must_hold_an_entry);
    tcase_add_test(tcase, by_peer);
    tcase_add_loop_test(tcase, peers_with_the_same_digest, 0, 3);
    tcase_add_test(tcase, later_tunnel_of_a_peer_is_found);
    tcase_add_test(tcase, remote_session_ids);
    tcase_add_test(tcase, strings_are_owned);
    tcase_add_test(tcase, queue_runs_through_the_wrap);
    tcase_add_test(tcase, loading_a_tunnel);
    tcase_add_test(tcase, tunnels_with_a_method_are_counted);
    tcase_add_test(tcase, loading_a_session);
    tcase_add_test(tcase, sweep_leaves_one_generation);
    tcase_add_test(tcase, random_sessions);
    return suite;
}
