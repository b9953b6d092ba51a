/* SPDX-License-Identifier: MIT */
/* Outgoing calls: RFC 2661 5.2.2, 6.9-6.11, and each row of the tables of 7.5.1 (the node is the
 * LAC) and 7.5.2 (the node is the LNS) from its state; with what both ends advertised (4.4.3). */
#include "scenario/rig_call.h"

static struct peer peer;

/* A peer that can place calls of these kinds. */
static void peer_opens_with_bearer(uint32_t bearer)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_U32(4, bearer));
    peer_opens_with(&peer, &sccrq);
}

/* --- the exchange as a whole --- */

START_TEST(outgoing_call_as_lac)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_OUTGOING);

    peer_opens(&peer, 1);
    assert_ok(say_valid(&peer, OCRQ));
    const struct heard *ocrp = expect(&peer, OCRP); /* 7.5: before the call is placed */
    uint16_t id = heard_u16(ocrp, 14);
    ck_assert_uint_eq(ocrp->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_CS_ANSWER);
    const struct told *call = expect_event(L2TPHA_EVENT_SESSION_CALL);
    struct l2tpha_bytes number;
    ck_assert(l2tpha_message_bytes(call->event.message, L2TPHA_AVP_CALLED_NUMBER, &number));
    ck_assert_mem_eq(number.data, "555", 3);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(30000);
    expect_nothing();
    options.rx_speed = 128000;
    assert_ok(host_session_answered(session_of_peer(&peer, id), &options, rig.now));
    const struct heard *occn = expect(&peer, OCCN);
    ck_assert_uint_eq(heard_u32(occn, 24), 64000);
    ck_assert_uint_eq(heard_u32(occn, 38), 128000);
    ck_assert_uint_eq(heard_u32(occn, 19), 1);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    expect_event(L2TPHA_EVENT_SESSION_UP);
}
END_TEST

START_TEST(outgoing_call_as_lns)
{
    peer_opens_with_bearer(3);
    uint16_t id = node_asks_out(&peer);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_REPLY);
    assert_ok(say_valid_for(&peer, OCRP, id));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_CONNECT);
    expect_no_event();
    assert_ok(say_valid_for(&peer, OCCN, id));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    expect_event(L2TPHA_EVENT_SESSION_UP);
    expect_nothing();
}
END_TEST

START_TEST(ocrq_says_all_that_it_must)
{
    static const uint16_t types[] = {14, 15, 16, 17, 18, 19, 21};
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_OUTGOING);
    struct l2tpha_session *session;

    peer_opens_with_bearer(3);
    options.sub_address = (struct l2tpha_bytes){(const uint8_t *)"9", 1};
    assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
    const struct heard *ocrq = expect(&peer, OCRQ);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        ck_assert(heard_has(ocrq, types[i]));
    ck_assert_uint_eq(ocrq->message.header.session_id, 0);
    ck_assert_uint_eq(heard_u32(ocrq, 16), 9600);
    ck_assert_uint_eq(heard_u32(ocrq, 17), 64000);
    ck_assert_uint_eq(heard_u32(ocrq, 18), 1);
    ck_assert_uint_eq(heard_u32(ocrq, 19), 1);
    ck_assert(heard_has(ocrq, 23));
}
END_TEST

START_TEST(an_outgoing_call_opens_its_tunnel_first)
{
    uint16_t id = node_asks_with_tunnel(&peer, L2TPHA_CALL_OUTGOING);
    peer_accepts_tunnel(&peer);
    ck_assert_uint_eq(heard_u16(expect(&peer, OCRQ), 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_REPLY);
}
END_TEST

/* --- what was not advertised --- */

START_TEST(what_the_peer_did_not_advertise_is_not_asked_for)
{
    static const struct {
        bool bearer_caps;
        uint32_t bearer_cap, framing_cap, bearer, framing;
        int error;
    } rows[] = {
        /* 6.9: no Bearer Capabilities at all */
        {false, 0, 3, 1, 1, L2TPHA_ERR_REFUSED}, {false, 0, 3, 0, 1, L2TPHA_ERR_REFUSED},
        {true, 1, 3, 2, 1, L2TPHA_ERR_REFUSED},  {true, 1, 3, 3, 1, L2TPHA_ERR_REFUSED},
        {true, 3, 1, 1, 2, L2TPHA_ERR_REFUSED},  {true, 3, 1, 1, 3, L2TPHA_ERR_REFUSED},
        {true, 1, 1, 1, 1, L2TPHA_OK},           {true, 3, 3, 2, 2, L2TPHA_OK},
    };
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_OUTGOING);
    struct l2tpha_session *session;
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_U32(3, rows[_i].framing_cap));
    if (rows[_i].bearer_caps)
        add(&sccrq, AVP_U32(4, rows[_i].bearer_cap));
    peer_opens_with(&peer, &sccrq);
    options.bearer = rows[_i].bearer;
    options.framing = rows[_i].framing;
    assert_error(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session),
                 rows[_i].error);
    if (rows[_i].error) {
        expect_nothing();
        ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
        return;
    }
    const struct heard *ocrq = expect(&peer, OCRQ);
    ck_assert_uint_eq(heard_u32(ocrq, 18) & ~rows[_i].bearer_cap, 0);
    ck_assert_uint_eq(heard_u32(ocrq, 19) & ~rows[_i].framing_cap, 0);
}
END_TEST

START_TEST(framing_not_advertised_is_not_asked_for_in_an_incoming_call)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_U32(3, 1));
    peer_opens_with(&peer, &sccrq);
    options.framing = 2;
    assert_error(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session),
                 L2TPHA_ERR_REFUSED);
    expect_nothing();
}
END_TEST

START_TEST(what_we_did_not_advertise_is_rejected)
{
    static const struct {
        uint32_t bearer_cap, framing_cap, bearer, framing;
    } rows[] = {{1, 3, 2, 1}, {3, 1, 1, 2}, {0, 3, 1, 1}, {3, 2, 1, 3}};
    struct says ocrq;

    rig.config.bearer_caps = rows[_i].bearer_cap;
    rig.config.framing_caps = rows[_i].framing_cap;
    peer_opens(&peer, 1);
    ocrq = valid(&peer, OCRQ);
    change(&ocrq, AVP_U32(18, rows[_i].bearer));
    change(&ocrq, AVP_U32(19, rows[_i].framing));
    assert_error(say(&peer, &ocrq), L2TPHA_ERR_REFUSED);
    expect_cdn(&peer, 5, 0);
    ck_assert_uint_eq(rig.asked_session, 0);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

/* --- rows: messages that find the call in a state --- */

static const struct row improper[] = {
    {LAC, L2TPHA_SESSION_WAIT_CS_ANSWER, OCRQ, true}, /* 7.5.1 */
    {LAC, L2TPHA_SESSION_WAIT_CS_ANSWER, OCRP, true}, /* 7.5.1 */
    {LAC, L2TPHA_SESSION_WAIT_CS_ANSWER, OCCN, true}, /* 7.5.1 */
    {LAC, L2TPHA_SESSION_WAIT_CS_ANSWER, CDN, false}, /* 7.5.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, OCRQ, true},    /* 7.5.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, OCRP, true},    /* 7.5.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, OCCN, true},    /* 7.5.1 */
    {LAC, L2TPHA_SESSION_ESTABLISHED, CDN, false},    /* 7.5.1 */
    {LNS, L2TPHA_SESSION_WAIT_REPLY, OCCN, true},     /* 7.5.2 */
    {LNS, L2TPHA_SESSION_WAIT_REPLY, OCRQ, true},     /* 7.5.2 */
    {LNS, L2TPHA_SESSION_WAIT_REPLY, CDN, false},     /* 7.5.2 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, OCRQ, true},   /* 7.5.2 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, OCRP, true},   /* 7.5.2 */
    {LNS, L2TPHA_SESSION_WAIT_CONNECT, CDN, false},   /* 7.5.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, OCRQ, true},    /* 7.5.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, OCRP, true},    /* 7.5.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, OCCN, true},    /* 7.5.2 */
    {LNS, L2TPHA_SESSION_ESTABLISHED, CDN, false},    /* 7.5.2 */
};
#define IMPROPER ((int)(sizeof(improper) / sizeof(improper[0])))

static uint16_t bring_to(enum role role, uint8_t state)
{
    uint16_t id;

    if (role == LAC) {
        peer_opens(&peer, 1);
        id = state == L2TPHA_SESSION_ESTABLISHED ? peer_orders(&peer, PEER_CALL)
                                                 : peer_asks_out(&peer, PEER_CALL);
    } else {
        peer_opens_with_bearer(3);
        if (state == L2TPHA_SESSION_WAIT_REPLY)
            id = node_asks_out(&peer);
        else if (state == L2TPHA_SESSION_WAIT_CONNECT)
            id = node_waits_out(&peer, PEER_CALL);
        else
            id = node_orders(&peer, PEER_CALL);
    }
    ck_assert_uint_eq(session_state(&peer, id), state);
    expect_nothing();
    expect_no_event();
    return id;
}

START_TEST(messages_that_end_an_outgoing_call)
{
    const struct row *row = &improper[_i];

    uint16_t id = bring_to(row->role, row->state);
    message_ends_call(&peer, row, id);
    /* The host releases the physical call. */
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.session_id, id);
    expect_no_event();
    assert_ok(peer_acks(&peer));
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(messages_for_no_outgoing_call)
{
    static const struct row unknown[] = {
        {LAC, 0, OCRP, true},  {LAC, 0, OCCN, false}, {LAC, 0, CDN, false}, /* 7.5.1 */
        {LNS, 0, OCCN, false}, {LNS, 0, OCRP, false}, {LNS, 0, CDN, false}, /* 7.5.2 */
    };
    const struct row *row = &unknown[_i];

    uint16_t id = bring_to(row->role, L2TPHA_SESSION_ESTABLISHED);
    assert_error(say_valid_for(&peer, row->type, UNKNOWN_ID), L2TPHA_ERR_NOT_FOUND);
    if (row->cdn)
        expect_cdn(&peer, RESULT_GENERAL, ERROR_SESSION);
    else
        expect_zlb(&peer);
    ck_assert_uint_eq(rig_counters()->unknown_session, 1);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_ESTABLISHED);
    assert_ok(peer_acks(&peer));
    expect_nothing();
    expect_no_event();
}
END_TEST

START_TEST(local_close_of_an_outgoing_call)
{
    static const struct {
        enum role role;
        uint8_t state;
    } states[] = {
        {LAC, L2TPHA_SESSION_WAIT_CS_ANSWER}, {LAC, L2TPHA_SESSION_ESTABLISHED},
        {LNS, L2TPHA_SESSION_WAIT_REPLY},     {LNS, L2TPHA_SESSION_WAIT_CONNECT},
        {LNS, L2TPHA_SESSION_ESTABLISHED},
    };

    uint16_t id = bring_to(states[_i].role, states[_i].state);
    /* 7.5.1: busy while waiting for the answer, line drop afterwards */
    uint16_t result = states[_i].state == L2TPHA_SESSION_WAIT_CS_ANSWER ? 8 : 1;
    assert_ok(close_session(&peer, id, result));
    const struct heard *cdn = expect_cdn(&peer, result, 0);
    ck_assert_uint_eq(heard_u16(cdn, 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(60000);
    expect_nothing();
}
END_TEST

/* --- not acceptable --- */

START_TEST(each_avp_that_ocrq_requires_is_required)
{
    static const uint16_t types[] = {14, 15, 16, 17, 18, 19, 21};
    struct says ocrq;

    peer_opens(&peer, 1);
    ocrq = valid(&peer, OCRQ);
    leave_out(&ocrq, types[_i]);
    assert_error(say(&peer, &ocrq), L2TPHA_ERR_AVP_MISSING);
    expect_cdn(&peer, RESULT_GENERAL, 6);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    expect_no_event();
}
END_TEST

START_TEST(an_ocrq_refused_by_policy_draws_cdn)
{
    peer_opens(&peer, 1);
    rig.admit_session = (struct l2tpha_verdict){.result = 4};
    assert_error(say_valid(&peer, OCRQ), L2TPHA_ERR_REFUSED);
    expect_cdn(&peer, 4, 0);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    expect_no_event();
}
END_TEST

START_TEST(an_ocrp_that_is_not_acceptable_draws_cdn)
{
    struct says ocrp;

    uint16_t id = bring_to(LNS, L2TPHA_SESSION_WAIT_REPLY);
    ocrp = valid_for(&peer, OCRP, id);
    leave_out(&ocrp, 14);
    if (_i)
        add(&ocrp, AVP_U16(14, 0));
    ck_assert_int_lt(say(&peer, &ocrp), 0);
    expect_cdn(&peer, RESULT_GENERAL, _i ? 3 : 6);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
}
END_TEST

START_TEST(an_occn_that_is_not_acceptable_draws_cdn)
{
    static const uint16_t types[] = {24, 19};
    struct says occn;

    uint16_t id = bring_to(LNS, L2TPHA_SESSION_WAIT_CONNECT);
    occn = valid_for(&peer, OCCN, id);
    leave_out(&occn, types[_i]);
    assert_error(say(&peer, &occn), L2TPHA_ERR_AVP_MISSING);
    expect_cdn(&peer, RESULT_GENERAL, 6);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
}
END_TEST

START_TEST(a_call_that_is_never_answered_is_given_up)
{
    rig.config.answer_ms = 40000;
    uint16_t id = bring_to(LAC, L2TPHA_SESSION_WAIT_CS_ANSWER);
    rig_pass_ms(39000);
    expect_nothing();
    rig_pass_ms(1000);
    ck_assert_uint_eq(heard_u16(expect_cdn(&peer, 10, 0), 14), id);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_IDLE);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
}
END_TEST

START_TEST(ocrq_may_have_a_sub_address)
{
    struct l2tpha_bytes value;
    struct says ocrq;

    peer_opens(&peer, 1);
    ocrq = valid(&peer, OCRQ);
    add(&ocrq, AVP_TEXT(WIRE_M, 23, "42"));
    assert_ok(say(&peer, &ocrq));
    expect(&peer, OCRP);
    const struct told *call = expect_event(L2TPHA_EVENT_SESSION_CALL);
    ck_assert(l2tpha_message_bytes(call->event.message, 23, &value));
    ck_assert_mem_eq(value.data, "42", 2);
}
END_TEST

START_TEST(speeds_and_sequencing_of_occn_are_applied)
{
    struct l2tpha_session_record record;
    struct says occn;

    uint16_t id = bring_to(LNS, L2TPHA_SESSION_WAIT_CONNECT);
    occn = valid_for(&peer, OCCN, id);
    add(&occn, AVP_U32_OPTIONAL(38, 128000));
    add(&occn, AVP_OCTETS(WIRE_M, 39, NULL, 0));
    assert_ok(say(&peer, &occn));
    l2tpha_session_get(session_of_peer(&peer, id), &record);
    ck_assert_uint_eq(record.tx_speed, 64000);
    ck_assert_uint_eq(record.rx_speed, 128000);
    ck_assert(record.flags & L2TPHA_SESSION_SEQUENCING_REQUIRED);
}
END_TEST

START_TEST(ocrp_may_name_a_physical_channel)
{
    struct says ocrp;
    uint32_t channel = 0;

    uint16_t id = bring_to(LNS, L2TPHA_SESSION_WAIT_REPLY);
    ocrp = valid_for(&peer, OCRP, id);
    add(&ocrp, AVP_U32_OPTIONAL(25, 77));
    assert_ok(say(&peer, &ocrp));
    const struct told *told = expect_event(L2TPHA_EVENT_SESSION_CHANNEL);
    ck_assert_uint_eq(told->event.session_id, id);
    ck_assert(l2tpha_message_u32(&told->message, L2TPHA_AVP_PHYSICAL_CHANNEL_ID, &channel));
    ck_assert_uint_eq(channel, 77);
    ck_assert_uint_eq(session_state(&peer, id), L2TPHA_SESSION_WAIT_CONNECT);
    ck_assert_uint_eq(rig_counters()->ignored_avp, 0);
}
END_TEST

Suite *suite_conform_session_outgoing(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_session_outgoing", &tcase);

    tcase_add_test(tcase, outgoing_call_as_lac);
    tcase_add_test(tcase, outgoing_call_as_lns);
    tcase_add_test(tcase, ocrq_says_all_that_it_must);
    tcase_add_test(tcase, an_outgoing_call_opens_its_tunnel_first);
    tcase_add_loop_test(tcase, what_the_peer_did_not_advertise_is_not_asked_for, 0, 8);
    tcase_add_test(tcase, framing_not_advertised_is_not_asked_for_in_an_incoming_call);
    tcase_add_loop_test(tcase, what_we_did_not_advertise_is_rejected, 0, 4);
    tcase_add_loop_test(tcase, messages_that_end_an_outgoing_call, 0, IMPROPER);
    tcase_add_loop_test(tcase, messages_for_no_outgoing_call, 0, 6);
    tcase_add_loop_test(tcase, local_close_of_an_outgoing_call, 0, 5);
    tcase_add_loop_test(tcase, each_avp_that_ocrq_requires_is_required, 0, 7);
    tcase_add_test(tcase, an_ocrq_refused_by_policy_draws_cdn);
    tcase_add_loop_test(tcase, an_ocrp_that_is_not_acceptable_draws_cdn, 0, 2);
    tcase_add_loop_test(tcase, an_occn_that_is_not_acceptable_draws_cdn, 0, 2);
    tcase_add_test(tcase, a_call_that_is_never_answered_is_given_up);
    tcase_add_test(tcase, ocrq_may_have_a_sub_address);
    tcase_add_test(tcase, speeds_and_sequencing_of_occn_are_applied);
    tcase_add_test(tcase, ocrp_may_name_a_physical_channel);
    return suite;
}
