/* SPDX-License-Identifier: MIT */
/* What a host that takes over must find: the effects of messages whose events died with the old
 * node. */
#include "scenario/rig_trio.h"

static struct l2tpha_session_record look(struct l2tpha_session *session)
{
    struct l2tpha_session_record record;

    ck_assert_ptr_nonnull(session);
    l2tpha_session_get(session, &record);
    return record;
}

START_TEST(accms_are_all_ones_before_any_sli)
{
    trio_begin(true);
    trio_dial(trio_tunnel(trio.near));
    trio_settle();
    struct l2tpha_session_record record = look(first_session(trio.near));
    ck_assert_uint_eq(record.send_accm, UINT32_MAX);
    ck_assert_uint_eq(record.receive_accm, UINT32_MAX);
}
END_TEST

/* RFC 2661 6.14: the LAC acts on it, and the LNS does not say it again. */
START_TEST(an_sli_outlives_the_node_that_could_not_tell_it)
{
    static const uint32_t values[][2] = {{0, 0}, {0, 0x000a0000}, {1, 2}, {UINT32_MAX, 0}};

    trio_begin(true);
    trio_dial(trio_tunnel(trio.near));
    trio_settle();
    assert_ok(host_session_set_link_info(first_session(trio.far), 5, 6, trio.now));
    trio_settle(); /* one before, so that it is replaced */
    trio.confirm = false;
    trio.near_events.count = 0;
    assert_ok(host_session_set_link_info(first_session(trio.far), values[_i][0], values[_i][1],
                                         trio.now));
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_LINK_INFO), 0);
    trio_take_over();
    struct l2tpha_session_record record = look(first_session(trio.near));
    ck_assert_uint_eq(record.send_accm, values[_i][0]);
    ck_assert_uint_eq(record.receive_accm, values[_i][1]);
}
END_TEST

/* The host is told of a call only once its checkpoint is confirmed: when the node dies in between,
 * the host has had no chance to declare or attach anything. */
START_TEST(a_call_without_the_hosts_half_is_disconnected)
{
    static const uint8_t half[] = "ppp";

    trio.config.needs_app_state = true;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
    trio_dial(tunnel);
    trio_settle();
    assert_ok(l2tpha_session_set_app_state(first_session(trio.near), half, sizeof(half), trio.now));
    trio_dial(tunnel);
    trio_settle();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 2);
    trio_take_over();
    trio_settle();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 1);
    ck_assert_uint_eq(look(first_session(trio.near)).app_state.len, sizeof(half));
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN), 1);
}
END_TEST

START_TEST(a_call_that_no_host_knows_of_goes_on)
{
    trio.config.needs_app_state = true;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
    trio.mute = true; /* the ICRP is lost */
    trio_dial(tunnel);
    trio_settle();
    ck_assert_uint_eq(look(first_session(trio.near)).state, L2TPHA_SESSION_WAIT_CONNECT);
    trio_take_over();
    trio.mute = false;
    trio_pass_ms(3000);
    ck_assert_uint_eq(look(first_session(trio.near)).state, L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 1);
}
END_TEST

/* More calls to be disconnected than the queue has room for CDNs. */
START_TEST(disconnecting_many_calls_does_not_cost_the_tunnel)
{
    static const uint8_t half[] = "ppp";

    trio.config.max_queue = 8;
    trio.config.needs_app_state = true;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
    trio_dial(tunnel);
    trio_settle();
    uint32_t kept = l2tpha_session_id(first_session(trio.near));
    assert_ok(l2tpha_session_set_app_state(first_session(trio.near), half, sizeof(half), trio.now));
    for (int i = 0; i < 20; i++) {
        trio_dial(tunnel);
        trio_pass_ms(100);
    }
    trio_take_over();
    trio_pass_ms(20000);
    ck_assert_ptr_nonnull(first_session(trio.near));
    ck_assert_uint_eq(l2tpha_session_id(first_session(trio.near)), kept);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), 1);
}
END_TEST

static void say_stopccn(const struct l2tpha_tunnel_record *tunnel, uint16_t ns, uint16_t result)
{
    const struct l2tpha_path path = {.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_builder builder;
    uint8_t octets[128];
    size_t len;

    l2tpha_builder_begin(&builder, octets, sizeof(octets), L2TPHA_MESSAGE_STOPCCN, tunnel->local_id,
                         0);
    l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, (uint16_t)tunnel->remote_id);
    l2tpha_builder_put_result(&builder, result, 0, NULL);
    assert_ok(l2tpha_builder_end(&builder, &len));
    l2tpha_header_stamp(octets, ns, tunnel->ns);
    assert_ok(l2tpha_feed(trio.near, &path, octets, len, trio.now));
    trio_settle();
}

/* A tunnel that lingers takes a second StopCCN without a change of state. */
START_TEST(both_nodes_know_the_same_of_a_tunnel_that_lingers)
{
    struct l2tpha_tunnel_record record;

    trio_begin(true);
    l2tpha_tunnel_get(trio_tunnel(trio.near), &record);
    say_stopccn(&record, record.nr, 1);
    say_stopccn(&record, (uint16_t)(record.nr + 1), 6);
    l2tpha_tunnel_get(first_tunnel(trio.near), &record);
    ck_assert_uint_eq(record.result, 6);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(trio.near), l2tpha_checkpoint_digest(trio.standby));
}
END_TEST

Suite *suite_takeover_effects(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("takeover_effects", &tcase);

    tcase_add_test(tcase, accms_are_all_ones_before_any_sli);
    tcase_add_loop_test(tcase, an_sli_outlives_the_node_that_could_not_tell_it, 0, 4);
    tcase_add_test(tcase, a_call_without_the_hosts_half_is_disconnected);
    tcase_add_test(tcase, a_call_that_no_host_knows_of_goes_on);
    tcase_add_test(tcase, disconnecting_many_calls_does_not_cost_the_tunnel);
    tcase_add_test(tcase, both_nodes_know_the_same_of_a_tunnel_that_lingers);
    return suite;
}
