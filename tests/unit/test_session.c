/* SPDX-License-Identifier: MIT */
/* Calls in both directions against a peer that says right and wrong things, message by message. */
#include "unit/raw_session.h"

#include <string.h>

static struct l2tpha_session *only(void)
{
    return l2tpha_session_next(tunnel, NULL);
}

/* Any of the six messages of a call, with all that it needs. */
static void begin_any(uint16_t type, uint32_t session)
{
    if (type == L2TPHA_MESSAGE_ICRQ || type == L2TPHA_MESSAGE_OCRQ)
        raw_begin_request(&peer, type, session);
    else if (type == L2TPHA_MESSAGE_ICRP || type == L2TPHA_MESSAGE_OCRP)
        raw_begin_reply(&peer, type, session);
    else
        raw_begin_connect(&peer, type, session);
}

/* --- bringing a call to a state --- */

static struct l2tpha_session *ask(const struct l2tpha_session_options *options)
{
    struct l2tpha_session *session;

    assert_ok(l2tpha_session_open(tunnel, options, peer.now, &session));
    raw_drain(&peer);
    return session;
}

static struct l2tpha_session *lac_incoming_wait_reply(void)
{
    return ask(&incoming);
}

static struct l2tpha_session *lac_incoming_up(void)
{
    struct l2tpha_session *session = ask(&incoming);

    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    return session;
}

static struct l2tpha_session *lns_incoming_wait_connect(void)
{
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_ok(raw_send(&peer));
    return only();
}

static struct l2tpha_session *lns_incoming_up(void)
{
    struct l2tpha_session *session = lns_incoming_wait_connect();

    raw_begin_connect(&peer, L2TPHA_MESSAGE_ICCN, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    return session;
}

static struct l2tpha_session *lac_outgoing_wait_answer(void)
{
    raw_begin_request(&peer, L2TPHA_MESSAGE_OCRQ, 0);
    assert_ok(raw_send(&peer));
    return only();
}

static struct l2tpha_session *lac_outgoing_up(void)
{
    struct l2tpha_session *session = lac_outgoing_wait_answer();

    assert_ok(l2tpha_session_answered(session, &incoming, peer.now));
    raw_drain(&peer);
    return session;
}

static struct l2tpha_session *lns_outgoing_wait_reply(void)
{
    return ask(&outgoing);
}

static struct l2tpha_session *lns_outgoing_wait_connect(void)
{
    struct l2tpha_session *session = ask(&outgoing);

    raw_begin_reply(&peer, L2TPHA_MESSAGE_OCRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    return session;
}

static struct l2tpha_session *lns_outgoing_up(void)
{
    struct l2tpha_session *session = lns_outgoing_wait_connect();

    raw_begin_connect(&peer, L2TPHA_MESSAGE_OCCN, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    return session;
}

static const struct {
    struct l2tpha_session *(*reach)(void);
    uint8_t state;
    bool told;      /* the host hears of its end */
    uint16_t first; /* what the node has said for it */
    /* Messages of the peer on this session that end it with a CDN, and without */
    uint16_t cdn[3], silent[1];
} places[] = {
    {lac_incoming_wait_reply,
     L2TPHA_SESSION_WAIT_REPLY,
     true,
     L2TPHA_MESSAGE_ICRQ,
     {L2TPHA_MESSAGE_ICRQ},
     {L2TPHA_MESSAGE_ICCN}},
    {lac_incoming_up,
     L2TPHA_SESSION_ESTABLISHED,
     true,
     L2TPHA_MESSAGE_ICRQ,
     {L2TPHA_MESSAGE_ICRQ, L2TPHA_MESSAGE_ICRP, L2TPHA_MESSAGE_ICCN},
     {0}},
    {lns_incoming_wait_connect,
     L2TPHA_SESSION_WAIT_CONNECT,
     false,
     L2TPHA_MESSAGE_ICRP,
     {L2TPHA_MESSAGE_ICRQ, L2TPHA_MESSAGE_ICRP},
     {0}},
    {lns_incoming_up,
     L2TPHA_SESSION_ESTABLISHED,
     true,
     L2TPHA_MESSAGE_ICRP,
     {L2TPHA_MESSAGE_ICRQ, L2TPHA_MESSAGE_ICRP, L2TPHA_MESSAGE_ICCN},
     {0}},
    {lac_outgoing_wait_answer,
     L2TPHA_SESSION_WAIT_CS_ANSWER,
     true,
     L2TPHA_MESSAGE_OCRP,
     {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCRP, L2TPHA_MESSAGE_OCCN},
     {0}},
    {lac_outgoing_up,
     L2TPHA_SESSION_ESTABLISHED,
     true,
     L2TPHA_MESSAGE_OCCN,
     {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCRP, L2TPHA_MESSAGE_OCCN},
     {0}},
    {lns_outgoing_wait_reply,
     L2TPHA_SESSION_WAIT_REPLY,
     true,
     L2TPHA_MESSAGE_OCRQ,
     {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCCN},
     {0}},
    {lns_outgoing_wait_connect,
     L2TPHA_SESSION_WAIT_CONNECT,
     true,
     L2TPHA_MESSAGE_OCRQ,
     {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCRP},
     {0}},
    {lns_outgoing_up,
     L2TPHA_SESSION_ESTABLISHED,
     true,
     L2TPHA_MESSAGE_OCRQ,
     {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCRP, L2TPHA_MESSAGE_OCCN},
     {0}},
};

#define PLACES (int)(sizeof(places) / sizeof(places[0]))

START_TEST(reaches_its_state)
{
    struct l2tpha_session *session = places[_i].reach();

    ck_assert_uint_eq(state_of(session), places[_i].state);
    raw_expect(&peer, places[_i].first);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_UP),
                      places[_i].state == L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 0);
    ck_assert_uint_eq(raw_counters(&peer)->unexpected_message, 0);
}
END_TEST

/* A place and one of the six messages of a call: 9 x 6 */
START_TEST(messages_out_of_place)
{
    static const uint16_t types[] = {L2TPHA_MESSAGE_OCRQ, L2TPHA_MESSAGE_OCRP, L2TPHA_MESSAGE_OCCN,
                                     L2TPHA_MESSAGE_ICRQ, L2TPHA_MESSAGE_ICRP, L2TPHA_MESSAGE_ICCN};
    int place = _i / 6;
    uint16_t type = types[_i % 6];
    bool is_incoming = place < 4, of_other_call = (_i % 6 >= 3) != is_incoming;
    bool cdn = of_other_call, silent = false;

    for (int i = 0; i < 3; i++)
        cdn = cdn || places[place].cdn[i] == type;
    silent = places[place].silent[0] == type;
    if (!cdn && !silent)
        return; /* what the state waits for */
    uint32_t id = l2tpha_session_id(places[place].reach());
    raw_forget(&peer);
    begin_any(type, id);
    raw_send(&peer);
    ck_assert_ptr_null(only());
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), cdn);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), places[place].told);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_STOPCCN), 0);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 0);
}
END_TEST

START_TEST(peers_cdn_ends_it)
{
    uint32_t id = l2tpha_session_id(places[_i].reach());

    raw_forget(&peer);
    raw_begin_cdn(&peer, id);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 100);
    raw_expect_silence(&peer);
    ck_assert_ptr_null(only());
    if (!places[_i].told) {
        ck_assert_uint_eq(peer.event_count, 0);
        return;
    }
    const struct raw_event *down = raw_event(&peer, L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_uint_eq(down->result, 3);
    ck_assert(down->by_peer);
    ck_assert_str_eq(down->text, "gone");
    ck_assert_uint_eq(down->message, L2TPHA_MESSAGE_CDN);
    ck_assert_uint_eq(down->session_id, id);
}
END_TEST

START_TEST(host_closes_it)
{
    struct l2tpha_session *session = places[_i].reach();
    struct l2tpha_disconnect why = {.size = sizeof(why),
                                    .result = 1,
                                    .has_q931 = true,
                                    .q931_cause = 16,
                                    .q931_message = 0x45,
                                    .has_ppp = true,
                                    .ppp_code = 3,
                                    .ppp_protocol = 0xc021};
    uint32_t id = l2tpha_session_id(session);
    bool known = state_of(session) != L2TPHA_SESSION_WAIT_REPLY;
    uint16_t assigned;

    raw_forget(&peer);
    assert_ok(l2tpha_session_close(session, &why, peer.now));
    raw_ack(&peer);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 1, 0);
    ck_assert_uint_eq(peer.message.header.session_id, known ? RAW_SESSION : 0);
    ck_assert(l2tpha_message_u16(&peer.message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &assigned));
    ck_assert_uint_eq(assigned, id);
    ck_assert(l2tpha_message_has(&peer.message, L2TPHA_AVP_Q931_CAUSE));
    ck_assert(l2tpha_message_has(&peer.message, L2TPHA_AVP_PPP_DISCONNECT_CAUSE));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), places[_i].told);
    ck_assert_ptr_null(only());
}
END_TEST

START_TEST(peers_stopccn_ends_it_without_cdn)
{
    places[_i].reach();
    raw_forget(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
    l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
    assert_ok(raw_send(&peer));
    raw_expect_silence(&peer);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), places[_i].told);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    ck_assert_ptr_null(only());
}
END_TEST

/* Calls that nobody completes end by themselves; those that are up do not. */
START_TEST(time_ends_what_is_not_up)
{
    places[_i].reach();
    raw_ack(&peer);
    raw_forget(&peer);
    for (int i = 0; i < 300; i++) {
        raw_pass(&peer, 500);
        raw_ack(&peer);
    }
    if (places[_i].state == L2TPHA_SESSION_ESTABLISHED) {
        ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), 0);
        return;
    }
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 10, 0);
    ck_assert_ptr_null(only());
}
END_TEST

/* --- requests --- */

static const struct {
    const char *what;
    uint16_t type;
    uint16_t verdict; /* of the host */
    uint32_t framing, bearer;
    uint8_t append[8]; /* raw AVP */
    uint16_t result, error;
} refused[] = {
    {"by the host", L2TPHA_MESSAGE_ICRQ, 4, 1, 1, {0}, 4, 0},
    {"by the host", L2TPHA_MESSAGE_OCRQ, 3, 1, 1, {0}, 3, 0},
    {"analog bearer", L2TPHA_MESSAGE_OCRQ, 0, 1, 2, {0}, 5, 0},
    {"unknown AVP", L2TPHA_MESSAGE_ICRQ, 0, 1, 1, {0x80, 6, 0, 0, 3, 0xe7}, 2, 8},
    {"id twice", L2TPHA_MESSAGE_ICRQ, 0, 1, 1, {0x80, 8, 0, 0, 0, 14, 0, 9}, 2, 6},
};

START_TEST(request_is_refused)
{
    size_t len;

    peer.session_verdict.result = refused[_i].verdict;
    raw_begin(&peer, refused[_i].type, 0);
    raw_begin_request(&peer, refused[_i].type, 0);
    assert_ok(l2tpha_builder_end(&peer.builder, &len));
    if (refused[_i].bearer != 1) /* the last four octets of the fifth AVP */
        peer.build[12 + 8 + 8 + 10 + 10 + 10 + 9] = (uint8_t)refused[_i].bearer;
    memcpy(peer.build + len, refused[_i].append, refused[_i].append[1]);
    len += refused[_i].append[1];
    peer.build[3] = (uint8_t)len;
    l2tpha_header_stamp(peer.build, peer.ns++, peer.nr);
    ck_assert_int_ne(raw_feed(&peer, peer.build, len), 0);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, refused[_i].result, refused[_i].error);
    ck_assert_uint_eq(peer.message.header.session_id, RAW_SESSION);
    ck_assert_ptr_null(only());
    ck_assert_uint_eq(peer.event_count, 0);
}
END_TEST

START_TEST(second_request_with_the_same_id_ends_both)
{
    struct l2tpha_session *old = lns_incoming_up();
    uint32_t id = l2tpha_session_id(old);
    uint16_t assigned;

    raw_forget(&peer);
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    assert_error(raw_send(&peer), L2TPHA_ERR_EXISTS);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 2, 5);
    ck_assert(l2tpha_message_u16(&peer.message, L2TPHA_AVP_ASSIGNED_SESSION_ID, &assigned));
    ck_assert_uint_eq(assigned, id);
    ck_assert_uint_eq(peer.message.header.session_id, RAW_SESSION);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), 1);
    ck_assert_ptr_null(only());
}
END_TEST

START_TEST(outgoing_call_is_asked_of_the_host)
{
    struct l2tpha_session *session = lac_outgoing_wait_answer();
    const struct raw_event *call = raw_event(&peer, L2TPHA_EVENT_SESSION_CALL);

    ck_assert_uint_eq(call->message, L2TPHA_MESSAGE_OCRQ);
    raw_expect(&peer, L2TPHA_MESSAGE_OCRP);
    raw_ack(&peer);
    assert_error(l2tpha_session_answered(session, NULL, peer.now), L2TPHA_ERR_INVALID);
    struct l2tpha_session_options options = incoming;
    options.tx_speed = UINT64_C(1) << 32;
    assert_error(l2tpha_session_answered(session, &options, peer.now), L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_session_answered(session, &incoming, peer.now));
    assert_error(l2tpha_session_answered(session, &incoming, peer.now), L2TPHA_ERR_STATE);
    raw_drain(&peer);
    const struct l2tpha_message *occn = raw_expect(&peer, L2TPHA_MESSAGE_OCCN);
    uint32_t speed;
    ck_assert(l2tpha_message_u32(occn, L2TPHA_AVP_TX_CONNECT_SPEED, &speed) && speed == 64000);
}
END_TEST

/* --- unknown sessions --- */

START_TEST(messages_for_no_session)
{
    static const struct {
        uint16_t type;
        bool asked; /* this end has asked for such a call before */
        bool cdn;
    } cases[] = {
        {L2TPHA_MESSAGE_ICRP, false, true},  {L2TPHA_MESSAGE_ICRP, true, false},
        {L2TPHA_MESSAGE_OCRP, false, true},  {L2TPHA_MESSAGE_OCRP, true, false},
        {L2TPHA_MESSAGE_ICCN, false, false}, {L2TPHA_MESSAGE_OCCN, false, false},
        {L2TPHA_MESSAGE_CDN, false, false},
    };
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    bool outgoing_kind = cases[_i].type == L2TPHA_MESSAGE_OCRP;

    if (cases[_i].asked)
        assert_ok(l2tpha_session_close(ask(outgoing_kind ? &outgoing : &incoming), &why, peer.now));
    raw_drain(&peer);
    raw_forget(&peer);
    if (cases[_i].type == L2TPHA_MESSAGE_CDN)
        raw_begin_cdn(&peer, 4711);
    else
        begin_any(cases[_i].type, 4711);
    assert_error(raw_send(&peer), L2TPHA_ERR_NOT_FOUND);
    raw_ack(&peer);
    raw_pass(&peer, 500);
    ck_assert_uint_eq(raw_counters(&peer)->unknown_session, 1);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_STOPCCN), 0);
    if (!cases[_i].cdn && !cases[_i].asked)
        raw_expect_silence(&peer);
    if (!cases[_i].cdn)
        return;
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 2, 5);
    ck_assert_uint_eq(peer.message.header.session_id, RAW_SESSION);
}
END_TEST

START_TEST(cdn_without_our_id_is_found_by_the_peers)
{
    lns_incoming_wait_connect();
    raw_forget(&peer);
    raw_begin_cdn(&peer, 0);
    assert_ok(raw_send(&peer));
    ck_assert_ptr_null(only());
    raw_expect_silence(&peer);
    ck_assert_uint_eq(raw_counters(&peer)->unknown_session, 0);
}
END_TEST

/* --- faults --- */

START_TEST(reply_without_id_is_refused)
{
    struct l2tpha_session *session = ask(&incoming);
    uint32_t id = l2tpha_session_id(session);

    raw_forget(&peer);
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, id);
    peer.build[26] = peer.build[27] = 0; /* Assigned Session ID 0 */
    ck_assert_int_ne(raw_send(&peer), 0);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 2, 3);
    ck_assert_uint_eq(peer.message.header.session_id, 0);
    ck_assert_uint_eq(raw_event(&peer, L2TPHA_EVENT_SESSION_DOWN)->result, 2);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 0);
}
END_TEST

START_TEST(malformed_optional_avp_is_ignored)
{
    struct l2tpha_session *session = lns_incoming_wait_connect();
    static const uint8_t short_speed[] = {0, 8, 0, 0, 0, 38, 1, 2};
    struct l2tpha_session_record record;
    size_t len;

    raw_begin_connect(&peer, L2TPHA_MESSAGE_ICCN, l2tpha_session_id(session));
    assert_ok(l2tpha_builder_end(&peer.builder, &len));
    memcpy(peer.build + len, short_speed, sizeof(short_speed));
    len += sizeof(short_speed);
    peer.build[3] = (uint8_t)len;
    l2tpha_header_stamp(peer.build, peer.ns++, peer.nr);
    assert_ok(raw_feed(&peer, peer.build, len));
    l2tpha_session_get(session, &record);
    ck_assert_uint_eq(record.state, L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(record.tx_speed, 56000);
    ck_assert_uint_eq(record.rx_speed, 56000);
}
END_TEST

Suite *suite_session(void);
Suite *suite_session(void)
{
    Suite *suite = suite_create("session");
    TCase *tcase = tcase_create("session");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, reaches_its_state, 0, PLACES);
    tcase_add_loop_test(tcase, messages_out_of_place, 0, PLACES * 6);
    tcase_add_loop_test(tcase, peers_cdn_ends_it, 0, PLACES);
    tcase_add_loop_test(tcase, host_closes_it, 0, PLACES);
    tcase_add_loop_test(tcase, peers_stopccn_ends_it_without_cdn, 0, PLACES);
    tcase_add_loop_test(tcase, time_ends_what_is_not_up, 0, PLACES);
    tcase_add_loop_test(tcase, request_is_refused, 0, (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(tcase, second_request_with_the_same_id_ends_both);
    tcase_add_test(tcase, outgoing_call_is_asked_of_the_host);
    tcase_add_loop_test(tcase, messages_for_no_session, 0, 7);
    tcase_add_test(tcase, cdn_without_our_id_is_found_by_the_peers);
    tcase_add_test(tcase, reply_without_id_is_refused);
    tcase_add_test(tcase, malformed_optional_avp_is_ignored);
    suite_add_tcase(suite, tcase);
    return suite;
}
