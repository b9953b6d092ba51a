/* SPDX-License-Identifier: MIT */
/* How far a copy runs ahead of its confirmations, and for how long it keeps its host. */
#define IN_FLIGHT 200
#include "unit/replicated.h"

/* Whatever the host does besides: it is let go after a few parts, and called back at once. */
static size_t poll_turn(unsigned *parts)
{
    size_t bytes = 0;

    for (*parts = 0; replicas_poll(pair); ++*parts)
        bytes += pair->item.len;
    return bytes;
}

static size_t poll_turns(void)
{
    size_t bytes = 0;
    unsigned parts;

    do {
        ck_assert_uint_le(ledger_deadline(pair->ledger), pair->now);
        ledger_expire(pair->ledger, pair->now);
        bytes += poll_turn(&parts);
        ck_assert_uint_le(parts, 4);
    } while (ledger_deadline(pair->ledger) <= pair->now);
    return bytes;
}

/* So many bytes and hardly more are on their way, and as long as there are fewer nothing waits for
 * a confirmation. */
START_TEST(a_copy_has_a_window)
{
    const size_t window = 4u << 20;
    size_t total = 0, bytes;
    unsigned parts;

    for (uint32_t id = 1; id <= 100; id++) {
        struct tunnel_entry *tunnel = replicas_tunnel(pair, id);
        for (unsigned i = 0; i < 120; i++)
            replicas_message(pair, tunnel, 1000);
    }
    replicas_commit(pair);
    replicas_copy(pair);
    bytes = poll_turn(&parts);
    ck_assert_uint_eq(parts, 1 + 4);
    bytes += poll_turns();
    ck_assert_uint_ge(bytes, window);
    ck_assert_uint_le(bytes, window + 200000);
    for (total = bytes; !ledger_in_sync(pair->ledger); total += bytes) {
        assert_ok(replicas_done(pair, pair->item.position, 0));
        bytes = poll_turn(&parts);
        if (ledger_deadline(pair->ledger) <= pair->now)
            bytes += poll_turns();
        ck_assert_uint_le(bytes, window + 200000);
    }
    ck_assert_uint_ge(total, 100 * 120 * 1000);
}
END_TEST

/* Small records fill a part as well: it takes no more round trips than its bytes do. */
START_TEST(parts_are_filled)
{
    unsigned parts = 0;

    for (uint32_t id = 1; id <= 20; id++) {
        struct tunnel_entry *tunnel = replicas_tunnel(pair, id);
        for (uint32_t i = 1; i <= 1000; i++)
            replicas_session(pair, tunnel, i);
    }
    replicas_commit(pair);
    replicas_copy(pair);
    while (replicas_ship(pair))
        parts++;
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert_uint_le(parts, 1 + 1 + 20000 / 1024 + 2 + 1);
    replicas_assert_equal(pair);
}
END_TEST

/* However long the whole takes, as long as it confirms one thing after the other. 1: it stops. */
START_TEST(a_standby_that_confirms_a_copy_is_not_silent)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    uint64_t number = 0, next;

    replicas_commit(pair);
    replicas_copy(pair);
    for (unsigned i = 0; i < 3; i++) /* the beginning and both walks */
        ck_assert_uint_ne(number = replicas_poll(pair), 0);
    for (unsigned i = 0; i < 5; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        ck_assert_uint_ne(replicas_poll(pair), 0);
    }
    assert_ok(replicas_done(pair, number, 0));
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_BULK);
    ck_assert_uint_ne(replicas_poll(pair), 0);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    uint64_t last = pair->item.position;
    for (next = number + 1; next <= last; next++) {
        pair->now += TIMEOUT_US - 1;
        ledger_expire(pair->ledger, pair->now);
        ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
        if (_i == 1 && next == number + 4)
            break;
        assert_ok(replicas_done(pair, next, 0));
    }
    ck_assert_int_eq(ledger_in_sync(pair->ledger), _i == 0);
    if (_i == 0)
        return;
    for (int i = 0; i < 10 && ledger_mode(pair->ledger) != LEDGER_OFF; i++) { /* several looks */
        pair->now = ledger_deadline(pair->ledger);
        ledger_expire(pair->ledger, pair->now);
    }
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    ck_assert_str_eq(pair->why, "standby silent");
    ck_assert_uint_ne(replicas_poll(pair), 0); /* it is told */
    ck_assert_uint_eq(replicas_poll(pair), 0);
}
END_TEST

/* What the standby held before and the copy has not: sessions of a tunnel that stays, and of one
 * that does not. */
START_TEST(leftovers_go_with_the_end_of_a_copy)
{
    struct tunnel_entry *kept = replicas_tunnel(pair, 1), *gone = replicas_tunnel(pair, 2);

    for (uint32_t i = 1; i <= 50; i++) {
        replicas_session(pair, kept, i);
        replicas_session(pair, gone, i);
    }
    replicas_sync(pair);
    replicas_stop(pair);
    replicas_remove_tunnel(pair, gone);
    for (uint32_t i = 1; i <= 50; i += _i)
        replicas_remove_session(pair, table_session_find(pair->active, kept, i));
    replicas_session(pair, kept, 100);
    replicas_copy(pair);
    ck_assert(replicas_ship(pair)); /* the beginning */
    ck_assert_uint_eq(table_session_count(pair->standby), 100);
    replicas_session(pair, kept, 101); /* in an increment before its tunnel's part */
    replicas_drain(pair);
    ck_assert(ledger_in_sync(pair->ledger));
    replicas_assert_equal(pair);
}
END_TEST

Suite *suite_bulk(void);
Suite *suite_bulk(void)
{
    Suite *suite = suite_create("bulk");
    TCase *tcase = tcase_create("bulk");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_copy_has_a_window);
    tcase_add_test(tcase, parts_are_filled);
    tcase_add_loop_test(tcase, a_standby_that_confirms_a_copy_is_not_silent, 0, 2);
    tcase_add_loop_test(tcase, leftovers_go_with_the_end_of_a_copy, 1, 5);
    suite_add_tcase(suite, tcase);
    return suite;
}
