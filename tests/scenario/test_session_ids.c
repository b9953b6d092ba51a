/* SPDX-License-Identifier: MIT */
/* Ids of calls in a tunnel that has all it can have: each is found, whichever is the free one. */
#include "base/bits.h"
#include "bench/pair.h"
#include "control/session.h"
#include "fixture.h"
#include "scenario/rig_trio.h"

#include <string.h>

#define ALL 65535u

static struct bench pair;
static struct l2tpha_tunnel *tunnel; /* at the LAC */

static const struct l2tpha_session_options call = {
    .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};

static void open_full(bool with_standby)
{
    bench_open(&pair, with_standby);
    bench_calls(&pair, 1, ALL, 1);
    tunnel = l2tpha_tunnel_next(pair.lac, NULL);
}

static void assert_ids_are_distinct(struct l2tpha_node *node)
{
    static uint64_t seen[1024];
    struct l2tpha_session_record record = {.size = sizeof(record)};
    const struct l2tpha_session *session = NULL;
    uint32_t count = 0;

    memset(seen, 0, sizeof(seen));
    const struct l2tpha_tunnel *of = l2tpha_tunnel_next(node, NULL);
    while ((session = l2tpha_session_next(of, session))) {
        l2tpha_session_get(session, &record);
        assert_true(record.local_id > 0 && record.local_id <= ALL);
        assert_true(record.state == L2TPHA_SESSION_ESTABLISHED);
        assert_true(!bits_has(seen, record.local_id));
        bits_add(seen, record.local_id);
        count++;
    }
    ck_assert_uint_eq(count, ALL);
}

static struct l2tpha_session *nth_session(struct l2tpha_node *node, uint32_t n)
{
    struct l2tpha_session *session = l2tpha_session_next(l2tpha_tunnel_next(node, NULL), NULL);

    while (n-- > 0)
        session = l2tpha_session_next(l2tpha_tunnel_next(node, NULL), session);
    return session;
}

static uint32_t id_of(const struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};

    l2tpha_session_get(session, &record);
    return record.local_id;
}

static void hang_up(struct l2tpha_session *session)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    assert_ok(host_session_close(session, &why, pair.now));
    bench_settle(&pair);
    if (tunnel->entry.queue_count > 8) /* nothing is acknowledged at once */
        bench_pass(&pair, 200000);
}

START_TEST(the_one_free_id_is_found)
{
    struct l2tpha_session *session;

    open_full(false);
    assert_ids_are_distinct(pair.lac);
    assert_ids_are_distinct(pair.lns);
    assert_error(host_session_open(tunnel, &call, pair.now, &session), L2TPHA_ERR_NO_ID);
    for (uint32_t i = 0; i < 200; i++) {
        struct l2tpha_session *old = nth_session(pair.lac, (uint32_t)(bits_mix(i) % ALL));
        uint32_t id = id_of(old);
        hang_up(old);
        assert_ok(host_session_open(tunnel, &call, pair.now, &session));
        ck_assert_uint_eq(id_of(session), id);
        bench_settle(&pair);
    }
    assert_ids_are_distinct(pair.lac);
    assert_ids_are_distinct(pair.lns);
    bench_close(&pair);
}
END_TEST

START_TEST(also_after_a_takeover)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session;

    open_full(true);
    l2tpha_node_free(pair.lns);
    pair.lns = pair.standby;
    pair.standby = NULL;
    assert_ok(l2tpha_takeover(pair.lns, 2, pair.now));
    bench_pass(&pair, 2000000);
    assert_ids_are_distinct(pair.lns);
    uint32_t id = id_of(nth_session(pair.lns, 4711));
    assert_ok(host_session_close(nth_session(pair.lns, 4711), &why, pair.now));
    bench_pass(&pair, 2000000);
    assert_ok(host_session_open(tunnel, &call, pair.now, &session));
    bench_settle(&pair);
    ck_assert_uint_eq(id_of(nth_session(pair.lns, 0)), id);
    assert_ids_are_distinct(pair.lns);
    assert_ids_are_distinct(pair.lac);
    bench_close(&pair);
}
END_TEST

/* Calls that waited for the tunnel and later ones take their ids from one order. */
START_TEST(ids_of_before_the_tunnel_was_up_come_back_late)
{
    static uint64_t seen[1024];
    const uint32_t waited = 256, later = 9000; /* three messages each: not halfway round */
    struct l2tpha_session *session;

    memset(seen, 0, sizeof(seen));
    bench_open(&pair, false);
    bench_calls(&pair, 1, waited, 1);
    tunnel = l2tpha_tunnel_next(pair.lac, NULL);
    while ((session = l2tpha_session_next(tunnel, NULL))) {
        bits_add(seen, l2tpha_session_id(session));
        hang_up(session);
    }
    for (uint32_t i = 0; i < later; i++) {
        assert_ok(host_session_open(tunnel, &call, pair.now, &session));
        uint32_t id = l2tpha_session_id(session);
        bench_settle(&pair);
        hang_up(session);
        assert_true(!bits_has(seen, id));
        bits_add(seen, id);
    }
    bench_close(&pair);
}
END_TEST

/* RFC 4951 3.3: neither those of calls that only the peer knows of now. */
START_TEST(ids_that_a_dead_node_may_have_given_come_back_late)
{
    uint32_t lost[3], count = 0;

    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    trio.config.failover = L2TPHA_FAILOVER_PROTOCOL;
    trio.config.query = L2TPHA_QUERY_NONE; /* the peer keeps what this end has lost */
    trio_begin(true);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.connected = false;
    for (unsigned i = 0; i < 3; i++) {
        lost[i] = l2tpha_session_id(trio_dial(first_tunnel(trio.near)));
        trio_settle();
    }
    trio_take_over();
    trio_pass_ms(1000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries, 1);
    ck_assert_ptr_null(first_session(trio.near));
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 3);
    while (count++ < 100) {
        uint32_t id = l2tpha_session_id(trio_dial(first_tunnel(trio.near)));
        for (unsigned i = 0; i < 3; i++)
            ck_assert_uint_ne(id, lost[i]);
        if (count % 2 == 0) /* two at a time, one of them at an odd place */
            trio_settle();
    }
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 103);
}
END_TEST

Suite *suite_session_ids(void)
{
    TCase *rigged;
    TCase *tcase;
    Suite *suite = fixture_suite("session_ids", &tcase);
    tcase_add_test(tcase, the_one_free_id_is_found);
    tcase_add_test(tcase, also_after_a_takeover);
    tcase_add_test(tcase, ids_of_before_the_tunnel_was_up_come_back_late);
    trio_case(suite, "leased", &rigged);
    tcase_add_test(rigged, ids_that_a_dead_node_may_have_given_come_back_late);
    return suite;
}
