/* SPDX-License-Identifier: MIT */
/* AVPs and what they do: RFC 2661 4.1, 4.2, 4.4 and section 6. Forms of single AVPs are tested with
 * the codec. */
#include "scenario/rig.h"

static struct peer peer;

/* --- the M bit, 4.1 and 7.1 --- */

enum blame { UNKNOWN, RESERVED_BIT, TOO_SHORT, OTHER_VENDOR, BLAMES };

static struct rig_avp bad_avp(int blame, unsigned flags)
{
    switch (blame) {
    case UNKNOWN:
        return (struct rig_avp){flags, 0, 999, "x", 1, 0};
    case RESERVED_BIT:
        return (struct rig_avp){flags | 0x1000, 0, L2TPHA_AVP_VENDOR_NAME, "x", 1, 0};
    case TOO_SHORT:
        return (struct rig_avp){flags, 0, L2TPHA_AVP_FIRMWARE_REVISION, "x", 1, 0};
    default:
        return (struct rig_avp){flags, 9, 9, "\x12\x34", 2, 0};
    }
}

START_TEST(a_bad_optional_avp_changes_nothing)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, bad_avp(_i, 0));
    assert_ok(say(&peer, &sccrq));
    ck_assert_uint_eq(expect(&peer, SCCRP)->message.header.tunnel_id, peer.id);
    /* Those of other vendors are none of ours: neither wrong nor counted. */
    ck_assert_uint_eq(rig_counters()->ignored_avp, _i != OTHER_VENDOR);
    ck_assert_uint_eq(rig_counters()->bad_avp, 0);
}
END_TEST

START_TEST(a_bad_mandatory_avp_ends_the_tunnel_that_it_is_about)
{
    static const uint16_t types[] = {SCCRQ, HELLO};
    uint16_t type = types[_i / BLAMES];
    struct peer other;
    struct says message;

    peer_opens(&other, 2);
    uint16_t kept = peer_dials(&other, PEER_CALL);
    if (type == HELLO) {
        peer_opens(&peer, 1);
        peer_dials(&peer, 1);
        peer_dials(&peer, 2);
    } else {
        peer_begins(&peer, 1);
    }
    message = valid(&peer, type);
    add(&message, bad_avp(_i % BLAMES, WIRE_M));
    if (type == HELLO && _i % BLAMES != UNKNOWN && _i % BLAMES != OTHER_VENDOR)
        message.avps[message.count - 1].type = 998; /* HELLO has no other AVPs */
    ck_assert_int_lt(say(&peer, &message), 0);
    expect(&peer, STOPCCN);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
    if (type == HELLO) {
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
        expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    }
    expect_no_event();
    expect_nothing();
    ck_assert_uint_eq(session_state(&other, kept), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

START_TEST(a_bad_mandatory_avp_in_a_session_message_ends_that_session)
{
    struct says icrq;

    peer_opens(&peer, 1);
    uint16_t kept = peer_dials(&peer, 70);
    icrq = valid(&peer, ICRQ);
    add(&icrq, bad_avp(_i == TOO_SHORT ? UNKNOWN : _i, WIRE_M));
    ck_assert_int_lt(say(&peer, &icrq), 0);
    ck_assert_uint_eq(expect(&peer, CDN)->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(session_state(&peer, kept), L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 1);
    expect_nothing();
    expect_no_event();
}
END_TEST

START_TEST(a_malformed_optional_avp_in_iccn_is_ignored)
{
    struct l2tpha_session_record record;
    struct says iccn;

    peer_opens(&peer, 1);
    uint16_t call = peer_rings(&peer, PEER_CALL);
    iccn = valid_for(&peer, ICCN, call);
    add(&iccn, AVP_OCTETS(0, 38, "\0\1", 2)); /* Rx Connect Speed of length 8 */
    assert_ok(say(&peer, &iccn));
    expect_zlb(&peer);
    l2tpha_session_get(session_of_peer(&peer, call), &record);
    ck_assert_uint_eq(record.state, L2TPHA_SESSION_ESTABLISHED);
    ck_assert_uint_eq(record.rx_speed, record.tx_speed);
    ck_assert_uint_eq(rig_counters()->ignored_avp, 1);
}
END_TEST

START_TEST(avps_of_other_vendors_are_not_ours)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    leave_out(&sccrq, 9);
    add(&sccrq, (struct rig_avp){0, 9, 9, "\x12\x34", 2, 0});
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    ck_assert_uint_eq(expect_stopccn(&peer, 2, 6)->message.header.tunnel_id, 0);
}
END_TEST

START_TEST(message_type_comes_first)
{
    struct wire wire;

    peer_begins(&peer, 1);
    wire_zlb(&wire);
    memset(wire.data + 4, 0, 8);
    wire_avp(&wire, WIRE_M, 0, 7, "peer", 4);
    wire_avp_u16(&wire, WIRE_M, 0, 1);
    wire_avp_u16(&wire, WIRE_M, 2, 0x0100);
    wire_avp(&wire, WIRE_M, 0, 3, "\0\0\0\3", 4);
    wire_avp_u16(&wire, WIRE_M, 9, peer.id);
    ck_assert_int_lt(say_wire(&peer, &wire), 0);
    ck_assert_ptr_null(l2tpha_tunnel_next(rig.node, NULL));
    expect_nothing();
    /* On a tunnel it is malformed and clears it (7.1). */
    peer_opens(&peer, 1);
    struct says hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    wire.data[17] = 7; /* the first AVP is no Message Type any more */
    ck_assert_int_lt(say_wire(&peer, &wire), 0);
    expect(&peer, STOPCCN);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
}
END_TEST

/* --- what setup messages say --- */

static void says_who_it_is(const struct heard *heard)
{
    struct l2tpha_bytes name;

    ck_assert_uint_eq(heard->message.avps[0].type, 0);
    ck_assert_uint_eq(heard_u16(heard, 2), 0x0100);
    ck_assert_uint_eq(heard_u32(heard, 3) & ~3u, 0);
    ck_assert(l2tpha_message_bytes(&heard->message, 7, &name));
    ck_assert_uint_eq(name.len, strlen("node.example"));
    ck_assert_mem_eq(name.data, "node.example", name.len);
    ck_assert_uint_ne(heard_u16(heard, 9), 0);
    ck_assert_uint_eq(heard_u16(heard, 10), 128);
}

START_TEST(sccrq_and_sccrp_say_who_the_node_is)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    peer_begins(&peer, 1);
    if (_i) {
        assert_ok(say_valid(&peer, SCCRQ));
        says_who_it_is(expect(&peer, SCCRP));
        return;
    }
    options.path = peer.path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    says_who_it_is(expect(&peer, SCCRQ));
}
END_TEST

START_TEST(optional_avps_of_setup_are_sent_when_configured)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_bytes vendor, tie;

    rig.config.bearer_caps = _i ? 2 : 0;
    rig.config.vendor_name = _i ? "caf\xc3\xa9" : NULL;
    rig.config.firmware = _i ? 0x0102 : 0;
    rig.config.tie_breaker = _i;
    peer_begins(&peer, 1);
    options.path = peer.path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    const struct heard *sccrq = expect(&peer, SCCRQ);
    ck_assert_int_eq(heard_has(sccrq, 4), _i); /* a pure LNS leaves it out */
    ck_assert_int_eq(heard_has(sccrq, 5), _i);
    ck_assert_int_eq(heard_has(sccrq, 6), _i);
    ck_assert_int_eq(heard_has(sccrq, 8), _i);
    if (!_i)
        return;
    ck_assert_uint_eq(heard_u32(sccrq, 4), 2);
    ck_assert_uint_eq(heard_u16(sccrq, 6), 0x0102);
    ck_assert(l2tpha_message_bytes(&sccrq->message, 8, &vendor));
    ck_assert_mem_eq(vendor.data, "caf\xc3\xa9", 5);
    ck_assert(l2tpha_message_bytes(&sccrq->message, 5, &tie));
    ck_assert_uint_eq(tie.len, 8);
}
END_TEST

static const struct rig_avp setup_options[] = {
    U32_ROW(4, 0),
    OCTETS_ROW(0, 5, "\1\2\3\4\5\6\7\10", 8),
    OCTETS_ROW(0, 6, "\1\2", 2),
    OCTETS_ROW(0, 8, "vendor", 6),
    U16_ROW(10, 16),
};
#define SETUP_OPTIONS 5

START_TEST(optional_avps_of_setup_are_accepted)
{
    struct says message;
    bool all = _i % (SETUP_OPTIONS + 1) == SETUP_OPTIONS, reply = _i > SETUP_OPTIONS;

    if (reply)
        node_calls(&peer, 1);
    else
        peer_begins(&peer, 1);
    message = valid(&peer, reply ? SCCRP : SCCRQ);
    for (int i = 0; i < SETUP_OPTIONS; i++)
        if ((all || i == _i % (SETUP_OPTIONS + 1)) && !(reply && setup_options[i].type == 5))
            add(&message, setup_options[i]);
    assert_ok(say(&peer, &message));
    expect(&peer, reply ? SCCCN : SCCRP);
    ck_assert_uint_eq(rig_counters()->ignored_avp, 0);
}
END_TEST

START_TEST(reserved_bits_of_capabilities_are_tolerated)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_U32(3, 0xffffffff));
    add(&sccrq, AVP_U32(4, 0xffffffff));
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
}
END_TEST

START_TEST(an_empty_host_name_is_malformed)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    change(&sccrq, AVP_OCTETS(WIRE_M, 7, NULL, 0));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, 2, 2);
}
END_TEST

START_TEST(the_peer_is_known_by_what_it_said)
{
    struct l2tpha_tunnel_record record;
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_TEXT(0, 8, "vendor"));
    add(&sccrq, AVP_U32(4, 1));
    add(&sccrq, AVP_U16(10, 16));
    change(&sccrq, AVP_U32(3, 1));
    peer_opens_with(&peer, &sccrq);
    l2tpha_tunnel_get(tunnel_of_peer(&peer), &record);
    ck_assert_mem_eq(record.peer_name.data, "peer", 4);
    ck_assert_mem_eq(record.peer_vendor.data, "vendor", 6);
    ck_assert_uint_eq(record.remote_window, 16);
    ck_assert_uint_eq(record.framing_caps, 1);
    ck_assert_uint_eq(record.bearer_caps, 1);
}
END_TEST

START_TEST(stopccn_repeats_the_id_first_given)
{
    node_calls(&peer, 1);
    uint16_t id = peer.node_id;
    assert_ok(close_tunnel(&peer, 1));
    assert_ok(peer_acks(&peer)); /* the SCCRQ alone has left */
    const struct heard *stopccn = expect_stopccn(&peer, 1, 0);
    ck_assert_uint_eq(heard_u16(stopccn, 9), id);
    ck_assert_uint_eq(stopccn->message.header.tunnel_id, 0);
}
END_TEST

/* --- what calls say --- */

START_TEST(serial_numbers_increase)
{
    uint32_t last = 0;

    node_opens(&peer, 1);
    for (uint16_t i = 0; i < 5; i++) {
        struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
        struct l2tpha_session *session;
        assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
        uint32_t serial = heard_u32(expect(&peer, ICRQ), 15);
        assert_ok(peer_acks(&peer));
        if (i)
            ck_assert_uint_eq(serial, last + 1);
        last = serial;
    }
}
END_TEST

/* Optional AVPs of ICRQ, seen by the host that is asked; of ICCN, seen in the event. */
static const struct rig_avp request_options[] = {
    U32_ROW(18, 0),
    U32_ROW(18, 3),
    U32_OPTIONAL_ROW(25, 77),
    OCTETS_ROW(WIRE_M, 22, "12345", 5),
    OCTETS_ROW(WIRE_M, 21, "", 0),
    OCTETS_ROW(WIRE_M, 23, "9", 1),
};

START_TEST(optional_avps_of_icrq_are_accepted)
{
    struct says icrq;

    peer_opens(&peer, 1);
    icrq = valid(&peer, ICRQ);
    add(&icrq, request_options[_i]);
    assert_ok(say(&peer, &icrq));
    expect(&peer, ICRP);
    ck_assert_uint_eq(rig.asked_session, 1);
    ck_assert_uint_eq(rig_counters()->ignored_avp, 0);
}
END_TEST

static const struct rig_avp connect_options[] = {
    OCTETS_ROW(0, 26, "\1\4\5\334", 4), OCTETS_ROW(0, 27, "\1\4\5\324", 4),
    OCTETS_ROW(0, 28, "", 0),           OCTETS_ROW(0, 29, "\0\2", 2),
    OCTETS_ROW(0, 30, "user", 4),       OCTETS_ROW(0, 31, "challenge", 9),
    OCTETS_ROW(0, 32, "\0\11", 2),      OCTETS_ROW(0, 33, "response", 8),
    OCTETS_ROW(0, 37, "group", 5),      U32_OPTIONAL_ROW(38, 128000),
    OCTETS_ROW(WIRE_M, 39, "", 0),      OCTETS_ROW(0, 29, "\0\x63", 2),
};
#define CONNECT_OPTIONS 12

START_TEST(optional_avps_of_iccn_reach_the_host)
{
    const struct rig_avp *avp = &connect_options[_i];
    struct l2tpha_session_record record;
    struct l2tpha_bytes value;
    struct says iccn;

    peer_opens(&peer, 1);
    uint16_t call = peer_rings(&peer, PEER_CALL);
    iccn = valid_for(&peer, ICCN, call);
    add(&iccn, *avp);
    assert_ok(say(&peer, &iccn));
    expect_zlb(&peer);
    const struct told *up = expect_event(L2TPHA_EVENT_SESSION_UP);
    ck_assert(l2tpha_message_bytes(up->event.message, (uint16_t)avp->type, &value));
    ck_assert_uint_eq(value.len, avp->len);
    if (avp->value && avp->len)
        ck_assert_mem_eq(value.data, avp->value, avp->len);
    l2tpha_session_get(session_of_peer(&peer, call), &record);
    ck_assert_uint_eq(record.tx_speed, 64000);
    ck_assert_uint_eq(record.rx_speed, avp->type == 38 ? 128000 : 64000);
    ck_assert_uint_eq(record.framing, 1); /* what the link is, for the PPP layer */
    ck_assert_uint_eq(record.flags & L2TPHA_SESSION_SEQUENCING_REQUIRED, avp->type == 39);
}
END_TEST

static struct l2tpha_bytes bytes(const char *text)
{
    return (struct l2tpha_bytes){(const uint8_t *)text, strlen(text)};
}

/* RFC 2661 4.4.5: which AVPs each Proxy Authen Type brings. */
START_TEST(iccn_says_what_its_proxy_authentication_needs)
{
    static const bool name[] = {0, 1, 1, 1, 0, 1}, challenge[] = {0, 0, 1, 0, 0, 1},
                      id[] = {0, 0, 1, 1, 0, 1};
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    node_opens(&peer, 1);
    options.proxy_authen_type = (uint16_t)_i;
    options.proxy_authen_name = bytes("user");
    options.proxy_authen_challenge = bytes("challenge");
    options.proxy_authen_id = 9;
    options.proxy_authen_response = bytes("response");
    options.private_group = bytes("group");
    options.initial_lcp_confreq = options.last_sent_lcp_confreq =
        options.last_received_lcp_confreq = bytes("\1\4\5\334"); /* an MRU */
    options.rx_speed = 128000;
    assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
    uint16_t call = heard_u16(expect(&peer, ICRQ), 14);
    assert_ok(say_valid_for(&peer, ICRP, call));
    const struct heard *iccn = expect(&peer, ICCN);
    ck_assert_int_eq(heard_has(iccn, 29), _i != 0);
    ck_assert_int_eq(heard_has(iccn, 30), name[_i]);
    ck_assert_int_eq(heard_has(iccn, 31), challenge[_i]);
    ck_assert_int_eq(heard_has(iccn, 32), id[_i]);
    ck_assert_int_eq(heard_has(iccn, 33), name[_i]);
    if (id[_i])
        ck_assert_uint_eq(heard_u16(iccn, 32), 9);
    struct l2tpha_bytes value;
    ck_assert(l2tpha_message_bytes(&iccn->message, 26, &value));
    ck_assert_mem_eq(value.data, "\1\4\5\334", 4);
    ck_assert(heard_has(iccn, 27) && heard_has(iccn, 28));
    ck_assert(l2tpha_message_bytes(&iccn->message, 37, &value));
    ck_assert_mem_eq(value.data, "group", 5);
    ck_assert_uint_eq(heard_u32(iccn, 38), 128000);
}
END_TEST

START_TEST(icrq_says_what_the_host_gave)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct l2tpha_bytes value;

    node_opens(&peer, 1);
    options.calling = bytes("12345");
    options.sub_address = bytes("9");
    options.physical_channel = 77;
    options.bearer = 0;
    options.has_bearer = true;
    assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
    const struct heard *icrq = expect(&peer, ICRQ);
    ck_assert_uint_eq(icrq->message.header.session_id, 0);
    ck_assert_uint_eq(heard_u32(icrq, 18), 0);
    ck_assert_uint_eq(heard_u32(icrq, 25), 77);
    ck_assert(l2tpha_message_bytes(&icrq->message, 22, &value));
    ck_assert_mem_eq(value.data, "12345", 5);
    ck_assert(l2tpha_message_bytes(&icrq->message, 23, &value));
    ck_assert_mem_eq(value.data, "9", 1);
    ck_assert(heard_has(icrq, 21));
}
END_TEST

START_TEST(a_symmetric_link_says_one_speed)
{
    node_opens(&peer, 1);
    uint16_t call = node_rings(&peer);
    assert_ok(say_valid_for(&peer, ICRP, call));
    ck_assert(!heard_has(expect(&peer, ICCN), 38));
}
END_TEST

Suite *suite_conform_avp(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_avp", &tcase);

    tcase_add_loop_test(tcase, a_bad_optional_avp_changes_nothing, 0, BLAMES);
    tcase_add_loop_test(tcase, a_bad_mandatory_avp_ends_the_tunnel_that_it_is_about, 0, 2 * BLAMES);
    tcase_add_loop_test(tcase, a_bad_mandatory_avp_in_a_session_message_ends_that_session, 0,
                        BLAMES);
    tcase_add_test(tcase, a_malformed_optional_avp_in_iccn_is_ignored);
    tcase_add_test(tcase, avps_of_other_vendors_are_not_ours);
    tcase_add_test(tcase, message_type_comes_first);
    tcase_add_loop_test(tcase, sccrq_and_sccrp_say_who_the_node_is, 0, 2);
    tcase_add_loop_test(tcase, optional_avps_of_setup_are_sent_when_configured, 0, 2);
    tcase_add_loop_test(tcase, optional_avps_of_setup_are_accepted, 0, 2 * (SETUP_OPTIONS + 1));
    tcase_add_test(tcase, reserved_bits_of_capabilities_are_tolerated);
    tcase_add_test(tcase, an_empty_host_name_is_malformed);
    tcase_add_test(tcase, the_peer_is_known_by_what_it_said);
    tcase_add_test(tcase, stopccn_repeats_the_id_first_given);
    tcase_add_test(tcase, serial_numbers_increase);
    tcase_add_loop_test(tcase, optional_avps_of_icrq_are_accepted, 0, 6);
    tcase_add_loop_test(tcase, optional_avps_of_iccn_reach_the_host, 0, CONNECT_OPTIONS);
    tcase_add_loop_test(tcase, iccn_says_what_its_proxy_authentication_needs, 0, 6);
    tcase_add_test(tcase, icrq_says_what_the_host_gave);
    tcase_add_test(tcase, a_symmetric_link_says_one_speed);
    return suite;
}
