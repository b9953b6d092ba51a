/* SPDX-License-Identifier: MIT */
/* Answers that do not come, or not whole, and requests that come to pass when nobody expects it. */
#include "asking.h"
#include "cluster.h"
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define ALWAYS 1000
#define OWNED "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\"],\"owner\":\"a\"}"
#define SHARED "{\"epoch\":\"0000000000000100\",\"in_sync\":[\"a\",\"b\"],\"owner\":\"a\"}"

static void begin(void)
{
    asking_begin(3);
    look();
}

static void fault(uint32_t which, const char *path, enum fate fate, size_t octets, uint32_t times)
{
    cluster.faults[which] =
        (struct fault){.path = path, .fate = fate, .octets = octets, .times = times};
}

static void no_faults(void)
{
    memset(cluster.faults, 0, sizeof(cluster.faults));
}

static uint64_t own(void)
{
    struct l2tpha_authority_event event = take(256, "a", 0);

    assert_error(event.status, L2TPHA_OK);
    return event.claim.revision;
}

/* Another member is asked, and finds it done; each octet of each answer is the last one once. */
static const struct {
    const char *path;
    int kind;
} cuts[] = {{"txn", L2TPHA_AUTHORITY_CHANGED},       {"txn", L2TPHA_AUTHORITY_LOOKED},
            {"keepalive", L2TPHA_AUTHORITY_RENEWED}, {"txn", L2TPHA_AUTHORITY_RENEWED},
            {"grant", L2TPHA_AUTHORITY_TOOK},        {"txn", L2TPHA_AUTHORITY_TOOK},
            {"revoke", L2TPHA_AUTHORITY_LEFT}};
#define CUTS (int)(sizeof(cuts) / sizeof(cuts[0]))

static struct l2tpha_authority_event ask(int kind, uint64_t round, uint64_t revision)
{
    switch (kind) {
    case L2TPHA_AUTHORITY_CHANGED:
        return change(256, round % 2 ? "a" : "ab", revision);
    case L2TPHA_AUTHORITY_RENEWED:
        return renew();
    case L2TPHA_AUTHORITY_TOOK:
        cluster_expire();
        return take(512 + round, "a", revision);
    case L2TPHA_AUTHORITY_LEFT:
        return leave();
    default:
        return look();
    }
}

START_TEST(an_answer_is_cut)
{
    int kind = cuts[_i % CUTS].kind;
    uint64_t revision = own();
    size_t octets = 0;

    cluster.chunked = _i >= CUTS;
    do {
        fault(0, cuts[_i % CUTS].path, octets % 4 == 1 ? SILENT : CUT, octets, 1);
        struct l2tpha_authority_event event = ask(kind, octets, revision);
        assert_error(event.status, L2TPHA_OK);
        ck_assert_uint_eq(cluster.faults[0].times, 0);
        if (kind == L2TPHA_AUTHORITY_LEFT) /* for the next one to leave */
            event = take(512 + octets, "a", revision);
        ck_assert_uint_ge(event.claim.revision, revision);
        revision = event.claim.revision;
    } while (++octets < cluster.cut_len);
    ck_assert_uint_gt(octets, 100);
}
END_TEST

/* Nobody answers whole, but it has come to pass. */
START_TEST(a_change_that_was_made)
{
    uint64_t revision = own();

    fault(0, "txn", CUT, 10, ALWAYS);
    struct l2tpha_authority_event event = change(256, "ab", revision);
    assert_error(event.status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    event = look();
    ck_assert_uint_eq(event.claim.count, 2);
    assert_error(change(256, "a", event.claim.revision).status, L2TPHA_OK);
}
END_TEST

/* It is still somewhere, and a look says that it is not made: so it never is. */
START_TEST(a_change_that_is_late)
{
    uint64_t revision = own();

    fault(0, "txn", HELD, 0, 1);
    fault(1, "txn", LOST, 0, ALWAYS);
    assert_error(change(256, "ab", revision).status, L2TPHA_ERR_TIMEOUT);
    if (_i == 1) { /* another look that fails believes nothing either */
        assert_error(look().status, L2TPHA_ERR_TIMEOUT);
    }
    no_faults();
    struct l2tpha_authority_event event = look();
    assert_error(event.status, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.count, 1);
    ck_assert_uint_gt(event.claim.revision, revision);
    cluster_release();
    ck_assert_str_eq(cluster_value(C), OWNED);
    assert_error(change(256, "ab", event.claim.revision).status, L2TPHA_OK);
    ck_assert_str_eq(cluster_value(C), SHARED);
    revision = look().claim.revision;
    ck_assert_uint_eq(look().claim.revision, revision); /* no look writes without need */
}
END_TEST

/* One member may have made it, and another one refuses to: that is no answer. */
START_TEST(a_change_that_is_refused_later)
{
    uint64_t revision = own();

    fault(0, "txn", HELD, 0, 1);
    cluster.faults[1] = (struct fault){
        .path = "txn", .fate = SAID, .code = 403, .text = "{\"code\":7}", .times = ALWAYS};
    assert_error(change(256, "ab", revision).status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    look();
    cluster_release();
    ck_assert_str_eq(cluster_value(C), OWNED);
}
END_TEST

START_TEST(a_take_that_is_late)
{
    fault(0, "txn", HELD, 0, 1);
    fault(1, "txn", LOST, 0, ALWAYS);
    assert_error(take(256, "a", 0).status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    if (_i == 0) {
        ck_assert_uint_eq(look().claim.epoch, 0);
        cluster_release();
        ck_assert_ptr_null(cluster_value(C));
        assert_error(take(256, "a", 0).status, L2TPHA_OK);
    } else { /* at once, without a look */
        assert_error(take(512, "a", 0).status, L2TPHA_OK);
        cluster_release();
        ck_assert_str_eq(cluster_value(E), "0000000000000200");
    }
    ck_assert_ptr_nonnull(cluster_value(A));
}
END_TEST

/* Of two that are open neither comes to pass any more. */
START_TEST(two_takes_that_are_late)
{
    fault(0, "txn", HELD, 0, 1);
    fault(1, "txn", LOST, 0, ALWAYS);
    assert_error(take(256, "a", 0).status, L2TPHA_ERR_TIMEOUT);
    assert_error(take(512, "a", 0).status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    ck_assert_uint_eq(look().claim.epoch, 0);
    cluster_release();
    ck_assert_ptr_null(cluster_value(C));
}
END_TEST

START_TEST(a_take_that_was_made)
{
    fault(0, "txn", CUT, 0, ALWAYS);
    assert_error(take(256, "a", 0).status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    if (_i == 0) { /* the lease runs: it is ours */
        struct l2tpha_authority_event event = look();
        ck_assert(event.claim.leased);
        ck_assert_uint_eq(event.claim.epoch, 256);
        assert_error(renew().status, L2TPHA_OK);
        assert_error(change(256, "ab", event.claim.revision).status, L2TPHA_OK);
    } else {
        assert_error(leave().status, L2TPHA_OK);
        ck_assert_ptr_null(cluster_value(A));
    }
}
END_TEST

/* Another one's lease runs while one of our tries is on its way: that is no end of it. */
START_TEST(a_take_that_meets_a_lease)
{
    fault(0, "txn", HELD, 0, 1);
    cluster_put(A, "b");
    assert_error(take(256, "a", 0).status, L2TPHA_ERR_EXISTS);
    cluster_put(A, NULL);
    look();
    cluster_release();
    ck_assert_ptr_null(cluster_value(C));
}
END_TEST

/* A try has come to pass, and its lease ends before anybody knows. */
START_TEST(a_take_that_has_ended)
{
    struct l2tpha_claim claim = asking_claim(256, "a");

    fault(0, "txn", SILENT, 0, 1);
    assert_ok(authority->take(authority->user, &claim, 0, 5000, asking_now()));
    while (!cluster.silent) {
        struct l2tpha_authority_event event;
        ck_assert(!authority->event(authority->user, &event, asking_now()));
        cluster_turn(authority->fd(authority->user), 1);
    }
    cluster_expire();
    struct l2tpha_authority_event event = await();
    assert_error(event.status, L2TPHA_ERR_TIMEOUT);
    assert_error(look().status, L2TPHA_OK);
    ck_assert_str_eq(cluster_value(C), OWNED);
}
END_TEST

START_TEST(nobody_answers)
{
    uint64_t revision = own(), begun = asking_now();

    fault(0, "/", SILENT, 0, ALWAYS);
    assert_error(renew().status, L2TPHA_ERR_TIMEOUT);
    uint64_t took = asking_now() - begun;
    ck_assert_uint_ge(took, 3000000);
    ck_assert_uint_le(took, 4000000);
    assert_error(look().status, L2TPHA_ERR_TIMEOUT);
    assert_error(change(256, "ab", revision).status, L2TPHA_ERR_TIMEOUT);
    assert_error(leave().status, L2TPHA_ERR_TIMEOUT);
    no_faults();
    assert_error(renew().status, L2TPHA_ERR_NOT_FOUND); /* what was to be left has been */
}
END_TEST

/* The process had no turn, and the answer is there. */
START_TEST(who_wakes_up_reads_first)
{
    struct l2tpha_authority_event event;

    own();
    assert_ok(authority->renew(authority->user, asking_now()));
    for (int i = 0; i < 20 && !authority->event(authority->user, &event, asking_now()); i++)
        cluster_turn(-1, 10);
    assert_error(event.status, L2TPHA_OK);
    uint32_t requests = cluster.requests;
    assert_ok(authority->look(authority->user, asking_now()));
    while (cluster.requests == requests) {
        ck_assert(!authority->event(authority->user, &event, asking_now()));
        cluster_turn(authority->fd(authority->user), 1);
    }
    ck_assert(authority->event(authority->user, &event, asking_now() + 60000000));
    assert_error(event.status, L2TPHA_OK);
}
END_TEST

START_TEST(members_are_dead)
{
    cluster_kill(0);
    cluster_kill(1);
    cluster_turn(-1, 0);
    fault(0, "txn", LOST, 0, 1); /* the connection of before */
    assert_error(look().status, L2TPHA_OK);
    cluster_close();
    cluster_kill(2);
    struct l2tpha_authority_event event = look();
    ck_assert(event.status == L2TPHA_ERR_HOST || event.status == L2TPHA_ERR_TIMEOUT);
    assert_error(look().status, L2TPHA_ERR_HOST);
    assert_error(take(256, "a", 0).status, L2TPHA_ERR_HOST);
}
END_TEST

START_TEST(another_cluster)
{
    uint64_t revision = own();

    cluster.id = 77;
    assert_error(look().status, L2TPHA_ERR_RECORD);
    assert_error(renew().status, L2TPHA_ERR_RECORD);
    assert_error(take(512, "a", revision).status, L2TPHA_ERR_RECORD);
}
END_TEST

START_TEST(no_proxy_of_the_environment)
{
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    asking_use(asking_other());
    assert_error(look().status, L2TPHA_OK);
}
END_TEST

static const struct {
    int code;
    const char *text;
    int status;
    bool open; /* of a change */
} said[] = {
    {429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}", L2TPHA_ERR_LIMIT,
     true},
    {401, "{\"error\":\"etcdserver: invalid auth token\",\"code\":16}", L2TPHA_ERR_REFUSED, false},
    {403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}", L2TPHA_ERR_REFUSED, false},
    {400, "{\"error\":\"etcdserver: user name is empty\",\"code\":3}", L2TPHA_ERR_REFUSED, false},
    {404, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}", L2TPHA_ERR_NOT_FOUND,
     false},
    {503, "{\"error\":\"etcdserver: no leader\",\"code\":14}", L2TPHA_ERR_TIMEOUT, true},
    {503, "{\"error\":{\"grpc_code\":14,\"http_code\":503}}", L2TPHA_ERR_TIMEOUT, true},
    {504, "{\"error\":\"context deadline exceeded\",\"code\":4}", L2TPHA_ERR_TIMEOUT, true},
    {500, "oh", L2TPHA_ERR_TIMEOUT, true},
    {404, "404 page not found", L2TPHA_ERR_TIMEOUT, true},
    {301, "", L2TPHA_ERR_TIMEOUT, true},
    {204, "", L2TPHA_ERR_TIMEOUT, true},
    {200, "", L2TPHA_ERR_RECORD, true},
    {200, "[]", L2TPHA_ERR_RECORD, true},
    {200, "{\"code\":5}", L2TPHA_ERR_RECORD, true},
    {200, "{\"header\":{\"raft_term\":\"3\"},\"succeeded\":true}", L2TPHA_ERR_RECORD, true}};

START_TEST(a_member_says)
{
    uint64_t revision = own();

    cluster.faults[0] = (struct fault){
        .path = "txn", .fate = SAID, .code = said[_i].code, .text = said[_i].text, .times = ALWAYS};
    assert_error(look().status, said[_i].status);
    assert_error(change(256, "ab", revision).status, said[_i].status);
    ck_assert_str_eq(cluster_value(C), OWNED);
    no_faults();
    struct l2tpha_authority_event event = look();
    assert_error(event.status, L2TPHA_OK);
    ck_assert_uint_eq(event.claim.revision > revision, said[_i].open);
    assert_error(change(256, "ab", event.claim.revision).status, L2TPHA_OK);
}
END_TEST

/* To where it would be answered. */
START_TEST(no_redirect)
{
    char location[] = "http://127.0.0.1:00000/v3/kv/txn";
    const char *port = strchr(cluster_place("g"), ':') + 1;

    memcpy(strstr(location, "00000"), port, 5);
    cluster.faults[0] = (struct fault){
        .path = "txn", .fate = SAID, .code = 307, .location = location, .text = "", .times = 3};
    uint32_t requests = cluster.requests;
    assert_error(look().status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(cluster.requests, requests + 3);
}
END_TEST

START_TEST(an_answer_without_end)
{
    static char text[200000];

    memset(text, ' ', sizeof(text) - 1);
    cluster.faults[0] =
        (struct fault){.path = "txn", .fate = SAID, .code = 200, .text = text, .times = ALWAYS};
    assert_error(look().status, L2TPHA_ERR_TIMEOUT);
}
END_TEST

START_TEST(headers_without_end)
{
    static char location[100000];

    for (size_t at = 0; at < sizeof(location) - 10; at += 7)
        memcpy(location + at, "x\r\nA: b", 7);
    cluster.faults[0] = (struct fault){.path = "txn",
                                       .fate = SAID,
                                       .code = 200,
                                       .location = location,
                                       .text = "",
                                       .times = ALWAYS};
    assert_error(look().status, L2TPHA_ERR_TIMEOUT);
}
END_TEST

/* The renewal of a lease that has ended meanwhile says nothing of the next one. */
START_TEST(a_renewal_that_is_late)
{
    uint64_t revision = own();
    struct l2tpha_authority_event event;

    fault(0, "keepalive", HELD, 0, 1);
    assert_ok(authority->renew(authority->user, asking_now()));
    while (!cluster.silent) {
        ck_assert(!authority->event(authority->user, &event, asking_now()));
        cluster_turn(authority->fd(authority->user), 1);
    }
    cluster.silent = false;
    cluster_expire();
    event = take(512, "a", revision);
    ck_assert_int_eq(event.kind, L2TPHA_AUTHORITY_TOOK);
    assert_error(event.status, L2TPHA_OK);
    cluster.silent = true;
    event = await();
    ck_assert_int_eq(event.kind, L2TPHA_AUTHORITY_RENEWED);
    assert_error(event.status, L2TPHA_ERR_TIMEOUT);
    assert_error(renew().status, L2TPHA_OK);
}
END_TEST

Suite *suite_faults(void);
Suite *suite_faults(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");

    tcase_add_checked_fixture(tcase, begin, asking_end);
    tcase_add_loop_test(tcase, an_answer_is_cut, 0, 2 * CUTS);
    tcase_add_test(tcase, a_change_that_was_made);
    tcase_add_loop_test(tcase, a_change_that_is_late, 0, 2);
    tcase_add_test(tcase, a_change_that_is_refused_later);
    tcase_add_loop_test(tcase, a_take_that_is_late, 0, 2);
    tcase_add_test(tcase, two_takes_that_are_late);
    tcase_add_loop_test(tcase, a_take_that_was_made, 0, 2);
    tcase_add_test(tcase, a_take_that_meets_a_lease);
    tcase_add_test(tcase, a_take_that_has_ended);
    tcase_add_test(tcase, nobody_answers);
    tcase_add_test(tcase, who_wakes_up_reads_first);
    tcase_add_test(tcase, members_are_dead);
    tcase_add_test(tcase, another_cluster);
    tcase_add_test(tcase, no_proxy_of_the_environment);
    tcase_add_loop_test(tcase, a_member_says, 0, (int)(sizeof(said) / sizeof(said[0])));
    tcase_add_test(tcase, no_redirect);
    tcase_add_test(tcase, an_answer_without_end);
    tcase_add_test(tcase, headers_without_end);
    tcase_add_test(tcase, a_renewal_that_is_late);
    suite_add_tcase(suite, tcase);
    return suite;
}
