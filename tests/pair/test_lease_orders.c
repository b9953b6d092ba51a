/* SPDX-License-Identifier: MIT */
/* What operators order of pairs that serve by a lease. */
#include "pair/leased.h"

#include <string.h>

static struct side *const a = &sides[0], *const b = &sides[1], *const c = &sides[2];

START_TEST(a_switchover_and_back)
{
    leased_begin_two();
    for (unsigned turn = 0; turn < 4; turn++) {
        struct side *old = turn % 2 == 0 ? a : b, *new = old == a ? b : a;
        uint64_t begin = leased_now;
        ck_assert_ptr_null(l2tpha_pair_switchover(old->pair));
        leased_until_told(old, 2 * SECOND);
        ck_assert_str_eq(old->why, "");
        ck_assert_uint_lt(leased_now - begin, 500 * MS); /* no lease is waited for */
        leased_check_serves(new);
        leased_check_follows(old, 4 * SECOND);
    }
}
END_TEST

START_TEST(the_heir_cannot)
{
    leased_begin_two();
    b->no_gift = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_told(a, 3 * SECOND);
    ck_assert_str_eq(a->why, "the standby could not take over");
    leased_check_serves(a);
    leased_check_follows(b, 4 * SECOND);
}
END_TEST

START_TEST(the_heir_is_cut_off_from_the_authority)
{
    leased_begin_two();
    b->cut = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_told(a, 6 * SECOND);
    ck_assert_str_eq(a->why, "the standby could not take over");
    leased_check_serves(a);
    b->cut = false;
    leased_check_follows(b, 4 * SECOND);
}
END_TEST

/* It lives, and waits for what comes of its take. */
START_TEST(the_heir_has_no_answer)
{
    leased_begin_two();
    b->takes_nothing = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_told(a, 6 * SECOND);
    ck_assert_str_eq(a->why, "the standby is gone"); /* nothing is heard of it */
    leased_check_serves(a);
    b->takes_nothing = false;
    leased_check_follows(b, 6 * SECOND);
    leased_check_serves(a);
}
END_TEST

/* Told to serve, and not there any more. */
START_TEST(the_heir_dies)
{
    leased_begin_two();
    b->cut = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_handed(a);
    leased_die(b);
    leased_until_told(a, SECOND);
    ck_assert_str_eq(a->why, "the standby is gone");
    leased_check_serves(a);
}
END_TEST

/* Those that were not asked have been given up all the same. */
START_TEST(the_heir_dies_before_the_eyes_of_another)
{
    leased_begin_two();
    leased_begin(2, L2TPHA_PAIR_STANDBY);
    leased_check_follows(c, 4 * SECOND);
    b->cut = c->cut = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_handed(a);
    leased_die(b);
    leased_until_told(a, SECOND);
    leased_check_serves(a);
    c->cut = false;
    leased_check_follows(c, 2 * SECOND);
    leased_die(a);
    leased_until(c, L2TPHA_ROLE_ACTIVE_SOLO, 6 * SECOND);
    leased_check_serves(c);
}
END_TEST

/* ... or says nothing, though its stream is there. */
START_TEST(the_heir_is_stopped)
{
    leased_begin_two();
    b->cut = true;
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    leased_until_handed(a);
    b->stopped = true;
    leased_until_told(a, 6 * SECOND);
    leased_check_serves(a);
    b->stopped = b->cut = false;
    leased_check_follows(b, 4 * SECOND);
    leased_check_serves(a);
}
END_TEST

/* Whoever was told that it was lost is told that it is back. */
START_TEST(a_lease_ends_in_a_switchover)
{
    leased_options.takeover_manual = true;
    leased_begin_two();
    office.closed = true;
    while (leased_lease(a).until > leased_now + 50 * MS)
        leased_run(2 * MS);
    b->stopped = true; /* what it confirms is waited for */
    leased_run(20 * MS);
    ck_assert_ptr_null(l2tpha_pair_switchover(a->pair));
    office.closed = false;
    a->cut = true;
    leased_run(60 * MS);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_LEASE_LOST], 1);
    ck_assert(!l2tpha_pair_reads(a->pair) && leased_info(a).switching);
    a->cut = false;
    for (int i = 0; i < 400 && leased_lease(a).state != L2TPHA_LEASE_HELD; i++)
        leased_run(2 * MS);
    leased_run(4 * MS);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_SERVES], 1);
    ck_assert(leased_info(a).switching);
    b->stopped = false;
    leased_until_told(a, 2 * SECOND);
    ck_assert_str_eq(a->why, "");
    leased_check_serves(b);
    leased_check_follows(a, 4 * SECOND);
}
END_TEST

START_TEST(a_takeover_by_command)
{
    leased_begin_two();
    uint64_t begin = leased_now;
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, false));
    leased_until_told(b, 3 * SECOND);
    ck_assert_str_eq(b->why, "");
    ck_assert_uint_lt(leased_now - begin, SECOND); /* the active has given its lease back */
    leased_check_serves(b);
    leased_check_follows(a, 4 * SECOND);
}
END_TEST

/* The lease is the active's, which is not there to be told. */
START_TEST(an_order_has_a_limit)
{
    leased_begin_two();
    leased_die(b);
    leased_run(3 * SECOND);
    leased_options.takeover_manual = true;
    leased_die(a);
    leased_begin(2, L2TPHA_PAIR_STANDBY);
    leased_run(20 * MS);
    ck_assert_ptr_null(l2tpha_pair_takeover(c->pair, false));
    leased_until_told(c, SECOND);
    ck_assert_ptr_nonnull(strstr(c->why, "takeover --stale"));
    office.leased_until = leased_now + 60 * SECOND; /* it is renewed by somebody */
    ck_assert_ptr_null(l2tpha_pair_takeover(c->pair, true));
    leased_until_told(c, 9 * SECOND);
    ck_assert_str_eq(c->why, "another node serves");
    office.leased_until = leased_now;
    leased_run(10 * SECOND);
    ck_assert(!l2tpha_pair_reads(c->pair)); /* the order is over */
}
END_TEST

START_TEST(manual_waits_for_an_order)
{
    leased_options.takeover_manual = true;
    leased_begin_two();
    leased_die(a);
    leased_run(12 * SECOND);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_CUT_OFF);
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, false));
    leased_until_told(b, 3 * SECOND);
    ck_assert_str_eq(b->why, "");
    leased_check_serves(b);
}
END_TEST

/* Nobody has what the active has: it gives the lease back, and hands over as soon as it can. */
START_TEST(a_node_is_held)
{
    leased_begin_two();
    leased_die(b);
    leased_run(3 * SECOND);
    ck_assert_ptr_null(l2tpha_pair_stand_by(a->pair));
    ck_assert(leased_info(a).held && leased_is_silent(a, 3 * SECOND));
    ck_assert_uint_lt(office.leased_until, leased_now);
    ck_assert_ptr_null(l2tpha_pair_takeover(a->pair, false));
    leased_until_told(a, SECOND);
    ck_assert_str_eq(a->why, "");
    leased_check_serves(a);
    ck_assert_ptr_null(l2tpha_pair_stand_by(a->pair));
    leased_begin(1, L2TPHA_PAIR_AUTO);
    leased_until(a, L2TPHA_ROLE_STANDBY_COLD, 8 * SECOND);
    leased_check_serves(b);
    leased_check_follows(a, 4 * SECOND);
}
END_TEST

/* It has the lease for that alone. */
START_TEST(a_held_node_cannot_hand_over)
{
    leased_begin_two();
    leased_die(b);
    leased_run(3 * SECOND);
    ck_assert_ptr_null(l2tpha_pair_stand_by(a->pair));
    leased_run(SECOND);
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    for (int i = 0; i < 4000 && leased_lease(a).state != L2TPHA_LEASE_HELD; i++)
        leased_run(2 * MS);
    ck_assert_int_eq(leased_lease(a).state, L2TPHA_LEASE_HELD);
    leased_die(b);
    ck_assert(leased_is_silent(a, 2 * SECOND));
    ck_assert_int_eq(leased_lease(a).state, L2TPHA_LEASE_LEFT);
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    b->no_gift = true;
    leased_until_handed(a);
    for (int i = 0; i < 1000 && leased_info(a).handed; i++)
        leased_run(2 * MS);
    leased_run(100 * MS);
    ck_assert(leased_info(a).held);
    ck_assert_int_eq(leased_lease(a).state, L2TPHA_LEASE_LEFT);
    b->no_gift = false;
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 8 * SECOND);
    leased_check_serves(b);
}
END_TEST

/* ... or upon an order elsewhere. */
START_TEST(another_serves_instead_of_a_held_one)
{
    leased_begin_two();
    leased_die(b);
    leased_run(3 * SECOND);
    ck_assert_ptr_null(l2tpha_pair_stand_by(a->pair));
    leased_run(SECOND);
    a->stopped = true;
    leased_begin(1, L2TPHA_PAIR_AUTO);
    leased_run(3 * SECOND);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, true));
    leased_until_told(b, 4 * SECOND);
    ck_assert_str_eq(b->why, "");
    a->stopped = false;
    leased_check_follows(a, 5 * SECOND);
}
END_TEST

START_TEST(a_fenced_node_gives_its_lease_back)
{
    leased_begin_two();
    uint64_t begin = leased_now;
    ck_assert_ptr_null(l2tpha_pair_fence(a->pair));
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 2 * SECOND);
    ck_assert_uint_lt(leased_now - begin, SECOND);
    leased_run(3 * SECOND);
    ck_assert_int_eq(leased_role(a), L2TPHA_ROLE_FENCED); /* until it is told otherwise */
    ck_assert_ptr_null(l2tpha_pair_stand_by(a->pair));
    leased_check_follows(a, 4 * SECOND);
    leased_check_serves(b);
}
END_TEST

static void leave(struct side *side)
{
    l2tpha_pair_leave(side->pair);
    ck_assert(leased_info(side).leaving);
    for (int i = 0; i < 600 && leased_info(side).leaving; i++)
        leased_run(2 * MS);
    ck_assert(!leased_info(side).leaving);
    leased_die(side);
}

START_TEST(who_leaves_gives_its_lease_back)
{
    leased_begin_two();
    uint64_t begin = leased_now;
    leave(a);
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 2 * SECOND);
    ck_assert_uint_lt(leased_now - begin, SECOND);
}
END_TEST

/* All are ended, and nothing is held: whoever is started serves, if it is to do so by itself. */
START_TEST(all_leave_with_nothing)
{
    leased_begin(0, L2TPHA_PAIR_AUTO)->speaks_at = L2TPHA_NEVER;
    leased_until(a, L2TPHA_ROLE_ACTIVE_SOLO, SECOND);
    uint64_t epoch = office.claim.epoch;
    leave(a);
    ck_assert_uint_eq(office.claim.count, 0);
    ck_assert_uint_eq(office.claim.epoch, epoch);
    ck_assert_uint_le(office.leased_until, leased_now);
    leased_options.takeover_manual = _i == 1;
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    if (_i == 1) {
        leased_run(3 * SECOND);
        ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
        ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, false));
        leased_until_told(b, 3 * SECOND);
        ck_assert_str_eq(b->why, "");
    }
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 2 * SECOND);
    ck_assert_uint_gt(office.claim.epoch, epoch);
    leased_check_serves(b);
}
END_TEST

/* ... and something is. */
START_TEST(all_leave_with_a_tunnel)
{
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_until(a, L2TPHA_ROLE_ACTIVE_SOLO, SECOND);
    leased_run(200 * MS);
    leave(a);
    leased_begin(1, L2TPHA_PAIR_AUTO);
    leased_run(12 * SECOND);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
}
END_TEST

/* ... or the claim is not there any more. */
START_TEST(the_claim_is_deleted)
{
    office.claim = (struct l2tpha_claim){.epoch = 257};
    leased_begin(1, L2TPHA_PAIR_AUTO);
    leased_run(3 * SECOND);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, false));
    leased_until_told(b, 3 * SECOND);
    ck_assert_ptr_nonnull(strstr(b->why, "takeover --stale"));
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, true));
    leased_until_told(b, 3 * SECOND);
    ck_assert_str_eq(b->why, "");
}
END_TEST

START_TEST(a_standby_follows_who_leaves_with_nothing)
{
    leased_begin(0, L2TPHA_PAIR_AUTO)->speaks_at = L2TPHA_NEVER;
    leased_until(a, L2TPHA_ROLE_ACTIVE_SOLO, SECOND);
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_check_follows(b, 3 * SECOND);
    uint64_t begin = leased_now;
    leave(a);
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 2 * SECOND);
    ck_assert_uint_lt(leased_now - begin, SECOND);
    leased_check_serves(b);
}
END_TEST

START_TEST(who_leaves_waits_a_second_at_most)
{
    leased_begin_two();
    office.closed = true;
    l2tpha_pair_leave(a->pair);
    leased_run(1100 * MS);
    ck_assert(!leased_info(a).leaving);
}
END_TEST

Suite *suite_lease_orders(void)
{
    TCase *tcase;
    Suite *suite = leased_suite("lease_orders", &tcase);
    tcase_add_test(tcase, a_switchover_and_back);
    tcase_add_test(tcase, the_heir_cannot);
    tcase_add_test(tcase, the_heir_is_cut_off_from_the_authority);
    tcase_add_test(tcase, the_heir_has_no_answer);
    tcase_add_test(tcase, the_heir_dies);
    tcase_add_test(tcase, the_heir_dies_before_the_eyes_of_another);
    tcase_add_test(tcase, the_heir_is_stopped);
    tcase_add_test(tcase, a_lease_ends_in_a_switchover);
    tcase_add_test(tcase, a_takeover_by_command);
    tcase_add_test(tcase, an_order_has_a_limit);
    tcase_add_test(tcase, manual_waits_for_an_order);
    tcase_add_test(tcase, a_node_is_held);
    tcase_add_test(tcase, a_held_node_cannot_hand_over);
    tcase_add_test(tcase, another_serves_instead_of_a_held_one);
    tcase_add_test(tcase, a_fenced_node_gives_its_lease_back);
    tcase_add_test(tcase, who_leaves_gives_its_lease_back);
    tcase_add_loop_test(tcase, all_leave_with_nothing, 0, 2);
    tcase_add_test(tcase, all_leave_with_a_tunnel);
    tcase_add_test(tcase, the_claim_is_deleted);
    tcase_add_test(tcase, a_standby_follows_who_leaves_with_nothing);
    tcase_add_test(tcase, who_leaves_waits_a_second_at_most);
    return suite;
}
