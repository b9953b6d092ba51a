/* SPDX-License-Identifier: MIT */
#define IN_FLIGHT 1000
#include "unit/replicated.h"

#include "base/cursor.h"
#include "engine/session_fsm.h"
#include "unit/starve.h"

/* --- active and standby --- */

START_TEST(random_changes_with_copies_at_any_moment)
{
    pair->random = (uint64_t)_i;
    for (unsigned step = 0; step < 3000; step++) {
        replicas_change(pair);
        if (replicas_random(pair, 3) == 0)
            (void)(replicas_random(pair, 2) ? replicas_commit : replicas_transaction)(pair);
        if (replicas_random(pair, 4) == 0)
            replicas_ship(pair);
        if (replicas_random(pair, 400) == 0)
            replicas_copy(pair);
        if (replicas_random(pair, 900) == 0)
            replicas_stop(pair);
    }
    replicas_sync(pair);
    replicas_assert_equal(pair);
    for (unsigned step = 0; step < 1000; step++) {
        replicas_change(pair);
        if (replicas_random(pair, 5) == 0)
            replicas_drain(pair);
        if (replicas_random(pair, 100) == 0) {
            replicas_drain(pair);
            replicas_assert_equal(pair);
        }
    }
    replicas_drain(pair);
    replicas_assert_equal(pair);
}
END_TEST

/* What the standby holds has nothing to do with what the active had before it was copied. */
START_TEST(a_copy_replaces_what_was_there)
{
    for (unsigned step = 0; step < 300; step++)
        replicas_change(pair);
    replicas_sync(pair);
    replicas_stop(pair);
    for (unsigned step = 0; step < 600; step++)
        replicas_change(pair);
    replicas_sync(pair);
    replicas_assert_equal(pair);
}
END_TEST

START_TEST(nr_of_messages_is_zero_on_the_standby)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 65535);
    for (unsigned i = 0; i < 3; i++)
        replicas_message(pair, tunnel, 12 + i);
    replicas_sync(pair);
    const struct tunnel_entry *copy = table_tunnel_find(pair->standby, 65535);
    ck_assert_uint_eq(copy->queue_count, 3);
    uint16_t ns = 0;
    for (const struct buffer *message = copy->queue_head; message; message = message->next) {
        ck_assert_uint_eq(get_u16(message->data + 8), ns);
        ck_assert_uint_eq(get_u16(message->data + 10), 0);
        ck_assert_uint_eq(message->len, 12u + ns++);
    }
}
END_TEST

/* Sequence numbers run through 65535 while messages are outstanding. */
START_TEST(numbers_wrap)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 7);
    tunnel->record.ns = tunnel->record.acked = tunnel->record.nr = 65530;
    replicas_commit(pair);
    replicas_sync(pair);
    for (unsigned i = 0; i < 20; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_received(pair, tunnel);
        replicas_drain(pair);
        if (i % 3 == 2)
            replicas_acked(pair, tunnel, (uint16_t)(tunnel->record.acked + 2));
    }
    replicas_drain(pair);
    replicas_assert_equal(pair);
    ck_assert_uint_eq(table_tunnel_find(pair->standby, 7)->record.ns, 14);
}
END_TEST

/* Ids that come free and are taken again within one transaction. */
START_TEST(ids_used_again_at_once)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    assert_ok(table_session_set_remote(session, 9));
    replicas_message(pair, tunnel, 30);
    replicas_sync(pair);

    replicas_remove_session(pair, session);
    session = replicas_session(pair, tunnel, 1);
    session->serial = 77;
    struct session_entry *other = replicas_session(pair, tunnel, 2);
    assert_ok(table_session_set_remote(other, 9));
    replicas_drain(pair);
    replicas_assert_equal(pair);

    replicas_remove_tunnel(pair, tunnel);
    tunnel = replicas_tunnel(pair, 1);
    replicas_session(pair, tunnel, 3);
    replicas_drain(pair);
    replicas_assert_equal(pair);
    ck_assert_ptr_null(table_session_find(pair->standby, table_tunnel_find(pair->standby, 1), 1));

    replicas_remove_tunnel(pair, tunnel);
    replicas_remove_tunnel(pair, replicas_tunnel(pair, 2)); /* came and went */
    replicas_drain(pair);
    ck_assert_uint_eq(table_tunnel_count(pair->standby), 0);
}
END_TEST

/* All of it, from the promoted one to the standby of a second pair. */
static void copy_to(struct state_pair *next, struct ledger *promoted)
{
    struct ledger_item item;

    assert_ok(ledger_copy(promoted, pair->consumer, 1));
    for (item.consumer = 0; ledger_poll(promoted, 1, &item); item.consumer = 0) {
        assert_ok(replica_apply(next->replica, item.data, item.len, NULL));
        assert_ok(ledger_done(promoted, item.consumer, item.position, 0, 1));
    }
}

/* A second standby, after the first was promoted, gets a newer release's fields unharmed. */
START_TEST(unknown_fields_survive_two_takeovers)
{
    static const uint8_t future[] = {0xd0, 0x3e, 0x05, 0xda, 0x3e, 0x03, 'a', 'b', 'c'};
    static const struct l2tpha_node_record node = {.tunnel_key = {1},
                                                   .unknown = {future, sizeof(future)}};
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 3);
    struct session_entry *session = replicas_session(pair, tunnel, 4);
    assert_ok(
        table_tunnel_set_bytes(pair->active, &tunnel->record.unknown, future, sizeof(future)));
    assert_ok(table_session_set_bytes(
        pair->active, session, offsetof(struct session_extra, unknown), future, sizeof(future)));
    assert_ok(table_node_load(pair->active, &node));
    replicas_sync(pair);

    struct state_pair *next = replicas_new(IN_FLIGHT, TIMEOUT_US);
    struct ledger *promoted = replicas_promote(pair);
    ck_assert_uint_eq(ledger_epoch(promoted), 2);
    ck_assert_uint_eq(ledger_last(promoted), replica_last(pair->replica));
    copy_to(next, promoted);
    ck_assert(ledger_in_sync(promoted));
    const struct tunnel_entry *copy = table_tunnel_find(next->standby, 3);
    ck_assert_uint_eq(copy->record.unknown.len, sizeof(future));
    ck_assert_mem_eq(copy->record.unknown.data, future, sizeof(future));
    const struct session_entry *session_copy = table_session_find(next->standby, copy, 4);
    ck_assert_uint_eq(session_copy->extra->unknown.len, sizeof(future));
    ck_assert_mem_eq(session_copy->extra->unknown.data, future, sizeof(future));
    const struct l2tpha_node_record *node_copy = &table_node(next->standby)->record;
    ck_assert_uint_eq(node_copy->unknown.len, sizeof(future));
    ck_assert_mem_eq(node_copy->unknown.data, future, sizeof(future));
    ck_assert_uint_eq(replicas_digest(next->standby), replicas_digest(pair->active));
    replicas_free(next);
}
END_TEST

/* What was received and then promoted must be copied again: no mark of the old copy counts. */
START_TEST(a_promoted_standby_copies_everything)
{
    for (unsigned step = 0; step < 400; step++)
        replicas_change(pair);
    replicas_sync(pair);
    struct state_pair *next = replicas_new(IN_FLIGHT, TIMEOUT_US);
    struct ledger *promoted = replicas_promote(pair);
    for (unsigned round = 0; round < 3; round++) {
        copy_to(next, promoted);
        ck_assert_uint_eq(replicas_digest(next->standby), replicas_digest(pair->active));
    }
    replicas_free(next);
}
END_TEST

/* --- a stream that is not as it should be --- */

struct blob {
    uint8_t data[4096];
    size_t len;
};

#define BLOBS 8
static struct blob blobs[BLOBS]; /* BULK_BEGIN, tunnels, sessions, BULK_END, increments */
static unsigned blob_count;

static void keep_one(void)
{
    const struct ledger_item *item = &pair->item;

    pair->now++;
    ck_assert_uint_ne(replicas_poll(pair), 0);
    ck_assert_uint_le(item->len, sizeof(blobs[0].data));
    memcpy(blobs[blob_count].data, item->data, item->len);
    blobs[blob_count++].len = item->len;
    assert_ok(replicas_done(pair, item->position, 0));
}

/* A short life with something of everything in it. */
static void record_stream(void)
{
    blob_count = 0;
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    struct tunnel_entry *other = replicas_tunnel(pair, 2);
    replicas_message(pair, tunnel, 14);
    struct session_entry *session = replicas_session(pair, tunnel, 5);
    assert_ok(table_session_set_remote(session, 6));
    replicas_session(pair, other, 5);
    replicas_give_out(pair);
    replicas_commit(pair);
    replicas_copy(pair);
    for (unsigned i = 0; i < 4; i++)
        keep_one();
    ck_assert(ledger_in_sync(pair->ledger));
    replicas_message(pair, tunnel, 13);
    replicas_received(pair, tunnel);
    replicas_give_out(pair);
    replicas_remove_tunnel(pair, other);
    assert_ok(table_session_set_remote(replicas_session(pair, tunnel, 7), 8));
    replicas_commit(pair);
    keep_one();
    replicas_remove_session(pair, session);
    replicas_tunnel(pair, 2);
    replicas_message(pair, tunnel, 12);
    replicas_commit(pair);
    keep_one();
}

static int apply(unsigned which)
{
    return replica_apply(pair->replica, blobs[which].data, blobs[which].len, NULL);
}

static void replay_up_to(unsigned end)
{
    replicas_fresh_standby(pair);
    for (unsigned i = 0; i < end; i++)
        assert_ok(apply(i));
}

static void try_damaged(unsigned which, const uint8_t *data, size_t len)
{
    uint64_t before = replicas_digest(pair->standby);
    int error = replicas_feed(pair, data, len);
    replicas_assert_sound(pair->standby);
    if (error) {
        ck_assert_uint_eq(replicas_digest(pair->standby), before);
        if (replica_state(pair->replica) != REPLICA_OUT_OF_SYNC)
            return;
    }
    replay_up_to(which);
}

START_TEST(cut_anywhere)
{
    record_stream();
    for (unsigned which = 0; which < blob_count; which++) {
        replay_up_to(which);
        for (size_t len = 0; len < blobs[which].len; len++)
            try_damaged(which, blobs[which].data, len);
    }
}
END_TEST

START_TEST(any_bit_flipped)
{
    unsigned refused = 0, tried = 0;
    record_stream();
    for (unsigned which = 0; which < blob_count; which++) {
        replay_up_to(which);
        for (size_t bit = 0; bit < blobs[which].len * 8; bit++) {
            struct blob damaged = blobs[which];
            uint64_t applied = pair->standby_counters.checkpoints_refused;
            damaged.data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            try_damaged(which, damaged.data, damaged.len);
            refused += pair->standby_counters.checkpoints_refused != applied;
            tried++;
        }
    }
    ck_assert_uint_gt(refused, tried / 4);
}
END_TEST

START_TEST(lost_doubled_reordered)
{
    record_stream();
    replay_up_to(5);
    uint64_t digest = replicas_digest(pair->standby);
    assert_error(apply(4), L2TPHA_ERR_GAP); /* doubled */
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
    ck_assert_str_eq(replica_reason(pair->replica), "checkpoint missing");
    assert_error(apply(5), L2TPHA_ERR_GAP);
    ck_assert_uint_eq(replicas_digest(pair->standby), digest);
    assert_ok(apply(0)); /* a copy mends it */
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_BULK);
    ck_assert_str_eq(replica_reason(pair->replica), "");
    assert_error(apply(2), L2TPHA_ERR_GAP); /* a part is lost */
    replay_up_to(4);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
    assert_error(apply(5), L2TPHA_ERR_GAP); /* an increment is lost */
}
END_TEST

/* It has held everything, and each tunnel in it is as it was once: over a gap, and while a further
 * copy is under way. */
START_TEST(whole_once_is_whole_until_it_is_dropped)
{
    ck_assert(!replica_is_whole(pair->replica));
    for (unsigned step = 0; step < 300; step++)
        replicas_change(pair);
    replicas_copy(pair);
    ck_assert(replicas_ship(pair));
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_BULK);
    ck_assert(!replica_is_whole(pair->replica)); /* half a first copy is none */
    replicas_drain(pair);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
    ck_assert(replica_is_whole(pair->replica));
    replicas_copy(pair);
    ck_assert(replicas_ship(pair));
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_BULK);
    ck_assert(replica_is_whole(pair->replica));
    replica_empty(pair->replica);
    ck_assert(!replica_is_whole(pair->replica));
    ck_assert_uint_eq(table_tunnel_count(pair->standby), 0);
}
END_TEST

START_TEST(increment_before_any_copy)
{
    record_stream();
    for (unsigned which = 1; which < blob_count; which++) {
        replay_up_to(0);
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_COLD);
        assert_error(apply(which), L2TPHA_ERR_GAP);
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
        ck_assert_uint_eq(table_tunnel_count(pair->standby), 0);
    }
}
END_TEST

START_TEST(older_epoch_is_refused)
{
    struct l2tpha_checkpoint_header header = {.version = 1,
                                              .epoch = 5,
                                              .number = 100,
                                              .kind = L2TPHA_CHECKPOINT_BULK_BEGIN,
                                              .generation = 1};
    assert_ok(replicas_feed_made(pair, &header, NULL, 0));
    header.epoch = 4;
    assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_STALE_EPOCH);
    header.kind = L2TPHA_CHECKPOINT_INCREMENT;
    header.number = 101;
    assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_STALE_EPOCH);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_BULK);
    header.epoch = 6; /* of an active that has not copied itself here */
    assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_GAP);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
    header.epoch = 5; /* it is superseded now */
    header.kind = L2TPHA_CHECKPOINT_BULK_BEGIN;
    assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_STALE_EPOCH);
    ck_assert_uint_eq(replica_epoch(pair->replica), 6);
}
END_TEST

START_TEST(end_with_wrong_count_or_digest)
{
    record_stream();
    for (unsigned wrong = 0; wrong < 2; wrong++) {
        struct l2tpha_checkpoint_header header;
        struct l2tpha_reading none;
        replay_up_to(3);
        assert_ok(
            l2tpha_serializer_proto()->get_header(blobs[3].data, blobs[3].len, &header, &none));
        header.count += wrong;
        header.digest ^= !wrong;
        assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_DIGEST);
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
    }
}
END_TEST

#define TUNNEL(id)                                                                                 \
    {                                                                                              \
        .kind = L2TPHA_RECORD_TUNNEL, .of.tunnel = {                                               \
            .local_id = (id),                                                                      \
            .state = L2TPHA_TUNNEL_ESTABLISHED                                                     \
        }                                                                                          \
    }

/* Parts outside a copy, or of another; records where there are none. */
START_TEST(kinds_out_of_turn)
{
    static const struct l2tpha_record tunnel = TUNNEL(3);
    struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 1, .generation = 1};
    replicas_sync(pair);
    header.number = replica_last(pair->replica);
    header.part = 1;
    header.kind = L2TPHA_CHECKPOINT_BULK_PART;
    assert_error(replicas_feed_made(pair, &header, &tunnel, 1), L2TPHA_ERR_RECORD);
    header.kind = L2TPHA_CHECKPOINT_BULK_END;
    assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_RECORD);
    header.kind = L2TPHA_CHECKPOINT_BULK_BEGIN;
    assert_error(replicas_feed_made(pair, &header, &tunnel, 1), L2TPHA_ERR_RECORD);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
    assert_ok(replicas_feed_made(pair, &header, NULL, 0));
    header.generation = 2;
    header.kind = L2TPHA_CHECKPOINT_BULK_PART;
    assert_error(replicas_feed_made(pair, &header, &tunnel, 1), L2TPHA_ERR_RECORD);
    header.generation = 1;
    assert_ok(replicas_feed_made(pair, &header, &tunnel, 1));
    assert_error(replicas_feed_made(pair, &header, &tunnel, 1), L2TPHA_ERR_GAP); /* twice */
}
END_TEST

/* BULK_BEGIN and ABANDON bring a number with them: what follows must have room to count on. */
START_TEST(numbers_without_room)
{
    static const uint64_t numbers[] = {L2TPHA_CHECKPOINT_NUMBER_MAX + 1, UINT64_MAX - 1,
                                       UINT64_MAX};
    struct l2tpha_checkpoint_header header = {.version = 1, .epoch = 1, .generation = 1};

    replicas_sync(pair);
    uint64_t last = replica_last(pair->replica);
    for (unsigned i = 0; i < 2 * sizeof(numbers) / sizeof(numbers[0]); i++) {
        header.kind = i % 2 ? L2TPHA_CHECKPOINT_BULK_BEGIN : L2TPHA_CHECKPOINT_ABANDON;
        header.number = numbers[i / 2];
        assert_error(replicas_feed_made(pair, &header, NULL, 0), L2TPHA_ERR_RECORD);
        ck_assert_int_eq(replica_state(pair->replica), REPLICA_HOT);
        ck_assert_uint_eq(replica_last(pair->replica), last);
        ck_assert_uint_eq(pair->standby_counters.checkpoints_refused, i + 1);
    }
    header.number = L2TPHA_CHECKPOINT_NUMBER_MAX;
    assert_ok(replicas_feed_made(pair, &header, NULL, 0));
}
END_TEST

/* Longer than any checkpoint may be. */
START_TEST(too_long)
{
    uint8_t *data = talloc_zero_size(root, L2TPHA_CHECKPOINT_MAX + 1);
    assert_error(replica_apply(pair->replica, data, L2TPHA_CHECKPOINT_MAX + 1, NULL),
                 L2TPHA_ERR_RECORD);
    talloc_free(data);
}
END_TEST

/* The standby's table is smaller than what is sent: it says so and holds nothing half-applied. */
START_TEST(no_room)
{
    struct l2tpha_checkpoint_header header = {.version = 1,
                                              .epoch = 1,
                                              .number = 1,
                                              .kind = L2TPHA_CHECKPOINT_BULK_BEGIN,
                                              .generation = 1};
    assert_ok(replicas_feed_made(pair, &header, NULL, 0));
    header.kind = L2TPHA_CHECKPOINT_BULK_PART;
    int error = 0;
    for (uint32_t id = 1; id <= 5001 && !error; id++) {
        struct l2tpha_record record = TUNNEL(id);
        header.part++;
        error = replicas_feed_made(pair, &header, &record, 1);
    }
    ck_assert_int_eq(error, L2TPHA_ERR_LIMIT);
    ck_assert_int_eq(replica_state(pair->replica), REPLICA_OUT_OF_SYNC);
    ck_assert_uint_eq(table_tunnel_count(pair->standby), 0);
}
END_TEST

/* --- a serializer's room --- */

#define ROOM 100000

static uint8_t *room; /* that was given last */

static int get_in_room(struct l2tpha_reading *reading, struct l2tpha_record *record)
{
    room = reading->room;
    if (room)
        memset(room, 0xee, ROOM); /* all of it */
    return l2tpha_serializer_proto()->get_record(reading, record);
}

static int new_replica(size_t bytes, struct replica **replica)
{
    static struct l2tpha_serializer serializer;
    const struct replica_options options = {.table = pair->standby,
                                            .serializer = &serializer,
                                            .counters = &pair->standby_counters,
                                            .has_state = session_has_state};

    serializer = *l2tpha_serializer_proto();
    serializer.room = bytes;
    serializer.get_record = get_in_room;
    return replica_new(pair, &options, replica);
}

START_TEST(a_serializer_has_the_room_that_it_asks_for)
{
    struct replica *replica;

    replicas_tunnel(pair, 1);
    replicas_commit(pair);
    replicas_copy(pair);
    for (size_t bytes = 0; bytes <= ROOM; bytes += ROOM) {
        assert_ok(new_replica(bytes, &replica));
        room = NULL;
        talloc_free(pair->replica);
        pair->replica = replica;
        table_clear(pair->standby);
        replicas_sync(pair);
        ck_assert_int_eq(room != NULL, bytes > 0);
    }
    replicas_assert_equal(pair);
}
END_TEST

START_TEST(a_serializer_without_its_room)
{
    struct replica *replica = NULL;

    starve(root, ROOM / 2);
    assert_error(new_replica(ROOM, &replica), L2TPHA_ERR_NOMEM);
    ck_assert_ptr_null(replica);
    assert_ok(new_replica(0, &replica));
    talloc_free(replica);
    starve(root, NOT_STARVED);
}
END_TEST

Suite *suite_replica(void)
{
    Suite *suite = suite_create("replica");
    TCase *tcase = tcase_create("replica");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, random_changes_with_copies_at_any_moment, 1, 13);
    tcase_add_test(tcase, a_copy_replaces_what_was_there);
    tcase_add_test(tcase, nr_of_messages_is_zero_on_the_standby);
    tcase_add_test(tcase, numbers_wrap);
    tcase_add_test(tcase, ids_used_again_at_once);
    tcase_add_test(tcase, unknown_fields_survive_two_takeovers);
    tcase_add_test(tcase, a_promoted_standby_copies_everything);
    tcase_add_test(tcase, cut_anywhere);
    tcase_add_test(tcase, any_bit_flipped);
    tcase_add_test(tcase, lost_doubled_reordered);
    tcase_add_test(tcase, increment_before_any_copy);
    tcase_add_test(tcase, whole_once_is_whole_until_it_is_dropped);
    tcase_add_test(tcase, older_epoch_is_refused);
    tcase_add_test(tcase, end_with_wrong_count_or_digest);
    tcase_add_test(tcase, kinds_out_of_turn);
    tcase_add_test(tcase, numbers_without_room);
    tcase_add_test(tcase, too_long);
    tcase_add_test(tcase, no_room);
    tcase_add_test(tcase, a_serializer_has_the_room_that_it_asks_for);
    tcase_add_test(tcase, a_serializer_without_its_room);
    return suite;
}
