/* SPDX-License-Identifier: MIT */
/* Incoming calls: RFC 2661 5.2.1, 5.6, 6.6-6.8, 6.12-6.14, and each row of the tables of 7.4.1 (the
 * node is the LAC) and 7.4.2 (the node is the LNS) from its state. */
#include "scenario/rig_call.h"

static struct peer peer;

/* A second tunnel with a call, which nothing here may touch. */
static struct peer other;
static uint16_t other_call;

static void with_a_bystander(void)
{
    peer_opens(&other, 2);
    other_call = peer_dials(&other, PEER_CALL);
}

static void the_bystander_is_well(void)
{
    ck_assert_uint_eq(tunnel_state(&other), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(session_state(&other, other_call), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    expect_nothing();
}

/* --- the exchange as a whole --- */

START_TEST(incoming_call_as_lac)
{
    node_opens(&peer, 1);
    uint16_t id = node_rings(&peer);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_REPLY);
    assert_ok(say_valid_for(&peer, ICRP, id));
    const struct heard *iccn = expect(&peer, ICCN);
    ck_assert_uint_eq(iccn->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(heard_u32(iccn, 24), 64000);
    ck_assert_uint_eq(heard_u32(iccn, 19), 1);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_UP)->event.session_id, id);
}
END_TEST

START_TEST(incoming_call_as_lns)
{
    peer_opens(&peer, 1);
    assert_ok(say_valid(&peer, ICRQ));
    const struct heard *icrp = expect(&peer, ICRP);
    uint16_t id = heard_u16(icrp, 14);
    ck_assert_uint_ne(id, 0);
    ck_assert_uint_eq(icrp->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_CONNECT);
    expect_no_event();
    assert_ok(say_valid_for(&peer, ICCN, id));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_UP)->event.session_id, id);
    expect_nothing();
}
END_TEST

/* The bearer may be answered before or after: the host opens the session when it likes. */
START_TEST(request_waits_for_the_tunnel)
{
    uint16_t id = node_asks_with_tunnel(&peer, L2TPHA_CALL_INCOMING);
    peer_accepts_tunnel(&peer);
    const struct heard *icrq = expect(&peer, ICRQ);
    ck_assert_uint_eq(icrq->message.header.session_id, 0);
    ck_assert_uint_eq(heard_u16(icrq, 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_REPLY);
}
END_TEST

START_TEST(a_call_dropped_before_the_tunnel_is_up_was_never_asked_for)
{
    static const enum l2tpha_call calls[] = {L2TPHA_CALL_INCOMING, L2TPHA_CALL_OUTGOING};

    uint16_t id = node_asks_with_tunnel(&peer, calls[_i]);
    assert_ok(close_session(&peer, id, 1));
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    peer_accepts_tunnel(&peer);
    expect_nothing();
}
END_TEST

/* --- rows: messages that find the call in a state --- */

static const struct row improper[] = {
    {LAC, L2TPHA_SESSION_WAIT_REPLY, ICRQ, true},   /* 7.4.1 */
    {LAC, L2TPHA_SESSION_WAIT_REPLY, CDN, false},   /* 7.4.1 */
    {LAC, L2TPHA_SESSION_WAIT_REPLY, ICCN, false},  /* 7.4.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, CDN, false},  /* 7.4.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, ICRQ, true},  /* 7.4.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, ICRP, true},  /* 7.4.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, ICCN, true},  /* 7.4.1 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, ICRQ, true}, /* 7.4.2 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, ICRP, true}, /* 7.4.2 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, CDN, false}, /* 7.4.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, CDN, false},  /* 7.4.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, ICRQ, true},  /* 7.4.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, ICRP, true},  /* 7.4.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, ICCN, true},  /* 7.4.2 */
};
#define IMPROPER ((int)(sizeof(improper) / sizeof(improper[0])))

static uint16_t bring_to(enum role role, uint8_t state)
{
    bool up = state == L2TPHA_SESSION_ESTABLISHED;
    uint16_t id;

    if (role == LAC) {
        node_opens(&peer, 1);
        id = up ? node_dials(&peer, PEER_CALL) : node_rings(&peer);
    } else {
        peer_opens(&peer, 1);
        id = up ? peer_dials(&peer, PEER_CALL) : peer_rings(&peer, PEER_CALL);
    }
    ck_assert_uint_eq(session_state(&peer, id), state);
    expect_nothing();
    return id;
}

START_TEST(messages_that_end_an_incoming_call)
{
    const struct row *row = &improper[_i];

    with_a_bystander();
    uint16_t id = bring_to(row->role, row->state);
    const struct heard *cdn = message_ends_call(&peer, row, id);
    if (cdn)
        ck_assert_uint_eq(cdn->message.header.session_id, PEER_CALL);
    if (row->role == LAC || row->state == L2TPHA_SESSION_ESTABLISHED)
        ck_assert(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.by_peer);
    expect_no_event();
    assert_ok(peer_acks(&peer));
    the_bystander_is_well();
}
END_TEST

/* --- rows: messages for a call that is not there --- */

START_TEST(messages_for_no_incoming_call)
{
    static const struct row unknown[] = {
        {LAC, 0, ICCN, false}, {LAC, 0, ICRP, false}, {LAC, 0, CDN, false}, /* 7.4.1 */
        {LNS, 0, ICRP, true},  {LNS, 0, ICCN, false}, {LNS, 0, CDN, false}, /* 7.4.2 */
    };
    const struct row *row = &unknown[_i];

    with_a_bystander();
    /* Which machine it is about follows from who asks for incoming calls on the tunnel. */
    if (row->role == LAC) {
        node_opens(&peer, 1);
        node_dials(&peer, 70);
    } else {
        peer_opens(&peer, 1);
        peer_dials(&peer, 70);
    }
    assert_error(say_valid_for(&peer, row->type, UNKNOWN_ID), L2TPHA_ERR_NOT_FOUND);
    if (row->cdn) {
        const struct heard *cdn = expect_cdn(&peer, RESULT_GENERAL, ERROR_SESSION);
        ck_assert_uint_eq(cdn->message.header.session_id, PEER_CALL);
    } else {
        expect_zlb(&peer);
    }
    ck_assert_uint_eq(rig_counters()->unknown_session, 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 1);
    expect_no_event();
    assert_ok(peer_acks(&peer));
    the_bystander_is_well();
}
END_TEST

/* --- rows: local close --- */

START_TEST(local_close_of_an_incoming_call)
{
    static const struct {
        enum role role;
        uint8_t state;
    } states[] = {{LAC, L2TPHA_SESSION_WAIT_REPLY},
                  {LAC, L2TPHA_SESSION_ESTABLISHED},
                  {LNS, L2TPHA_SESSION_WAIT_CONNECT},
                  {LNS, L2TPHA_SESSION_ESTABLISHED}};

    uint16_t id = bring_to(states[_i].role, states[_i].state);
    assert_ok(close_session(&peer, id, 1));
    const struct heard *cdn = expect_cdn(&peer, 1, 0);
    ck_assert_uint_eq(heard_u16(cdn, 14), id);
    /* 4.4.4: before ICRP the peer's id is not known. */
    ck_assert_uint_eq(cdn->message.header.session_id,
                      states[_i].state == L2TPHA_SESSION_WAIT_REPLY ? 0 : PEER_CALL);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    assert_ok(peer_acks(&peer)); /* 5.6: it is only acknowledged by the transport */
    rig_pass_ms(60000);
    expect_nothing();
}
END_TEST

/* --- rows: not acceptable --- */

START_TEST(an_icrp_that_is_not_acceptable_draws_cdn)
{
    static const struct {
        bool omit;
        struct rig_avp avp;
        uint16_t error;
    } faults[] = {
        {false, U16_ROW(14, 0), 3},
        {true, U16_ROW(14, 0), 6},
        {false, OCTETS_ROW(WIRE_M, 999, "x", 1), 8},
        {false, OCTETS_ROW(WIRE_M, 14, "\0\1\2", 3), 2},
    };
    struct says icrp;

    with_a_bystander();
    uint16_t id = bring_to(LAC, L2TPHA_SESSION_WAIT_REPLY);
    icrp = valid_for(&peer, ICRP, id);
    if (faults[_i].omit)
        leave_out(&icrp, (uint16_t)faults[_i].avp.type);
    else
        change(&icrp, faults[_i].avp);
    ck_assert_int_lt(say(&peer, &icrp), 0);
    ck_assert_uint_eq(heard_u16(expect_cdn(&peer, RESULT_GENERAL, faults[_i].error), 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
    assert_ok(peer_acks(&peer));
    the_bystander_is_well();
}
END_TEST

START_TEST(an_iccn_that_is_not_acceptable_draws_cdn)
{
    static const struct {
        bool omit;
        struct rig_avp avp;
        uint16_t result, error;
    } faults[] = {
        {true, U32_ROW(24, 0), 2, 6},
        {true, U32_ROW(19, 0), 2, 6},
        {false, OCTETS_ROW(WIRE_M, 999, "x", 1), 2, 8},
        {false, U16_ROW(24, 0), 2, 2},
        {false, U32_ROW(19, 2), 11, 0}, /* async, which was not advertised */
    };
    struct says iccn;

    rig.config.framing_caps = 1;
    with_a_bystander();
    uint16_t id = bring_to(LNS, L2TPHA_SESSION_WAIT_CONNECT);
    iccn = valid_for(&peer, ICCN, id);
    if (faults[_i].omit)
        leave_out(&iccn, (uint16_t)faults[_i].avp.type);
    else
        change(&iccn, faults[_i].avp);
    ck_assert_int_lt(say(&peer, &iccn), 0);
    expect_cdn(&peer, faults[_i].result, faults[_i].error);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    expect_no_event();
    assert_ok(peer_acks(&peer));
    the_bystander_is_well();
}
END_TEST

START_TEST(an_icrq_that_is_malformed_draws_cdn)
{
    static const struct {
        bool omit;
        struct rig_avp avp;
        uint16_t error, header;
    } faults[] = {
        {true, U16_ROW(14, 0), 6, 0},
        {true, U32_ROW(15, 0), 6, PEER_CALL},
        {false, U16_ROW(14, 0), 3, 0},
        {false, OCTETS_ROW(WIRE_M, 999, "x", 1), 8, PEER_CALL},
    };
    struct says icrq;

    with_a_bystander();
    peer_opens(&peer, 1);
    icrq = valid(&peer, ICRQ);
    if (faults[_i].omit)
        leave_out(&icrq, (uint16_t)faults[_i].avp.type);
    else
        change(&icrq, faults[_i].avp);
    ck_assert_int_lt(say(&peer, &icrq), 0);
    const struct heard *cdn = expect_cdn(&peer, RESULT_GENERAL, faults[_i].error);
    ck_assert_uint_eq(cdn->message.header.session_id, faults[_i].header);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    expect_no_event();
    assert_ok(peer_acks(&peer));
    the_bystander_is_well();
}
END_TEST

START_TEST(an_icrq_refused_by_policy_draws_cdn)
{
    static const uint16_t results[] = {4, 3, 2, 5};

    peer_opens(&peer, 1);
    rig.admit_session = (struct l2tpha_verdict){.result = results[_i], .error = 4, .reason = "no"};
    assert_error(say_valid(&peer, ICRQ), L2TPHA_ERR_REFUSED);
    ck_assert_uint_eq(rig.asked_session, 1);
    const struct heard *cdn = expect(&peer, CDN);
    struct l2tpha_result result;
    ck_assert(l2tpha_message_result(&cdn->message, &result));
    ck_assert_uint_eq(result.result, results[_i]);
    ck_assert_uint_eq(cdn->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    expect_nothing();
    expect_no_event();
}
END_TEST

/* --- CDN --- */

START_TEST(a_cdn_with_header_id_0_ends_only_its_call)
{
    uint16_t kept, gone;
    struct says cdn;

    peer_opens(&peer, 1);
    kept = peer_rings(&peer, 70);
    gone = peer_rings(&peer, 71);
    cdn = valid(&peer, CDN);
    change(&cdn, AVP_U16(14, 71));
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, gone), L2TPHA_SESSION_IDLE);
    ck_assert_uint_eq(session_state(&peer, kept), L2TPHA_SESSION_WAIT_CONNECT);
}
END_TEST

START_TEST(a_cdn_brings_its_cause)
{
    struct l2tpha_q931_cause cause;
    struct says cdn;

    peer_opens(&peer, 1);
    uint16_t id = peer_dials(&peer, PEER_CALL);
    cdn = valid_for(&peer, CDN, id);
    change(&cdn, AVP_OCTETS(WIRE_M, 1, "\0\2\0\6line noise", 14));
    add(&cdn, AVP_OCTETS(WIRE_M, 12, "\0\20\105bye", 6));
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    const struct told *down = expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_uint_eq(down->event.result, 2);
    ck_assert_uint_eq(down->event.error, 6);
    ck_assert_str_eq(down->event.text, "line noise");
    ck_assert(down->event.by_peer);
    ck_assert(l2tpha_avp_q931_cause(l2tpha_message_find(down->event.message, 12), &cause));
    ck_assert_uint_eq(cause.cause, 16);
    ck_assert_uint_eq(cause.message, 0x45);
    ck_assert_uint_eq(cause.text_len, 3);
    expect_nothing();
}
END_TEST

START_TEST(our_cdn_brings_its_cause)
{
    struct l2tpha_disconnect why = {.size = sizeof(why),
                                    .result = 1,
                                    .has_q931 = true,
                                    .q931_cause = 16,
                                    .q931_message = 0x45,
                                    .q931_text = "bye"};
    struct l2tpha_q931_cause cause;

    peer_opens(&peer, 1);
    uint16_t id = peer_dials(&peer, PEER_CALL);
    assert_ok(host_session_close(session_of_peer(&peer, id), &why, rig.now));
    const struct heard *cdn = expect_cdn(&peer, 1, 0);
    ck_assert(l2tpha_avp_q931_cause(l2tpha_message_find(&cdn->message, 12), &cause));
    ck_assert_uint_eq(cause.cause, 16);
    ck_assert_mem_eq(cause.text, "bye", 3);
}
END_TEST

/* --- timers --- */

START_TEST(a_half_open_call_is_given_up)
{
    enum role role = _i ? LNS : LAC;

    rig.config.setup_ms = 20000;
    uint16_t id =
        bring_to(role, role == LAC ? L2TPHA_SESSION_WAIT_REPLY : L2TPHA_SESSION_WAIT_CONNECT);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(19000);
    expect_nothing();
    rig_pass_ms(1000);
    ck_assert_uint_eq(heard_u16(expect_cdn(&peer, 10, 0), 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
}
END_TEST

Suite *suite_conform_session_incoming(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_session_incoming", &tcase);

    tcase_add_test(tcase, incoming_call_as_lac);
    tcase_add_test(tcase, incoming_call_as_lns);
    tcase_add_test(tcase, request_waits_for_the_tunnel);
    tcase_add_loop_test(tcase, a_call_dropped_before_the_tunnel_is_up_was_never_asked_for, 0, 2);
    tcase_add_loop_test(tcase, messages_that_end_an_incoming_call, 0, IMPROPER);
    tcase_add_loop_test(tcase, messages_for_no_incoming_call, 0, 6);
    tcase_add_loop_test(tcase, local_close_of_an_incoming_call, 0, 4);
    tcase_add_loop_test(tcase, an_icrp_that_is_not_acceptable_draws_cdn, 0, 4);
    tcase_add_loop_test(tcase, an_iccn_that_is_not_acceptable_draws_cdn, 0, 5);
    tcase_add_loop_test(tcase, an_icrq_that_is_malformed_draws_cdn, 0, 4);
    tcase_add_loop_test(tcase, an_icrq_refused_by_policy_draws_cdn, 0, 4);
    tcase_add_test(tcase, a_cdn_with_header_id_0_ends_only_its_call);
    tcase_add_test(tcase, a_cdn_brings_its_cause);
    tcase_add_test(tcase, our_cdn_brings_its_cause);
    tcase_add_loop_test(tcase, a_half_open_call_is_given_up, 0, 2);
    return suite;
}
