/* SPDX-License-Identifier: MIT */
/* After a recovery both ends ask each other which sessions they have: RFC 4951 3.3 between two real
 * nodes. */
#include "bench/pair.h"
#include "control/reset.h"
#include "control/transaction.h"
#include "engine/machine.h"
#include "engine/session_fsm.h"
#include "node/node.h"
#include "scenario/rig_trio.h"

#include <string.h>

#define CALLS 200

/* --- with a standby and a peer --- */

static struct session_entry *session_at(struct l2tpha_node *node, uint32_t id)
{
    struct table *table = node->engine.table;

    return table_session_find(table, &first_tunnel(node)->entry, id);
}

static uint32_t sessions_of(const struct l2tpha_node *node)
{
    return l2tpha_tunnel_sessions(first_tunnel(node));
}

/* Calls of a tunnel that the far end has asked for, up at both ends. */
static void begin_with_calls(uint32_t calls)
{
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
    for (uint32_t i = 0; i < calls; i++)
        trio_dial(tunnel);
    trio_pass_ms(200);
    ck_assert_uint_eq(sessions_of(trio.near), calls);
    ck_assert_uint_eq(sessions_of(trio.far), calls);
}

/* The standby recovers by RFC 4951: what it has is exact, but the previous active was at it. */
static void begin_recovery(void)
{
    struct table *table = trio.standby->engine.table;
    struct tunnel_entry *tunnel;
    uint32_t place = 0;

    while ((tunnel = table_tunnel_next(table, &place)))
        tunnel->record.flags |= L2TPHA_TUNNEL_RESET_SENT;
    trio.far_events.count = 0;
    trio_take_over();
}

static void recover(void)
{
    begin_recovery();
    trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
}

/* One end has forgotten it, without a word. */
static void lose(struct l2tpha_node *node, struct session_entry *entry)
{
    if (node == trio.standby)
        table_session_remove(node->engine.table, entry);
    else
        machine_clear_session(session_of(entry), L2TPHA_OK, "test");
    engine_leave(&node->engine, L2TPHA_OK);
}

static void expect_synced(const struct trio_events *events, uint32_t queried, uint32_t cleared)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < events->count; i++) {
        const struct l2tpha_event *event = &events->list[i];
        if (event->kind != L2TPHA_EVENT_SESSIONS_SYNCED)
            continue;
        count++;
        ck_assert_uint_eq(event->queried, queried);
        ck_assert_uint_eq(event->cleared, cleared);
        ck_assert_uint_eq(event->unverified, 0);
    }
    ck_assert_uint_eq(count, 1);
}

START_TEST(what_both_have_stays)
{
    begin_with_calls(CALLS);
    recover();
    expect_synced(&trio.near_events, CALLS, 0);
    expect_synced(&trio.far_events, CALLS, 0);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS);
    ck_assert_uint_eq(sessions_of(trio.far), CALLS);
    ck_assert_ptr_null(first_tunnel(trio.near)->sync);
    ck_assert_ptr_null(first_tunnel(trio.far)->sync);
}
END_TEST

/* Every third is missing at the end that took over, every fifth at the other. */
START_TEST(what_one_of_them_lacks_goes)
{
    uint32_t kept = 0, lost_near = 0, lost_far = 0;

    begin_with_calls(CALLS);
    for (uint32_t id = 1; id <= 65535; id++) {
        struct session_entry *entry = session_at(trio.standby, id);
        if (!entry)
            continue;
        struct session_entry *far = session_at(trio.far, entry->remote_id);
        uint32_t turn = kept + lost_near + lost_far;
        if (turn % 3 == 0) {
            lose(trio.standby, entry);
            lost_near++;
        } else if (turn % 5 == 0) {
            lose(trio.far, far);
            lost_far++;
        } else {
            kept++;
        }
    }
    recover();
    expect_synced(&trio.near_events, kept + lost_far, lost_far);
    expect_synced(&trio.far_events, kept + lost_near, lost_near);
    ck_assert_uint_eq(sessions_of(trio.near), kept);
    ck_assert_uint_eq(sessions_of(trio.far), kept);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN), lost_near + lost_far);
}
END_TEST

/* A peer that acknowledges and never answers. */
static int keep_silent(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                       const uint8_t *data, size_t len)
{
    if (wire_type(&wire_l2tpv2, data, len) == L2TPHA_MESSAGE_FSQ)
        return L2TPHA_OK;
    return builtin_machine.process(tunnel, path, data, len);
}

static struct machine_ops silent;

static void silence(struct l2tpha_node *node)
{
    silent = builtin_machine;
    silent.process = keep_silent;
    node->engine.machine = &silent;
}

/* Who takes over in the middle of it, without a recovery, begins it anew. */
START_TEST(a_takeover_goes_on_with_the_asking)
{
    begin_with_calls(CALLS);
    silence(trio.far);
    trio.far->engine.config.query = L2TPHA_QUERY_NONE;
    recover();
    ck_assert_ptr_nonnull(first_tunnel(trio.near)->sync);
    trio_connect();
    trio_pass_ms(1000);
    struct l2tpha_tunnel_record *record = &first_tunnel(trio.standby)->entry.record;
    ck_assert_uint_ne(record->flags & L2TPHA_TUNNEL_UNSYNCED, 0);
    record->effective_method = L2TPHA_FAILOVER_SILENT;
    trio.far->engine.machine = &builtin_machine;
    for (uint32_t i = 0; i < 5; i++)
        lose(trio.far, first_tunnel(trio.far)->entry.sessions);
    trio.config.epoch++;
    trio_take_over();
    trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 0);
    expect_synced(&trio.near_events, CALLS, 5);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS - 5);
    ck_assert_uint_eq(first_tunnel(trio.near)->entry.record.flags & L2TPHA_TUNNEL_UNSYNCED, 0);
}
END_TEST

/* What the peer has named in one synchronisation it may lack in the next. */
START_TEST(what_was_named_before_is_asked_about_again)
{
    begin_with_calls(CALLS);
    recover();
    ck_assert_uint_gt(l2tpha_counters(trio.far)->queries_saved, 0);
    trio_connect();
    trio_pass_ms(60000);
    for (uint32_t i = 0; i < CALLS / 2; i++)
        lose(trio.standby, first_tunnel(trio.standby)->entry.sessions);
    trio.config.epoch++;
    recover();
    expect_synced(&trio.far_events, CALLS, CALLS / 2);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS / 2);
    ck_assert_uint_eq(sessions_of(trio.far), CALLS / 2);
}
END_TEST

/* Sessions are asked about by the setting of each end. Those set up a minute before count from the
 * record that the standby has applied. */
START_TEST(only_those_wanted_are_asked_about)
{
    static const enum l2tpha_query settings[] = {L2TPHA_QUERY_ALL, L2TPHA_QUERY_SUSPECTS,
                                                 L2TPHA_QUERY_NONE};
    static const uint32_t wanted[] = {15, 5, 0};

    trio.config.query = settings[_i];
    trio.config.suspect_ms = 4500;
    trio.config.hello_ms = 0;
    begin_with_calls(10);
    trio_pass_ms(10000);
    for (unsigned i = 0; i < 5; i++)
        trio_dial(first_tunnel(trio.far));
    trio_pass_ms(3000);
    recover();
    const struct l2tpha_counters *near = l2tpha_counters(trio.near),
                                 *far = l2tpha_counters(trio.far);
    ck_assert_uint_eq(near->queries_out + near->queries_saved, wanted[_i]);
    ck_assert_uint_eq(far->queries_out + far->queries_saved, wanted[_i]);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSIONS_SYNCED), wanted[_i] != 0);
    ck_assert_uint_eq(sessions_of(trio.near), 15);
}
END_TEST

/* 0: just before the failure; 1: as long before as still counts; 2: a second longer */
START_TEST(suspects_are_those_set_up_shortly_before)
{
    static const uint32_t pauses[] = {0, 4000, 6100};

    trio.config.query = L2TPHA_QUERY_SUSPECTS;
    trio.config.suspect_ms = 4500;
    begin_with_calls(3);
    trio_pass_ms(pauses[_i]);
    recover();
    ck_assert_uint_eq(l2tpha_counters(trio.near)->queries_out, _i < 2 ? 3 : 0);
}
END_TEST

/* The failure is that of the end that has failed, however long it takes until the other may ask:
 * its recovery tunnel is never closed. 2: and when it may it has not heard of the peer for so long
 * that it has to wait until it does. */
START_TEST(suspects_of_the_remote_endpoint_are_those_of_before_the_failure)
{
    const struct l2tpha_call_errors errors = {.crc = 1};

    trio.config.query = L2TPHA_QUERY_SUSPECTS;
    trio.config.suspect_ms = 30000;
    trio.config.hello_ms = _i == 2 ? 5000 : 0;
    trio.config.commit_timeout_ms = 5000;
    trio.config.recovery_ms = 150000;
    begin_with_calls(3);
    trio_pass_ms(_i == 1 ? 40000 : 0);
    trio.standby->engine.config.query = L2TPHA_QUERY_NONE;
    trio.deaf = true;
    begin_recovery();
    trio_connect();
    trio_pass_ms(500);
    trio.confirm = trio.deaf = false;
    trio_pass_ms(1200);
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    trio_settle(); /* the SCCCN leaves, the StopCCN waits */
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    trio.mute = true;
    if (_i == 2)
        assert_ok(host_session_report_errors(first_session(trio.far), &errors, trio.now));
    trio_pass_ms(20000);
    ck_assert_uint_eq(l2tpha_counters(trio.far)->queries_out, 0);
    trio_pass_ms(_i == 2 ? 90000 : 42000);
    ck_assert(l2tpha_tunnel_is_responsive(first_tunnel(trio.far)) == (_i != 2));
    trio.mute = false;
    trio_pass_ms(30000);
    expect_synced(&trio.far_events, _i == 1 ? 0 : 3, 0);
}
END_TEST

/* After a silent takeover the host may ask. */
START_TEST(a_host_may_ask_after_a_silent_takeover)
{
    begin_with_calls(CALLS);
    lose(trio.far, first_tunnel(trio.far)->entry.sessions);
    trio_take_over();
    trio_pass_ms(1000);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS);
    assert_ok(l2tpha_tunnel_query(first_tunnel(trio.near), trio.now));
    trio_pass_ms(1000);
    expect_synced(&trio.near_events, CALLS, 1);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS - 1);
}
END_TEST

/* Nothing gets through for a while, this way or that. */
START_TEST(lost_datagrams_are_made_up_for)
{
    begin_with_calls(CALLS);
    lose(trio.far, first_tunnel(trio.far)->entry.sessions);
    trio_take_over();
    trio_pass_ms(1000);
    trio.deaf = _i & 1;
    trio.mute = _i & 2;
    assert_ok(l2tpha_tunnel_query(first_tunnel(trio.near), trio.now));
    trio_pass_ms(2500);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSIONS_SYNCED), 0);
    trio.deaf = trio.mute = false;
    trio_pass_ms(10000);
    expect_synced(&trio.near_events, CALLS, 1);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS - 1);
}
END_TEST

/* The peer begins a recovery that comes to nothing. */
START_TEST(a_query_rests_while_its_tunnel_does)
{
    begin_with_calls(CALLS);
    lose(trio.far, first_tunnel(trio.far)->entry.sessions);
    assert_ok(l2tpha_tunnel_query(first_tunnel(trio.near), trio.now));
    trio_suspend(first_tunnel(trio.near), true);
    uint64_t before = trio.datagrams;
    trio_pass_ms(25000);
    ck_assert_uint_eq(trio.datagrams, before);
    assert_error(l2tpha_tunnel_query(first_tunnel(trio.near), trio.now), L2TPHA_ERR_STATE);
    trio_suspend(first_tunnel(trio.near), false);
    trio_pass_ms(12000);
    expect_synced(&trio.near_events, CALLS, 1);
    ck_assert_uint_eq(sessions_of(trio.near), CALLS - 1);
}
END_TEST

START_TEST(a_standby_asks_nobody)
{
    begin_with_calls(1);
    assert_error(l2tpha_tunnel_query(first_tunnel(trio.standby), trio.now), L2TPHA_ERR_ROLE);
    assert_ok(l2tpha_fence(trio.near, 9, trio.now));
    assert_error(l2tpha_tunnel_query(first_tunnel(trio.near), trio.now), L2TPHA_ERR_ROLE);
}
END_TEST

static void reset_to_nought(struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(node);
    const struct l2tpha_tunnel_record record = tunnel->entry.record;

    assert_ok(tunnel_reset(tunnel, 0, 0, &record.path, true));
}

/* A peer that suggests no sequence has both start at 0. The CDN may have been flushed. */
START_TEST(ids_used_lately_rest_after_a_reset)
{
    static bool used[65536];
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session;

    memset(used, 0, sizeof(used));
    trio_begin(false);
    trio_tunnel(trio.near);
    for (unsigned i = 0; i < 300; i++) {
        session = trio_dial(first_tunnel(trio.near));
        trio_settle();
        used[l2tpha_session_id(session)] = true;
        assert_ok(host_session_close(session, &why, trio.now));
        trio_settle();
        trio.near_events.count = trio.far_events.count = 0;
    }
    reset_to_nought(trio.near);
    reset_to_nought(trio.far);
    for (unsigned i = 0; i < 1000; i++) {
        session = trio_dial(first_tunnel(trio.near));
        trio_settle();
        assert_true(!used[l2tpha_session_id(session)]);
        assert_ok(host_session_close(session, &why, trio.now));
        trio_settle();
        trio.near_events.count = trio.far_events.count = 0;
    }
}
END_TEST

/* --- a tunnel with all that it can have --- */

#define ALL 65535u

/* Datagrams under way to a node. */
struct flight {
    struct flight *next;
    size_t len;
    uint8_t data[1500];
};

struct way {
    struct flight *first, **end;
};

static struct way to_lac, to_lns;
static uint64_t bytes_under_way;

static void take_off(struct bench *pair, struct l2tpha_node *node)
{
    struct way *way = node == pair->lac ? &to_lns : &to_lac;
    struct l2tpha_output output;

    while (l2tpha_poll(node, &output, 1, pair->now) > 0) {
        if (output.kind != L2TPHA_OUTPUT_DATAGRAM)
            continue;
        struct flight *flight = talloc_zero(pair->root, struct flight);
        assert_true(output.len <= sizeof(flight->data));
        memcpy(flight->data, output.data, output.len);
        flight->len = output.len;
        bytes_under_way += output.len;
        *way->end = flight;
        way->end = &flight->next;
    }
}

/* The node answers each before it gets the next. */
static void arrive(struct bench *pair, struct l2tpha_node *node)
{
    struct way *way = node == pair->lac ? &to_lac : &to_lns;
    struct l2tpha_path path = {.remote = {.len = 1, .bytes = {node == pair->lac ? 2 : 1}}};
    struct flight *flight = way->first;

    way->first = NULL;
    way->end = &way->first;
    while (flight) {
        struct flight *next = flight->next;
        l2tpha_feed(node, &path, flight->data, flight->len, pair->now);
        talloc_free(flight);
        take_off(pair, node);
        flight = next;
    }
}

/* What a node has to do by itself it does while the datagrams are under way. */
static void pass(struct bench *pair, uint64_t us)
{
    for (uint64_t end = pair->now + us; pair->now < end; pair->now += 1000) {
        assert_ok(l2tpha_expire(pair->lns, pair->now));
        assert_ok(l2tpha_expire(pair->lac, pair->now));
        take_off(pair, pair->lns);
        take_off(pair, pair->lac);
    }
}

static void round_trip(struct bench *pair)
{
    pass(pair, 50000);
    arrive(pair, pair->lac);
    pass(pair, 50000);
    arrive(pair, pair->lns);
}

static uint32_t twins(const struct l2tpha_node *node)
{
    const struct session_entry *entry = first_tunnel(node)->entry.sessions;
    uint32_t count = 0;

    for (; entry; entry = entry->next)
        count += entry->local_id == entry->remote_id;
    return count;
}

/* After a recovery the window has to open first. 0: one end asks; 1: both do */
START_TEST(a_full_tunnel_is_asked_about_in_few_round_trips)
{
    struct bench pair;
    struct tunnel_entry *tunnel;
    uint32_t place = 0, trips = 0;

    to_lac.end = &to_lac.first;
    to_lns.end = &to_lns.first;
    bytes_under_way = 0;
    bench_open(&pair, true);
    bench_calls(&pair, 1, ALL, 1);
    l2tpha_node_free(pair.lns);
    pair.lns = pair.standby;
    pair.standby = NULL;
    if (_i == 0)
        pair.lac->engine.config.query = L2TPHA_QUERY_NONE;
    while ((tunnel = table_tunnel_next(pair.lns->engine.table, &place)))
        tunnel->record.effective_method = L2TPHA_FAILOVER_PROTOCOL;
    assert_ok(l2tpha_takeover_as(pair.lns, 2, L2TPHA_TRUST_UNCERTAIN, pair.now));
    while (l2tpha_counters(pair.lns)->queries_out == 0)
        round_trip(&pair);
    bytes_under_way = 0;
    for (; l2tpha_tunnel_next(pair.lns, NULL)->sync || l2tpha_tunnel_next(pair.lac, NULL)->sync;
         trips++)
        round_trip(&pair);
    const struct l2tpha_counters *lns = l2tpha_counters(pair.lns), *lac = l2tpha_counters(pair.lac);
    ck_assert_uint_eq(lns->queries_out + lns->queries_saved, ALL);
    ck_assert_uint_eq(lac->queries_out + lac->queries_saved, _i ? ALL : 0);
    /* Nobody is asked about twice, unless its two ids are the same. */
    ck_assert_uint_ge(lns->queries_out + lac->queries_out, ALL);
    ck_assert_uint_le(lns->queries_out + lac->queries_out, ALL + twins(pair.lns));
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->sessions_desynced, 0);
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->answers_ignored, 0);
    ck_assert_uint_eq(l2tpha_counters(pair.lac)->answers_ignored, 0);
    ck_assert_uint_eq(l2tpha_counters(pair.lns)->retransmissions, 0);
    ck_assert_uint_eq(l2tpha_counters(pair.lac)->retransmissions, 0);
    ck_assert_uint_le(trips, 13);
    ck_assert_uint_le(bytes_under_way, 2200000);
    bench_close(&pair);
}
END_TEST

START_TEST(a_full_tunnel_that_is_not_answered_for_is_kept)
{
    struct bench pair;

    bench_open(&pair, false);
    bench_calls(&pair, 1, ALL, 1);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(pair.lac, NULL);
    silence(pair.lns);
    assert_ok(l2tpha_tunnel_query(tunnel, pair.now));
    for (unsigned i = 0; i < 1000 && tunnel->sync; i++)
        bench_pass(&pair, 50000);
    ck_assert_ptr_null(tunnel->sync);
    ck_assert_uint_eq(l2tpha_counters(pair.lac)->queries_out, 3 * ALL);
    ck_assert_uint_eq(l2tpha_counters(pair.lac)->sessions_unverified, ALL);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), ALL);
    bench_close(&pair);
}
END_TEST

Suite *suite_sync(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("sync", &tcase);

    tcase_add_test(tcase, what_both_have_stays);
    tcase_add_test(tcase, what_one_of_them_lacks_goes);
    tcase_add_test(tcase, a_takeover_goes_on_with_the_asking);
    tcase_add_test(tcase, what_was_named_before_is_asked_about_again);
    tcase_add_loop_test(tcase, only_those_wanted_are_asked_about, 0, 3);
    tcase_add_loop_test(tcase, suspects_are_those_set_up_shortly_before, 0, 3);
    tcase_add_loop_test(tcase, suspects_of_the_remote_endpoint_are_those_of_before_the_failure, 0,
                        3);
    tcase_add_test(tcase, a_host_may_ask_after_a_silent_takeover);
    tcase_add_loop_test(tcase, lost_datagrams_are_made_up_for, 1, 4);
    tcase_add_test(tcase, a_query_rests_while_its_tunnel_does);
    tcase_add_test(tcase, a_standby_asks_nobody);
    tcase_add_test(tcase, ids_used_lately_rest_after_a_reset);
    tcase_add_loop_test(tcase, a_full_tunnel_is_asked_about_in_few_round_trips, 0, 2);
    tcase_add_test(tcase, a_full_tunnel_that_is_not_answered_for_is_kept);
    return suite;
}
