/* SPDX-License-Identifier: MIT */
/* Pairs that serve by a lease: with each datagram leased.c checks that whoever says it has it. */
#include "pair/leased.h"

#include <string.h>
#include <sys/socket.h>

static struct side *const a = &sides[0], *const b = &sides[1], *const c = &sides[2];

/* ---- beginning ---- */

START_TEST(two_begin_at_once)
{
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_begin(1, L2TPHA_PAIR_AUTO);
    leased_run(3 * SECOND);
    struct side *first = l2tpha_pair_reads(a->pair) ? a : b, *second = first == a ? b : a;
    ck_assert(l2tpha_pair_reads(first->pair) && !l2tpha_pair_reads(second->pair));
    leased_check_follows(second, SECOND);
    ck_assert_uint_eq(first->events[L2TPHA_PAIR_TOOK_OVER], 1);
    ck_assert_uint_eq(second->events[L2TPHA_PAIR_TOOK_OVER], 0);
    ck_assert(leased_info(first).protects && leased_info(second).protects);
    ck_assert_int_eq(leased_lease(first).state, L2TPHA_LEASE_HELD);
    ck_assert_int_eq(leased_lease(second).state, L2TPHA_LEASE_WATCHING);
}
END_TEST

START_TEST(a_standby_begins_nothing)
{
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_run(10 * SECOND);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_uint_eq(office.claim.epoch, 0);
    ck_assert_ptr_null(l2tpha_pair_takeover(b->pair, false));
    leased_until_told(b, SECOND);
    ck_assert_str_eq(b->why, "");
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

/* The authority comes later; nobody serves before. */
START_TEST(the_authority_is_late)
{
    office.closed = true;
    leased_begin(0, L2TPHA_PAIR_ACTIVE);
    leased_begin(1, L2TPHA_PAIR_ACTIVE);
    leased_run(6 * SECOND);
    ck_assert_int_eq(leased_role(a), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_ptr_nonnull(l2tpha_pair_takeover(a->pair, false));
    ck_assert_uint_gt(leased_lease(a).failures, 2);
    office.closed = false;
    leased_run(3 * SECOND);
    ck_assert_int_ne(l2tpha_pair_reads(a->pair), l2tpha_pair_reads(b->pair));
}
END_TEST

/* All that were in the claim have died: an operator says so. */
START_TEST(all_have_died)
{
    leased_begin_two();
    leased_die(a);
    leased_die(b);
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_run(8 * SECOND);
    ck_assert_int_eq(leased_role(a), L2TPHA_ROLE_STANDBY_COLD);
    ck_assert_ptr_null(l2tpha_pair_takeover(a->pair, false));
    leased_until_told(a, SECOND);
    ck_assert_ptr_nonnull(strstr(a->why, "takeover --stale"));
    ck_assert_ptr_null(l2tpha_pair_takeover(a->pair, true));
    ck_assert_ptr_nonnull(l2tpha_pair_takeover(a->pair, true)); /* one is under way */
    leased_until_told(a, 2 * SECOND);
    ck_assert_str_eq(a->why, "");
    ck_assert_int_eq(leased_role(a), L2TPHA_ROLE_ACTIVE_SOLO);
}
END_TEST

/* ---- deaths and absences ---- */

START_TEST(the_active_dies)
{
    leased_begin_two();
    uint64_t ends_at = office.leased_until;
    leased_die(a);
    uint64_t took = leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 6 * SECOND);
    ck_assert_uint_ge(leased_now, ends_at);
    ck_assert_uint_le(took, (LEASE_MS + 600) * MS);
    ck_assert_uint_eq(b->events[L2TPHA_PAIR_TOOK_OVER], 1);
    leased_check_serves(b);
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_check_follows(a, 4 * SECOND);
}
END_TEST

START_TEST(the_active_is_cut_off_from_the_authority)
{
    leased_begin_two();
    a->cut = true;
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 8 * SECOND);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_LEASE_LOST], 1);
    ck_assert(!l2tpha_pair_reads(a->pair));
    ck_assert_uint_lt(a->sent_at, office.leased_until - LEASE_MS * MS);
    leased_check_serves(b);
    a->cut = false;
    leased_check_follows(a, 4 * SECOND);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_STOPPED], 1);
}
END_TEST

START_TEST(the_authority_is_gone_for_a_while)
{
    leased_options.takeover_manual = true; /* else whoever asks first has it */
    leased_begin_two();
    uint64_t epoch = office.claim.epoch;
    office.closed = true;
    leased_run(6 * SECOND);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_LEASE_LOST], 1);
    ck_assert(!l2tpha_pair_reads(a->pair) && leased_is_silent(a, 4 * SECOND));
    ck_assert_int_eq(leased_lease(a).state, L2TPHA_LEASE_LOST);
    ck_assert_ptr_nonnull(l2tpha_pair_switchover(a->pair));
    office.closed = false;
    leased_run(3 * SECOND);
    ck_assert_uint_eq(office.claim.epoch, epoch);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_SERVES], 1);
    ck_assert_uint_eq(a->events[L2TPHA_PAIR_STOPPED], 0);
    leased_check_serves(a);
    leased_check_follows(b, 3 * SECOND);
}
END_TEST

START_TEST(the_active_is_stopped_and_wakes)
{
    leased_begin_two();
    a->stopped = true;
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 8 * SECOND);
    leased_run(2 * SECOND);
    uint64_t sent = a->sent;
    l2tpha_pair_catch_up(a->pair); /* as before its socket is read */
    ck_assert(leased_is_held(a));
    a->stopped = false;
    leased_check_serves(b);
    ck_assert_uint_eq(a->sent, sent);
    leased_check_follows(a, 4 * SECOND);
}
END_TEST

/* ... and only what is asked first keeps it from speaking: another has not taken the claim. */
START_TEST(a_lease_ends_in_sleep)
{
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_run(300 * MS);
    a->stopped = true;
    leased_run(7 * SECOND);
    uint64_t sent = a->sent;
    for (int i = 0; i < 50; i++, leased_now += 2 * MS) /* all is to be said again */
        assert_ok(l2tpha_expire(l2tpha_pair_node(a->pair), leased_now));
    l2tpha_pair_drain(a->pair);
    ck_assert_uint_eq(a->sent, sent);
    a->stopped = false;
    leased_run(2 * SECOND);
    leased_check_serves(a);
}
END_TEST

/* The standby is taken out of the claim before anything leaves that it lacks. */
START_TEST(the_standby_dies_and_begins_anew)
{
    leased_begin_two();
    leased_die(b);
    leased_run(3 * SECOND);
    ck_assert(!leased_is_in_claim(b) && !leased_info(a).protects);
    leased_check_serves(a);
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_run(20 * MS);
    ck_assert(!leased_info(b).protects);
    leased_check_follows(b, 3 * SECOND);
}
END_TEST

/* The active, silent by then, says all the time that it lives. */
/* Whoever serves cannot tell the authority of the standby, and does not count on it. */
START_TEST(the_standby_is_not_in_the_claim)
{
    leased_begin(0, L2TPHA_PAIR_AUTO);
    leased_run(100 * MS);
    a->cut = true;
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_until(b, L2TPHA_ROLE_STANDBY_HOT, SECOND);
    leased_run(100 * MS);
    ck_assert(leased_info(a).link.in_sync);
    ck_assert(!leased_info(a).protects && !leased_info(b).protects);
    ck_assert_ptr_nonnull(l2tpha_pair_switchover(a->pair));
    leased_run(8 * SECOND);
    ck_assert(!l2tpha_pair_reads(b->pair)); /* nor does it count on itself */
}
END_TEST

START_TEST(what_is_said_while_the_claim_is_asked_for_is_not_read)
{
    leased_begin_two();
    a->cut = b->takes_nothing = true;
    for (int i = 0; i < 4000 && leased_lease(b).state != L2TPHA_LEASE_TAKING; i++)
        leased_run(2 * MS);
    ck_assert_int_eq(leased_lease(b).state, L2TPHA_LEASE_TAKING);
    uint64_t frames = leased_info(b).link.frames_in;
    leased_run(3 * SECOND);
    ck_assert_uint_eq(leased_info(b).link.frames_in, frames);
    ck_assert(leased_info(b).link.up);
    b->takes_nothing = false;
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 2 * SECOND);
    leased_check_serves(b);
}
END_TEST

/* ---- names ---- */

START_TEST(a_standby_has_another_rank)
{
    leased_begin_two();
    leased_die(b);
    b->rank = 7;
    leased_begin(1, L2TPHA_PAIR_STANDBY);
    leased_check_follows(b, 6 * SECOND);
    ck_assert_uint_eq(office.claim.count, 2); /* who it was is not there any more */
    leased_die(a);
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 6 * SECOND);
    leased_check_serves(b);
}
END_TEST

START_TEST(two_standbys_have_one_rank)
{
    leased_begin_two();
    c->rank = 2;
    leased_begin(2, L2TPHA_PAIR_STANDBY);
    leased_run(3 * SECOND);
    ck_assert_int_ne(leased_role(c), L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_int_eq(leased_role(b), L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(office.claim.count, 2);
    ck_assert_uint_gt(leased_info(a).refused, 0);
    leased_check_serves(a);
}
END_TEST

START_TEST(the_authority_picks_one_of_two)
{
    leased_begin_two();
    leased_begin(2, L2TPHA_PAIR_STANDBY);
    leased_check_follows(c, 4 * SECOND);
    ck_assert_uint_eq(office.claim.count, 3);
    leased_die(a);
    leased_run(7 * SECOND);
    struct side *heir = l2tpha_pair_reads(b->pair) ? b : c, *other = heir == b ? c : b;
    ck_assert(l2tpha_pair_reads(heir->pair) && !l2tpha_pair_reads(other->pair));
    leased_check_serves(heir);
    leased_check_follows(other, 4 * SECOND);
}
END_TEST

/* ---- what it cannot do ---- */

START_TEST(the_claim_cannot_be_served)
{
    leased_begin_two();
    b->no_socket = true;
    leased_die(a);
    leased_run(9 * SECOND);
    ck_assert_str_eq(office.claim.owner, "node-2"); /* nobody else may */
    ck_assert_int_ne(leased_role(b), L2TPHA_ROLE_ACTIVE_SOLO);
    b->no_socket = false;
    leased_until(b, L2TPHA_ROLE_ACTIVE_SOLO, 3 * SECOND);
    leased_check_serves(b);
}
END_TEST

START_TEST(options_that_do_not_do_are_refused)
{
    struct l2tpha_pair *pair;
    struct l2tpha_config config;
    l2tpha_config_init(&config);
    config.name = "pair";
    int fd = -1;
    struct l2tpha_pair_options good = {.size = sizeof(good),
                                       .listen = "tcp:127.0.0.1:4000",
                                       .connect = "tcp:127.0.0.2:4000",
                                       .config = &config,
                                       .fd = &fd,
                                       .authority = &a->authority,
                                       .host = {.size = sizeof(good.host)}};
    leased_begin(0, L2TPHA_PAIR_STANDBY); /* so there is an authority */
    good.host.open = leased_host(a)->open;
    good.host.outputs = leased_host(a)->outputs;
    struct l2tpha_pair_options options = good;
    assert_ok(l2tpha_pair_new(&options, &pair));
    ck_assert_str_eq(l2tpha_pair_start(pair), "a node with an authority has a rank");
    l2tpha_pair_free(pair);
    options.lease_ms = 1999;
    assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);
    options = good;
    options.listen = NULL;
    assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);
    options = good;
    options.listen = options.connect = "unix:/tmp/l2tpha-none";
    assert_error(l2tpha_pair_new(&options, &pair), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_leasing(void)
{
    TCase *tcase;
    Suite *suite = leased_suite("leasing", &tcase);
    tcase_add_test(tcase, two_begin_at_once);
    tcase_add_test(tcase, a_standby_begins_nothing);
    tcase_add_test(tcase, the_authority_is_late);
    tcase_add_test(tcase, all_have_died);
    tcase_add_test(tcase, the_active_dies);
    tcase_add_test(tcase, the_active_is_cut_off_from_the_authority);
    tcase_add_test(tcase, the_authority_is_gone_for_a_while);
    tcase_add_test(tcase, the_active_is_stopped_and_wakes);
    tcase_add_test(tcase, a_lease_ends_in_sleep);
    tcase_add_test(tcase, the_standby_dies_and_begins_anew);
    tcase_add_test(tcase, the_standby_is_not_in_the_claim);
    tcase_add_test(tcase, what_is_said_while_the_claim_is_asked_for_is_not_read);
    tcase_add_test(tcase, a_standby_has_another_rank);
    tcase_add_test(tcase, two_standbys_have_one_rank);
    tcase_add_test(tcase, the_authority_picks_one_of_two);
    tcase_add_test(tcase, the_claim_cannot_be_served);
    tcase_add_test(tcase, options_that_do_not_do_are_refused);
    return suite;
}
