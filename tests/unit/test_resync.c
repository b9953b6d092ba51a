/* SPDX-License-Identifier: MIT */
/* Takeover from a lagging record, number by number, with a peer that answers by hand. */
#include "control/transaction.h"
#include "fixture.h"
#include "node/node.h"
#include "sim/rawpeer.h"

static struct rawpeer peer;
static struct l2tpha_node *behind;

static void run_ahead(struct l2tpha_config *config)
{
    config->commit = L2TPHA_COMMIT_ASYNC;
    config->hello_ms = 0;
}

static void send_a_little_unconfirmed(struct l2tpha_config *config)
{
    run_ahead(config);
    config->commit = L2TPHA_COMMIT_BOUNDED;
    config->commit_lag_ms = 50;
}

static void begin(void (*change)(struct l2tpha_config *config))
{
    peer = (struct rawpeer){.may_call = true};
    raw_new(&peer, change);
    raw_accept(&peer);
    raw_protect(&peer, change);
}

static void setup(void)
{
    fixture_setup();
    begin(run_ahead);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static void lag(void)
{
    behind = peer.standby;
    peer.standby = NULL;
}

static void take_over(void)
{
    peer.standby = behind;
    raw_take_over(&peer);
}

static const struct l2tpha_tunnel_record *record(void)
{
    return &l2tpha_tunnel_next(peer.node, NULL)->entry.record;
}

static uint16_t ns_of(uint32_t place)
{
    struct l2tpha_header header;

    ck_assert_uint_lt(place, peer.sent_count);
    assert_ok(l2tpha_header_decode(peer.sent[place].bytes, peer.sent[place].len, &header));
    return header.ns;
}

static void call(void)
{
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
}

/* The peer has an answer that the standby does not know of: A is 1 there, and the peer is at 2. */
static void fail_behind(void)
{
    lag();
    call();
    raw_expect(&peer, L2TPHA_MESSAGE_ICRP); /* nobody has confirmed anything */
    raw_ack(&peer);
    take_over();
}

static void answer(uint16_t nr)
{
    uint16_t keep = peer.nr;

    peer.nr = nr;
    raw_begin(&peer, L2TPHA_MESSAGE_ZLB, 0);
    raw_forget(&peer);
    raw_send(&peer);
    if (peer.nr == nr)
        peer.nr = keep;
}

static void acknowledge_all(void)
{
    for (int i = 0; i < 20; i++)
        raw_ack(&peer);
}

START_TEST(record_says_that_it_is_lagging)
{
    ck_assert_uint_ne(record()->flags & L2TPHA_TUNNEL_LAGGING, 0);
    ck_assert_uint_eq(record()->resync_packets, 8);
}
END_TEST

START_TEST(answer_tells_what_is_expected)
{
    fail_behind();
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 0); /* A - 1 */
    raw_expect(&peer, L2TPHA_MESSAGE_HELLO);
    ck_assert_uint_eq(peer.message.header.nr, 2); /* what the record has, no more */
    answer(2);
    ck_assert_uint_eq(ns_of(0), 2);
    acknowledge_all();
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 0); /* 2 may come yet */
    raw_pass(&peer, 17000);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TAKEOVER_DONE), 1);
    ck_assert_uint_eq(record()->nr, peer.ns);
    ck_assert_uint_eq(record()->ns, 1 + 4 + 1); /* A, the peer's window, and one */
    ck_assert_uint_eq(record()->acked, record()->ns);
    ck_assert_uint_eq(raw_counters(&peer)->resyncs, 1);
    ck_assert_uint_eq(raw_counters(&peer)->resync_jumps, 1);
}
END_TEST

START_TEST(nothing_missing_needs_no_observation)
{
    lag();
    take_over();
    answer(1);
    acknowledge_all();
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(raw_counters(&peer)->resync_jumps, 0);
}
END_TEST

/* Our numbers are known and sealed; the peer's last one, its ICRQ, has never been acknowledged, and
 * is the next that it says. */
static void settle_but_for_one(void)
{
    fail_behind();
    peer.ns--;
    answer(2);
    peer.ns++;
    acknowledge_all();
    peer.ns--;
}

/* A HELLO took its place. */
START_TEST(repeated_message_is_processed)
{
    settle_but_for_one();
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(record()->nr, peer.ns);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
}
END_TEST

/* The peer had a call of it, maybe, of which nobody here knows. In step again they are taken. */
START_TEST(request_is_refused_until_in_step)
{
    settle_but_for_one();
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_error(raw_send(&peer), L2TPHA_ERR_REFUSED);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 4, 0);
    ck_assert_uint_eq(raw_counters(&peer)->resync_refusals, 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    raw_forget(&peer);
    call();
    raw_expect(&peer, L2TPHA_MESSAGE_ICRP);
}
END_TEST

/* "expected = the probe's number plus one" may be the truth, or nothing but an echo. */
START_TEST(echo_is_followed_one_by_one)
{
    fail_behind();
    answer(1);
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 1);
    answer(2);
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 2);
    answer(3);
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 3);
}
END_TEST

START_TEST(silence_ends_in_filling_from_the_bottom)
{
    fail_behind();
    raw_pass(&peer, 6900);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 3); /* after 0, 1 and 3 s */
    raw_forget(&peer);
    raw_pass(&peer, 200);
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 1);
    raw_pass(&peer, 120000);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TAKEOVER_DONE), 1);
}
END_TEST

START_TEST(without_a_certain_duplicate_nothing_is_asked)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(peer.node, NULL);

    channel_reset(&peer.node->engine, &tunnel->channel, 0, peer.ns);
    engine_leave(&peer.node->engine, 0);
    raw_drain(&peer);
    peer.nr = 0;
    lag();
    take_over();
    ck_assert_uint_eq(peer.sent_count, 1);
    ck_assert_uint_eq(ns_of(0), 0);
    acknowledge_all();
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
}
END_TEST

START_TEST(impossible_answers_are_counted)
{
    fail_behind();
    answer(200);
    ck_assert_uint_eq(raw_counters(&peer)->resync_anomalies, 1);
    answer(0);
    ck_assert_uint_eq(raw_counters(&peer)->resync_anomalies, 2);
    ck_assert_uint_eq(record()->acked, 1);
}
END_TEST

START_TEST(call_half_set_up_is_ended)
{
    call();
    lag();
    take_over();
    answer(2);
    acknowledge_all();
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(l2tpha_tunnel_next(peer.node, NULL)), 0);
}
END_TEST

static void open_call(void)
{
    static const struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_session *session;

    assert_ok(
        l2tpha_session_open(l2tpha_tunnel_next(peer.node, NULL), &options, peer.now, &session));
    raw_drain(&peer);
}

START_TEST(new_calls_wait_until_in_step)
{
    lag();
    take_over();
    open_call();
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRQ), 0);
    answer(1);
    acknowledge_all();
    raw_pass(&peer, 10);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRQ), 1);
}
END_TEST

/* Its node may have placed it since: then the peer knows its id. */
START_TEST(call_that_waited_is_ended)
{
    lag();
    take_over();
    open_call();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(l2tpha_tunnel_next(peer.node, NULL)), 1);
    raw_protect(&peer, run_ahead);
    raw_forget(&peer);
    raw_take_over(&peer);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(l2tpha_tunnel_next(peer.node, NULL)), 0);
    const struct raw_event *event = raw_event(&peer, L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_int_eq(event->status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 0);
}
END_TEST

static void data_for(uint16_t session)
{
    struct l2tpha_frame frame;
    uint8_t data[12] = {0x40,
                        2,
                        0,
                        12,
                        (uint8_t)(peer.node_id >> 8),
                        (uint8_t)peer.node_id,
                        (uint8_t)(session >> 8),
                        (uint8_t)session};

    assert_error(l2tpha_data_receive(peer.node, &peer.path, data, sizeof(data), peer.now, &frame),
                 L2TPHA_ERR_NOT_OURS);
    raw_drain(&peer);
}

START_TEST(call_that_only_the_peer_has_is_ended)
{
    uint16_t id = 0;

    lag();
    take_over();
    data_for(4711);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 0); /* not in step yet */
    answer(1);
    acknowledge_all();
    raw_forget(&peer);
    data_for(4711);
    data_for(4712); /* too soon */
    raw_expect(&peer, L2TPHA_MESSAGE_CDN);
    ck_assert_uint_eq(peer.message.header.session_id, 0);
    ck_assert(l2tpha_message_u16(&peer.message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &id));
    ck_assert_uint_eq(id, 4711);
    raw_ack(&peer);
    raw_pass(&peer, 200);
    raw_forget(&peer);
    data_for(4712);
    raw_expect(&peer, L2TPHA_MESSAGE_CDN);
    ck_assert_uint_eq(raw_counters(&peer)->orphans_ended, 2);
}
END_TEST

START_TEST(next_node_begins_the_same_way)
{
    fail_behind();
    raw_protect(&peer, run_ahead);
    answer(2);
    lag();
    take_over();
    raw_expect(&peer, L2TPHA_MESSAGE_HELLO);
    ck_assert_uint_lt(peer.message.header.ns, 2);
    ck_assert_uint_ge(record()->ns, 6);
    answer(peer.nr);
    acknowledge_all();
    raw_pass(&peer, 20000);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(record()->ns, peer.nr);
    ck_assert_uint_eq(record()->nr, peer.ns);
}
END_TEST

START_TEST(silent_second_choice_is_lagging_too)
{
    lag();
    l2tpha_tunnel_next(behind, NULL)->entry.record.effective_method = L2TPHA_FAILOVER_FALLBACK;
    take_over();
    raw_pass(&peer, 10);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 0);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRQ), 1);
    raw_pass(&peer, 10100);
    raw_expect(&peer, L2TPHA_MESSAGE_HELLO);
    ck_assert_uint_eq(peer.message.header.ns, 0);
    answer(1);
    acknowledge_all();
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(raw_counters(&peer)->resyncs, 1);
}
END_TEST

/* The peer acknowledges, and the standby does not know of it. Its window makes the lease 4. */
START_TEST(lease_runs_from_what_the_standby_knows)
{
    lag();
    for (int i = 0; i < 6; i++) {
        raw_begin(&peer, L2TPHA_MESSAGE_ICRQ, 0);
        l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, (uint16_t)(50 + i));
        l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 1);
        raw_send(&peer);
        raw_ack(&peer);
    }
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRP), 4); /* Ns 1 to 4, from A = 1 */
    assert_ok(l2tpha_checkpoint_done(peer.node, peer.shipped, 0, peer.now));
    raw_drain(&peer);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRP), 6);
    peer.standby = behind;
}
END_TEST

START_TEST(gated_node_makes_the_record_exact)
{
    raw_free(&peer);
    peer = (struct rawpeer){.may_call = true};
    raw_new(&peer, run_ahead);
    raw_accept(&peer);
    raw_protect(&peer, NULL);
    lag();
    take_over();
    ck_assert_uint_ne(record()->flags & L2TPHA_TUNNEL_LAGGING, 0);
    answer(1);
    acknowledge_all();
    ck_assert_uint_eq(record()->flags & L2TPHA_TUNNEL_LAGGING, 0);
}
END_TEST

START_TEST(bounded_commit_waits_for_a_lagging_standby)
{
    raw_free(&peer);
    begin(send_a_little_unconfirmed);
    lag();
    call();
    raw_expect(&peer, L2TPHA_MESSAGE_ICRP);
    raw_pass(&peer, 60);
    raw_forget(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    raw_send(&peer);
    raw_pass(&peer, 60);
    ck_assert_uint_eq(peer.sent_count, 0);
    assert_ok(l2tpha_checkpoint_done(peer.node, peer.shipped, 0, peer.now));
    raw_pass(&peer, 60);
    ck_assert_uint_gt(peer.sent_count, 0);
    peer.standby = behind;
}
END_TEST

Suite *suite_resync(void)
{
    TCase *tcase;
    Suite *suite = suite_create("resync");

    tcase = tcase_create("resync");
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, record_says_that_it_is_lagging);
    tcase_add_test(tcase, answer_tells_what_is_expected);
    tcase_add_test(tcase, nothing_missing_needs_no_observation);
    tcase_add_test(tcase, repeated_message_is_processed);
    tcase_add_test(tcase, request_is_refused_until_in_step);
    tcase_add_test(tcase, echo_is_followed_one_by_one);
    tcase_add_test(tcase, silence_ends_in_filling_from_the_bottom);
    tcase_add_test(tcase, without_a_certain_duplicate_nothing_is_asked);
    tcase_add_test(tcase, impossible_answers_are_counted);
    tcase_add_test(tcase, call_half_set_up_is_ended);
    tcase_add_test(tcase, new_calls_wait_until_in_step);
    tcase_add_test(tcase, call_that_waited_is_ended);
    tcase_add_test(tcase, call_that_only_the_peer_has_is_ended);
    tcase_add_test(tcase, next_node_begins_the_same_way);
    tcase_add_test(tcase, silent_second_choice_is_lagging_too);
    tcase_add_test(tcase, lease_runs_from_what_the_standby_knows);
    tcase_add_test(tcase, gated_node_makes_the_record_exact);
    tcase_add_test(tcase, bounded_commit_waits_for_a_lagging_standby);
    return suite;
}
