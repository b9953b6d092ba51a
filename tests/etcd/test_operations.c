/* SPDX-License-Identifier: MIT */
/* What an authority in etcd is asked for, and what is in etcd then. */
#include "asking.h"
#include "cluster.h"
#include "fixture.h"

#include <string.h>

static void begin(void)
{
    asking_begin(3);
}

static void assert_event(struct l2tpha_authority_event event, int kind, int status)
{
    ck_assert_int_eq(event.kind, kind);
    assert_error(event.status, status);
}

START_TEST(one_owner_after_the_other)
{
    struct l2tpha_authority_event event = look();

    assert_event(event, L2TPHA_AUTHORITY_LOOKED, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.epoch, 0);
    ck_assert(!event.claim.leased);
    event = take(256, "a", 0);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.epoch, 256);
    ck_assert_uint_eq(event.claim.revision, 2);
    ck_assert(event.claim.leased);
    ck_assert_str_eq(cluster_value(E), "0000000000000100");
    ck_assert_str_eq(cluster_value(C),
                     "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\"],\"owner\":\"a\"}");
    ck_assert_str_eq(cluster_value(A), "a");
    event = change(256, "ab", 2);
    assert_event(event, L2TPHA_AUTHORITY_CHANGED, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.revision, 3);
    ck_assert_uint_eq(event.claim.count, 2);
    assert_event(renew(), L2TPHA_AUTHORITY_RENEWED, L2TPHA_OK);
    assert_event(leave(), L2TPHA_AUTHORITY_LEFT, L2TPHA_OK);
    ck_assert_ptr_null(cluster_value(A));
    asking_use(asking_other());
    event = look();
    ck_assert_str_eq(event.claim.owner, "a");
    ck_assert_str_eq(event.claim.in_sync[1], "b");
    ck_assert(!event.claim.leased);
    event = take(257, "b", event.claim.revision);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    ck_assert_str_eq(event.claim.owner, "b");
}
END_TEST

START_TEST(no_lease_ends_early)
{
    struct l2tpha_authority *other = asking_other();
    struct l2tpha_authority_event event;

    look();
    uint64_t revision = take(256, "a", 0).claim.revision;
    asking_use(other);
    event = look();
    ck_assert(event.claim.leased);
    event = take(257, "b", revision);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_ERR_EXISTS);
    ck_assert_str_eq(event.claim.owner, "a");
    ck_assert_str_eq(cluster_value(E), "0000000000000100");
    cluster_expire();
    assert_event(take(257, "b", revision), L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
}
END_TEST

START_TEST(who_is_behind_is_fenced)
{
    struct l2tpha_authority *first = authority, *other = asking_other();
    struct l2tpha_authority_event event;

    look();
    uint64_t revision = take(256, "a", 0).claim.revision;
    cluster_expire();
    asking_use(other);
    look();
    assert_event(take(257, "b", revision), L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    asking_use(first);
    event = change(256, "ab", revision);
    assert_event(event, L2TPHA_AUTHORITY_CHANGED, L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(event.claim.epoch, 257);
    assert_event(renew(), L2TPHA_AUTHORITY_RENEWED, L2TPHA_ERR_NOT_FOUND);
    assert_error(authority->renew(authority->user, asking_now()), L2TPHA_ERR_NOT_FOUND);
    cluster_expire();
    event = take(512, "a", revision);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_ERR_FENCED);
    ck_assert_str_eq(event.claim.owner, "b");
    struct l2tpha_claim old = asking_claim(257, "a");
    assert_error(authority->take(authority->user, &old, 1, 5000, asking_now()),
                 L2TPHA_ERR_STALE_EPOCH);
}
END_TEST

/* Its lease has ended, and nobody else has come: it goes on under its epoch, which nobody else may.
 */
START_TEST(the_owner_takes_it_once_more)
{
    struct l2tpha_authority *other = asking_other();

    look();
    uint64_t revision = take(256, "a", 0).claim.revision;
    cluster_expire();
    assert_event(renew(), L2TPHA_AUTHORITY_RENEWED, L2TPHA_ERR_NOT_FOUND);
    struct l2tpha_authority_event event = take(256, "a", revision);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    ck_assert_uint_gt(event.claim.revision, revision);
    assert_event(renew(), L2TPHA_AUTHORITY_RENEWED, L2TPHA_OK);
    asking_use(other);
    look();
    struct l2tpha_claim same = asking_claim(256, "b");
    assert_error(other->take(other->user, &same, event.claim.revision, 5000, asking_now()),
                 L2TPHA_ERR_STALE_EPOCH);
}
END_TEST

/* A leader that is no more has answered; the lease does not count from then. */
START_TEST(a_renewal_of_an_older_term)
{
    look();
    take(256, "a", 0);
    cluster.faults[0] = (struct fault){
        .path = "keepalive",
        .fate = SAID,
        .code = 200,
        .text = "{\"result\":{\"header\":{\"cluster_id\":\"18446744073709551610\","
                "\"raft_term\":\"2\"},\"ID\":\"7587000000000000001\",\"TTL\":\"5\"}}",
        .times = 1 + (uint32_t)_i};
    assert_event(renew(), L2TPHA_AUTHORITY_RENEWED, _i == 0 ? L2TPHA_OK : L2TPHA_ERR_TIMEOUT);
}
END_TEST

START_TEST(a_lease_is_as_long_as_it_was_asked_for)
{
    cluster.most_ttl_s = 4;
    assert_event(take(256, "a", 0), L2TPHA_AUTHORITY_TOOK, L2TPHA_ERR_RECORD);
    ck_assert_ptr_null(cluster_value(C));
    cluster.most_ttl_s = 60;
    cluster.least_ttl_s = 9;
    assert_event(take(256, "a", 0), L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
}
END_TEST

START_TEST(one_at_a_time)
{
    struct l2tpha_claim claim = asking_claim(256, "a");
    unsigned kinds = 0;

    look();
    take(256, "a", 0);
    uint64_t now = asking_now();
    assert_ok(authority->look(authority->user, now));
    assert_error(authority->look(authority->user, now), L2TPHA_ERR_STATE);
    assert_error(authority->change(authority->user, &claim, 2, now), L2TPHA_ERR_STATE);
    claim.epoch = 300;
    assert_error(authority->take(authority->user, &claim, 2, 5000, now), L2TPHA_ERR_STATE);
    assert_ok(authority->renew(authority->user, now));
    assert_error(authority->renew(authority->user, now), L2TPHA_ERR_STATE);
    assert_error(authority->leave(authority->user, now), L2TPHA_ERR_STATE);
    for (int i = 0; i < 2; i++)
        kinds |= 1u << await().kind;
    ck_assert_uint_eq(kinds, 1u << L2TPHA_AUTHORITY_LOOKED | 1u << L2TPHA_AUTHORITY_RENEWED);
    ck_assert_uint_eq(authority->deadline(authority->user), L2TPHA_NEVER);
}
END_TEST

START_TEST(no_such_claim)
{
    struct l2tpha_claim claim = asking_claim(256, "a"), bad;
    uint64_t now = asking_now();

    assert_error(authority->take(authority->user, &claim, 0, 0, now), L2TPHA_ERR_INVALID);
    bad = asking_claim(256, "ab");
    strcpy(bad.owner, "c");
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    bad = asking_claim(256, "ab");
    strcpy(bad.in_sync[0], "b");
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    bad = claim;
    strcpy(bad.owner, "\xff");
    strcpy(bad.in_sync[0], "\xff");
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    bad = claim;
    memset(bad.owner, 'a', sizeof(bad.owner));
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    bad = claim;
    bad.count = L2TPHA_CLAIM_NODES_MAX + 1;
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    bad = claim;
    bad.epoch = 0;
    assert_error(authority->change(authority->user, &bad, 1, now), L2TPHA_ERR_INVALID);
    assert_error(authority->leave(authority->user, now), L2TPHA_ERR_NOT_FOUND);
    assert_event(take(256, "a", 0), L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
}
END_TEST

/* An operator has taken the claim away: nobody has all, and the epoch goes on. */
START_TEST(a_deleted_claim)
{
    struct l2tpha_authority_event event;

    take(256, "a", 0);
    cluster_expire();
    cluster_put(C, NULL);
    event = look();
    assert_event(event, L2TPHA_AUTHORITY_LOOKED, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.epoch, 256);
    ck_assert_uint_eq(event.claim.revision, 0);
    ck_assert_uint_eq(event.claim.count, 0);
    assert_event(take(257, "b", 0), L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    ck_assert_str_eq(cluster_value(E), "0000000000000101");
}
END_TEST

/* Its owner has left with nothing. */
START_TEST(a_void_claim)
{
    static const char nobody[] = "{\"epoch\":\"0000000000000100\",\"in_sync\":[],\"owner\":\"a\"}";
    struct l2tpha_claim claim = asking_claim(256, "a");
    struct l2tpha_authority_event event;

    look();
    uint64_t revision = take(256, "a", 0).claim.revision;
    claim.count = 0;
    assert_ok(authority->change(authority->user, &claim, revision, asking_now()));
    event = await();
    assert_event(event, L2TPHA_AUTHORITY_CHANGED, L2TPHA_OK);
    ck_assert_uint_gt(event.claim.revision, revision);
    ck_assert_str_eq(cluster_value(C), nobody);
    assert_event(leave(), L2TPHA_AUTHORITY_LEFT, L2TPHA_OK);
    asking_use(asking_other());
    assert_event(take(257, "b", revision), L2TPHA_AUTHORITY_TOOK, L2TPHA_ERR_FENCED);
    event = look();
    ck_assert_str_eq(event.claim.owner, "a");
    ck_assert_uint_eq(event.claim.epoch, 256);
    ck_assert_uint_eq(event.claim.count, 0);
    event = take(257, "b", event.claim.revision);
    assert_event(event, L2TPHA_AUTHORITY_TOOK, L2TPHA_OK);
    ck_assert_str_eq(event.claim.owner, "b");
}
END_TEST

START_TEST(freed_in_the_middle)
{
    look();
    take(256, "a", 0);
    assert_ok(authority->look(authority->user, asking_now()));
    assert_ok(authority->renew(authority->user, asking_now()));
    for (int i = 0; i < _i; i++) {
        struct l2tpha_authority_event event;
        if (authority->event(authority->user, &event, asking_now()))
            break;
        cluster_turn(-1, 1);
    }
}
END_TEST

Suite *suite_operations(void);
Suite *suite_operations(void)
{
    Suite *suite = suite_create("operations");
    TCase *tcase = tcase_create("operations");

    tcase_add_checked_fixture(tcase, begin, asking_end);
    tcase_add_test(tcase, one_owner_after_the_other);
    tcase_add_test(tcase, no_lease_ends_early);
    tcase_add_test(tcase, who_is_behind_is_fenced);
    tcase_add_test(tcase, the_owner_takes_it_once_more);
    tcase_add_loop_test(tcase, a_renewal_of_an_older_term, 0, 2);
    tcase_add_test(tcase, a_lease_is_as_long_as_it_was_asked_for);
    tcase_add_test(tcase, one_at_a_time);
    tcase_add_test(tcase, no_such_claim);
    tcase_add_test(tcase, a_deleted_claim);
    tcase_add_test(tcase, a_void_claim);
    tcase_add_loop_test(tcase, freed_in_the_middle, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
