/* SPDX-License-Identifier: MIT */
/* The control connection: RFC 2661 5.1, 5.7, 6.1-6.4, 7.1, 7.2 and 7.6, each row of the table of
 * 7.2.1 from its state. */
#include "scenario/rig.h"

#define RESULT_CLEAR 1
#define RESULT_GENERAL 2
#define RESULT_STATE 7
#define CYCLE_MS 31000

/* --- idle --- */

START_TEST(an_open_request_sends_sccrq)
{
    struct peer peer;

    node_calls(&peer, 1);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    expect_nothing();
}
END_TEST

START_TEST(an_acceptable_sccrq_draws_sccrp)
{
    struct peer peer;

    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    expect(&peer, SCCRP);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_CONN);
    expect_no_event();
}
END_TEST

START_TEST(an_unacceptable_sccrq_draws_stopccn)
{
    struct peer peer;
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_U16(2, 0x0900));
    assert_error(say(&peer, &sccrq), L2TPHA_ERR_REFUSED);
    peer.node_id = heard_u16(expect_stopccn(&peer, 5, 2), 9);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    expect_no_event();
}
END_TEST

/* Messages for no tunnel: nothing is answered (an answer would be an amplifier and could end a
 * tunnel that is about to be taken over), and no tunnel results. */
START_TEST(sccrp_and_scccn_and_stopccn_for_no_tunnel_leave_idle)
{
    static const uint16_t types[] = {SCCRP, SCCCN, STOPCCN, HELLO, ZLB, ICRQ};
    static const uint16_t ids[] = {0, UNKNOWN_ID};
    struct peer peer;

    peer_begins(&peer, 1);
    for (size_t i = 0; i < 2 * sizeof(types) / sizeof(types[0]); i++) {
        uint64_t before = rig_counters()->unknown_tunnel;
        peer.ns = 0;
        peer.node_id = ids[i % 2];
        assert_error(say_valid(&peer, types[i / 2]), L2TPHA_ERR_NOT_OURS);
        ck_assert_uint_eq(rig_counters()->unknown_tunnel, before + 1);
        ck_assert_ptr_null(l2tpha_tunnel_next(rig.node, NULL));
        expect_nothing();
    }
    expect_no_event();
}
END_TEST

/* --- wait-ctl-reply --- */

START_TEST(an_acceptable_sccrp_draws_scccn_and_opens_the_waiting_calls)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct peer peer;

    struct l2tpha_tunnel *tunnel = node_calls(&peer, 1);
    assert_ok(host_session_open(tunnel, &options, rig.now, &session));
    expect_nothing(); /* 5.0: the tunnel comes first */
    assert_ok(say_valid(&peer, SCCRP));
    expect(&peer, SCCCN);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    assert_ok(peer_acks(&peer));
    expect(&peer, ICRQ);
}
END_TEST

START_TEST(an_unacceptable_sccrp_draws_stopccn)
{
    static const struct {
        struct rig_avp avp;
        uint16_t result, error;
    } faults[] = {
        {{WIRE_M, 0, 2, NULL, 2, 0x0000}, 5, 2}, /* a lower version, not supported */
        {{WIRE_M, 0, 2, NULL, 2, 0x0200}, 5, 2},
        {{WIRE_M, 0, 11, "challenge", 9, 0}, 4, 0}, /* no secret to answer it with */
        {{WIRE_M, 0, 9, NULL, 2, 0}, 2, 3},
        {{WIRE_M, 0, 999, "x", 1, 0}, 2, 8},
    };
    struct peer peer;
    struct says sccrp;

    node_calls(&peer, 1);
    sccrp = valid(&peer, SCCRP);
    change(&sccrp, faults[_i].avp);
    ck_assert_int_lt(say(&peer, &sccrp), 0);
    expect_stopccn(&peer, faults[_i].result, faults[_i].error);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    expect_nothing();
}
END_TEST

START_TEST(a_lower_revision_in_sccrp_is_used)
{
    struct peer peer;
    struct says sccrp;

    node_calls(&peer, 1);
    sccrp = valid(&peer, SCCRP);
    change(&sccrp, AVP_U16(2, 0x01ff));
    assert_ok(say(&peer, &sccrp));
    expect(&peer, SCCCN);
}
END_TEST

START_TEST(each_avp_that_setup_requires_is_required)
{
    static const uint16_t required[] = {2, 3, 7, 9};
    uint16_t type = _i < 4 ? SCCRQ : SCCRP;
    struct peer peer;
    struct says message;

    if (type == SCCRP)
        node_calls(&peer, 1);
    else
        peer_begins(&peer, 1);
    message = valid(&peer, type);
    leave_out(&message, required[_i % 4]);
    ck_assert_int_lt(say(&peer, &message), 0);
    const struct heard *heard = expect_stopccn(&peer, RESULT_GENERAL, 6);
    ck_assert_uint_eq(heard->message.header.tunnel_id, required[_i % 4] == 9 ? 0 : peer.id);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
    ck_assert_uint_eq(rig_counters()->tunnels_up, 0);
}
END_TEST

START_TEST(scccn_in_wait_ctl_reply_draws_stopccn)
{
    struct peer peer;

    node_calls(&peer, 1);
    assert_error(say_valid(&peer, SCCCN), L2TPHA_ERR_UNEXPECTED);
    /* The peer's id is not known: the tunnel is named by the AVP alone (4.4.3). */
    const struct heard *heard = expect_stopccn(&peer, RESULT_STATE, 0);
    ck_assert_uint_eq(heard->message.header.tunnel_id, 0);
    ck_assert_uint_eq(heard_u16(heard, 9), peer.node_id);
    ck_assert_uint_eq(rig_counters()->unexpected_message, 1);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
}
END_TEST

/* --- wait-ctl-conn --- */

static void peer_asks(struct peer *peer)
{
    peer_begins(peer, 1);
    assert_ok(say_valid(peer, SCCRQ));
    expect(peer, SCCRP);
}

START_TEST(an_acceptable_scccn_establishes)
{
    struct peer peer;

    peer_asks(&peer);
    assert_ok(say_valid(&peer, SCCCN));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    expect_zlb(&peer); /* 5.1: nothing else is queued; Nr is 2 */
    ck_assert_uint_eq(peer.ns, 2);
    const struct told *up = expect_event(L2TPHA_EVENT_TUNNEL_UP);
    ck_assert_uint_eq(up->event.tunnel_id, peer.node_id);
    expect_nothing();
}
END_TEST

/* An SCCRQ with the tunnel's own id in the header; a plain one is a request for another tunnel. */
static int say_with_id(struct peer *peer, uint16_t type)
{
    struct says message = valid(peer, type);

    compose(peer, &message, &peer->last);
    peer->last.data[4] = (uint8_t)(peer->node_id >> 8);
    peer->last.data[5] = (uint8_t)peer->node_id;
    peer->ns++;
    return say_wire(peer, &peer->last);
}

START_TEST(setup_messages_improper_for_the_state_draw_stopccn)
{
    static const struct {
        bool up;
        uint16_t type;
    } rows[] = {{false, SCCRP}, {false, SCCRQ}, {true, SCCRQ}, {true, SCCRP}, {true, SCCCN}};
    struct peer peer, other;
    uint16_t call = 0;

    peer_opens(&other, 2);
    if (rows[_i].up) {
        peer_opens(&peer, 1);
        call = peer_dials(&peer, PEER_CALL);
    } else {
        peer_asks(&peer);
    }
    assert_error(say_with_id(&peer, rows[_i].type), L2TPHA_ERR_UNEXPECTED);
    expect_stopccn(&peer, RESULT_STATE, 0);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    if (rows[_i].up) {
        ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.session_id, call);
        expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    }
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnel_state(&other), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(rig_counters()->unexpected_message, 1);
    expect_nothing();
}
END_TEST

/* --- established --- */

START_TEST(a_new_call_needs_no_new_tunnel)
{
    struct peer peer;

    node_opens(&peer, 1);
    node_dials(&peer, PEER_CALL);
    ck_assert_uint_ne(node_dials(&peer, PEER_CALL + 1), 0);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 2);
    expect_nothing();
}
END_TEST

START_TEST(closing_sends_one_stopccn_and_no_cdn)
{
    struct peer peer;

    peer_opens(&peer, 1);
    for (uint16_t call = 1; call <= 3; call++)
        peer_dials(&peer, call);
    assert_ok(close_tunnel(&peer, 6));
    const struct heard *heard = expect_stopccn(&peer, 6, 0);
    ck_assert_uint_eq(heard_u16(heard, 9), peer.node_id);
    for (uint16_t call = 1; call <= 3; call++)
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
    const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->event.result, 6);
    ck_assert(!down->event.by_peer);
    expect_nothing();
    assert_ok(peer_acks(&peer));
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(rig_counters()->sessions_down, 3);
}
END_TEST

/* --- StopCCN from the peer --- */

static void bring_to(struct peer *peer, uint8_t state)
{
    if (state == L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        node_calls(peer, 1);
    else if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        peer_asks(peer);
    else
        peer_opens(peer, 1);
    ck_assert_uint_eq(tunnel_state(peer), state);
}

START_TEST(stopccn_is_acknowledged_in_every_state)
{
    static const uint8_t states[] = {L2TPHA_TUNNEL_WAIT_CTL_REPLY, L2TPHA_TUNNEL_WAIT_CTL_CONN,
                                     L2TPHA_TUNNEL_ESTABLISHED};
    struct peer peer;

    bring_to(&peer, states[_i]);
    assert_ok(say_valid(&peer, STOPCCN));
    expect_zlb(&peer); /* 7.6: acknowledged first, released afterwards */
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPED);
    if (states[_i] != L2TPHA_TUNNEL_WAIT_CTL_CONN) { /* the host had not heard of that one */
        const struct told *down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
        ck_assert(down->event.by_peer);
        ck_assert_uint_eq(down->event.result, RESULT_CLEAR);
    }
    rig_pass_ms(CYCLE_MS);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    expect_nothing();
}
END_TEST

START_TEST(stopccn_clears_all_sessions_and_draws_no_cdn)
{
    struct peer peer;

    peer_opens(&peer, 1);
    for (uint16_t call = 1; call <= 3; call++)
        peer_dials(&peer, call);
    assert_ok(say_valid(&peer, STOPCCN));
    expect_zlb(&peer);
    for (uint16_t call = 1; call <= 3; call++)
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    expect_no_event();
    expect_nothing();
}
END_TEST

START_TEST(copies_of_stopccn_are_acknowledged_for_a_cycle)
{
    struct peer peer;

    peer_opens(&peer, 1);
    assert_ok(say_valid(&peer, STOPCCN));
    expect_zlb(&peer);
    for (int second = 0; second < 30; second += 3) {
        rig_pass_ms(3000);
        assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
        expect_zlb(&peer);
        ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPED);
    }
    rig_pass_ms(CYCLE_MS);
    assert_error(say_again(&peer), L2TPHA_ERR_NOT_OURS);
    expect_nothing();
}
END_TEST

START_TEST(stopccn_with_header_id_0_finds_its_tunnel)
{
    struct peer peer, other;
    struct says stopccn;
    struct wire wire;

    peer_opens(&other, 2);
    peer_asks(&peer);
    stopccn = valid(&peer, STOPCCN);
    peer.nr = 0; /* it has not heard our SCCRP */
    compose(&peer, &stopccn, &wire);
    wire.data[4] = wire.data[5] = 0;
    assert_ok(say_wire(&peer, &wire));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPED);
    ck_assert_uint_eq(tunnel_state(&other), L2TPHA_TUNNEL_ESTABLISHED);
    /* Another address or another id is nobody's. */
    assert_error(say_wire(&other, &wire), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(tunnel_state(&other), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

/* --- our StopCCN --- */

START_TEST(stopccn_is_sent_again_and_state_is_kept_for_a_cycle)
{
    struct peer peer;

    peer_opens(&peer, 1);
    uint32_t id = peer.node_id;
    assert_ok(close_tunnel(&peer, RESULT_CLEAR));
    uint16_t ns = expect(&peer, STOPCCN)->message.header.ns;
    for (unsigned gap = 1000; gap <= 8000; gap *= 2) {
        rig_pass_ms(gap);
        ck_assert_uint_eq(expect(&peer, STOPCCN)->message.header.ns, ns);
        ck_assert_ptr_nonnull(l2tpha_tunnel_find(rig.node, id));
        expect_nothing();
    }
    rig_pass_ms(CYCLE_MS);
    ck_assert_ptr_null(l2tpha_tunnel_find(rig.node, id));
}
END_TEST

START_TEST(every_stopccn_is_delivered_reliably)
{
    static const struct rig_avp causes[] = {
        {WIRE_M, 0, 2, NULL, 2, 0x0900},
        {WIRE_M, 0, 999, "x", 1, 0},
        {WIRE_M, 0, 11, "challenge", 9, 0},
    };
    /* less than three times what came is sent to an address that has not answered yet */
    static const uint8_t filling[100];
    struct peer peer;
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, causes[_i]);
    add(&sccrq, AVP_OCTETS(0, 900, filling, sizeof(filling)));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect(&peer, STOPCCN);
    rig_pass_ms(1000);
    expect(&peer, STOPCCN);
    rig_pass_ms(2000);
    peer.node_id = heard_u16(expect(&peer, STOPCCN), 9);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(CYCLE_MS);
    expect_nothing();
}
END_TEST

START_TEST(crossing_stopccns_are_both_acknowledged)
{
    struct peer peer;

    peer_opens(&peer, 1);
    assert_ok(close_tunnel(&peer, RESULT_CLEAR));
    assert_ok(say_valid(&peer, STOPCCN)); /* does not acknowledge ours */
    expect(&peer, STOPCCN);
    expect_zlb(&peer);
    assert_ok(peer_acks(&peer));
    assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
    expect_zlb(&peer);
}
END_TEST

/* --- several tunnels --- */

START_TEST(a_plain_sccrq_never_touches_an_established_tunnel)
{
    struct peer peer, second;

    peer_opens(&peer, 1);
    peer_dials(&peer, PEER_CALL);
    peer_begins(&second, 1); /* the same address */
    second.id = 5000;
    assert_ok(say_valid(&second, SCCRQ));
    expect(&second, SCCRP);
    assert_ok(say_valid(&second, SCCCN));
    expect_zlb(&second);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    ck_assert_uint_ne(second.node_id, peer.node_id);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(tunnel_state(&second), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 1);
}
END_TEST

START_TEST(several_tunnels_with_several_sessions_each)
{
    struct peer peers[2];

    peer_opens(&peers[0], 1);
    peer_begins(&peers[1], 1);
    peers[1].id = 5000;
    assert_ok(say_valid(&peers[1], SCCRQ));
    expect(&peers[1], SCCRP);
    assert_ok(say_valid(&peers[1], SCCCN));
    expect_zlb(&peers[1]);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    for (uint16_t i = 0; i < 6; i++) {
        uint16_t id = peer_dials(&peers[i % 2], (uint16_t)(1 + i / 2));
        ck_assert_uint_ne(id, 0);
        ck_assert_uint_eq(session_state(&peers[i % 2], id), L2TPHA_SESSION_ESTABLISHED);
    }
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peers[0])), 3);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peers[1])), 3);
}
END_TEST

START_TEST(an_idle_tunnel_is_closed_only_if_configured)
{
    struct peer peer;

    rig.config.idle_ms = _i ? 30000 : 0;
    peer_opens(&peer, 1);
    uint16_t id = peer_dials(&peer, PEER_CALL);
    rig_pass_ms(100000);
    expect_nothing();
    assert_ok(say_valid_for(&peer, CDN, id));
    expect_zlb(&peer);
    rig_pass_ms(29000);
    expect_nothing();
    rig_pass_ms(1000);
    if (_i)
        expect_stopccn(&peer, RESULT_CLEAR, 0);
    expect_nothing();
}
END_TEST

Suite *suite_conform_tunnel(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_tunnel", &tcase);

    tcase_add_test(tcase, an_open_request_sends_sccrq);
    tcase_add_test(tcase, an_acceptable_sccrq_draws_sccrp);
    tcase_add_test(tcase, an_unacceptable_sccrq_draws_stopccn);
    tcase_add_test(tcase, sccrp_and_scccn_and_stopccn_for_no_tunnel_leave_idle);
    tcase_add_test(tcase, an_acceptable_sccrp_draws_scccn_and_opens_the_waiting_calls);
    tcase_add_loop_test(tcase, an_unacceptable_sccrp_draws_stopccn, 0, 5);
    tcase_add_test(tcase, a_lower_revision_in_sccrp_is_used);
    tcase_add_loop_test(tcase, each_avp_that_setup_requires_is_required, 0, 8);
    tcase_add_test(tcase, scccn_in_wait_ctl_reply_draws_stopccn);
    tcase_add_test(tcase, an_acceptable_scccn_establishes);
    tcase_add_loop_test(tcase, setup_messages_improper_for_the_state_draw_stopccn, 0, 5);
    tcase_add_test(tcase, a_new_call_needs_no_new_tunnel);
    tcase_add_test(tcase, closing_sends_one_stopccn_and_no_cdn);
    tcase_add_loop_test(tcase, stopccn_is_acknowledged_in_every_state, 0, 3);
    tcase_add_test(tcase, stopccn_clears_all_sessions_and_draws_no_cdn);
    tcase_add_test(tcase, copies_of_stopccn_are_acknowledged_for_a_cycle);
    tcase_add_test(tcase, stopccn_with_header_id_0_finds_its_tunnel);
    tcase_add_test(tcase, stopccn_is_sent_again_and_state_is_kept_for_a_cycle);
    tcase_add_loop_test(tcase, every_stopccn_is_delivered_reliably, 0, 3);
    tcase_add_test(tcase, crossing_stopccns_are_both_acknowledged);
    tcase_add_test(tcase, a_plain_sccrq_never_touches_an_established_tunnel);
    tcase_add_test(tcase, several_tunnels_with_several_sessions_each);
    tcase_add_loop_test(tcase, an_idle_tunnel_is_closed_only_if_configured, 0, 2);
    return suite;
}
