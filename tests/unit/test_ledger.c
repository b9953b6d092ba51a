/* SPDX-License-Identifier: MIT */
#define IN_FLIGHT 100
#include "unit/replicated.h"

/* The last thing for a standby that may still listen: it is stale from here on. */
static void assert_abandons(void)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading records;

    ck_assert_uint_ne(replicas_poll(pair), 0);
    assert_ok(
        l2tpha_serializer_proto()->get_header(pair->item.data, pair->item.len, &header, &records));
    ck_assert_int_eq(header.kind, L2TPHA_CHECKPOINT_ABANDON);
    ck_assert_uint_eq(header.number, ledger_last(pair->ledger));
    ck_assert_uint_eq(records.len, 0);
}

static void assert_alone(const char *why, bool abandons)
{
    if (abandons)
        assert_abandons();
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_OFF);
    ck_assert(!ledger_in_sync(pair->ledger));
    ck_assert_int_eq(pair->mode, LEDGER_OFF);
    ck_assert_str_eq(pair->why, why);
    ck_assert_uint_eq(replicas_poll(pair), 0);
    ck_assert_uint_eq(ledger_confirmed(pair->ledger), ledger_last(pair->ledger));
    ck_assert_uint_eq(ledger_deadline(pair->ledger), L2TPHA_NEVER);
}

static void assert_all_safe(void)
{
    const struct tunnel_entry *entry;
    uint32_t place = 0;
    while ((entry = table_tunnel_next(pair->active, &place))) {
        ck_assert_uint_eq(entry->ns_safe, entry->record.ns);
        ck_assert_uint_eq(entry->nr_safe, entry->record.nr);
    }
}

START_TEST(off_confirms_itself_and_writes_nothing)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_message(pair, tunnel, 20);
    replicas_received(pair, tunnel);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    ck_assert_uint_eq(replicas_commit(pair), 0);
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert_uint_eq(tunnel->nr_safe, 1);
    ck_assert_uint_eq(pair->confirmations, 1);
    replicas_acked(pair, tunnel, 1);
    replicas_remove_tunnel(pair, tunnel);
    ck_assert_uint_eq(replicas_commit(pair), 0);
    ck_assert_uint_eq(ledger_last(pair->ledger), 0);
    ck_assert_uint_eq(replicas_poll(pair), 0);
    ck_assert_uint_eq(pair->active_counters.checkpoints, 0);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), L2TPHA_NEVER);
}
END_TEST

START_TEST(nothing_is_safe_before_it_is_confirmed)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    uint64_t before = ledger_last(pair->ledger), at = pair->item.position;
    ck_assert_uint_le(replicas_commit(pair), ledger_confirmed(pair->ledger)); /* nothing marked */

    replicas_message(pair, tunnel, 20);
    ck_assert_uint_eq(replicas_commit(pair), before + 1);
    replicas_message(pair, tunnel, 20);
    replicas_received(pair, tunnel);
    ck_assert_uint_eq(replicas_commit(pair), before + 2);
    replicas_session(pair, tunnel, 1);
    ck_assert_uint_eq(replicas_commit(pair), before + 3);
    ck_assert_uint_eq(ledger_confirmed(pair->ledger), before);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    assert_error(replicas_done(pair, at + 1, 0), L2TPHA_ERR_INVALID);
    for (unsigned i = 1; i <= 3; i++) {
        ck_assert_uint_eq(replicas_poll(pair), at + i);
        ck_assert_uint_eq(pair->item.number, before + i);
    }
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    ck_assert_uint_eq(tunnel->nr_safe, 0);

    assert_ok(replicas_done(pair, at + 1, 0));
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert_uint_eq(tunnel->nr_safe, 0);
    assert_ok(replicas_done(pair, at + 3, 0)); /* cumulative */
    ck_assert_uint_eq(tunnel->ns_safe, 2);
    ck_assert_uint_eq(tunnel->nr_safe, 1);
    assert_ok(replicas_done(pair, at + 2, 0)); /* late */
    ck_assert_uint_eq(ledger_known(pair->ledger), before + 3);
    assert_error(replicas_done(pair, at + 4, 0), L2TPHA_ERR_INVALID);
}
END_TEST

/* A tunnel that has got the id of one just gone is not confirmed by what was about that one. */
START_TEST(namesake_is_not_confirmed)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    for (unsigned i = 0; i < 5; i++)
        replicas_message(pair, tunnel, 20);
    uint64_t old = replicas_commit(pair);
    replicas_remove_tunnel(pair, tunnel);
    tunnel = replicas_tunnel(pair, 1);
    replicas_message(pair, tunnel, 20);
    uint64_t at = replicas_poll(pair);
    ck_assert_uint_eq(pair->item.number, old);
    assert_ok(replicas_done(pair, at, 0));
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    uint64_t its = replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    at = replicas_poll(pair);
    ck_assert_uint_eq(pair->item.number, its);
    assert_ok(replicas_done(pair, at, 0));
    ck_assert_uint_eq(tunnel->ns_safe, 1);
}
END_TEST

START_TEST(a_copy_gates_from_its_end)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_commit(pair);
    replicas_copy(pair);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_BULK);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 1); /* nothing waits while the copy is under way */
    while (ledger_mode(pair->ledger) == LEDGER_BULK) {
        uint64_t number = replicas_poll(pair);
        ck_assert_uint_ne(number, 0);
        if (ledger_mode(pair->ledger) == LEDGER_BULK)
            assert_ok(replicas_done(pair, number, 0));
    }
    uint64_t end = pair->item.position;
    ck_assert(!ledger_in_sync(pair->ledger));
    ck_assert_uint_eq(ledger_confirmed(pair->ledger), ledger_last(pair->ledger));
    ck_assert_uint_eq(pair->mode_changes, 2);
    ck_assert(!pair->in_sync);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    assert_ok(replicas_done(pair, end, 0));
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert_uint_eq(pair->mode_changes, 3);
    ck_assert(pair->in_sync);
    ck_assert_ptr_null(pair->why);
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    uint64_t last = replicas_poll(pair);
    assert_ok(replicas_done(pair, last, 0));
    ck_assert_uint_eq(tunnel->ns_safe, 2);
}
END_TEST

START_TEST(a_copy_can_start_again)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    replicas_copy(pair); /* another standby: nothing waits for the old */
    ck_assert_uint_eq(tunnel->ns_safe, 1);
    ck_assert(!ledger_in_sync(pair->ledger));
    replicas_ship(pair);
    replicas_sync(pair);
    replicas_assert_equal(pair);
}
END_TEST

START_TEST(deferred_marks_wait_for_company)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    for (unsigned i = 0; i < 4; i++)
        replicas_message(pair, tunnel, 20);
    replicas_sync(pair);
    uint64_t before = ledger_last(pair->ledger);
    replicas_acked(pair, tunnel, 1);
    ck_assert_uint_le(replicas_commit(pair), ledger_confirmed(pair->ledger));
    uint64_t since = pair->now;
    ck_assert_uint_eq(ledger_last(pair->ledger), before);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), since + LEDGER_DEFERRED_US);
    replicas_acked(pair, tunnel, 2);
    replicas_commit(pair);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), since + LEDGER_DEFERRED_US);

    replicas_session(pair, tunnel, 1); /* company */
    replicas_commit(pair);
    ck_assert_uint_eq(ledger_last(pair->ledger), before + 1);
    replicas_ship(pair);
    ck_assert_uint_eq(table_tunnel_find(pair->standby, 1)->record.acked, 2);
    ck_assert_uint_eq(ledger_deadline(pair->ledger), L2TPHA_NEVER);

    replicas_acked(pair, tunnel, 3); /* none comes */
    uint64_t depends = replicas_commit(pair);
    pair->now += LEDGER_DEFERRED_US - 1;
    ledger_expire(pair->ledger, pair->now);
    ck_assert_uint_eq(ledger_last(pair->ledger), before + 1);
    ledger_expire(pair->ledger, ++pair->now);
    ck_assert_uint_eq(ledger_last(pair->ledger), before + 2);
    ck_assert_uint_eq(replicas_commit(pair), depends); /* no output waits for it */
    replicas_ship(pair);
    replicas_assert_equal(pair);
}
END_TEST

/* --- the node's own record --- */

/* Ship what there is; how many records of the node are in increments, and in parts? */
static void ship_counting(unsigned *increments, unsigned *parts)
{
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading records;
    struct l2tpha_record record;

    *increments = *parts = 0;
    for (pair->now++; replicas_poll(pair); pair->now++) {
        assert_ok(proto->get_header(pair->item.data, pair->item.len, &header, &records));
        while (proto->get_record(&records, &record) == 0)
            if (record.kind == L2TPHA_RECORD_NODE)
                ++*(header.kind == L2TPHA_CHECKPOINT_BULK_PART ? parts : increments);
        assert_ok(replicas_feed(pair, pair->item.data, pair->item.len));
        assert_ok(replicas_done(pair, pair->item.position, 0));
    }
}

START_TEST(the_node_is_told_when_it_has_changed)
{
    unsigned increments, parts;
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);

    replicas_sync(pair);
    ck_assert(!node_is_set(table_node(pair->standby)));
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    ship_counting(&increments, &parts);
    ck_assert_uint_eq(increments, 0);
    for (unsigned i = 1; i <= 3; i++) { /* several in one transaction are one */
        replicas_give_out(pair);
        replicas_give_out(pair);
        uint64_t depends = replicas_commit(pair);
        ck_assert_uint_eq(depends, ledger_last(pair->ledger)); /* nothing leaves without it */
        ck_assert_uint_gt(depends, ledger_confirmed(pair->ledger));
        ship_counting(&increments, &parts);
        ck_assert_uint_eq(increments, 1);
        ck_assert_uint_eq(table_node(pair->standby)->record.tunnel_place, 2 * i);
        ck_assert_uint_eq(table_node(pair->standby)->record.call_serial, 2 * i);
        replicas_assert_equal(pair);
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        ship_counting(&increments, &parts);
        ck_assert_uint_eq(increments, 0);
    }
}
END_TEST

/* Changed 0: before the copy, 1: and before its first part, 2: and after it. What an increment says
 * is for all, so a part says it once more. */
START_TEST(a_copy_carries_the_node)
{
    unsigned increments, parts;

    for (uint32_t id = 1; id <= 1000; id++)
        replicas_tunnel(pair, id);
    replicas_give_out(pair);
    replicas_commit(pair);
    replicas_copy(pair);
    ck_assert(replicas_ship(pair));
    if (_i == 2)
        ck_assert(replicas_ship(pair));
    ck_assert_int_eq(node_is_set(table_node(pair->standby)), _i == 2);
    if (_i > 0)
        replicas_give_out(pair);
    replicas_commit(pair);
    ship_counting(&increments, &parts);
    ck_assert_uint_eq(increments, _i > 0);
    ck_assert_uint_eq(parts, _i < 2);
    ck_assert(ledger_in_sync(pair->ledger));
    replicas_assert_equal(pair);
    replicas_sync(pair); /* and again for the next standby */
    replicas_assert_equal(pair);
}
END_TEST

/* An active of an older release does not tell of itself: nothing is left of what another told. */
START_TEST(a_copy_without_the_node_leaves_it_unset)
{
    replicas_give_out(pair);
    replicas_sync(pair);
    ck_assert(node_is_set(table_node(pair->standby)));
    replicas_stop(pair);
    *table_node(pair->active) = (struct node_entry){.record.size = 0};
    replicas_tunnel(pair, 1);
    replicas_copy(pair);
    ck_assert(replicas_ship(pair));
    ck_assert(node_is_set(table_node(pair->standby))); /* until it is complete */
    replicas_drain(pair);
    ck_assert(ledger_in_sync(pair->ledger));
    ck_assert(!node_is_set(table_node(pair->standby)));
    replicas_assert_equal(pair);
}
END_TEST

/* --- going on alone --- */

START_TEST(standby_silent)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    uint64_t made = pair->now;
    ck_assert_uint_eq(ledger_deadline(pair->ledger), made + TIMEOUT_US);
    pair->now += 1000;
    ck_assert_uint_ne(replicas_poll(pair), 0); /* the time runs from here */
    ck_assert_uint_eq(ledger_deadline(pair->ledger), made + 1000 + TIMEOUT_US);
    ledger_expire(pair->ledger, made + 999 + TIMEOUT_US);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    uint64_t number = pair->item.position;
    ledger_expire(pair->ledger, made + 1000 + TIMEOUT_US);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED); /* what it said may be unread */
    ledger_expire(pair->ledger, ledger_deadline(pair->ledger));
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    ledger_expire(pair->ledger, ledger_deadline(pair->ledger));
    assert_alone("standby silent", true);
    assert_all_safe();
    ck_assert_uint_eq(pair->active_counters.checkpoint_timeouts, 1);
    assert_ok(replicas_done(pair, number, 0)); /* too late, no harm */
    ledger_expire(pair->ledger, made + 2 * TIMEOUT_US + 2000);
    ck_assert_uint_eq(pair->active_counters.checkpoint_timeouts, 1);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    assert_all_safe();
    replicas_sync(pair);
    replicas_assert_equal(pair);
}
END_TEST

START_TEST(standby_refused)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    uint64_t number = replicas_poll(pair);
    assert_ok(replicas_done(pair, number, L2TPHA_ERR_RECORD));
    assert_alone("standby refused", false);
    assert_all_safe();
}
END_TEST

START_TEST(backlog)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    for (unsigned i = 0; i < IN_FLIGHT; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
        ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    }
    ck_assert_uint_eq(tunnel->ns_safe, 0);
    replicas_message(pair, tunnel, 20);
    replicas_commit(pair);
    assert_alone("checkpoint backlog", true);
    assert_all_safe();
}
END_TEST

/* Up to 1 MiB goes through, more does not. */
START_TEST(too_large)
{
    uint8_t *state = talloc_zero_size(root, L2TPHA_CHECKPOINT_MAX);
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    size_t place = offsetof(struct session_extra, app_state);
    replicas_sync(pair);
    assert_ok(
        table_session_set_bytes(pair->active, session, place, state, L2TPHA_CHECKPOINT_MAX - 100));
    ledger_mark_session(pair->ledger, session);
    replicas_drain(pair);
    ck_assert_int_eq(ledger_mode(pair->ledger), LEDGER_GATED);
    replicas_assert_equal(pair);
    assert_ok(table_session_set_bytes(pair->active, session, place, state, L2TPHA_CHECKPOINT_MAX));
    ledger_mark_session(pair->ledger, session);
    replicas_commit(pair);
    assert_alone("checkpoint too large", true);
    replicas_copy(pair); /* nor does it fit into a copy */
    while (replicas_ship(pair))
        ;
    assert_alone("checkpoint too large", false);
    talloc_free(state);
}
END_TEST

START_TEST(value_out_of_range)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    tunnel->record.state = 99;
    ledger_mark_tunnel(pair->ledger, tunnel, DIRTY_FULL);
    replicas_commit(pair);
    assert_alone(l2tpha_strerror(L2TPHA_ERR_INVALID), true);
}
END_TEST

START_TEST(stop_releases_everything)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    replicas_sync(pair);
    for (unsigned i = 0; i < 3; i++) {
        replicas_message(pair, tunnel, 20);
        replicas_commit(pair);
    }
    replicas_message(pair, tunnel, 20); /* not sealed yet */
    replicas_stop(pair);
    assert_alone("test", false);
    assert_all_safe();
    unsigned changes = pair->mode_changes;
    replicas_stop(pair); /* once is enough */
    ck_assert_uint_eq(pair->mode_changes, changes);
}
END_TEST

/* Marks of objects that go within the transaction go with them. */
START_TEST(gone_while_marked)
{
    replicas_sync(pair);
    for (unsigned round = 0; round < 3; round++) {
        struct tunnel_entry *tunnels[3];
        for (uint32_t id = 1; id <= 3; id++) {
            tunnels[id - 1] = replicas_tunnel(pair, id);
            for (uint32_t session = 1; session <= 4; session++)
                replicas_session(pair, tunnels[id - 1], session);
        }
        replicas_remove_session(
            pair, table_session_find(pair->active, table_tunnel_find(pair->active, 1 + round), 2));
        replicas_remove_tunnel(pair, tunnels[round]);
        replicas_remove_tunnel(pair, tunnels[(round + 1) % 3]);
        replicas_drain(pair);
        replicas_assert_equal(pair);
        replicas_remove_tunnel(pair, tunnels[(round + 2) % 3]);
    }
    replicas_drain(pair);
    ck_assert_uint_eq(table_tunnel_count(pair->standby), 0);
}
END_TEST

/* Hundreds of thousands of transactions take no more memory than the first ones. */
START_TEST(steady_state_allocates_nothing)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    size_t blocks = 0, bytes = 0;
    replicas_sync(pair);
    for (unsigned i = 0; i < 2000; i++) {
        replicas_message(pair, tunnel, 100);
        session->data_ns = (uint16_t)i;
        ledger_mark_session(pair->ledger, session);
        replicas_commit(pair);
        replicas_ship(pair);
        replicas_acked(pair, tunnel, tunnel->record.ns);
        if (i == 100) {
            blocks = talloc_total_blocks(pair);
            bytes = talloc_total_size(pair);
        }
    }
    ck_assert_uint_eq(talloc_total_blocks(pair), blocks);
    ck_assert_uint_eq(talloc_total_size(pair), bytes);
}
END_TEST

START_TEST(digest_sees_every_difference)
{
    struct tunnel_entry *tunnel = replicas_tunnel(pair, 1);
    struct session_entry *session = replicas_session(pair, tunnel, 1);
    uint64_t seen[8];
    seen[0] = replicas_digest(pair->active);
    replicas_message(pair, tunnel, 20);
    seen[1] = replicas_digest(pair->active);
    tunnel->queue_head->data[15] ^= 1;
    seen[2] = replicas_digest(pair->active);
    session->state = L2TPHA_SESSION_IDLE;
    seen[3] = replicas_digest(pair->active);
    tunnel->record.nr++;
    seen[4] = replicas_digest(pair->active);
    table_session_remove(pair->active, session);
    seen[5] = replicas_digest(pair->active);
    replicas_give_out(pair);
    seen[6] = replicas_digest(pair->active);
    replicas_give_out(pair);
    seen[7] = replicas_digest(pair->active);
    for (unsigned i = 0; i < 8; i++)
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(seen[i], seen[j]);
    tunnel->queue_head->data[10] ^= 1; /* Nr, which is stamped when it leaves */
    ck_assert_uint_eq(replicas_digest(pair->active), seen[7]);
}
END_TEST

Suite *suite_ledger(void)
{
    Suite *suite = suite_create("ledger");
    TCase *tcase = tcase_create("ledger");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 120);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, off_confirms_itself_and_writes_nothing);
    tcase_add_test(tcase, nothing_is_safe_before_it_is_confirmed);
    tcase_add_test(tcase, namesake_is_not_confirmed);
    tcase_add_test(tcase, a_copy_gates_from_its_end);
    tcase_add_test(tcase, a_copy_can_start_again);
    tcase_add_test(tcase, deferred_marks_wait_for_company);
    tcase_add_test(tcase, the_node_is_told_when_it_has_changed);
    tcase_add_loop_test(tcase, a_copy_carries_the_node, 0, 3);
    tcase_add_test(tcase, a_copy_without_the_node_leaves_it_unset);
    tcase_add_test(tcase, standby_silent);
    tcase_add_test(tcase, standby_refused);
    tcase_add_test(tcase, backlog);
    tcase_add_test(tcase, too_large);
    tcase_add_test(tcase, value_out_of_range);
    tcase_add_test(tcase, stop_releases_everything);
    tcase_add_test(tcase, gone_while_marked);
    tcase_add_test(tcase, steady_state_allocates_nothing);
    tcase_add_test(tcase, digest_sees_every_difference);
    return suite;
}
