/* SPDX-License-Identifier: MIT */
/* Buckets: what counts in their digests, where they end, and what is replaced by a repair. */
#define IN_FLIGHT 64
#include "unit/replicated.h"

#include "sim/differ.h"
#include "state/ledger_bucket.h"
#include "state/record.h"
#include "state/replica_bucket.h"

#include <l2tpha/record.h>

#define ALL ((struct bucket){0, BUCKET_END})

static struct table_sum sum;

static void begin(void)
{
    setup();
    sum = (struct table_sum){.parent = pair, .serializer = l2tpha_serializer_proto(), .size = 64};
}

static uint64_t digest_of(const struct table *table, struct bucket bucket)
{
    uint64_t digest;

    assert_ok(bucket_digest(table, bucket, &sum, &digest));
    return digest;
}

/* Three tunnels with calls and messages, the node, and a standby in sync. */
static void fill(void)
{
    for (uint32_t id = 10; id <= 30; id += 10) {
        struct tunnel_entry *tunnel = replicas_tunnel(pair, id);
        for (uint32_t session = 1; session <= 3; session++)
            replicas_session(pair, tunnel, session);
        replicas_message(pair, tunnel, 20);
        replicas_message(pair, tunnel, 30);
    }
    replicas_give_out(pair);
    replicas_commit(pair);
    replicas_sync(pair);
    ck_assert_uint_eq(digest_of(pair->active, ALL), digest_of(pair->standby, ALL));
}

static int compare(struct bucket bucket)
{
    return replica_compare(pair->replica, bucket, ledger_last(pair->ledger),
                           digest_of(pair->active, bucket), &sum);
}

static int repair(struct bucket bucket)
{
    struct l2tpha_bytes data;

    assert_ok(ledger_write_bucket(pair->ledger, pair->consumer, bucket, &data));
    return replica_replace(pair->replica, bucket, data, ledger_last(pair->ledger),
                           digest_of(pair->active, bucket), &sum);
}

/* --- what counts --- */

/* Changes a field of the record that is there, and back. */
static void flip(const struct record_field *field, void *record)
{
    uint8_t *at = (uint8_t *)record + field->offset;
    static const uint8_t one[] = "x";
    struct l2tpha_bytes *bytes = (struct l2tpha_bytes *)(void *)at;
    static struct l2tpha_bytes kept;
    struct l2tpha_address *address = (struct l2tpha_address *)(void *)at;

    switch (field->type) {
    case RECORD_BYTES:
        if (bytes->data == one) {
            *bytes = kept;
            return;
        }
        kept = *bytes;
        *bytes = (struct l2tpha_bytes){one, 1};
        return;
    case RECORD_ADDRESS:
        address->bytes[0] ^= 1;
        return;
    case RECORD_U16:
        *(uint16_t *)(void *)at ^= 1;
        return;
    case RECORD_U32:
        *(uint32_t *)(void *)at ^= 1;
        return;
    case RECORD_U64:
        *(uint64_t *)(void *)at ^= 1;
        return;
    default:
        at[0] ^= 1;
        return;
    }
}

START_TEST(each_field_of_a_tunnel_counts)
{
    const struct record_shape *shape = record_shape(L2TPHA_RECORD_TUNNEL);

    fill();
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 20);
    for (uint32_t i = 0; i < shape->count; i++) {
        uint64_t before = digest_of(pair->active, ALL);
        flip(&shape->fields[i], &tunnel->record);
        ck_assert_msg(digest_of(pair->active, ALL) != before, "field %u", (unsigned)i + 1);
        flip(&shape->fields[i], &tunnel->record);
        ck_assert_uint_eq(digest_of(pair->active, ALL), before);
    }
}
END_TEST

/* But the one that may lag. */
START_TEST(each_field_of_a_session_counts)
{
    const struct record_shape *shape = record_shape(L2TPHA_RECORD_SESSION);
    struct l2tpha_session_record record = {.size = sizeof(record)};

    fill();
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 20);
    struct session_entry *session = table_session_find(pair->active, tunnel, 2);
    session->flags |= L2TPHA_SESSION_LINK_INFO;
    for (uint32_t i = 2; i < shape->count; i++) { /* behind the ids */
        const struct record_field *field = &shape->fields[i];
        uint64_t before = digest_of(pair->active, ALL);
        table_session_get(session, &record);
        flip(field, &record);
        assert_ok(table_session_load(pair->active, session, &record));
        bool counts = digest_of(pair->active, ALL) != before;
        ck_assert_msg(counts == (field->offset != offsetof(struct l2tpha_session_record, data_nr)),
                      "field %u", (unsigned)i + 1);
        flip(field, &record);
        assert_ok(table_session_load(pair->active, session, &record));
    }
}
END_TEST

START_TEST(all_else_counts)
{
    fill();
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 30);
    struct node_entry *node = table_node(pair->active);
    uint64_t before = digest_of(pair->active, ALL);

    tunnel->queue_tail->data[12] ^= 1;
    ck_assert_uint_ne(digest_of(pair->active, ALL), before);
    tunnel->queue_tail->data[12] ^= 1;
    node->record.call_serial ^= 1;
    ck_assert_uint_ne(digest_of(pair->active, ALL), before);
    node->record.call_serial ^= 1;
    ck_assert_uint_eq(digest_of(pair->active, ALL), before);
    replicas_remove_session(pair, tunnel->sessions);
    ck_assert_uint_ne(digest_of(pair->active, ALL), before);
}
END_TEST

/* --- where they end --- */

#define MANY 300

static uint32_t walked;

static int count(void *user, struct table_item item)
{
    (void)user;
    walked += item.tunnel || item.session;
    return L2TPHA_OK;
}

START_TEST(buckets_are_bounded_and_leave_nothing_out)
{
    uint32_t records, sessions = 0, buckets = 0;
    uint64_t place = 0, total = 0;

    for (uint32_t id = 1; id <= MANY; id++) {
        struct tunnel_entry *tunnel = replicas_tunnel(pair, id * 200);
        uint32_t calls = id == MANY / 2 ? 9000 : replicas_random(pair, 30);
        for (uint32_t session = 1; session <= calls; session++)
            replicas_session(pair, tunnel, session * 7);
        sessions += calls;
        replicas_commit(pair); /* to nobody */
    }
    do {
        struct bucket bucket = bucket_from(pair->active, place, &records);
        ck_assert(bucket.first == place && bucket.last >= bucket.first);
        walked = 0;
        ck_assert_int_eq(bucket_walk(pair->active, bucket, count, NULL), 0);
        ck_assert_uint_le(walked, BUCKET_IDS + 1);
        total += digest_of(pair->active, bucket);
        buckets++;
        place = bucket.last + 1;
    } while (place);
    ck_assert_uint_eq(total, digest_of(pair->active, ALL));
    ck_assert_uint_le(buckets, 2 * (MANY + sessions) / BUCKET_RECORDS + 20);
}
END_TEST

START_TEST(nothing_is_allocated_for_more_digests)
{
    fill();
    (void)digest_of(pair->active, ALL);
    size_t blocks = talloc_total_blocks(pair), bytes = talloc_total_size(pair);
    const uint8_t *room = sum.room;
    for (int i = 0; i < 10; i++)
        assert_ok(compare(ALL));
    ck_assert_uint_eq(talloc_total_blocks(pair), blocks);
    ck_assert_uint_eq(talloc_total_size(pair), bytes);
    ck_assert_ptr_eq(sum.room, room);
}
END_TEST

/* --- comparing --- */

START_TEST(only_the_same_increment_is_compared)
{
    fill();
    uint64_t digest = digest_of(pair->active, ALL), last = ledger_last(pair->ledger);

    ck_assert_int_eq(replica_compare(pair->replica, ALL, last - 1, digest, &sum), L2TPHA_ERR_STATE);
    ck_assert_int_eq(replica_compare(pair->replica, ALL, last + 1, 0, &sum), L2TPHA_ERR_STATE);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
    assert_ok(replica_compare(pair->replica, ALL, last, digest, &sum));
}
END_TEST

/* What waits for company is in the active's table alone. */
START_TEST(an_active_is_level_between_increments_alone)
{
    uint64_t number;

    fill();
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 10);
    uint64_t position = pair->item.position;
    ck_assert(ledger_is_level(pair->ledger, pair->consumer, position, &number));
    ck_assert_uint_eq(number, ledger_last(pair->ledger));
    ck_assert(!ledger_is_level(pair->ledger, pair->consumer, position - 1, &number));
    replicas_acked(pair, tunnel, (uint16_t)(tunnel->record.acked + 1));
    ck_assert(!ledger_is_level(pair->ledger, pair->consumer, position, &number));
    replicas_commit(pair);
    ck_assert(!ledger_is_level(pair->ledger, pair->consumer, position, &number));
    replicas_drain(pair);
    ck_assert(ledger_is_level(pair->ledger, pair->consumer, pair->item.position, &number));
    replicas_received(pair, tunnel);
    replicas_commit(pair);
    ck_assert(!ledger_is_level(pair->ledger, pair->consumer, pair->item.position, &number));
}
END_TEST

/* --- repairing --- */

START_TEST(whatever_differs_is_found_and_repaired)
{
    for (uint64_t chance = 0; chance < 8; chance++) {
        replicas_free(pair);
        pair = replicas_new(IN_FLIGHT, TIMEOUT_US);
        sum =
            (struct table_sum){.parent = pair, .serializer = l2tpha_serializer_proto(), .size = 64};
        fill();
        ck_assert(differ(pair->standby, (enum differ_kind)_i, chance * 0x100000001));
        ck_assert_int_eq(compare(ALL), L2TPHA_ERR_DIGEST);
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_DIFFERS);
        ck_assert_uint_eq(replica_copy(pair->replica), 0);
        assert_ok(repair(ALL));
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
        replicas_assert_equal(pair);
        replicas_assert_sound(pair->standby);
        replicas_received(pair, table_tunnel_find(pair->active, 20)); /* and on it goes */
        replicas_commit(pair);
        replicas_drain(pair);
        replicas_assert_equal(pair);
    }
}
END_TEST

/* Those before and behind it keep even what is wrong with them. */
START_TEST(a_repair_touches_its_bucket_alone)
{
    const struct bucket middle = {bucket_place(20, 0), bucket_place(20, UINT32_MAX)};

    fill();
    for (uint32_t id = 10; id <= 30; id += 10) {
        struct tunnel_entry *tunnel = table_tunnel_find(pair->standby, id);
        tunnel->record.remote_window ^= 8;
        tunnel->record.resets ^= 2;
        table_session_remove(pair->standby, table_session_find(pair->standby, tunnel, 2));
        table_session_find(pair->standby, tunnel, 1)->serial = 77;
    }
    ck_assert_int_eq(compare(middle), L2TPHA_ERR_DIGEST);
    assert_ok(repair(middle));
    assert_ok(compare(middle));
    for (uint32_t id = 10; id <= 30; id += 20) {
        struct tunnel_entry *tunnel = table_tunnel_find(pair->standby, id);
        ck_assert_ptr_nonnull(tunnel);
        ck_assert_uint_eq(tunnel->session_count, 2);
        ck_assert_uint_eq(table_session_find(pair->standby, tunnel, 1)->serial, 77);
    }
    ck_assert_int_eq(compare(ALL), L2TPHA_ERR_DIGEST);
    assert_ok(repair(ALL));
    replicas_assert_equal(pair);
}
END_TEST

/* Of one tunnel, from one session to another; what a reset would do to the others is not done. */
START_TEST(a_piece_of_a_tunnel_is_repaired)
{
    const struct bucket piece = {bucket_place(20, 0), bucket_place(20, 2)};

    fill();
    struct tunnel_entry *tunnel = table_tunnel_find(pair->standby, 20);
    tunnel->record.resets ^= 2;
    table_session_find(pair->standby, tunnel, 2)->serial = 77;
    ck_assert_int_eq(compare(piece), L2TPHA_ERR_DIGEST);
    assert_ok(repair(piece));
    replicas_assert_equal(pair);
}
END_TEST

/* Increments go on meanwhile. */
START_TEST(a_repair_is_of_the_newest_increment)
{
    fill();
    ck_assert(differ(pair->standby, DIFFER_SESSION, 5));
    ck_assert_int_eq(compare(ALL), L2TPHA_ERR_DIGEST);
    replicas_session(pair, table_tunnel_find(pair->active, 10), 9);
    replicas_commit(pair);
    replicas_drain(pair);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_DIFFERS);
    assert_ok(repair(ALL));
    replicas_assert_equal(pair);
}
END_TEST

START_TEST(a_repair_that_makes_no_sense_is_refused)
{
    const struct bucket piece = {bucket_place(20, 1), bucket_place(20, 3)};

    fill();
    table_tunnel_remove(pair->standby, table_tunnel_find(pair->standby, 20));
    ck_assert_int_eq(compare(piece), L2TPHA_ERR_DIGEST);
    ck_assert_int_eq(repair(piece), L2TPHA_ERR_DIGEST); /* sessions without a tunnel */
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
    replicas_copy(pair);
    replicas_drain(pair);
    replicas_assert_equal(pair);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
}
END_TEST

/* --- what the active makes of it --- */

START_TEST(outputs_wait_on_for_who_differs)
{
    struct cursor_info info;

    fill();
    ck_assert(ledger_differs(pair->ledger, pair->consumer, "differs"));
    ck_assert(!pair->in_sync && pair->mode == LEDGER_GATED);
    ck_assert(!ledger_differs(pair->ledger, pair->consumer, "differs"));
    ck_assert(cursor_get(pair->ledger, pair->consumer, &info));
    ck_assert(info.state == CURSOR_ENDED && info.whole == 0);
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 10);
    uint16_t safe = tunnel->ns_safe;
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, safe);
    replicas_drain(pair);
    ck_assert_uint_eq(tunnel->ns_safe, (uint16_t)(safe + 1));
    ck_assert(!ledger_in_sync(pair->ledger));
    ledger_repaired(pair->ledger, pair->consumer);
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert(cursor_get(pair->ledger, pair->consumer, &info));
    ck_assert_uint_eq(info.whole, ledger_last(pair->ledger));
}
END_TEST

/* Somebody counts on what it has, by name: nothing newer leaves until that is taken back. */
START_TEST(who_holds_outputs_lets_nothing_on)
{
    fill();
    assert_ok(cursor_hold(pair->ledger, pair->consumer, true));
    ck_assert(ledger_differs(pair->ledger, pair->consumer, "differs"));
    struct tunnel_entry *tunnel = table_tunnel_find(pair->active, 10);
    uint16_t safe = tunnel->ns_safe;
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    replicas_drain(pair);
    ck_assert_uint_eq(tunnel->ns_safe, safe);
    ledger_repaired(pair->ledger, pair->consumer);
    ck_assert_uint_eq(tunnel->ns_safe, (uint16_t)(safe + 1));
    assert_ok(cursor_hold(pair->ledger, pair->consumer, false));
}
END_TEST

START_TEST(a_new_copy_ends_the_difference)
{
    fill();
    ck_assert(ledger_differs(pair->ledger, pair->consumer, "differs"));
    ck_assert(ledger_is_different(pair->ledger, pair->consumer));
    replicas_copy(pair);
    ck_assert(!ledger_is_different(pair->ledger, pair->consumer));
    replicas_drain(pair);
    ck_assert(!ledger_is_different(pair->ledger, pair->consumer));
    ck_assert(ledger_in_sync(pair->ledger));
}
END_TEST

Suite *suite_bucket(void);
Suite *suite_bucket(void)
{
    Suite *suite = suite_create("bucket");
    TCase *tcase = tcase_create("bucket");

    tcase_add_checked_fixture(tcase, begin, teardown);
    tcase_add_test(tcase, each_field_of_a_tunnel_counts);
    tcase_add_test(tcase, each_field_of_a_session_counts);
    tcase_add_test(tcase, all_else_counts);
    tcase_add_test(tcase, buckets_are_bounded_and_leave_nothing_out);
    tcase_add_test(tcase, nothing_is_allocated_for_more_digests);
    tcase_add_test(tcase, only_the_same_increment_is_compared);
    tcase_add_test(tcase, an_active_is_level_between_increments_alone);
    tcase_add_loop_test(tcase, whatever_differs_is_found_and_repaired, 0, DIFFER_KINDS);
    tcase_add_test(tcase, a_repair_touches_its_bucket_alone);
    tcase_add_test(tcase, a_piece_of_a_tunnel_is_repaired);
    tcase_add_test(tcase, a_repair_is_of_the_newest_increment);
    tcase_add_test(tcase, a_repair_that_makes_no_sense_is_refused);
    tcase_add_test(tcase, outputs_wait_on_for_who_differs);
    tcase_add_test(tcase, who_holds_outputs_lets_nothing_on);
    tcase_add_test(tcase, a_new_copy_ends_the_difference);
    suite_add_tcase(suite, tcase);
    return suite;
}
