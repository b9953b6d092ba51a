/* SPDX-License-Identifier: MIT */
/* The claim is taken, and the lease held. */
#include "authority/script.h"

/* --- taking --- */

START_TEST(there_is_no_claim)
{
    static const struct l2tpha_claim none;

    answer(LOOK, 0, &none);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.revision, 0);
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_uint_eq(script.claim.count, 1);
    ck_assert_str_eq(script.claim.owner, "b");
    struct l2tpha_claim claim = asked_for(1, true);
    uint64_t sent = now;
    now += 700 * MS;
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_EMPTY);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

/* Whoever served held nothing in the end: so does anybody. */
static struct l2tpha_claim void_claim(void)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, NULL);

    claim.count = 0;
    return claim;
}

START_TEST(a_void_claim)
{
    struct l2tpha_claim claim = void_claim();

    claim.leased = true;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    turn(500 * MS);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.revision, 7);
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_uint_eq(script.claim.count, 1);
    claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_EMPTY);
}
END_TEST

/* By an operator: nobody is known to have all, and the epoch goes on. */
START_TEST(a_deleted_claim)
{
    struct l2tpha_claim claim = {.epoch = 257};

    fill(257);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
}
END_TEST

/* What a copy has is over. */
START_TEST(a_void_claim_and_a_copy)
{
    struct l2tpha_claim claim = void_claim();

    fill(257);
    answer(LOOK, 0, &claim);
    claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_EMPTY);
}
END_TEST

/* Another one has served since it was seen, and has died. */
START_TEST(a_claim_that_was_void)
{
    struct l2tpha_claim claim = void_claim();

    answer(LOOK, 0, &claim);
    claim = claim_by("c", 259, 8, NULL);
    answer(TAKE, L2TPHA_ERR_FENCED, &claim);
    turn(500 * MS);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
}
END_TEST

START_TEST(who_is_not_in_sync)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "c");

    fill(257);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
    l2tpha_lease_want(lease, L2TPHA_LEASE_SERVE_STALE, now);
    turn(0);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
    claim = asked_for(8, true);
    answer(TAKE, 0, &claim);
    ck_assert_int_eq(told(L2TPHA_LEASE_TOOK).trust, L2TPHA_TRUST_STALE);
}
END_TEST

/* Not when the active of that time has died, long after. */
START_TEST(an_order_is_over)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "c");

    fill(257);
    claim.leased = true;
    l2tpha_lease_want(lease, L2TPHA_LEASE_SERVE_STALE, now);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    claim.leased = false;
    turn(5000 * MS);
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

START_TEST(who_has_no_copy)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    answer(LOOK, 0, &claim); /* by its name: it has begun anew */
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

START_TEST(a_lease_runs)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "b");

    fill(257);
    claim.leased = true;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, NOTHING);
    turn(500 * MS);
    claim.leased = false;
    answer(LOOK, 0, &claim);
    ck_assert_int_eq(script.asked, TAKE);
}
END_TEST

START_TEST(a_node_made_too_early)
{
    struct l2tpha_claim claim = claim_by("a", 513, 7, "b");

    answer(LOOK, 0, &claim);
    ck_assert_uint_eq(told(L2TPHA_LEASE_OVER).epoch, 513);
}
END_TEST

/* Nobody knows what came of it, and it was carried out: the time of a renewal counts. */
START_TEST(a_take_without_an_answer)
{
    struct l2tpha_lease_event took;

    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, L2TPHA_ERR_TIMEOUT, NULL);
    nothing_told();
    turn(200 * MS);
    answer(LOOK, 0, &claim);
    nothing_told();
    uint64_t sent = now;
    answer(RENEW, 0, NULL);
    took = told(L2TPHA_LEASE_TOOK);
    ck_assert_int_eq(took.trust, L2TPHA_TRUST_EXACT);
    ck_assert_uint_eq(took.epoch, 258);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

/* It was not, and still may be: the same is asked again, of the same revision. */
START_TEST(a_take_that_may_still_come)
{
    struct l2tpha_claim before = claim_by("a", 257, 7, "b");

    ask_to_take();
    struct l2tpha_claim claim = asked_for(8, true);
    answer(TAKE, L2TPHA_ERR_TIMEOUT, NULL);
    turn(200 * MS);
    answer(LOOK, 0, &before);
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.claim.epoch, claim.epoch);
    ck_assert_uint_eq(script.revision, 7);
    answer(TAKE, L2TPHA_ERR_FENCED, &claim); /* the first one has come */
    nothing_told();
    answer(RENEW, 0, NULL);
    told(L2TPHA_LEASE_TOOK);
}
END_TEST

START_TEST(another_was_first)
{
    struct l2tpha_claim other = claim_by("c", 259, 8, NULL);

    ask_to_take();
    answer(TAKE, _i ? L2TPHA_ERR_TIMEOUT : L2TPHA_ERR_FENCED, NULL);
    turn(200 * MS);
    other.leased = true;
    answer(LOOK, 0, &other);
    ck_assert_int_eq(state(), L2TPHA_LEASE_WATCHING);
    ck_assert(l2tpha_lease_reads(lease));
    nothing_told();
}
END_TEST

START_TEST(an_older_claim_is_not_seen)
{
    struct l2tpha_claim claim = claim_by("a", 257, 7, "c"), old = claim_by("a", 257, 6, "b");

    fill(257);
    answer(LOOK, 0, &claim);
    turn(500 * MS);
    answer(LOOK, 0, &old);
    ck_assert_int_eq(script.asked, NOTHING);
}
END_TEST

/* --- holding --- */

/* A process that was stopped sees it at its first call. */
START_TEST(a_lease_ends)
{
    serve();
    uint64_t until = l2tpha_lease_until(lease);
    ck_assert(l2tpha_lease_check(lease, until - 1));
    now = until;
    ck_assert(!l2tpha_lease_check(lease, now));
    ck_assert(info_of(node).held);
    ck_assert(!l2tpha_lease_check(lease, now + 1));
    told(L2TPHA_LEASE_ENDED);
    nothing_told();
    ck_assert_uint_eq(l2tpha_lease_until(lease), 0);
    turn(0);
    struct l2tpha_claim claim = asked_for(8, false);
    answer(LOOK, 0, &claim); /* still ours: it is taken once more, under its epoch */
    ck_assert_int_eq(script.asked, TAKE);
    ck_assert_uint_eq(script.claim.epoch, 258);
    ck_assert_uint_eq(script.revision, 8);
    claim.revision = 9;
    answer(TAKE, 0, &claim);
    told(L2TPHA_LEASE_BACK);
    ck_assert(!info_of(node).held);
}
END_TEST

START_TEST(it_is_renewed)
{
    serve();
    uint64_t first = l2tpha_lease_until(lease);
    turn(1500 * MS);
    uint64_t sent = now;
    answer(RENEW, L2TPHA_ERR_TIMEOUT, NULL);
    ck_assert_uint_eq(l2tpha_lease_until(lease), first);
    turn(200 * MS);
    sent = now;
    now += 300 * MS;
    answer(RENEW, 0, NULL);
    ck_assert_uint_eq(l2tpha_lease_until(lease), sent + UNTIL);
}
END_TEST

START_TEST(the_claim_is_anothers)
{
    struct l2tpha_claim other = claim_by("c", 515, 9, NULL);

    serve();
    turn(1500 * MS);
    answer(RENEW, L2TPHA_ERR_FENCED, NULL);
    ck_assert(info_of(node).held); /* before it is known whose */
    answer(LOOK, 0, &other);
    ck_assert_uint_eq(told(L2TPHA_LEASE_OVER).epoch, 515);
    ck_assert_int_eq(info_of(node).role, L2TPHA_ROLE_FENCED);
    ck_assert(!l2tpha_lease_check(lease, now));
}
END_TEST

/* --- what is refused --- */

START_TEST(options)
{
    struct l2tpha_lease_options bad = {.size = sizeof(bad), .authority = &authority, .name = "b"};
    char name[L2TPHA_CLAIM_NAME_MAX + 2] = "";
    struct l2tpha_lease *made;

    bad.ttl_ms = 1000;
    bad.renew_ms = 700; /* it would end before */
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    bad.renew_ms = 690;
    assert_ok(l2tpha_lease_new(root, &bad, &made));
    l2tpha_lease_free(made);
    bad.name = memset(name, 'x', sizeof(name) - 1);
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    bad.name = "";
    assert_error(l2tpha_lease_new(root, &bad, &made), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_lease_begin(lease, node, now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_lease_add(lease, "b", 1), L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_lease_add(lease, "c", 1));
    assert_ok(l2tpha_lease_add(lease, "c", 1));
    assert_error(l2tpha_lease_add(lease, "c", 2), L2TPHA_ERR_EXISTS);
    assert_error(l2tpha_lease_add(lease, "d", 1), L2TPHA_ERR_EXISTS);
    assert_error(l2tpha_lease_drop(lease, "d", now), L2TPHA_ERR_NOT_FOUND);
    for (uint32_t i = 2; i < L2TPHA_CLAIM_NODES_MAX; i++) {
        const char more[] = {'0', (char)('0' + i), '\0'};
        assert_ok(l2tpha_lease_add(lease, more, i));
    }
    assert_error(l2tpha_lease_add(lease, "one too many", 9), L2TPHA_ERR_LIMIT);
}
END_TEST

Suite *suite_lease(void);
Suite *suite_lease(void)
{
    Suite *suite = suite_create("lease");
    TCase *tcase = tcase_create("lease");

    tcase_add_checked_fixture(tcase, script_setup, script_teardown);
    tcase_add_test(tcase, there_is_no_claim);
    tcase_add_test(tcase, a_void_claim);
    tcase_add_test(tcase, a_deleted_claim);
    tcase_add_test(tcase, a_void_claim_and_a_copy);
    tcase_add_test(tcase, a_claim_that_was_void);
    tcase_add_test(tcase, who_is_not_in_sync);
    tcase_add_test(tcase, an_order_is_over);
    tcase_add_test(tcase, who_has_no_copy);
    tcase_add_test(tcase, a_lease_runs);
    tcase_add_test(tcase, a_node_made_too_early);
    tcase_add_test(tcase, a_take_without_an_answer);
    tcase_add_test(tcase, a_take_that_may_still_come);
    tcase_add_loop_test(tcase, another_was_first, 0, 2);
    tcase_add_test(tcase, an_older_claim_is_not_seen);
    tcase_add_test(tcase, a_lease_ends);
    tcase_add_test(tcase, it_is_renewed);
    tcase_add_test(tcase, the_claim_is_anothers);
    tcase_add_test(tcase, options);
    suite_add_tcase(suite, tcase);
    return suite;
}
