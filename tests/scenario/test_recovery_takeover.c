/* SPDX-License-Identifier: MIT */
/* Takeovers between two capable ends: the end that waits dies as well (RFC 4951 5.1), and numbered
 * data after a recovery by protocol (3.2.3). */
#include "control/session.h"
#include "control/transaction.h"
#include "scenario/rig_trio.h"

#define TIMEOUT_MS 7000 /* with two retransmissions */
#define GRANT_MS 20000
#define LATE_MS 10

static struct l2tpha_tunnel *near_tunnel(void)
{
    return first_tunnel(trio.near);
}

START_TEST(a_node_that_takes_over_waits_in_full)
{
    trio.config.retries = 2;
    trio.config.recovery_ms = GRANT_MS;
    trio.config.hello_ms = 1000;
    trio_begin(true);
    trio_tunnel(trio.near);
    trio.deaf = true;
    trio_pass_ms(1000 + TIMEOUT_MS + LATE_MS);
    assert_true(!l2tpha_tunnel_is_responsive(near_tunnel()));
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_UNRESPONSIVE), 1);
    trio_take_over();
    assert_true(l2tpha_tunnel_is_responsive(near_tunnel()));
    trio_pass_ms(TIMEOUT_MS - 1);
    assert_true(l2tpha_tunnel_is_responsive(near_tunnel()));
    trio_pass_ms(1 + LATE_MS);
    assert_true(!l2tpha_tunnel_is_responsive(near_tunnel()));
    trio_pass_ms(GRANT_MS - TIMEOUT_MS - LATE_MS - 2);
    assert_true(near_tunnel() != NULL);
    trio_pass_ms(2 + LATE_MS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    assert_true(near_tunnel() == NULL);
}
END_TEST

/* A peer that did not answer was recovered silently; the StopCCN of the attempt waits behind its
 * SCCRQ. The node that takes over then begins an attempt of its own, and the old one would have the
 * peer forget it. */
START_TEST(an_attempt_given_up_asks_no_more)
{
    trio.config.failover = L2TPHA_FAILOVER_FALLBACK;
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_begin(true);
    trio_tunnel(trio.near);
    trio_pass_ms(1000);
    trio.mute = true;
    trio_take_over();
    trio_pass_ms(12000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries_failed, 1);
    trio.config.epoch++;
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio_take_over();
    trio.mute = false;
    trio_pass_ms(30000);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERING), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(l2tpha_counters(trio.far)->recoveries_by_peer, 1);
}
END_TEST

/* --- data numbers, 3.2.3 --- */

static struct l2tpha_session *far_session(void)
{
    return first_session(trio.far);
}

/* A frame from one end to the other; what the receiver says. */
static int send_frame(bool from_near, uint16_t *ns)
{
    const struct l2tpha_path *path;
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + 4] = {0};
    struct l2tpha_header decoded;
    struct l2tpha_frame frame;
    size_t len;

    assert_ok(l2tpha_data_send(from_near ? first_session(trio.near) : far_session(), 4, false,
                               datagram, &len, &path, trio.now));
    trio_settle();
    assert_ok(l2tpha_header_decode(datagram, len + 4, &decoded));
    assert_true(decoded.has_sequence);
    *ns = decoded.ns;
    struct l2tpha_path from = {.remote = {.len = 1, .bytes = {from_near ? 1 : 2}}};
    return l2tpha_data_receive(from_near ? trio.far : trio.near, &from, datagram, len + 4, trio.now,
                               &frame);
}

static void numbered_call(void)
{
    struct l2tpha_session_options options = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    options.sequencing_required = true;
    assert_ok(host_session_open(trio_tunnel(trio.near), &options, trio.now, &session));
    trio_settle();
}

static void recover(void)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.standby);

    tunnel->entry.record.effective_method = L2TPHA_FAILOVER_PROTOCOL;
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    trio_pass_ms(2000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
}

/* R4951-3.2.3-03, -04, -05 */
START_TEST(numbers_of_the_end_that_failed_begin_at_0)
{
    uint16_t ns = 0, before = 0;

    trio.config.data_reset_frames = (uint16_t)(_i ? 7 : 1);
    trio_begin(true);
    numbered_call();
    for (int i = 0; i < 3000; i++)
        assert_ok(send_frame(true, &ns));
    for (int i = 0; i < 100; i++)
        assert_ok(send_frame(false, &before));
    for (int round = 0; round < 2; round++) { /* the second end that takes over begins at 0 too */
        recover();
        for (uint16_t i = 0; i < 2000; i++) {
            int expected = i < trio.config.data_reset_frames ? L2TPHA_ERR_SEQUENCE : L2TPHA_OK;
            assert_error(send_frame(true, &ns), expected);
            assert_true(ns == i);
        }
        for (int i = 0; i < 10; i++) {
            uint16_t last = before;
            assert_ok(send_frame(false, &before));
            assert_true(before == (uint16_t)(last + 1));
        }
        ck_assert_uint_eq(l2tpha_counters(trio.far)->data_resets, round + 1);
        trio.config.epoch++;
        trio_connect();
        trio_settle();
    }
}
END_TEST

/* What leaves after the reset is known to the next standby before. */
START_TEST(numbers_after_the_reset_wait_for_the_standby)
{
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;
    uint16_t ns;

    trio_begin(true);
    numbered_call();
    assert_ok(send_frame(true, &ns));
    recover();
    trio.config.epoch++;
    trio_connect();
    trio_settle();
    ck_assert_uint_eq(first_session(trio.near)->entry.data_ns, 0);
    trio.confirm = false;
    assert_error(
        l2tpha_data_send(first_session(trio.near), 4, false, header, &len, &path, trio.now),
        L2TPHA_ERR_UNCONFIRMED);
    trio_settle();
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    assert_error(send_frame(true, &ns), L2TPHA_ERR_SEQUENCE);
    ck_assert_uint_eq(ns, 0);
    ck_assert_uint_gt(first_session(trio.standby)->entry.data_ns, 1000);
}
END_TEST

/* R4951-3.2.3-01 */
START_TEST(numbers_that_were_off_go_on_when_they_are_on_again)
{
    struct l2tpha_session *session;
    uint16_t ns = 0;

    trio_begin(true);
    numbered_call();
    for (int i = 0; i < 100; i++)
        assert_ok(send_frame(true, &ns));
    /* As an LAC whose LNS has gone without numbers, RFC 2661 5.4 */
    session = first_session(trio.near);
    session->entry.flags &= (uint8_t)~L2TPHA_SESSION_SEQUENCING;
    ledger_mark_session(session_tunnel(session)->engine->ledger, &session->entry);
    engine_commit(session_tunnel(session)->engine);
    trio_settle();
    recover();
    session = first_session(trio.near);
    assert_true(!(session->entry.flags & L2TPHA_SESSION_SEQUENCING));
    session->entry.flags |= L2TPHA_SESSION_SEQUENCING;
    uint16_t last = ns;
    assert_ok(send_frame(true, &ns)); /* none twice, none late */
    assert_true((uint16_t)(ns - last - 1) < 2048);
    ck_assert_uint_eq(l2tpha_counters(trio.far)->data_late, 0);
}
END_TEST

/* R4951-3.2.3-08, -09 */
START_TEST(numbered_calls_that_cannot_be_reset_end)
{
    uint16_t ns;

    trio.config.data_reset_frames = (uint16_t)(_i ? 5 : 0);
    trio_begin(true);
    numbered_call();
    assert_ok(send_frame(true, &ns));
    trio_dial(first_tunnel(trio.near)); /* has no numbers: stays */
    trio_settle();
    if (_i == 2) /* this end can, the peer cannot */
        first_tunnel(trio.standby)->entry.record.remote_failover &= 1;
    recover();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), _i == 1 ? 2 : 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), _i == 1 ? 2 : 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN), _i != 1);
}
END_TEST

Suite *suite_recovery_takeover(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("recovery_takeover", &tcase);

    tcase_add_test(tcase, a_node_that_takes_over_waits_in_full);
    tcase_add_test(tcase, an_attempt_given_up_asks_no_more);
    tcase_add_loop_test(tcase, numbers_of_the_end_that_failed_begin_at_0, 0, 2);
    tcase_add_test(tcase, numbers_after_the_reset_wait_for_the_standby);
    tcase_add_test(tcase, numbers_that_were_off_go_on_when_they_are_on_again);
    tcase_add_loop_test(tcase, numbered_calls_that_cannot_be_reset_end, 0, 3);
    return suite;
}
