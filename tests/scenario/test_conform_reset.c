/* SPDX-License-Identifier: MIT */
/* What the reset of a recovered tunnel's channel leaves behind, and what it comes before: RFC 4951
 * 2, 3.2.2 and 3.3, at either end. */
#include "scenario/rig_recovery.h"

static struct peer old, fresh;

/* Calls that the peer asks for, all of a window but the message that has to come first. */
static void asks_too_early(void)
{
    uint16_t first = old.ns;

    for (uint16_t i = 1; i < rig.config.window; i++) {
        struct says icrq = valid(&old, ICRQ);
        change(&icrq, AVP_U16(14, (uint32_t)(PEER_CALL + i)));
        old.ns = (uint16_t)(first + i);
        assert_ok(say(&old, &icrq));
    }
    old.ns = first;
    forget_datagrams();
    ck_assert_uint_eq(rig_counters()->reordered, rig.config.window - 1);
    ck_assert_uint_eq(rig.asked_session, 0);
}

/* 0: by the numbers suggested, which are beyond the old ones; 1: by numbers that the old ones are
 * among, as a node could have it that suggests none */
START_TEST(what_came_too_early_is_dropped_by_the_reset)
{
    peer_opens_capable(&old, 1);
    asks_too_early();
    if (_i == 0) {
        peer_takes_back(&fresh, &old);
    } else {
        struct l2tpha_tunnel *tunnel = tunnel_of_peer(&old);
        channel_reset(tunnel->engine, &tunnel->channel, old.nr, old.ns);
    }
    for (uint32_t i = 0; i < 2 * rig.config.window; i++)
        assert_alive(&old); /* each is one further, and the only one answered */
    ck_assert_uint_eq(rig.asked_session, 0);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&old)), 0);
    expect_nothing();
}
END_TEST

/* RFC 4951 3.2.1: the tunnel is valid until the recovery is over. That it is idle meanwhile, and
 * that nothing is heard on it, is not the peer's fault; the time for both begins when it is back.
 */
START_TEST(a_resting_tunnel_is_not_idle)
{
    rig.config.idle_ms = 5000;
    rig.config.hello_ms = _i ? 3000 : 0;
    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    peer_asks_back(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    rig_pass_ms(20000);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    rig_pass_ms(2900);
    expect_nothing();
    rig_pass_ms(200);
    if (_i) {
        expect_on(&old, HELLO);
        assert_ok(peer_acks(&old));
    }
    rig_pass_ms(2000);
    ck_assert_uint_eq(expect_stopccn(&old, 1, 0)->message.header.tunnel_id, old.id);
}
END_TEST

/* The numbers of before are not those of anything sent since: a ZLB has the next one, and what has
 * not left cannot be acknowledged. The old ones are beyond the new. */
START_TEST(nothing_has_left_since_the_reset)
{
    peer_opens_capable(&old, 1);
    for (uint16_t i = 0; i < 6; i++)
        node_dials(&old, (uint16_t)(PEER_CALL + i));
    ck_assert_uint_gt(old.nr, 10);
    node_recovers(&fresh, &old); /* to 3 and 100; the HELLO of the node was 3 */
    ck_assert_uint_eq(old.nr, 4);
    assert_ok(say_valid(&old, HELLO));
    ck_assert_uint_eq(expect_on(&old, ZLB)->message.header.ns, 4);
    old.nr = 6;
    assert_ok(peer_acks(&old));
    ck_assert_uint_eq(rig_counters()->ack_unsent, 1);
    old.nr = 4;
    node_rings(&old);
    assert_ok(peer_acks(&old));
    ck_assert_uint_eq(rig_counters()->ack_unsent, 1);
}
END_TEST

/* Neither the copies that were in vain count any more nor the interval that they had come to: what
 * is sent next leaves again after 1, 2 and 4 seconds, and only then is the peer given up. 0: the
 * channel rests until the reset; 1: the SCCCN comes so late that it has gone on meanwhile */
START_TEST(retransmission_begins_anew_after_the_reset)
{
    static const uint32_t at_ms[] = {1000, 3000, 7000};

    rig.config.retries = 3;
    peer_opens_capable(&old, 1);
    node_rings(&old);
    rig_pass_ms(8000); /* all copies have left */
    forget_datagrams();
    peer_asks_back(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    if (_i == 1)
        rig_pass_ms(35000);
    ck_assert(_i == 0 || rig.heard);
    forget_datagrams();
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    forget_events();
    uint64_t began = rig.now;
    node_rings(&old);
    rig_pass_ms(14900);
    for (size_t i = 0; i < sizeof(at_ms) / sizeof(at_ms[0]); i++) {
        const struct heard *heard = expect_on(&old, ICRQ);
        ck_assert_uint_ge(heard->at, began + at_ms[i] * 1000);
        ck_assert_uint_le(heard->at, began + (at_ms[i] + 10) * 1000);
    }
    expect_nothing();
    expect_no_event();
    rig_pass_ms(200);
    expect_event(L2TPHA_EVENT_TUNNEL_UNRESPONSIVE);
    forget_datagrams();
}
END_TEST

/* The node fails, or the peer: first what is half set up goes, and the host is told, then the other
 * end is asked about the rest. */
START_TEST(what_is_half_set_up_goes_before_anything_is_asked)
{
    rig.config.query = L2TPHA_QUERY_ALL;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL), half = node_rings(&old);
    assert_ok(peer_acks(&old));
    if (_i == 0) {
        peer_asks_back(&fresh, &old);
        expect_nothing();
        expect_no_event();
        assert_ok(say_valid(&fresh, SCCCN));
        expect_zlb(&fresh);
    } else {
        node_fails();
        expect_request(&fresh, &old);
        struct says sccrp = recovery_reply(&fresh, 3, 100);
        assert_ok(say(&fresh, &sccrp));
        expect_on(&fresh, SCCCN);
        old.ns = 100;
        old.nr = 3;
    }
    expect_nothing();
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.session_id, half);
    ck_assert_uint_eq(session_state(&old, half), L2TPHA_SESSION_IDLE);
    if (_i == 0) {
        assert_ok(say_valid(&fresh, STOPCCN)); /* it has the acknowledgement of its SCCCN */
    } else {
        assert_ok(peer_acks(&fresh));
        expect_stopccn(&fresh, 1, 0);
    }
    const struct l2tpha_message *fsq = &expect_on(&old, FSQ)->message;
    struct l2tpha_avp_cursor cursor = {0};
    struct l2tpha_failover_session state;
    ck_assert(l2tpha_message_each(fsq, 79, &cursor));
    ck_assert(l2tpha_avp_session_state(&cursor.avp, &state));
    ck_assert_uint_eq(state.session_id, call);
    ck_assert_uint_eq(state.remote_session_id, PEER_CALL);
    ck_assert(!l2tpha_message_each(fsq, 79, &cursor));
}
END_TEST

/* RFC 4951 2: what nobody has kept cannot be recovered. 0: the node begins anew; 1: as a standby
 * that has been told nothing, and so cannot take over */
START_TEST(a_node_without_state_recovers_nothing)
{
    static const uint16_t types[] = {ZLB, HELLO, SCCRP, SCCCN, STOPCCN, ICRQ, CDN, FSQ, FSR};

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    l2tpha_node_free(rig.node);
    rig.node = rig_make(_i == 1);
    if (_i == 1)
        assert_error(l2tpha_takeover(rig.node, 9, rig.now), L2TPHA_ERR_NOT_IN_SYNC);
    rig_pass_ms(RECOVERY_TIME);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->recovery_attempts, 0);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        assert_error(say_valid_for(&old, types[i], types[i] == CDN ? call : 0),
                     _i ? L2TPHA_ERR_ROLE : L2TPHA_ERR_NOT_OURS);
    rig_pass_ms(RECOVERY_TIME);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

Suite *suite_conform_reset(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_reset", &tcase);

    tcase_add_loop_test(tcase, what_came_too_early_is_dropped_by_the_reset, 0, 2);
    tcase_add_loop_test(tcase, a_resting_tunnel_is_not_idle, 0, 2);
    tcase_add_test(tcase, nothing_has_left_since_the_reset);
    tcase_add_loop_test(tcase, retransmission_begins_anew_after_the_reset, 0, 2);
    tcase_add_loop_test(tcase, what_is_half_set_up_goes_before_anything_is_asked, 0, 2);
    tcase_add_loop_test(tcase, a_node_without_state_recovers_nothing, 0, 2);
    return suite;
}
