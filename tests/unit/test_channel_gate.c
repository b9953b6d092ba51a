/* SPDX-License-Identifier: MIT */
/* The channel between the ledger and the wire: nothing leaves, and nothing is acknowledged, before
 * the standby has it; what a restored channel does; limits. */
#include "control/ready.h"
#include "control/reorder.h"
#include "unit/channel_end.h"

static const struct start plain = {.local_window = 4, .remote_window = 4};

static struct end *gated(struct start start)
{
    struct end *end = end_new(start);
    end_gate(end);
    end_flush(end);
    return end;
}

START_TEST(no_message_leaves_before_it_is_confirmed)
{
    struct end *end = gated((struct start){65535, 0, 4, 4});

    end_say(end, 1);
    uint64_t first = end_ship(end);
    end_say(end, 1);
    uint64_t second = end_ship(end);
    ck_assert_uint_ne(first, second);
    expect_nothing(end);
    ck_assert(!timer_armed(&end->channel->retransmit)); /* nothing is out */
    end_wait(end, 100000 * MS);
    ck_assert_uint_eq(end->channel->tries, 0);
    end_confirm(end, first);
    expect_message(end, 65535, 0);
    end_hear_zlb(end, 0, 0); /* the window would let the second go */
    expect_nothing(end);
    ck_assert(!timer_armed(&end->channel->retransmit));
    end_hear_zlb(end, 0, 1); /* and it cannot have been acknowledged */
    ck_assert_uint_eq(end->engine.counters.ack_unsent, 1);
    end_confirm(end, second);
    expect_message(end, 0, 0);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(confirming_a_later_one_confirms_those_before)
{
    struct end *end = gated(plain);

    end_say(end, 2);
    end_confirm(end, end_ship(end));
    expect_message(end, 0, 0);
    end_hear_zlb(end, 0, 1);
    expect_message(end, 1, 0);
    end_free(end);
}
END_TEST

START_TEST(an_acknowledgement_waits_for_the_standby)
{
    struct end *end = gated(plain);

    end_hear(end, 0, 0);
    uint64_t number = end_ship(end);
    end_wait(end, 60 * MS); /* due, but not safe yet */
    expect_nothing(end);
    end_confirm(end, number);
    expect_zlb(end, 0, 1); /* then without further delay */
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(confirmed_in_time_it_still_waits_for_company)
{
    struct end *end = gated(plain);

    end_hear(end, 0, 0);
    end_confirm(end, end_ship(end));
    expect_nothing(end);
    end_say(end, 1);
    end_confirm(end, end_ship(end));
    expect_message(end, 0, 1);
    end_wait(end, 60 * MS);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(half_a_window_waits_for_the_standby_too)
{
    struct end *end = gated(plain);

    end_hear(end, 0, 0);
    uint64_t first = end_ship(end);
    end_hear(end, 1, 0);
    end_hear(end, 2, 0);
    uint64_t last = end_ship(end);
    expect_nothing(end);
    end_confirm(end, first);
    expect_zlb(end, 0, 1); /* what is safe goes */
    expect_nothing(end);
    end_confirm(end, last);
    expect_zlb(end, 0, 3); /* the rest was half a window as well */
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* A duplicate is answered at once, with what is safe; so is a message ahead of its turn. */
START_TEST(a_duplicate_is_told_only_what_is_safe)
{
    struct end *end = gated(plain);

    end_hear(end, 0, 0);
    ck_assert_int_eq(end_hear(end, 0, 0), CHANNEL_DUPLICATE);
    expect_zlb(end, 0, 0);
    ck_assert_int_eq(end_hear(end, 2, 0), CHANNEL_KEPT);
    expect_zlb(end, 0, 0);
    expect_nothing(end);
    end_confirm(end, end_ship(end));
    end_wait(end, 60 * MS); /* the first one's own acknowledgement is still owed */
    expect_zlb(end, 0, 1);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(a_copy_says_only_what_is_safe)
{
    struct end *end = gated(plain);

    end_say(end, 1);
    end_confirm(end, end_ship(end));
    expect_message(end, 0, 0);
    end_hear(end, 0, 0);
    end_wait(end, 1002 * MS);
    expect_message(end, 0, 0);
    expect_nothing(end);
    end_confirm(end, end_ship(end));
    expect_zlb(end, 1, 1); /* overdue by now */
    end_wait(end, 2002 * MS);
    expect_message(end, 0, 1);
    end_free(end);
}
END_TEST

/* One message received, its reply with it: one checkpoint lets both go, in one datagram. */
START_TEST(a_reply_and_its_acknowledgement_are_one)
{
    struct end *end = gated(plain);
    const struct l2tpha_header header = {.length = MESSAGE_LEN,
                                         .header_len = L2TPHA_CONTROL_HEADER};

    ck_assert_int_eq(channel_receive(&end->engine, end->channel, &header, NULL, 0),
                     CHANNEL_IN_ORDER);
    assert_ok(end_queue(end, 1));
    end_accept(end);
    expect_nothing(end);
    end_confirm(end, end_ship(end));
    expect_message(end, 0, 1);
    end_wait(end, 60 * MS);
    expect_nothing(end);
    end_free(end);
}
END_TEST

START_TEST(a_lost_standby_lets_everything_go)
{
    struct end *end = gated(plain);

    end_say(end, 1);
    end_hear(end, 0, 0);
    end_hear(end, 1, 0);
    end_ship(end);
    expect_nothing(end);
    end_lose_standby(end);
    expect_message(end, 0, 2);
    expect_nothing(end);
    end_free(end);
}
END_TEST

/* --- restored --- */

/* What the standby knows is that all of the queue may have left and none may have come. */
START_TEST(a_restored_queue_leaves_again_from_the_oldest)
{
    struct end *end = end_new((struct start){65533, 5, 4, 8});

    end_say(end, 6);
    for (uint16_t acked = 65533; acked != 65535; acked++) {
        end_flush(end);
        end_hear_zlb(end, 5, (uint16_t)(acked + 1));
    }
    end_hear(end, 6, 65535); /* kept, so lost */
    channel_stop(&end->engine, end->channel);
    channel_start(&end->engine, end->channel, end->entry);
    ck_assert_uint_eq(end->channel->ahead_count, 0);
    expect_message(end, 65535, 5);
    expect_nothing(end); /* CWND is 1 again */
    end_hear_zlb(end, 5, 0);
    expect_message(end, 0, 5);
    expect_message(end, 1, 5);
    end_say(end, 2); /* new ones queue up behind */
    expect_nothing(end);
    end_hear_zlb(end, 5, 3); /* Ns 2 has not left here, but may have before */
    expect_message(end, 3, 5);
    expect_message(end, 4, 5);
    expect_nothing(end);
    ck_assert_uint_eq(end->engine.counters.ack_unsent, 0);
    end_hear_zlb(end, 5, 5);
    ck_assert(channel_idle(end->channel));
    ck_assert(!timer_armed(&end->channel->retransmit));
    end_free(end);
}
END_TEST

START_TEST(a_restored_queue_may_be_acknowledged_before_anything_leaves)
{
    struct end *end = end_new(plain);
    uint16_t nr = (uint16_t)_i;

    end_say(end, 3);
    channel_stop(&end->engine, end->channel);
    channel_start(&end->engine, end->channel, end->entry);
    end_hear_zlb(end, 0, nr);
    ck_assert(!timer_armed(&end->channel->retransmit)); /* nothing of ours is out */
    if (nr == 3)
        expect_nothing(end);
    else
        expect_message(end, nr, 0);
    ck_assert_int_eq(timer_armed(&end->channel->retransmit), nr < 3);
    end_free(end);
}
END_TEST

START_TEST(a_stopped_channel_is_silent)
{
    struct end *end = end_new(plain);

    end_say(end, 3);
    end_flush(end);
    end_hear(end, 0, 0);
    end_hear(end, 2, 0);
    channel_stop(&end->engine, end->channel);
    ck_assert_uint_eq(wheel_count(end->engine.wheel), 0);
    engine_ready(&end->engine, end->channel);
    expect_nothing(end);
    end_free(end); /* stops it once more: harmless */
}
END_TEST

/* --- limits --- */

START_TEST(the_queue_has_an_end)
{
    static const struct {
        uint32_t max_queue, fits;
    } rows[] = {{1, 1}, {10, 10}, {16000, 16000}};
    struct end *end = end_new((struct start){60000, 0, 4, 4});

    end->engine.config.max_queue = rows[_i].max_queue;
    ck_assert(channel_has_room(&end->engine, end->channel, rows[_i].fits));
    ck_assert(!channel_has_room(&end->engine, end->channel, rows[_i].fits + 1));
    ck_assert(!channel_has_room(&end->engine, end->channel, UINT32_MAX));
    for (uint32_t i = 0; i < rows[_i].fits; i++) {
        ck_assert(channel_has_room(&end->engine, end->channel, 1));
        assert_ok(end_queue(end, i));
    }
    end_commit(end);
    ck_assert(channel_has_room(&end->engine, end->channel, 0));
    assert_error(end_queue(end, 0), L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_eq(end->entry->record.ns, (uint16_t)(60000 + rows[_i].fits));
    ck_assert_uint_eq(end->engine.counters.messages_out, rows[_i].fits);
    expect_message(end, 60000, 0); /* numbers so far apart are still told in order */
    end_hear_zlb(end, 0, 60001);
    assert_ok(end_queue(end, 0));
    end_free(end);
}
END_TEST

START_TEST(the_numbers_of_a_queue_stay_comparable)
{
    struct end *end = end_new(plain);

    end->engine.config.max_queue = 70000;
    ck_assert(channel_has_room(&end->engine, end->channel, 32767));
    ck_assert(!channel_has_room(&end->engine, end->channel, 32768));
    end_free(end);
}
END_TEST

START_TEST(no_memory_changes_nothing)
{
    struct end *end = end_new(plain);
    struct buffer_pool *pool = end->engine.pool;

    assert_ok(buffer_pool_new(end, 0, &end->engine.pool));
    assert_error(end_queue(end, 0), L2TPHA_ERR_LIMIT);
    ck_assert_uint_eq(end->entry->record.ns, 0);
    ck_assert_uint_eq(end->engine.counters.messages_out, 0);
    ck_assert_int_eq(end_hear(end, 1, 0), CHANNEL_BEYOND); /* cannot be kept */
    ck_assert_uint_eq(end->engine.counters.ahead_dropped, 1);
    ck_assert_uint_eq(end->channel->ahead_count, 0);
    expect_zlb(end, 0, 0);
    expect_nothing(end);
    end->engine.pool = pool;
    end_free(end);
}
END_TEST

/* Once warm, messages both ways, copies and messages ahead allocate nothing. */
START_TEST(a_steady_state_allocates_nothing)
{
    struct end *end = end_new((struct start){0, 0, 8, 8});
    size_t blocks = 0;

    for (uint16_t i = 0; i < 600; i++) {
        uint16_t ns = (uint16_t)(2 * i);
        end_say(end, 1);
        end_hear(end, (uint16_t)(ns + 1), i);
        end_hear(end, (uint16_t)(ns + 1), i);
        end_hear(end, ns, i);
        struct buffer *kept = reorder_take(end->channel);
        ck_assert_ptr_nonnull(kept);
        buffer_put(end->engine.pool, kept);
        end_accept(end);
        ck_assert_uint_eq(end_flush(end), 1);
        end_hear_zlb(end, ns, (uint16_t)(i + 1));
        if (i == 100)
            blocks = talloc_total_blocks(end);
    }
    ck_assert_uint_eq(talloc_total_blocks(end), blocks);
    end_free(end);
}
END_TEST

/* Only the bytes that the header counts are kept. */
START_TEST(trailing_bytes_are_not_kept)
{
    struct end *end = end_new(plain);
    uint8_t data[MESSAGE_LEN + 1000] = {0};
    const struct l2tpha_header header = {
        .length = MESSAGE_LEN, .header_len = L2TPHA_CONTROL_HEADER, .ns = 1};

    ck_assert_int_eq(channel_receive(&end->engine, end->channel, &header, data, sizeof(data)),
                     CHANNEL_KEPT);
    end_hear(end, 0, 0);
    struct buffer *kept = reorder_take(end->channel);
    ck_assert_uint_eq(kept->len, MESSAGE_LEN);
    buffer_put(end->engine.pool, kept);
    end_free(end);
}
END_TEST

/* --- a channel that rests --- */

/* How long a peer has that never acknowledges, from the end of the rest on. Turn 1: the rest has
 * come between a nudge and its copy, which is no try; what follows the rest are tries, each of
 * them. */
static uint64_t patience_after_rest(bool nudged)
{
    struct end *end = end_new((struct start){0, 0, 4, 4});
    uint64_t from;

    channel_start(&end->engine, end->channel, end->entry);
    end_say(end, 1);
    end_flush(end);
    if (nudged)
        channel_nudge(&end->engine, end->channel);
    channel_suspend(&end->engine, end->channel, true);
    end_wait(end, 10000 * MS);
    channel_suspend(&end->engine, end->channel, false);
    from = end->engine.now;
    for (int i = 0; i < 1000 && end->status == L2TPHA_OK; i++) {
        end_flush(end);
        end_wait(end, 100 * MS);
    }
    ck_assert_int_eq(end->status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(end->engine.counters.retransmissions, end->engine.config.retries);
    from = end->engine.now - from;
    end_free(end);
    return from;
}

START_TEST(a_rest_ends_a_nudge)
{
    ck_assert_uint_eq(patience_after_rest(true), patience_after_rest(false));
}
END_TEST

Suite *suite_channel_gate(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("channel_gate", &tcase);

    tcase_add_test(tcase, no_message_leaves_before_it_is_confirmed);
    tcase_add_test(tcase, confirming_a_later_one_confirms_those_before);
    tcase_add_test(tcase, an_acknowledgement_waits_for_the_standby);
    tcase_add_test(tcase, confirmed_in_time_it_still_waits_for_company);
    tcase_add_test(tcase, half_a_window_waits_for_the_standby_too);
    tcase_add_test(tcase, a_duplicate_is_told_only_what_is_safe);
    tcase_add_test(tcase, a_copy_says_only_what_is_safe);
    tcase_add_test(tcase, a_reply_and_its_acknowledgement_are_one);
    tcase_add_test(tcase, a_lost_standby_lets_everything_go);
    tcase_add_test(tcase, a_restored_queue_leaves_again_from_the_oldest);
    tcase_add_loop_test(tcase, a_restored_queue_may_be_acknowledged_before_anything_leaves, 0, 4);
    tcase_add_test(tcase, a_stopped_channel_is_silent);
    tcase_add_loop_test(tcase, the_queue_has_an_end, 0, 3);
    tcase_add_test(tcase, the_numbers_of_a_queue_stay_comparable);
    tcase_add_test(tcase, no_memory_changes_nothing);
    tcase_add_test(tcase, a_steady_state_allocates_nothing);
    tcase_add_test(tcase, trailing_bytes_are_not_kept);
    tcase_add_test(tcase, a_rest_ends_a_nudge);
    return suite;
}
