/* SPDX-License-Identifier: MIT */
/* A consumer that outputs wait for whatever becomes of it. */
#include "unit/standbys.h"

#include "state/ledger_private.h"
#include "state/ledger_takeover.h"

static struct tunnel_entry *tunnel;

static void hold(struct standby *standby, bool holds)
{
    assert_ok(cursor_hold(pair->ledger, standby->id, holds));
    ledger_follow(pair->ledger, NULL);
}

static void say(void)
{
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    while (poll_one())
        ;
}

static void hear(struct standby *standby)
{
    while (read_one(standby))
        confirm_one(standby);
}

static void begin_with_tunnel(void)
{
    tunnel = replicas_tunnel(pair, 1);
    replicas_commit(pair);
}

/* Nothing newer than this has left. */
static void assert_left(uint16_t ns)
{
    ck_assert_uint_eq(tunnel->ns_safe, ns);
}

static void lose_by_silence(void)
{
    for (int i = 0; i < 4; i++)
        ledger_expire(pair->ledger, pair->now += TIMEOUT_US);
}

static void lose_by_refusal(void)
{
    assert_ok(ledger_done(pair->ledger, standbys[0].id, 0, L2TPHA_ERR_RECORD, pair->now));
}

static void lose_by_backlog(void)
{
    for (unsigned i = 0; i <= 2 * IN_FLIGHT; i++)
        say();
}

static void lose_by_end(void)
{
    ledger_leave(pair->ledger, standbys[0].id, "test");
}

static void (*const losses[])(void) = {lose_by_silence, lose_by_refusal, lose_by_backlog,
                                       lose_by_end};
#define LOSSES (sizeof(losses) / sizeof(losses[0]))

/* It is lost, and filled anew, while another one confirms everything: what it does not hold stays
 * until it does. */
START_TEST(whatever_becomes_of_it)
{
    begin_with_tunnel();
    join(&standbys[0], true);
    join(&standbys[1], true);
    drain();
    hold(&standbys[0], true);
    say();
    hear(&standbys[0]);
    hear(&standbys[1]);
    uint16_t ns = tunnel->record.ns;
    assert_left(ns);
    say();
    losses[_i]();
    ck_assert_int_eq(look(&standbys[0]).state, CURSOR_OUT);
    forget_parcels(&standbys[0]);
    say();
    hear(&standbys[1]);
    assert_left(ns);
    assert_ok(ledger_copy(pair->ledger, standbys[0].id, pair->now));
    while (look(&standbys[0]).state < CURSOR_ENDED) {
        say();
        hear(&standbys[1]);
        assert_left(ns);
        if (look(&standbys[0]).state < CURSOR_ENDED)
            hear(&standbys[0]);
        ledger_expire(pair->ledger, pair->now);
    }
    assert_left(ns);
    hear(&standbys[0]);
    assert_left(tunnel->record.ns);
    drain();
    assert_equal(&standbys[0]);
}
END_TEST

/* Another copy goes on: it owes no word of what it was not given. */
START_TEST(its_turn_has_not_come)
{
    begin_with_tunnel();
    join(&standbys[0], true);
    drain();
    hold(&standbys[0], true);
    ledger_stop_one(pair->ledger, standbys[0].id, "test");
    forget_parcels(&standbys[0]);
    join(&standbys[1], true);
    ck_assert(poll_one());
    assert_ok(ledger_copy(pair->ledger, standbys[0].id, pair->now));
    ck_assert_int_eq(look(&standbys[0]).state, CURSOR_WAITING);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    lose_by_silence(); /* of the other */
    ck_assert_int_ne(look(&standbys[0]).state, CURSOR_OUT);
    drain();
    assert_equal(&standbys[0]);
}
END_TEST

/* It is alone, and given up: nothing leaves. Then it is removed, or not waited for any more. */
START_TEST(until_it_is_taken_back)
{
    begin_with_tunnel();
    join(&standbys[0], true);
    drain();
    hold(&standbys[0], true);
    uint16_t ns = tunnel->record.ns;
    ledger_stop_one(pair->ledger, standbys[0].id, "test");
    forget_parcels(&standbys[0]);
    ck_assert(!ledger_in_sync(pair->ledger));
    for (unsigned i = 0; i < 3 * IN_FLIGHT; i++) /* nothing is kept for nobody */
        say();
    ck_assert_uint_le(outbox_count(pair->ledger->log), 1);
    assert_left(ns);
    if (_i == 0)
        hold(&standbys[0], false);
    else
        leave(&standbys[0]);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    assert_left(tunnel->record.ns);
}
END_TEST

/* From before its copy on: what was let on before may leave, and nothing newer. */
START_TEST(from_the_outset)
{
    begin_with_tunnel();
    uint16_t ns = tunnel->record.ns;
    assert_left(ns);
    join(&standbys[0], true);
    ledger_stop_one(pair->ledger, standbys[0].id, "test");
    hold(&standbys[0], true);
    assert_left(ns);
    say();
    assert_left(ns);
    assert_ok(ledger_copy(pair->ledger, standbys[0].id, pair->now));
    say();
    hear(&standbys[0]);
    say();
    while (look(&standbys[0]).state != CURSOR_IN_SYNC) {
        assert_left(ns);
        hear(&standbys[0]);
        ledger_expire(pair->ledger, pair->now);
        while (poll_one())
            ;
    }
    hear(&standbys[0]);
    assert_left(tunnel->record.ns);
}
END_TEST

/* Another one is filled beside it, and holds in its place: nothing waits for the copy. */
START_TEST(the_next_one_takes_its_place)
{
    begin_with_tunnel();
    join(&standbys[0], true);
    drain();
    hold(&standbys[0], true);
    join(&standbys[1], true);
    while (look(&standbys[1]).state != CURSOR_IN_SYNC) {
        say();
        hear(&standbys[0]);
        if (look(&standbys[1]).state < CURSOR_ENDED)
            assert_left(tunnel->record.ns);
        hear(&standbys[1]);
        assert_left(tunnel->record.ns);
        ledger_expire(pair->ledger, pair->now);
    }
    hold(&standbys[1], true);
    leave(&standbys[0]);
    ck_assert(ledger_in_sync(pair->ledger));
    uint16_t ns = tunnel->record.ns;
    say();
    assert_left(ns);
    hear(&standbys[1]);
    assert_left(tunnel->record.ns);
}
END_TEST

/* Added by a standby: what its copy had may leave when it takes over, and nothing newer. */
START_TEST(over_a_takeover)
{
    begin_with_tunnel();
    join(&standbys[0], true);
    ledger_stop_one(pair->ledger, standbys[0].id, "test");
    assert_ok(cursor_hold(pair->ledger, standbys[0].id, true));
    ledger_begin_epoch(pair->ledger, 7, ledger_last(pair->ledger) + 5);
    ledger_adopt(pair->ledger, tunnel);
    uint16_t ns = tunnel->record.ns;
    assert_left(ns);
    say();
    assert_left(ns);
    assert_ok(ledger_copy(pair->ledger, standbys[0].id, pair->now));
    drain();
    assert_left(tunnel->record.ns);
    assert_equal(&standbys[0]);
}
END_TEST

START_TEST(who_gates_nothing_holds_nothing)
{
    join(&standbys[0], false);
    assert_error(cursor_hold(pair->ledger, standbys[0].id, true), L2TPHA_ERR_INVALID);
    assert_error(cursor_hold(pair->ledger, 7, true), L2TPHA_ERR_NOT_FOUND);
}
END_TEST

Suite *suite_cursor_holds(void);
Suite *suite_cursor_holds(void)
{
    Suite *suite = suite_create("cursor_holds");
    TCase *tcase = tcase_create("cursor_holds");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, whatever_becomes_of_it, 0, LOSSES);
    tcase_add_loop_test(tcase, until_it_is_taken_back, 0, 2);
    tcase_add_test(tcase, from_the_outset);
    tcase_add_test(tcase, the_next_one_takes_its_place);
    tcase_add_test(tcase, over_a_takeover);
    tcase_add_test(tcase, its_turn_has_not_come);
    tcase_add_test(tcase, who_gates_nothing_holds_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
