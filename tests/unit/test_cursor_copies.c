/* SPDX-License-Identifier: MIT */
/* Copies for several consumers, who is given up, and who has which place. */
#include "unit/standbys.h"

#include "state/ledger_private.h"

/* One that reads nothing is left behind where the log ends, and is told so. */
START_TEST(the_log_has_an_end)
{
    struct standby *slow = &standbys[3]; /* nobody waits for it */
    struct tunnel_entry *tunnel;

    all_in_sync();
    tunnel = table_tunnel_find(pair->active, 1);
    for (unsigned n = 0; n <= IN_FLIGHT; n++) {
        ck_assert_int_eq(look(slow).state, CURSOR_IN_SYNC);
        change(tunnel);
        for (unsigned i = 0; i < 3; i++) {
            read_one(&standbys[i]);
            confirm_one(&standbys[i]);
        }
        if (look(slow).state == CURSOR_OUT)
            break;
        ck_assert_uint_eq(tunnel->ns_safe, tunnel->record.ns);
    }
    ck_assert_int_eq(look(slow).state, CURSOR_OUT);
    ck_assert_str_eq(look(slow).why, "checkpoint backlog");
    ck_assert(ledger_in_sync(pair->ledger));
    while (read_one(slow))
        ;
    ck_assert_int_eq(replica_state(slow->replica), REPLICA_OUT_OF_SYNC);
    assert_ok(ledger_copy(pair->ledger, slow->id, pair->now));
    ck_assert(poll_one());
    replicas_message(pair, tunnel, 20); /* what was before does not count any more */
    replicas_commit(pair);
    ck_assert_int_eq(look(slow).state, CURSOR_COPYING);
    drain();
    assert_equal(slow);
}
END_TEST

/* Copies take turns, and the second one begins with what has changed meanwhile. */
START_TEST(one_copy_at_a_time)
{
    for (uint32_t id = 1; id <= 2000; id++)
        replicas_tunnel(pair, id);
    replicas_commit(pair);
    join(&standbys[0], true);
    join(&standbys[1], true);
    ck_assert(poll_one());
    ck_assert_int_eq(look(&standbys[0]).state, CURSOR_COPYING);
    ck_assert_int_eq(look(&standbys[1]).state, CURSOR_WAITING);
    ck_assert_uint_eq(standbys[1].last, 0);
    replicas_tunnel(pair, 2001);
    drain();
    assert_equal(&standbys[0]);
    assert_equal(&standbys[1]);
}
END_TEST

/* A second standby is filled while the first is in sync: nothing waits for it before its copy has
 * ended, and protection is never gone. */
START_TEST(a_second_copy_takes_no_protection)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    unsigned changes;

    replicas_commit(pair);
    join(&standbys[0], true);
    drain();
    changes = pair->mode_changes;
    join(&standbys[1], true);
    while (look(&standbys[1]).state != CURSOR_ENDED) {
        ck_assert(ledger_in_sync(pair->ledger));
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        while (poll_one())
            ;
        while (read_one(&standbys[0]))
            confirm_one(&standbys[0]);
        ck_assert_uint_eq(tunnel->ns_safe, tunnel->record.ns);
        while (look(&standbys[1]).state != CURSOR_ENDED && read_one(&standbys[1]))
            confirm_one(&standbys[1]);
        ledger_expire(pair->ledger, pair->now);
        poll_one();
    }
    ck_assert(ledger_in_sync(pair->ledger));
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    while (poll_one())
        ;
    while (read_one(&standbys[0]))
        confirm_one(&standbys[0]);
    ck_assert_uint_ne(tunnel->ns_safe, tunnel->record.ns); /* the second is waited for */
    drain();
    ck_assert_uint_eq(tunnel->ns_safe, tunnel->record.ns);
    ck_assert_uint_eq(pair->mode_changes, changes);
    assert_equal(&standbys[1]);
}
END_TEST

/* A piece of a copy says no more than the increments before it have said. */
START_TEST(what_waits_for_company_is_told_before_a_part)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);

    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    join(&standbys[0], true);
    drain();
    uint64_t last = ledger_last(pair->ledger);
    replicas_acked(pair, tunnel, 1);
    replicas_commit(pair);
    ck_assert_uint_eq(ledger_last(pair->ledger), last); /* it waits */
    join(&standbys[1], true);
    for (int i = 0; i < 2; i++)
        ck_assert(poll_one());
    ck_assert_uint_eq(ledger_last(pair->ledger), last + 1);
    drain();
    assert_equal(&standbys[0]);
    assert_equal(&standbys[1]);
}
END_TEST

/* Each copy is the whole state: after three that were refused there is one a minute, and one that
 * was taken begins the count anew. */
START_TEST(refusals_are_not_met_by_copies_for_ever)
{
    struct standby *standby = &standbys[0];
    uint64_t refused;

    replicas_tunnel(pair, 1);
    replicas_commit(pair);
    join(standby, true);
    for (int i = 0; i < 3; i++) {
        ck_assert(poll_one());
        refused = pair->now;
        assert_ok(ledger_done(pair->ledger, standby->id, pair->item.position, L2TPHA_ERR_RECORD,
                              refused));
        forget_parcels(standby);
        pair->now += 10;
        assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
    }
    ck_assert_int_eq(look(standby).state, CURSOR_OUT);
    ck_assert_int_eq(look(standby).status, L2TPHA_ERR_RECORD);
    ck_assert_str_eq(look(standby).why, "standby refused");
    ck_assert(!poll_one());
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), refused + 60000000);
    ledger_expire(pair->ledger, refused + 59999999);
    ck_assert(!poll_one());
    pair->now = refused + 60000000;
    ledger_expire(pair->ledger, pair->now);
    drain();
    assert_equal(standby);
    ck_assert_int_eq(look(standby).status, 0);
    assert_ok(ledger_copy(pair->ledger, standby->id, pair->now));
    ck_assert_int_eq(look(standby).state, CURSOR_WAITING);
}
END_TEST

/* --- coming back --- */

static enum l2tpha_checkpoint_kind kind_polled(void)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading records;

    assert_ok(
        l2tpha_serializer_proto()->get_header(pair->item.data, pair->item.len, &header, &records));
    return (enum l2tpha_checkpoint_kind)header.kind;
}

static struct tunnel_entry *cut_off(void)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);

    replicas_commit(pair);
    join(&standbys[0], true);
    drain();
    cut(&standbys[0]);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    for (int i = 0; i < 5; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        ck_assert(!poll_one());
    }
    ck_assert_uint_eq(tunnel->ns_safe, 5); /* nobody is waited for */
    return tunnel;
}

/* It is complete again when RESUME has come, not before, and is waited for from there on. */
START_TEST(who_comes_back_gets_what_it_lacks)
{
    struct standby *standby = &standbys[0];
    struct tunnel_entry *tunnel = cut_off();

    ck_assert(come_back(standby));
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_BULK);
    for (int i = 0; i < 6; i++) {
        ck_assert_int_eq(replica_state(standby->replica), REPLICA_CUT);
        ck_assert(poll_one());
        ck_assert_int_eq(kind_polled(),
                         i < 5 ? L2TPHA_CHECKPOINT_INCREMENT : L2TPHA_CHECKPOINT_RESUME);
        ck_assert_int_eq(ledger_mode(pair->ledger), i < 5 ? LEDGER_BULK : LEDGER_GATED);
        ck_assert(read_one(standby));
    }
    ck_assert_int_eq(replica_state(standby->replica), REPLICA_HOT);
    ck_assert(!ledger_in_sync(pair->ledger));
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 5);
    drain();
    ck_assert_uint_eq(tunnel->ns_safe, 6);
    assert_equal(standby);
    cut(standby); /* and again, with nothing missed */
    ck_assert(come_back(standby));
    ck_assert(poll_one());
    ck_assert_int_eq(kind_polled(), L2TPHA_CHECKPOINT_RESUME);
    drain();
    assert_equal(standby);
}
END_TEST

/* Another copy, numbers that were never made, or that are gone; one that asked for a new copy. */
START_TEST(who_comes_back_too_late_gets_a_copy)
{
    struct standby *standby = &standbys[0];
    struct tunnel_entry *tunnel = cut_off();
    uint64_t copy = replica_copy(standby->replica), last = replica_last(standby->replica);
    struct ledger *ledger = pair->ledger;

    assert_error(ledger_resume(ledger, standby->id, copy + 1, last), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_resume(ledger, standby->id, 0, last), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_resume(ledger, standby->id, copy, last + 6), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_resume(ledger, 7, copy, last), L2TPHA_ERR_NOT_FOUND);
    if (_i == 0)
        for (unsigned i = 0; i <= IN_FLIGHT; i++) {
            replicas_message(pair, tunnel, 20);
            replicas_commit(pair);
        }
    else
        assert_ok(ledger_copy(ledger, standby->id, pair->now));
    assert_error(ledger_resume(ledger, standby->id, copy, last), L2TPHA_ERR_NOT_FOUND);
    ck_assert(!come_back(standby));
    drain();
    assert_equal(standby);
    assert_error(ledger_resume(ledger, standby->id, copy, last), L2TPHA_ERR_NOT_FOUND);
}
END_TEST

/* ... and then nothing is kept for it any more, nor is it for one that does not return. */
START_TEST(the_log_is_kept_for_who_returns)
{
    struct cursor_options options = {.name = "x", .gates = true, .timeout_us = TIMEOUT_US};
    struct tunnel_entry *tunnel = cut_off();
    uint32_t id;

    ck_assert_uint_eq(outbox_count(pair->ledger->log), 5);
    for (unsigned i = 0; i <= IN_FLIGHT; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
    }
    ck_assert_uint_eq(outbox_count(pair->ledger->log), 0);
    assert_ok(cursor_add(pair->ledger, &options, &id));
    assert_ok(ledger_copy(pair->ledger, id, pair->now));
    while (replicas_poll(pair))
        assert_ok(ledger_done(pair->ledger, id, pair->item.position, 0, pair->now));
    ck_assert(ledger_in_sync(pair->ledger));
    ledger_leave(pair->ledger, id, "test");
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(outbox_count(pair->ledger->log), 0);
}
END_TEST

/* Bytes have an end as well. */
START_TEST(large_increments_are_kept_no_longer)
{
    struct standby *standby = &standbys[0];
    struct tunnel_entry *tunnel = cut_off();
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    uint8_t *state = talloc_zero_size(root, 60000);
    size_t most = buffer_pool_limit(pair->active_pool) / 16, bytes = 0;

    assert_ok(table_session_set_bytes(pair->active, session,
                                      offsetof(struct session_extra, app_state), state, 60000));
    for (; bytes < most + 120000 && outbox_count(pair->ledger->log); bytes += 60000) {
        ck_assert_uint_le(pair->ledger->log_bytes, most + 120000);
        ledger_mark_session(pair->ledger, session);
        replicas_commit(pair);
    }
    ck_assert_uint_ge(bytes, most / 2);
    ck_assert_uint_eq(outbox_count(pair->ledger->log), 0);
    ck_assert(!come_back(standby));
    drain();
    assert_equal(standby);
    talloc_free(state);
}
END_TEST

/* An increment that cannot be written is missing for who is away as well. */
START_TEST(what_was_never_written_is_not_passed_over)
{
    struct standby *standby = &standbys[0];
    struct tunnel_entry *tunnel = cut_off();
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    uint8_t *state = talloc_zero_size(root, L2TPHA_CHECKPOINT_MAX);
    size_t place = offsetof(struct session_extra, app_state);

    assert_ok(table_session_set_bytes(pair->active, session, place, state, L2TPHA_CHECKPOINT_MAX));
    ledger_mark_session(pair->ledger, session);
    replicas_commit(pair);
    assert_ok(table_session_set_bytes(pair->active, session, place, state, 1));
    ledger_mark_session(pair->ledger, session);
    replicas_commit(pair);
    ck_assert(!come_back(standby));
    drain();
    assert_equal(standby);
    talloc_free(state);
}
END_TEST

START_TEST(names_and_places)
{
    struct cursor_options options = {.name = "s0", .gates = true, .timeout_us = TIMEOUT_US};
    char name[] = "x0";
    uint32_t id, other;

    assert_error(cursor_add(pair->ledger, &(struct cursor_options){.name = ""}, &id),
                 L2TPHA_ERR_INVALID);
    assert_error(cursor_add(pair->ledger, &(struct cursor_options){.name = NULL}, &id),
                 L2TPHA_ERR_INVALID);
    assert_ok(cursor_add(pair->ledger, &options, &id));
    assert_error(cursor_add(pair->ledger, &options, &other), L2TPHA_ERR_EXISTS);
    ck_assert_uint_eq(id, 1);
    options.name = name;
    for (uint32_t i = 2; i <= LEDGER_CURSORS; i++, name[1]++)
        assert_ok(cursor_add(pair->ledger, &options, &other));
    assert_error(cursor_add(pair->ledger, &options, &other), L2TPHA_ERR_LIMIT);
    assert_error(ledger_copy(pair->ledger, LEDGER_CURSORS + 1, pair->now), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_copy(pair->ledger, 0, pair->now), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_done(pair->ledger, 99, 0, 0, pair->now), L2TPHA_ERR_NOT_FOUND);
    assert_error(ledger_done(pair->ledger, id, 1, 0, pair->now), L2TPHA_ERR_INVALID);
    ledger_remove(pair->ledger, id, "test");
    ledger_remove(pair->ledger, id, "test"); /* it is gone */
    assert_ok(cursor_add(pair->ledger, &options, &other));
    ck_assert_uint_eq(other, id);
}
END_TEST

/* What one was given is not confirmed by a late word about another that had its place. */
START_TEST(positions_never_come_back)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    uint64_t late;

    replicas_commit(pair);
    join(&standbys[0], true);
    drain();
    for (int i = 0; i < 5; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        ck_assert(poll_one());
    }
    late = pair->item.position;
    uint32_t id = standbys[0].id;
    leave(&standbys[0]);
    join(&standbys[1], true);
    ck_assert_uint_eq(standbys[1].id, id);
    while (poll_one())
        ;
    assert_ok(ledger_done(pair->ledger, id, late, 0, pair->now));
    ck_assert_int_eq(look(&standbys[1]).state, CURSOR_COPYING);
    drain();
    assert_equal(&standbys[1]);
}
END_TEST

Suite *suite_cursor_copies(void);
Suite *suite_cursor_copies(void)
{
    Suite *suite = suite_create("cursor_copies");
    TCase *tcase = tcase_create("cursor_copies");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, the_log_has_an_end);
    tcase_add_test(tcase, one_copy_at_a_time);
    tcase_add_test(tcase, a_second_copy_takes_no_protection);
    tcase_add_test(tcase, what_waits_for_company_is_told_before_a_part);
    tcase_add_test(tcase, refusals_are_not_met_by_copies_for_ever);
    tcase_add_test(tcase, who_comes_back_gets_what_it_lacks);
    tcase_add_loop_test(tcase, who_comes_back_too_late_gets_a_copy, 0, 2);
    tcase_add_test(tcase, the_log_is_kept_for_who_returns);
    tcase_add_test(tcase, large_increments_are_kept_no_longer);
    tcase_add_test(tcase, what_was_never_written_is_not_passed_over);
    tcase_add_test(tcase, names_and_places);
    tcase_add_test(tcase, positions_never_come_back);
    suite_add_tcase(suite, tcase);
    return suite;
}
