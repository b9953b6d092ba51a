/* SPDX-License-Identifier: MIT */
/* Headers as a peer sees them: RFC 2661 3.1, 3.2 and 8.1. Everything that the node lets out passes
 * the judge of the rig; here is a life in which every kind of message does. */
#include "scenario/rig.h"

static struct peer peer;

START_TEST(every_message_sent_is_well_formed)
{
    struct l2tpha_call_errors errors = {.crc = 1};

    peer_opens(&peer, 1);                                            /* SCCRP, ZLB */
    uint16_t in = peer_dials(&peer, 1), out = peer_orders(&peer, 2); /* ICRP, OCRP, OCCN */
    assert_ok(host_session_report_errors(session_of_peer(&peer, out), &errors, rig.now));
    expect(&peer, WEN);
    assert_ok(peer_acks(&peer));
    assert_ok(host_session_set_link_info(session_of_peer(&peer, in), 1, 2, rig.now));
    expect(&peer, SLI);
    assert_ok(peer_acks(&peer));
    assert_ok(close_session(&peer, in, 3));
    expect(&peer, CDN);
    assert_ok(peer_acks(&peer));
    assert_ok(close_tunnel(&peer, 1));
    expect(&peer, STOPCCN);
    rig.config.hello_ms = 0;

    struct peer second;
    struct says sccrp;
    node_calls(&second, 2); /* SCCRQ */
    sccrp = valid(&second, SCCRP);
    add(&sccrp, AVP_U32(4, 3));
    assert_ok(say(&second, &sccrp));
    expect(&second, SCCCN);
    assert_ok(peer_acks(&second));
    forget_events();
    node_dials(&second, 1);  /* ICRQ, ICCN */
    node_orders(&second, 2); /* OCRQ */
}
END_TEST

START_TEST(numbers_go_high_octet_first)
{
    peer_begins(&peer, 1);
    peer.id = 0x1234;
    assert_ok(say_valid(&peer, SCCRQ));
    const struct heard *sccrp = expect(&peer, SCCRP);
    struct l2tpha_bytes id;
    ck_assert(l2tpha_message_bytes(&sccrp->message, 9, &id));
    ck_assert_uint_eq(id.data[0] << 8 | id.data[1], peer.node_id);
    ck_assert_uint_eq(sccrp->data[4], 0x12);
    ck_assert_uint_eq(sccrp->data[5], 0x34);
    struct l2tpha_tunnel_record record;
    l2tpha_tunnel_get(tunnel_of_peer(&peer), &record);
    ck_assert_uint_eq(record.remote_id, 0x1234);
}
END_TEST

START_TEST(reserved_bits_of_a_header_mean_nothing)
{
    struct says hello;
    struct wire wire;

    peer_opens(&peer, 1);
    hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    wire.data[0] |= 0x34;
    wire.data[1] |= 0xf0;
    peer.ns++;
    assert_ok(say_wire(&peer, &wire));
    expect_zlb(&peer);
}
END_TEST

START_TEST(other_versions_are_discarded_silently)
{
    struct says sccrq;
    struct wire wire;
    unsigned version = (unsigned)_i;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    compose(&peer, &sccrq, &wire);
    wire.data[1] = (uint8_t)version;
    assert_error(say_wire(&peer, &wire), version == 2 ? L2TPHA_OK : L2TPHA_ERR_VERSION);
    ck_assert_uint_eq(rig_counters()->bad_version, version != 2);
    if (version == 2)
        expect(&peer, SCCRP);
    ck_assert_int_eq(l2tpha_tunnel_next(rig.node, NULL) != NULL, version == 2);
    expect_nothing();
}
END_TEST

/* What is done to a HELLO on an established tunnel. */
static const struct {
    const char *what;
    uint8_t set, clear; /* bits of the first octet */
    int longer;         /* Length against the datagram */
    int error;
} headers[] = {
    {"no L", 0, 0x40, 0, L2TPHA_ERR_HEADER},
    {"no S", 0, 0x08, 0, L2TPHA_ERR_HEADER},
    {"O", 0x02, 0, 0, L2TPHA_ERR_HEADER},
    {"P", 0x01, 0, 0, L2TPHA_ERR_HEADER},
    {"Length too large", 0, 0, 1, L2TPHA_ERR_LENGTH},
    {"Length shorter than the header", 0, 0, -9, L2TPHA_ERR_LENGTH},
};

START_TEST(control_messages_with_a_malformed_header_are_discarded)
{
    struct says hello;
    struct wire wire;

    peer_opens(&peer, 1);
    peer_dials(&peer, PEER_CALL);
    uint64_t digest = rig_digest();
    hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    wire.data[0] = (uint8_t)((wire.data[0] | headers[_i].set) & ~headers[_i].clear);
    wire.data[3] = (uint8_t)(wire.len + (size_t)headers[_i].longer);
    assert_error(say_wire(&peer, &wire), headers[_i].error);
    ck_assert_uint_eq(rig_counters()->bad_header, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
    expect_no_event();
}
END_TEST

START_TEST(message_types_are_those_of_the_rfc)
{
    static const uint16_t types[] = {1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 16};
    bool known[20] = {false};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        known[types[i]] = true;
    for (uint16_t type = 0; type < 20; type++)
        ck_assert_int_eq(l2tpha_message_is_known(type), known[type]);
}
END_TEST

START_TEST(reserved_message_types_are_unknown)
{
    static const uint16_t types[] = {0, 5, 13, 17, 200, 65535};
    struct says message = {.type = types[_i % 6], .flags = _i < 6 ? WIRE_M : 0};

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    wire_begin(&peer.last, message.flags, message.type);
    peer.last.data[4] = (uint8_t)(peer.node_id >> 8);
    peer.last.data[5] = (uint8_t)peer.node_id;
    peer.last.data[6] = peer.last.data[7] = 0;
    peer.last.data[8] = 0;
    peer.last.data[9] = (uint8_t)peer.ns;
    peer.last.data[10] = 0;
    peer.last.data[11] = (uint8_t)peer.nr;
    peer.ns++;
    int error = say_again(&peer);
    ck_assert_uint_eq(rig_counters()->unknown_message, 1);
    if (message.flags) { /* 4.4.1: the tunnel is cleared */
        ck_assert_int_eq(error, L2TPHA_ERR_MESSAGE_TYPE);
        expect_stopccn(&peer, 2, 8);
        ck_assert_uint_eq(expect_event(L2TPHA_EVENT_SESSION_DOWN)->event.session_id, call);
        expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
        ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    } else { /* acknowledged and ignored */
        expect_zlb(&peer);
        ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_ESTABLISHED);
    }
    expect_nothing();
    expect_no_event();
}
END_TEST

/* --- ids, 5.3 and 9.1 --- */

START_TEST(tunnel_ids_are_unpredictable_and_never_zero)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;
    static bool used[65536];
    unsigned next_to = 0, halves[2] = {0, 0};
    uint32_t last = 0;

    memset(used, 0, sizeof(used));
    peer_begins(&peer, 1);
    options.path = peer.path;
    for (int i = 0; i < 1000; i++) {
        assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
        uint32_t id = l2tpha_tunnel_id(tunnel);
        assert_true(id > 0 && id < 65536 && !used[id]);
        used[id] = true;
        next_to += id == last + 1 || id + 1 == last;
        halves[id >> 15]++;
        last = id;
    }
    ck_assert_uint_lt(next_to, 5);
    ck_assert_uint_gt(halves[0], 400);
    ck_assert_uint_gt(halves[1], 400);
    talloc_free(rig.node); /* without waiting for a thousand SCCRQs */
    rig.node = NULL;
}
END_TEST

START_TEST(session_ids_are_unpredictable_and_never_zero)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 1};
    unsigned next_to = 0;
    uint32_t last = 0;

    struct l2tpha_tunnel *tunnel = node_calls(&peer, 1);
    for (int i = 0; i < 70000; i++) { /* they wait for the tunnel: nothing is sent */
        assert_true(host_session_open(tunnel, &options, rig.now, &session) == L2TPHA_OK);
        uint32_t id = l2tpha_session_id(session);
        assert_true(id > 0 && id < 65536);
        next_to += id == last + 1 || id + 1 == last;
        last = id;
        assert_true(host_session_close(session, &why, rig.now) == L2TPHA_OK);
    }
    ck_assert_uint_lt(next_to, 20);
    forget_events();
    expect_nothing();
    talloc_free(rig.node);
    rig.node = NULL;
}
END_TEST

Suite *suite_conform_header(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_header", &tcase);

    tcase_add_test(tcase, every_message_sent_is_well_formed);
    tcase_add_test(tcase, numbers_go_high_octet_first);
    tcase_add_test(tcase, reserved_bits_of_a_header_mean_nothing);
    tcase_add_loop_test(tcase, other_versions_are_discarded_silently, 0, 16);
    tcase_add_loop_test(tcase, control_messages_with_a_malformed_header_are_discarded, 0, 6);
    tcase_add_test(tcase, message_types_are_those_of_the_rfc);
    tcase_add_loop_test(tcase, reserved_message_types_are_unknown, 0, 12);
    tcase_add_test(tcase, tunnel_ids_are_unpredictable_and_never_zero);
    tcase_add_test(tcase, session_ids_are_unpredictable_and_never_zero);
    return suite;
}
