/* SPDX-License-Identifier: MIT */
/* Takeover of many tunnels by a host whose socket holds few datagrams, and a copy of many sessions:
 * neither stands in the way of anything else. */
#include "bench/pair.h"
#include "fixture.h"
#include "node/node.h"

#include <l2tpha/consumer.h>
#include <l2tpha/failover.h>
#include <stdlib.h>
#include <string.h>

#define MANY 3000
#define CALLS 16   /* to each, in a copy */
#define SOCKET 277 /* small datagrams that a socket of the usual size holds */
#define BATCH 64
#define READS 4 /* batches that a host reads in a millisecond, besides */

static struct bench pair;

/* What has arrived and is not read yet. */
static struct {
    struct {
        size_t len;
        uint8_t data[64];
    } waiting[SOCKET];
    uint32_t first, count, most;
} in;

static void arrive(const uint8_t *data, size_t len)
{
    assert_true(in.count < SOCKET); /* else it would be lost */
    assert_true(len <= sizeof(in.waiting[0].data));
    uint32_t place = (in.first + in.count++) % SOCKET;
    memcpy(in.waiting[place].data, data, len);
    in.waiting[place].len = len;
    in.most = in.count > in.most ? in.count : in.most;
}

static void read_some(void)
{
    struct l2tpha_path path = {.remote = {.len = 1, .bytes = {1}}};

    for (int i = 0; i < BATCH && in.count > 0; i++, in.count--, in.first = (in.first + 1) % SOCKET)
        l2tpha_feed(pair.lns, &path, in.waiting[in.first].data, in.waiting[in.first].len, pair.now);
}

/* The peer answers whatever comes at once. */
static void let_peer_answer(void)
{
    struct l2tpha_output output;

    while (l2tpha_poll(pair.lac, &output, 1, pair.now) > 0)
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            arrive(output.data, output.len);
}

static uint32_t let_out(void)
{
    struct l2tpha_output outputs[BATCH];
    uint32_t count = (uint32_t)l2tpha_poll(pair.lns, outputs, BATCH, pair.now);

    for (uint32_t i = 0; i < count; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            bench_hear(&pair, &outputs[i]);
    l2tpha_expire(pair.lac, pair.now);
    let_peer_answer();
    return count;
}

/* More when somebody has the time. */
static uint32_t many(void)
{
    const char *wanted = getenv("L2TPHA_TUNNELS");

    return wanted ? (uint32_t)strtoul(wanted, NULL, 10) : MANY;
}

static void take_over(void)
{
    bench_open(&pair, true);
    bench_calls(&pair, many(), 1, 16);
    l2tpha_node_free(pair.lns);
    pair.lns = pair.standby;
    pair.standby = NULL;
    assert_ok(l2tpha_takeover(pair.lns, 2, pair.now));
}

START_TEST(many_are_restored_without_drowning)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    take_over();
    uint64_t began = pair.now;
    uint32_t batch = l2tpha_node_config(pair.lns)->takeover_batch;
    uint32_t before = pair.lns->engine.unrestored;

    ck_assert_uint_ge(before, many() - batch);
    do {
        for (int i = 0; i < READS; i++)
            read_some();
        before = pair.lns->engine.unrestored; /* those that have spoken */
        assert_ok(l2tpha_expire(pair.lns, pair.now));
        ck_assert_uint_le(before - pair.lns->engine.unrestored, batch);
        before = pair.lns->engine.unrestored;
        while (let_out() > 0)
            read_some();
        pair.now += 1024; /* what is due by then is that of one grain of the timers */
        l2tpha_redundancy_get(pair.lns, &info);
    } while (info.resyncing > 0 && pair.now < began + 10000000);
    ck_assert_uint_eq(info.resyncing, 0);
    ck_assert_uint_eq(info.tunnels, many());
    ck_assert_uint_le(pair.now - began, 3000000);
    ck_assert_uint_gt(in.most, 0);
    bench_close(&pair);
}
END_TEST

/* Nobody answers: all are asked all the same, within the time that is promised. */
START_TEST(silent_peers_are_asked_in_time)
{
    struct l2tpha_output output;

    take_over();
    for (uint64_t began = pair.now; pair.lns->engine.unrestored > 0; pair.now += 1000) {
        ck_assert_uint_le(pair.now - began, UINT64_C(2000000) * many() / 56000 + 8000);
        assert_ok(l2tpha_expire(pair.lns, pair.now));
        while (l2tpha_poll(pair.lns, &output, 1, pair.now) > 0)
            ;
    }
    bench_close(&pair);
}
END_TEST

/* A store that holds outputs is filled when all are restored: nobody is asked before, and nothing
 * but the work sets the pace. */
START_TEST(nobody_is_waited_for_who_was_not_asked)
{
    const struct l2tpha_consumer_options store = {
        .size = sizeof(store), .name = "store", .gates = true};
    struct l2tpha_output output;
    uint32_t id, asked = 0;

    bench_open(&pair, true);
    bench_calls(&pair, many(), 1, 16);
    l2tpha_node_free(pair.lns);
    pair.lns = pair.standby;
    pair.standby = NULL;
    assert_ok(l2tpha_consumer_add(pair.lns, &store, pair.now, &id));
    assert_ok(l2tpha_consumer_hold(pair.lns, id, true, pair.now));
    assert_ok(l2tpha_takeover(pair.lns, 2, pair.now));
    assert_ok(l2tpha_consumer_copy(pair.lns, id, pair.now));
    uint32_t batch = l2tpha_node_config(pair.lns)->takeover_batch;
    for (uint32_t before; (before = pair.lns->engine.unrestored) > 0;) {
        while (l2tpha_poll(pair.lns, &output, 1, pair.now) > 0)
            ck_assert_int_eq(output.kind, L2TPHA_OUTPUT_EVENT); /* of the node itself */
        ck_assert_uint_le(l2tpha_deadline(pair.lns), pair.now);
        assert_ok(l2tpha_expire(pair.lns, pair.now));
        ck_assert_uint_gt(before, pair.lns->engine.unrestored);
        ck_assert_uint_le(before - pair.lns->engine.unrestored, batch);
    }
    while (asked < many()) {
        ck_assert_uint_eq(l2tpha_poll(pair.lns, &output, 1, pair.now), 1);
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(l2tpha_consumer_done(pair.lns, id, output.position, 0, pair.now));
        asked += output.kind == L2TPHA_OUTPUT_DATAGRAM;
    }
    bench_close(&pair);
}
END_TEST

/* Until poll says that there is nothing more: never more than a few parts of a copy. */
START_TEST(a_copy_lets_its_host_go)
{
    struct l2tpha_output output;
    uint64_t confirmed;
    unsigned turns = 0;

    bench_open(&pair, false);
    bench_calls(&pair, many(), CALLS, 16);
    pair.standby = bench_standby(&pair);
    assert_ok(l2tpha_checkpoint_bulk(pair.lns, pair.now));
    do {
        unsigned parts = 0;
        if (l2tpha_deadline(pair.lns) <= pair.now)
            assert_ok(l2tpha_expire(pair.lns, pair.now));
        for (confirmed = 0; l2tpha_poll(pair.lns, &output, 1, pair.now) > 0;)
            if (output.kind == L2TPHA_OUTPUT_CHECKPOINT) {
                assert_ok(
                    l2tpha_checkpoint_apply(pair.standby, output.data, output.len, pair.now, NULL));
                ck_assert_uint_le(++parts, 5);
                confirmed = output.position;
            }
        if (confirmed)
            assert_ok(l2tpha_checkpoint_done(pair.lns, confirmed, 0, pair.now));
        ck_assert_uint_le(++turns, 10 + many() * CALLS / 1000);
    } while (confirmed);
    ck_assert_uint_ge(turns, many() * CALLS / 1024 / 5);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(pair.lns), l2tpha_checkpoint_digest(pair.standby));
    bench_close(&pair);
}
END_TEST

Suite *suite_takeover_pace(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("takeover_pace", &tcase);

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, many_are_restored_without_drowning);
    tcase_add_test(tcase, silent_peers_are_asked_in_time);
    tcase_add_test(tcase, nobody_is_waited_for_who_was_not_asked);
    tcase_add_test(tcase, a_copy_lets_its_host_go);
    return suite;
}
