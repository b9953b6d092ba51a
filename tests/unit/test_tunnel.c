/* SPDX-License-Identifier: MIT */
/* The control connection against a peer that says right and wrong things, message by message. */
#include "unit/raw_tunnel.h"

#include <string.h>

/* --- as responder --- */

START_TEST(answers_sccrq)
{
    uint16_t id;

    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
    const struct l2tpha_message *sccrp = raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    ck_assert_uint_eq(sccrp->header.tunnel_id, RAW_ID);
    ck_assert_uint_eq(sccrp->header.ns, 0);
    ck_assert_uint_eq(sccrp->header.nr, 1);
    ck_assert(l2tpha_message_u16(sccrp, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id) && id != 0);
    ck_assert(!l2tpha_message_has(sccrp, L2TPHA_AVP_CHALLENGE));
    ck_assert(!l2tpha_message_has(sccrp, L2TPHA_AVP_BEARER_CAPABILITIES));
    ck_assert(!l2tpha_message_has(sccrp, L2TPHA_AVP_TIE_BREAKER));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_UP), 0);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_find(peer.node, id);
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_WAIT_CTL_CONN);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_UP)->message, L2TPHA_MESSAGE_SCCCN);
    raw_pass(&peer, 100);
    ck_assert_uint_ge(raw_count(&peer, L2TPHA_MESSAGE_ZLB), 1);
    ck_assert_uint_eq(raw_counters(&peer)->tunnels_up, 1);
}
END_TEST

START_TEST(repeated_sccrq_is_a_duplicate)
{
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
    peer.ns = 0;
    uint16_t nr = peer.nr;
    peer.nr = 0;
    raw_forget(&peer);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_error(raw_send(&peer), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(tunnels(), 1);
    ck_assert_uint_eq(raw_counters(&peer)->duplicates, 1);
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRP); /* the peer has not got the first */
    ck_assert_uint_eq(peer.sent_count, 1);
    peer.nr = nr;
}
END_TEST

START_TEST(sccrq_needs_number_zero)
{
    peer.ns = 1;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_error(raw_send(&peer), L2TPHA_ERR_OUT_OF_WINDOW);
    peer.ns = 0;
    peer.nr = 5;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_error(raw_send(&peer), L2TPHA_ERR_OUT_OF_WINDOW);
    ck_assert_uint_eq(peer.sent_count, 0);
    ck_assert_uint_eq(tunnels(), 0);
}
END_TEST

/* AVPs of an SCCRQ: which one to spoil, and what the StopCCN has to say. */
static const struct {
    const char *what;
    uint16_t without;  /* leave it out; 0xffff = none */
    uint8_t extra[24]; /* raw AVP to append */
    uint16_t result, error;
    uint16_t header_id; /* of the StopCCN */
} bad_sccrqs[] = {
    {"no version", L2TPHA_AVP_PROTOCOL_VERSION, {0}, 2, 6, RAW_ID},
    {"no host name", L2TPHA_AVP_HOST_NAME, {0}, 2, 6, RAW_ID},
    {"no framing capabilities", L2TPHA_AVP_FRAMING_CAPABILITIES, {0}, 2, 6, RAW_ID},
    {"no tunnel id", L2TPHA_AVP_ASSIGNED_TUNNEL_ID, {0}, 2, 6, 0},
    {"tunnel id 0", L2TPHA_AVP_ASSIGNED_TUNNEL_ID, {0x80, 8, 0, 0, 0, 9, 0, 0}, 2, 3, 0},
    {"version 2.0", L2TPHA_AVP_PROTOCOL_VERSION, {0x80, 8, 0, 0, 0, 2, 2, 0}, 5, 2, RAW_ID},
    {"version 0.0", L2TPHA_AVP_PROTOCOL_VERSION, {0x80, 8, 0, 0, 0, 2, 0, 0}, 5, 2, RAW_ID},
    {"empty host name", L2TPHA_AVP_HOST_NAME, {0x80, 6, 0, 0, 0, 7}, 2, 2, RAW_ID},
    {"window 0", 0xffff, {0x80, 8, 0, 0, 0, 10, 0, 0}, 2, 3, RAW_ID},
    {"unknown AVP, M=1", 0xffff, {0x80, 6, 0, 0, 3, 0xe7}, 2, 8, RAW_ID},
    {"challenge without secret", 0xffff, {0x80, 8, 0, 0, 0, 11, 1, 2}, 4, 0, RAW_ID},
    {"tunnel recovery",
     0xffff,
     {0x80, 16, 0, 0, 0, 77, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2},
     2,
     1,
     RAW_ID},
};

/* Put a message together AVP by AVP, since the builder refuses to build wrong ones. */
static size_t spoil(uint16_t without, const uint8_t *extra)
{
    struct l2tpha_message message;
    uint8_t copy[256];
    size_t len = 0, out = L2TPHA_CONTROL_HEADER;

    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(l2tpha_builder_end(&peer.builder, &len));
    memcpy(copy, peer.build, len);
    assert_ok(l2tpha_message_decode(copy, len, &message, NULL));
    for (size_t i = 0; i < message.avp_count; i++) {
        const struct l2tpha_avp *avp = &message.avps[i];
        if (avp->type == without)
            continue;
        memcpy(peer.build + out, avp->value - L2TPHA_AVP_HEADER, avp->len + L2TPHA_AVP_HEADER);
        out += avp->len + (size_t)L2TPHA_AVP_HEADER;
    }
    if (extra[1]) {
        memcpy(peer.build + out, extra, extra[1]);
        out += extra[1];
    }
    peer.build[2] = (uint8_t)(out >> 8);
    peer.build[3] = (uint8_t)out;
    return out;
}

/* Pays for an answer and its repetition, at an address that may be forged. */
static size_t fill_up(size_t len)
{
    enum { FILLING = 64 };
    static const uint8_t head[] = {0, 6 + FILLING, 0, 0, 0x03, 0x84}; /* 900, may be ignored */

    memset(peer.build + len, 0, sizeof(head) + FILLING);
    memcpy(peer.build + len, head, sizeof(head));
    len += sizeof(head) + FILLING;
    peer.build[2] = (uint8_t)(len >> 8);
    peer.build[3] = (uint8_t)len;
    return len;
}

START_TEST(bad_sccrq_is_refused)
{
    size_t len = fill_up(spoil(bad_sccrqs[_i].without, bad_sccrqs[_i].extra));
    struct l2tpha_result result;

    assert_error(raw_feed(&peer, peer.build, len), L2TPHA_ERR_REFUSED);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRP), 0);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, bad_sccrqs[_i].result, bad_sccrqs[_i].error);
    ck_assert_uint_eq(peer.message.header.tunnel_id, bad_sccrqs[_i].header_id);
    ck_assert_uint_eq(peer.message.header.nr, 1);
    ck_assert(l2tpha_message_result(&peer.message, &result) && result.text_len > 0);
    ck_assert_uint_eq(peer.event_count, 0);
    /* 7.1-07: delivered reliably, then gone */
    ck_assert_uint_eq(tunnels(), 1);
    raw_forget(&peer);
    raw_pass(&peer, 1100);
    raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN);
    peer.ns = 1;
    assert_ok(raw_ack(&peer));
    ck_assert_uint_eq(tunnels(), 0);
    ck_assert_uint_eq(peer.event_count, 0);
}
END_TEST

START_TEST(unknown_avp_is_named)
{
    static const uint8_t unknown[] = {0x80, 6, 0, 0, 3, 0xe7}; /* 999 */
    struct l2tpha_result result;

    raw_feed(&peer, peer.build, spoil(0xffff, unknown));
    ck_assert(l2tpha_message_result(raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN), &result));
    char text[128] = "";
    memcpy(text, result.text, result.text_len);
    ck_assert_ptr_nonnull(strstr(text, "999"));
}
END_TEST

START_TEST(unknown_optional_avp_is_ignored)
{
    static const uint8_t unknown[] = {0x00, 6, 0, 0, 3, 0xe7};

    assert_ok(raw_feed(&peer, peer.build, spoil(0xffff, unknown)));
    raw_expect(&peer, L2TPHA_MESSAGE_SCCRP);
    ck_assert_uint_eq(raw_counters(&peer)->ignored_avp, 1);
}
END_TEST

START_TEST(host_may_refuse)
{
    peer.tunnel_verdict = (struct l2tpha_verdict){.result = 4, .reason = "not you"};
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_error(raw_send(&peer), L2TPHA_ERR_REFUSED);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 4, 0);
}
END_TEST

START_TEST(random_may_fail)
{
    peer.secret = "x";
    peer.random_fails = true;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_error(raw_send(&peer), L2TPHA_ERR_HOST);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 2, 4); /* it lingers for this message's sake */
    ck_assert_uint_ge(raw_counters(&peer)->callback_errors, 1);
}
END_TEST

static void few(struct l2tpha_config *config)
{
    config->max_half_open = 2;
}

START_TEST(half_open_tunnels_are_limited_and_age)
{
    restart(few);
    for (uint16_t i = 0; i < 4; i++) {
        peer.id = (uint16_t)(100 + i);
        peer.ns = peer.nr = 0;
        raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
        assert_ok(raw_send(&peer));
    }
    ck_assert_uint_eq(raw_counters(&peer)->half_open_ended, 2);
    ck_assert_uint_eq(tunnels(), 2);
    raw_pass(&peer, 200000);
    ck_assert_uint_eq(tunnels(), 0);
    peer.ns = peer.nr = 0;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
}
END_TEST

START_TEST(stopccn_of_a_half_open_tunnel_is_found_by_address_and_id)
{
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
    raw_forget(&peer);
    peer.node_id = 0;
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
    l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
    assert_ok(raw_send(&peer));
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(peer.node, NULL);
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_STOPPED);
    raw_pass(&peer, 60);
    ck_assert_uint_eq(peer.sent_count, 1);
    raw_expect_silence(&peer);
    raw_pass(&peer, 60000);
    ck_assert_uint_eq(tunnels(), 0);
}
END_TEST

/* Improper in the state: the whole of 7.2.1-12 and -15. */
START_TEST(setup_message_on_an_existing_tunnel_ends_it)
{
    static const uint16_t types[] = {L2TPHA_MESSAGE_SCCRQ, L2TPHA_MESSAGE_SCCRP,
                                     L2TPHA_MESSAGE_SCCCN};
    bool up = _i >= 3;
    uint16_t type = types[_i % 3];

    if (!up && type == L2TPHA_MESSAGE_SCCCN)
        return;
    if (up) {
        raw_accept(&peer);
    } else {
        raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
        assert_ok(raw_send(&peer));
        raw_forget(&peer);
    }
    if (type == L2TPHA_MESSAGE_SCCCN)
        raw_begin(&peer, type, 0);
    else
        raw_begin_setup(&peer, type);
    peer.build[4] = (uint8_t)(peer.node_id >> 8);
    peer.build[5] = (uint8_t)peer.node_id;
    assert_error(raw_send(&peer), L2TPHA_ERR_UNEXPECTED);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 7, 0);
    ck_assert_uint_eq(raw_counters(&peer)->unexpected_message, 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), up ? 1 : 0);
}
END_TEST

START_TEST(session_message_before_the_tunnel_is_up_ends_it)
{
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    assert_ok(raw_send(&peer));
    raw_begin(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, 1);
    l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 1);
    raw_forget(&peer);
    assert_error(raw_send(&peer), L2TPHA_ERR_UNEXPECTED);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 7, 0);
}
END_TEST

/* --- unknown messages --- */

static size_t foreign(uint16_t type, bool mandatory)
{
    uint8_t *at = peer.build;
    size_t len = 20;

    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    at[3] = (uint8_t)len;
    l2tpha_header_stamp(at, peer.ns++, peer.nr);
    at[12] = mandatory ? 0x80 : 0;
    at[18] = (uint8_t)(type >> 8);
    at[19] = (uint8_t)type;
    return len;
}

START_TEST(unknown_message_type)
{
    static const uint16_t types[] = {0, 5, 13, 17, 23, 27, 200, 65535};
    uint16_t type = types[_i / 2];
    bool mandatory = _i % 2;

    raw_accept(&peer);
    int error = raw_feed(&peer, peer.build, foreign(type, mandatory));
    raw_pass(&peer, 100);
    if (mandatory) {
        ck_assert_int_ne(error, 0);
        raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 2, 8);
        ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    } else {
        raw_expect_silence(&peer);
        ck_assert_uint_eq(peer.sent_count, 1);
        ck_assert_uint_eq(tunnels(), 1);
        ck_assert_uint_eq(peer.event_count, 0);
    }
    ck_assert_uint_eq(raw_counters(&peer)->unknown_message, 1);
}
END_TEST

START_TEST(wrong_address_is_dropped)
{
    raw_accept(&peer);
    peer.path.remote.bytes[1]++;
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    assert_error(raw_send(&peer), L2TPHA_ERR_WRONG_PEER);
    raw_pass(&peer, 100);
    ck_assert_uint_eq(peer.sent_count, 0);
    ck_assert_uint_eq(raw_counters(&peer)->wrong_peer, 1);
}
END_TEST

START_TEST(unknown_tunnels_get_no_answer)
{
    static const uint16_t types[] = {L2TPHA_MESSAGE_SCCCN, L2TPHA_MESSAGE_HELLO, 0};

    peer.node_id = 77;
    for (size_t i = 0; i < 3; i++) {
        raw_begin(&peer, types[i], 0);
        assert_error(raw_send(&peer), L2TPHA_ERR_NOT_OURS);
    }
    peer.node_id = 0;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    assert_error(raw_send(&peer), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(peer.sent_count, 0);
    ck_assert_uint_eq(raw_counters(&peer)->unknown_tunnel, 4);
}
END_TEST

Suite *suite_tunnel(void);
Suite *suite_tunnel(void)
{
    const TTest *const plain[] = {
        answers_sccrq,
        repeated_sccrq_is_a_duplicate,
        sccrq_needs_number_zero,
        unknown_avp_is_named,
        unknown_optional_avp_is_ignored,
        host_may_refuse,
        random_may_fail,
        half_open_tunnels_are_limited_and_age,
        stopccn_of_a_half_open_tunnel_is_found_by_address_and_id,
        session_message_before_the_tunnel_is_up_ends_it,
        wrong_address_is_dropped,
        unknown_tunnels_get_no_answer,
    };
    Suite *suite = suite_create("tunnel");
    TCase *tcase = tcase_create("tunnel");

    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        tcase_add_test(tcase, plain[i]);
    tcase_add_loop_test(tcase, bad_sccrq_is_refused, 0, sizeof(bad_sccrqs) / sizeof(bad_sccrqs[0]));
    tcase_add_loop_test(tcase, setup_message_on_an_existing_tunnel_ends_it, 0, 6);
    tcase_add_loop_test(tcase, unknown_message_type, 0, 16);
    suite_add_tcase(suite, tcase);
    return suite;
}
