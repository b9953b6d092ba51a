/* SPDX-License-Identifier: MIT */
/* The reset of a control channel (RFC 4951 3.2.2) flushes what was outstanding. What it said of
 * calls that stay is said again, with new numbers. */
#include "control/machine.h"
#include "control/reset.h"
#include "control/transaction.h"
#include "node/node.h"
#include "scenario/rig_trio.h"

#define ACCM 0x000a0000

static struct l2tpha_session *far_session(void)
{
    return first_session(trio.far);
}

/* A call from the near node, which is about to die, to the far one. */
static void begin(void)
{
    trio.config.failover = L2TPHA_FAILOVER_PROTOCOL;
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_begin(true);
    trio_dial(trio_tunnel(trio.near));
    trio_pass_ms(1000);
    ck_assert_ptr_nonnull(far_session());
}

static void recover(void)
{
    trio_take_over();
    trio.deaf = trio.mute = false;
    trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
}

static int refuses(struct l2tpha_session *session, const struct machine_input *end)
{
    (void)session, (void)end;
    return L2TPHA_ERR_HOST;
}

/* What cannot be done in a failover does not go by in silence. */
START_TEST(an_operation_refused_is_counted)
{
    struct machine_ops refusing;

    trio.config.needs_app_state = true;
    begin();
    const struct machine_ops *own = trio.standby->engine.machine;
    refusing = *own;
    refusing.stop_session = refuses;
    trio.standby->engine.machine = &refusing;
    recover();
    ck_assert_uint_eq(l2tpha_counters(trio.near)->failover_errors, 1);
    ck_assert_ptr_nonnull(first_session(trio.near));
    trio.near->engine.machine = own;
}
END_TEST

static void expect_one_at_far(enum l2tpha_event_kind kind)
{
    ck_assert_uint_eq(trio_told(&trio.far_events, kind), 1);
}

/* The remote endpoint had it in its queue. */
START_TEST(an_sli_of_the_remote_endpoint)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};

    begin();
    trio.deaf = true;
    assert_ok(host_session_set_link_info(far_session(), ACCM - 1, ACCM, trio.now));
    assert_ok(host_session_set_link_info(far_session(), ACCM, ACCM + 1, trio.now));
    trio_settle();
    recover();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_LINK_INFO), 2);
    l2tpha_session_get(first_session(trio.near), &record);
    ck_assert_uint_eq(record.send_accm, ACCM); /* the later one counts */
    ck_assert_uint_eq(record.receive_accm, ACCM + 1);
}
END_TEST

/* The recovery endpoint found it in the record. */
START_TEST(a_wen_of_the_recovery_endpoint)
{
    const struct l2tpha_call_errors errors = {.crc = 17};

    begin();
    trio.mute = true;
    assert_ok(host_session_report_errors(first_session(trio.near), &errors, trio.now));
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_ERRORS), 0);
    recover();
    expect_one_at_far(L2TPHA_EVENT_SESSION_ERRORS);
    trio_pass_ms(60000);
    expect_one_at_far(L2TPHA_EVENT_SESSION_ERRORS);
}
END_TEST

/* Its CDN is flushed, nothing of the call is said again, and the other end finds out by FSQ. */
START_TEST(nothing_of_a_call_that_has_ended)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    begin();
    trio.deaf = true;
    assert_ok(host_session_set_link_info(far_session(), ACCM, ACCM, trio.now));
    assert_ok(host_session_close(far_session(), &why, trio.now));
    trio_settle();
    recover();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_LINK_INFO), 0);
    ck_assert_ptr_null(first_session(trio.near));
    ck_assert_uint_eq(l2tpha_counters(trio.near)->sessions_desynced, 1);
}
END_TEST

/* The host ends a call while the channel rests; the call comes up before the CDN can leave. */
START_TEST(a_call_ended_meanwhile_ends)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    trio_begin(false);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    trio.mute = true;
    struct l2tpha_session *session = trio_dial(tunnel);
    trio_settle();
    trio_suspend(tunnel, true);
    assert_ok(host_session_close(session, &why, trio.now));
    trio.mute = false;
    trio_suspend(tunnel, false);
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_UP), 1);
    trio_pass_ms(1000);
    ck_assert_ptr_null(first_session(trio.near));
    ck_assert_ptr_null(first_session(trio.far));
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_DOWN), 1);
}
END_TEST

/* Nothing more is said of a call, or on a tunnel, that its host has ended already. */
START_TEST(what_is_ended_meanwhile_is_ended)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    const struct l2tpha_call_errors errors = {.crc = 17};
    struct l2tpha_session_options call = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *other;

    begin();
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.near);
    struct l2tpha_session *session = first_session(trio.near);
    trio_suspend(tunnel, true);
    assert_ok(host_session_close(session, &why, trio.now));
    assert_error(host_session_report_errors(session, &errors, trio.now), L2TPHA_ERR_STATE);
    if (_i) {
        assert_ok(l2tpha_tunnel_close(tunnel, 6, 0, NULL, trio.now));
        assert_error(l2tpha_tunnel_close(tunnel, 1, 0, NULL, trio.now), L2TPHA_ERR_STATE);
        assert_error(host_session_open(tunnel, &call, trio.now, &other), L2TPHA_ERR_STATE);
    }
    trio_pass_ms(100);
    trio_suspend(tunnel, false);
    trio_pass_ms(2000);
    ck_assert_ptr_null(first_session(trio.far));
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), _i);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_ERRORS), 0);
}
END_TEST

/* Whatever the commit mode: a standby that does not know of the reset could settle nothing by the
 * numbers that it knows. 0: no reset, so nobody waits */
START_TEST(what_follows_it_waits_for_the_standby)
{
    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    begin();
    trio_pass_ms(1000);
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.near);
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    l2tpha_tunnel_get(tunnel, &record);
    trio.confirm = false;
    if (_i) {
        assert_ok(tunnel_reset(tunnel, 5000, 6000, &record.path, false));
        engine_commit(&trio.near->engine);
    }
    uint64_t before = trio.datagrams;
    trio_dial(tunnel);
    trio_settle();
    ck_assert_uint_eq(trio.datagrams - before, _i ? 0 : 2); /* ICRQ and ICCN */
    trio.confirm = true;
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    trio_settle();
    ck_assert_uint_gt(trio.datagrams, before);
    before = trio.datagrams;
    trio.confirm = false;
    trio_dial(tunnel);
    trio_settle();
    if (_i)
        trio_pass_ms(1500); /* the far end does not know of it: the window is one */
    ck_assert_uint_gt(trio.datagrams, before); /* known now: it runs ahead again */
}
END_TEST

/* The SCCCN has the peer believe in the reset. */
START_TEST(a_recovery_tunnel_waits_for_the_standby)
{
    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    begin();
    trio.deaf = true;
    trio_pass_ms(200);
    trio_take_over();
    trio_connect();
    trio_pass_ms(500);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio.confirm = false;
    trio.deaf = false;
    trio_pass_ms(1200);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERING), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 0);
    trio.confirm = true;
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
}
END_TEST

static uint64_t settle_unconfirmed(void)
{
    uint64_t before = trio.datagrams;

    trio_settle();
    return trio.datagrams - before;
}

static void confirm(void)
{
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
}

/* Nor could it settle the numbers of a tunnel that it does not know to be established: each message
 * of the set-up waits, and nothing runs ahead before the standby knows of its end. */
START_TEST(the_set_up_of_a_tunnel_waits_for_the_standby)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_tunnel *tunnel;

    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    trio_begin(true);
    trio.confirm = false;
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    ck_assert_uint_eq(settle_unconfirmed(), 0);
    confirm();
    ck_assert_uint_eq(settle_unconfirmed(), 1); /* SCCRQ; with the SCCRP it is established */
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_UP), 1);
    trio_dial(tunnel);
    ck_assert_uint_eq(settle_unconfirmed(), 0);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 0);
    confirm();
    ck_assert_uint_gt(settle_unconfirmed(), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 1);
    trio_pass_ms(20);
    trio_dial(tunnel);
    ck_assert_uint_gt(settle_unconfirmed(), 0); /* from here on it runs ahead */
}
END_TEST

/* Also of one that was half set up when the standby got its copy. */
START_TEST(the_end_of_a_set_up_under_way_waits)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_tunnel *tunnel;

    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    trio_begin(false);
    trio.mute = true;
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    trio_settle();
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio.mute = trio.confirm = false;
    trio_pass_ms(1200);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_UP), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 0);
    confirm();
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_UP), 1);
}
END_TEST

Suite *suite_reset(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("reset", &tcase);

    tcase_add_test(tcase, an_operation_refused_is_counted);
    tcase_add_test(tcase, an_sli_of_the_remote_endpoint);
    tcase_add_test(tcase, a_wen_of_the_recovery_endpoint);
    tcase_add_test(tcase, nothing_of_a_call_that_has_ended);
    tcase_add_test(tcase, a_call_ended_meanwhile_ends);
    tcase_add_loop_test(tcase, what_is_ended_meanwhile_is_ended, 0, 2);
    tcase_add_loop_test(tcase, what_follows_it_waits_for_the_standby, 0, 2);
    tcase_add_test(tcase, a_recovery_tunnel_waits_for_the_standby);
    tcase_add_test(tcase, the_set_up_of_a_tunnel_waits_for_the_standby);
    tcase_add_test(tcase, the_end_of_a_set_up_under_way_waits);
    return suite;
}
