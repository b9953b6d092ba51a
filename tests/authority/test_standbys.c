/* SPDX-License-Identifier: MIT */
/* Standbys in the claim, and a lease that is given back. */
#include "authority/script.h"

static uint32_t add_standby(const char *name)
{
    const struct l2tpha_consumer_options options = {
        .size = sizeof(options), .name = name, .gates = true};
    uint32_t id;

    assert_ok(l2tpha_consumer_add(node, &options, now, &id));
    assert_ok(l2tpha_lease_add(lease, name, id));
    assert_ok(l2tpha_consumer_copy(node, id, now));
    drain();
    return id;
}

static void assert_asks(uint64_t revision, unsigned count)
{
    ck_assert_int_eq(script.asked, CHANGE);
    ck_assert_uint_eq(script.revision, revision);
    ck_assert_uint_eq(script.claim.count, count);
}

START_TEST(a_standby_is_added_and_removed)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    assert_asks(8, 2);
    ck_assert_str_eq(script.claim.in_sync[1], "c");
    ck_assert(!l2tpha_lease_protects(lease, "c"));
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, 0, &claim);
    ck_assert(l2tpha_lease_protects(lease, "c"));
    ck_assert_int_eq(script.asked, NOTHING);
    assert_ok(l2tpha_consumer_leave(node, id, now));
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_BULK); /* outputs wait */
    turn(0);
    assert_asks(9, 1);
    claim = asked_for(10, true);
    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_SOLO);
    assert_ok(l2tpha_lease_drop(lease, "c", now));
    struct l2tpha_consumer_info info = {.size = sizeof(info)};
    assert_error(l2tpha_consumer_get(node, id, &info), L2TPHA_ERR_NOT_FOUND);
}
END_TEST

/* ... by another one, which the claim may be about to name. */
START_TEST(a_fenced_node_changes_nothing)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, 0, &claim);
    ck_assert_uint_eq(id, 1);
    assert_ok(l2tpha_fence(node, 515, now));
    assert_ok(l2tpha_lease_drop(lease, "c", now));
    turn(0);
    ck_assert_int_eq(script.asked, NOTHING);
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    ck_assert_int_eq(script.beside, LEAVE);
}
END_TEST

/* What was sent and not answered may come at any time: outputs wait until it cannot. */
START_TEST(a_change_without_an_answer)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    answer(CHANGE, L2TPHA_ERR_TIMEOUT, NULL);
    assert_ok(l2tpha_consumer_leave(node, id, now));
    turn(200 * MS);
    struct l2tpha_claim claim = claim_by("b", 258, 8, NULL);
    claim.leased = true;
    answer(LOOK, 0, &claim); /* it has not come yet */
    assert_asks(8, 1);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_BULK);
    claim.revision = 9;
    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

/* The request has come twice, and the second one is what is answered. */
START_TEST(a_change_that_was_doubled)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, L2TPHA_ERR_FENCED, NULL);
    assert_ok(l2tpha_consumer_leave(node, id, now));
    turn(200 * MS);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_ACTIVE_BULK); /* outputs wait */
    answer(LOOK, 0, &claim);
    assert_asks(9, 1);
}
END_TEST

START_TEST(two_changes_in_one)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    add_standby("a");
    assert_ok(l2tpha_consumer_leave(node, id, now));
    answer(CHANGE, 0, &claim);
    assert_asks(9, 2);
    ck_assert_str_eq(script.claim.in_sync[0], "a");
    ck_assert_str_eq(script.claim.in_sync[1], "b");
}
END_TEST

/* --- handing over --- */

static struct l2tpha_tunnel *open_tunnel(void)
{
    const struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                                  .path = {.local.len = 4, .remote.len = 4}};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(node, &options, now, &tunnel));
    drain();
    return tunnel;
}

START_TEST(given_back_and_wanted_again)
{
    serve();
    open_tunnel();
    assert_error(l2tpha_lease_return(lease, now), L2TPHA_ERR_STATE);
    assert_ok(l2tpha_lease_leave(lease, now));
    ck_assert(info_of(node).held);
    turn(0);
    ck_assert_int_eq(script.beside, LEAVE);
    assert_ok(l2tpha_lease_return(lease, now));
    struct l2tpha_claim claim = asked_for(8, true);
    turn(0);
    answer(LOOK, 0, &claim); /* what was given back may end at any time */
    answer(LEAVE, L2TPHA_ERR_TIMEOUT, NULL);
    turn(200 * MS);
    ck_assert_int_eq(script.beside, NOTHING);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    claim.revision = 9;
    answer(TAKE, 0, &claim);
    told(L2TPHA_LEASE_BACK);
    ck_assert(!info_of(node).held);
}
END_TEST

START_TEST(given_back_and_taken)
{
    struct l2tpha_claim other = claim_by("c", 515, 9, NULL);

    serve();
    open_tunnel();
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    answer(LEAVE, 0, NULL);
    told(L2TPHA_LEASE_GIVEN);
    answer(LOOK, 0, &other);
    told(L2TPHA_LEASE_OVER);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_FENCED);
}
END_TEST

/* --- nothing is held --- */

/* It says so first. */
static struct l2tpha_claim leave_with_nothing(void)
{
    serve();
    uint32_t id = add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, 0, &claim);
    ck_assert_uint_eq(id, 1);
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    assert_asks(9, 0);
    ck_assert_str_eq(script.claim.owner, "b");
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_int_eq(script.beside, NOTHING);
    ck_assert_uint_gt(l2tpha_lease_deadline(lease), now); /* the answer is waited for */
    return asked_for(10, true);
}

START_TEST(left_with_nothing)
{
    struct l2tpha_claim claim = leave_with_nothing();

    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(script.beside, LEAVE);
    answer(LEAVE, 0, NULL);
    told(L2TPHA_LEASE_GIVEN);
    ck_assert(info_of(node).held);
}
END_TEST

START_TEST(left_with_nothing_and_no_answer)
{
    leave_with_nothing();
    answer(CHANGE, L2TPHA_ERR_TIMEOUT, NULL);
    ck_assert_int_eq(script.beside, LEAVE);
    answer(LEAVE, 0, NULL);
    told(L2TPHA_LEASE_GIVEN);
}
END_TEST

START_TEST(left_with_nothing_and_taken_before)
{
    struct l2tpha_claim other = claim_by("c", 515, 10, NULL);

    leave_with_nothing();
    answer(CHANGE, L2TPHA_ERR_FENCED, &other);
    told(L2TPHA_LEASE_OVER);
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

/* What is under way comes first. */
START_TEST(left_with_nothing_during_a_change)
{
    serve();
    add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    ck_assert_int_eq(script.beside, NOTHING);
    answer(CHANGE, 0, &claim);
    assert_asks(9, 0);
    claim = asked_for(10, true);
    answer(CHANGE, 0, &claim);
    ck_assert_int_eq(script.beside, LEAVE);
}
END_TEST

/* The claim of nobody may come at any time: its lease is not renewed. */
START_TEST(left_with_nothing_and_wanted_again)
{
    struct l2tpha_claim claim = leave_with_nothing();

    assert_ok(l2tpha_lease_return(lease, now));
    answer(CHANGE, L2TPHA_ERR_TIMEOUT, NULL);
    turn(200 * MS);
    struct l2tpha_claim before = claim_by("b", 258, 9, "c");
    before.leased = true;
    answer(LOOK, 0, &before);
    turn(200 * MS);
    ck_assert_int_eq(script.beside, NOTHING);
    nothing_told();
    ck_assert(info_of(node).held);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.revision, 10);
    ck_assert_uint_eq(script.claim.count, 1);
    ck_assert_str_eq(script.claim.in_sync[0], "b");
    claim = asked_for(11, true);
    answer(TAKE, 0, &claim);
    told(L2TPHA_LEASE_BACK);
    ck_assert(!info_of(node).held);
}
END_TEST

/* Also one that its peer has not heard the end of. */
START_TEST(left_with_a_tunnel)
{
    serve();
    struct l2tpha_tunnel *tunnel = open_tunnel();
    if (_i == 1)
        assert_ok(l2tpha_tunnel_close(tunnel, 1, 0, NULL, now));
    drain();
    ck_assert_ptr_nonnull(l2tpha_tunnel_next(node, NULL));
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    ck_assert_int_ne(script.asked, CHANGE);
    ck_assert_int_eq(script.beside, LEAVE);
}
END_TEST

/* The standby that is to serve is in the claim. */
START_TEST(left_in_a_switchover)
{
    serve();
    add_standby("c");
    turn(0);
    struct l2tpha_claim claim = asked_for(9, true);
    answer(CHANGE, 0, &claim);
    assert_ok(l2tpha_switchover(node, now));
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    ck_assert_int_ne(script.asked, CHANGE);
    ck_assert_int_eq(script.beside, LEAVE);
}
END_TEST

/* A node that has taken the claim, and has not served, knows nothing of what was held. */
START_TEST(left_and_never_served)
{
    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    assert_ok(l2tpha_lease_leave(lease, now));
    turn(0);
    ck_assert_int_ne(script.asked, CHANGE);
    ck_assert_int_eq(script.beside, LEAVE);
}
END_TEST

Suite *suite_standbys(void);
Suite *suite_standbys(void)
{
    Suite *suite = suite_create("standbys");
    TCase *tcase = tcase_create("standbys");

    tcase_add_checked_fixture(tcase, script_setup, script_teardown);
    tcase_add_test(tcase, a_standby_is_added_and_removed);
    tcase_add_test(tcase, a_fenced_node_changes_nothing);
    tcase_add_test(tcase, a_change_without_an_answer);
    tcase_add_test(tcase, a_change_that_was_doubled);
    tcase_add_test(tcase, two_changes_in_one);
    tcase_add_test(tcase, given_back_and_wanted_again);
    tcase_add_test(tcase, given_back_and_taken);
    tcase_add_test(tcase, left_with_nothing);
    tcase_add_test(tcase, left_with_nothing_and_no_answer);
    tcase_add_test(tcase, left_with_nothing_and_taken_before);
    tcase_add_test(tcase, left_with_nothing_during_a_change);
    tcase_add_test(tcase, left_with_nothing_and_wanted_again);
    tcase_add_loop_test(tcase, left_with_a_tunnel, 0, 2);
    tcase_add_test(tcase, left_in_a_switchover);
    tcase_add_test(tcase, left_and_never_served);
    suite_add_tcase(suite, tcase);
    return suite;
}
