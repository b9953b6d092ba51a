/* SPDX-License-Identifier: MIT */
/* Recovery of many tunnels: a few at a time, so that neither end is flooded. */
#include "bench/pair.h"
#include "control/transaction.h"
#include "fixture.h"
#include "node/node.h"

#include <l2tpha/failover.h>

#define PLACES (ENGINE_RECOVERIES / 4 * 3)

static void set_all(struct l2tpha_node *node)
{
    struct tunnel_entry *entry;
    uint32_t place = 0;

    while ((entry = table_tunnel_next(node->engine.table, &place))) {
        entry->record.effective_method = L2TPHA_FAILOVER_PROTOCOL;
        ledger_mark_tunnel(node->engine.ledger, entry, DIRTY_FULL);
        engine_commit(&node->engine);
    }
}

static void take_over(struct bench *pair, uint32_t tunnels)
{
    bench_open(pair, true);
    bench_calls(pair, tunnels, 1, 16);
    set_all(pair->lns);
    bench_settle(pair);
    l2tpha_node_free(pair->lns);
    pair->lns = pair->standby;
    pair->standby = NULL;
    assert_ok(l2tpha_takeover_as(pair->lns, 2, L2TPHA_TRUST_UNCERTAIN, pair->now));
}

START_TEST(many_are_recovered_a_few_at_a_time)
{
    enum { MANY = 1000 };
    struct bench pair;
    uint32_t most = 0;

    take_over(&pair, MANY);
    for (int i = 0; i < 2000 && l2tpha_counters(pair.lns)->recoveries < MANY; i++) {
        pair.now += 1100;
        l2tpha_expire(pair.lns, pair.now);
        uint32_t running = pair.lns->failover.running;
        most = running > most ? running : most;
        assert_true(running <= PLACES && pair.lns->engine.recovering <= ENGINE_RECOVERIES);
        l2tpha_expire(pair.lac, pair.now);
        bench_settle(&pair);
        assert_true(pair.lac->engine.recovering <= ENGINE_RECOVERIES);
    }
    ck_assert_uint_gt(most, PLACES / 2);
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->recoveries, MANY);
    ck_assert_uint_eq(l2tpha_counters(pair.lac)->recoveries_by_peer, MANY);
    for (int i = 0; i < 100; i++)
        bench_pass(&pair, 1000000);
    ck_assert_uint_eq(pair.lns->engine.recovering, 0);
    ck_assert_uint_eq(pair.lns->failover.running, 0);
    ck_assert_uint_eq(table_session_count(pair.lns->engine.table), MANY);
    ck_assert_uint_eq(table_session_count(pair.lac->engine.table), MANY);
    bench_close(&pair);
}
END_TEST

/* --- acknowledgements that get lost --- */

#define NR_AT 10

static struct l2tpha_path path_to(struct l2tpha_node *node)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(l2tpha_tunnel_next(node, NULL), &record);
    return (struct l2tpha_path){.remote = record.path.remote};
}

/* What acknowledges SCCRQ, SCCCN and the StopCCN behind them: lost. */
static bool ends_recovery(const struct l2tpha_output *output)
{
    return output->len == 12 && output->data[NR_AT] == 0 && output->data[NR_AT + 1] == 3;
}

static bool hand_over(const struct bench *pair, struct l2tpha_node *from, struct l2tpha_node *to)
{
    struct l2tpha_path path = path_to(to);
    struct l2tpha_output output;
    bool any = false;

    while (l2tpha_poll(from, &output, 1, pair->now) > 0) {
        any = true;
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM && !(from == pair->lac && ends_recovery(&output)))
            l2tpha_feed(to, &path, output.data, output.len, pair->now);
    }
    return any;
}

START_TEST(a_stopccn_not_acknowledged_keeps_nobody_waiting)
{
    enum { MANY = 1000 };
    struct bench pair;

    take_over(&pair, MANY);
    uint64_t began = pair.now;
    for (int i = 0; i < 100 && l2tpha_counters(pair.lns)->recoveries < MANY; i++) {
        pair.now += 5000;
        l2tpha_expire(pair.lns, pair.now);
        while (hand_over(&pair, pair.lns, pair.lac) || hand_over(&pair, pair.lac, pair.lns))
            assert_true(pair.lns->engine.recovering <= ENGINE_RECOVERIES);
    }
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->recoveries, MANY);
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->recovery_attempts, MANY);
    ck_assert_uint_lt(pair.now - began, 500000);
    ck_assert_uint_eq(pair.lac->engine.recovering, ENGINE_RECOVERIES); /* and each was said */
    for (int i = 0; i < 100; i++)
        bench_pass(&pair, 1000000);
    ck_assert_uint_eq(pair.lns->engine.recovering, 0);
    ck_assert_uint_eq(pair.lac->engine.recovering, 0);
    ck_assert_uint_eq(pair.lns->failover.running, 0);
    bench_close(&pair);
}
END_TEST

/* --- peers that do not answer --- */

/* Of a recovery SCCRQ, the old tunnel's id at the end that has failed; 0: it is none. */
static uint32_t id_asked_for(const struct l2tpha_output *output)
{
    struct l2tpha_message message;
    struct l2tpha_decode_fault fault;
    struct l2tpha_tunnel_recovery pair = {0};

    l2tpha_message_decode(output->data, output->len, &message, &fault);
    if (message.type == L2TPHA_MESSAGE_SCCRQ)
        l2tpha_avp_tunnel_recovery(l2tpha_message_find(&message, L2TPHA_AVP_TUNNEL_RECOVERY),
                                   &pair);
    return pair.tunnel_id;
}

/* One peer in three is there. */
static bool is_there(uint32_t id)
{
    return id % 3 == 0;
}

static bool reach_some(const struct bench *pair, struct l2tpha_node *from, struct l2tpha_node *to)
{
    struct l2tpha_path path = path_to(to);
    struct l2tpha_output output;
    bool any = false;

    while (l2tpha_poll(from, &output, 1, pair->now) > 0) {
        any = true;
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM && is_there(id_asked_for(&output)))
            l2tpha_feed(to, &path, output.data, output.len, pair->now);
    }
    return any;
}

static uint32_t count_there(const struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel)))
        count += is_there(l2tpha_tunnel_id(tunnel));
    return count;
}

/* Whoever is there is asked in time, however many are not. */
START_TEST(the_silent_keep_nobody_from_being_asked)
{
    enum { MANY = 3000 };
    struct bench pair;

    take_over(&pair, MANY);
    uint32_t there = count_there(pair.lns);
    ck_assert_uint_gt(there, MANY / 4);
    for (int i = 0; i < 7000; i++) {
        pair.now += 10000;
        l2tpha_expire(pair.lns, pair.now);
        l2tpha_expire(pair.lac, pair.now);
        while (reach_some(&pair, pair.lns, pair.lac) || reach_some(&pair, pair.lac, pair.lns))
            assert_true(pair.lns->failover.running <= PLACES);
    }
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->recoveries, there);
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->recoveries_failed, MANY - there);
    ck_assert_uint_eq(count_there(pair.lns), there);
    ck_assert_uint_eq(pair.lns->failover.running, 0);
    ck_assert_uint_eq(pair.lns->failover.waiting_count, 0);
    bench_close(&pair);
}
END_TEST

Suite *suite_recovery_pace(void);
Suite *suite_recovery_pace(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("recovery_pace", &tcase);

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, many_are_recovered_a_few_at_a_time);
    tcase_add_test(tcase, a_stopccn_not_acknowledged_keeps_nobody_waiting);
    tcase_add_test(tcase, the_silent_keep_nobody_from_being_asked);
    return suite;
}
