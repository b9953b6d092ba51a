/* SPDX-License-Identifier: MIT */
/* Data messages: RFC 2661 3.1, 5.3 and 5.4. The host hands frames over; the library numbers and
 * demultiplexes them and never sends one again. */
#include "scenario/rig.h"

#define LENGTH 0x4000
#define SEQUENCE 0x0800
#define OFFSET 0x0200
#define PRIORITY 0x0100
#define RESERVED 0x34f0

static struct peer peer;

/* What a data message of the peer says. */
struct frame_says {
    unsigned flags; /* of the header */
    uint16_t tunnel, session;
    uint16_t ns, nr, offset;
};

static const char payload[] = "\xff\x03\xc0\x21"
                              "frame";

static void compose_data(const struct frame_says *says, struct wire *wire)
{
    static const uint8_t pad[256] = {0xee};

    wire->len = 0;
    wire_u16(wire, says->flags | 2);
    if (says->flags & LENGTH)
        wire_u16(wire, 0);
    wire_u16(wire, says->tunnel);
    wire_u16(wire, says->session);
    if (says->flags & SEQUENCE) {
        wire_u16(wire, says->ns);
        wire_u16(wire, says->nr);
    }
    if (says->flags & OFFSET) {
        wire_u16(wire, says->offset);
        wire_octets(wire, pad, says->offset);
    }
    wire_octets(wire, payload, sizeof(payload));
    if (says->flags & LENGTH)
        wire_close(wire);
}

static int send_data(const struct frame_says *says, struct l2tpha_frame *frame)
{
    static struct wire wire;

    compose_data(says, &wire);
    return l2tpha_data_receive(rig_node(), &peer.path, wire.data, wire.len, rig.now, frame);
}

static struct frame_says to(uint16_t session, unsigned flags, uint16_t ns)
{
    return (struct frame_says){
        .flags = flags, .tunnel = peer.node_id, .session = session, .ns = ns};
}

/* Whether the node's next frame carries a number, and which. */
static bool node_numbers(uint16_t session, uint16_t *ns)
{
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;
    const struct l2tpha_path *path;

    assert_ok(
        l2tpha_data_send(session_of_peer(&peer, session), 9, false, header, &len, &path, rig.now));
    assert_true(memcmp(path, &peer.path, sizeof(*path)) == 0);
    assert_true((header[0] & 0x80) == 0 && header[1] == 2); /* no T; version 2 */
    bool numbered = header[0] & 0x08;
    assert_true(len == (numbered ? 12 : 8));
    assert_true((size_t)(header[2] << 8 | header[3]) == len + 9);
    assert_true((header[4] << 8 | header[5]) == peer.id);
    assert_true((header[6] << 8 | header[7]) == PEER_CALL);
    if (numbered && ns)
        *ns = (uint16_t)(header[8] << 8 | header[9]);
    return numbered;
}

/* --- headers --- */

START_TEST(payload_is_found_behind_every_header)
{
    static const unsigned bits[] = {LENGTH, SEQUENCE, OFFSET, PRIORITY, RESERVED};
    struct l2tpha_frame frame;
    struct frame_says says;

    peer_opens(&peer, 1);
    says = to(peer_dials(&peer, PEER_CALL), 0, (uint16_t)_i);
    for (unsigned i = 0; i < 5; i++)
        says.flags |= _i >> i & 1 ? bits[i] : 0;
    says.offset = says.flags & OFFSET ? 5 : 0;
    says.nr = 0xabcd;
    assert_ok(send_data(&says, &frame));
    ck_assert_uint_eq(frame.len, sizeof(payload));
    ck_assert_mem_eq(frame.payload, payload, sizeof(payload));
    ck_assert_int_eq(frame.priority, (says.flags & PRIORITY) != 0);
    ck_assert_int_eq(frame.sequenced, (says.flags & SEQUENCE) != 0);
    ck_assert_uint_eq(l2tpha_session_id(frame.session), says.session);
}
END_TEST

START_TEST(nr_of_a_data_message_means_nothing)
{
    struct l2tpha_frame frame;
    struct frame_says says;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    expect(&peer, SLI);
    says = to(call, SEQUENCE, 0);
    says.nr = peer.nr; /* would acknowledge the SLI */
    assert_ok(send_data(&says, &frame));
    rig_pass_ms(1000);
    expect(&peer, SLI);
}
END_TEST

START_TEST(priority_is_the_hosts_choice_and_data_only)
{
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    for (int wanted = 0; wanted < 2; wanted++) {
        assert_ok(l2tpha_data_send(session_of_peer(&peer, call), 4, wanted, header, &len, &path,
                                   rig.now));
        ck_assert_int_eq(header[0] & 1, wanted);
        ck_assert_uint_eq(header[0] & 0x34, 0); /* reserved bits */
        ck_assert_uint_eq(header[1], 2);
    }
    /* Control messages: the judge of the rig lets none with P through. */
}
END_TEST

/* --- where frames go --- */

START_TEST(frames_for_nobody_are_not_delivered_and_not_answered)
{
    struct l2tpha_frame frame;
    struct frame_says says;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    says = to(UNKNOWN_ID, 0, 0);
    assert_error(send_data(&says, &frame), L2TPHA_ERR_NOT_OURS);
    says = to(call, 0, 0);
    says.tunnel ^= 1;
    assert_error(send_data(&says, &frame), L2TPHA_ERR_NOT_OURS);
    says = to(0, 0, 0);
    assert_error(send_data(&says, &frame), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(rig_counters()->data_unknown, 3);
    ck_assert_uint_eq(rig_counters()->data_in, 0);
    says = to(call, 0, 0);
    peer.path.remote.bytes[1]++;
    assert_error(send_data(&says, &frame), L2TPHA_ERR_WRONG_PEER);
    expect_nothing();
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

START_TEST(no_frames_before_the_session_is_up)
{
    const struct l2tpha_path *path;
    struct l2tpha_frame frame;
    struct frame_says says;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    peer_opens(&peer, 1);
    uint16_t call = peer_rings(&peer, PEER_CALL);
    says = to(call, 0, 0);
    assert_error(send_data(&says, &frame), L2TPHA_ERR_STATE);
    assert_error(
        l2tpha_data_send(session_of_peer(&peer, call), 4, false, header, &len, &path, rig.now),
        L2TPHA_ERR_STATE);
    assert_ok(say_valid_for(&peer, ICCN, call));
    assert_ok(send_data(&says, &frame));
    node_numbers(call, NULL);
}
END_TEST

START_TEST(a_control_message_is_no_frame_and_a_frame_no_control_message)
{
    struct l2tpha_frame frame;
    static struct wire wire;
    struct frame_says says;
    struct says hello;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    hello = valid(&peer, HELLO);
    compose(&peer, &hello, &wire);
    ck_assert_int_lt(
        l2tpha_data_receive(rig.node, &peer.path, wire.data, wire.len, rig.now, &frame), 0);
    says = to(call, LENGTH, 0);
    compose_data(&says, &wire);
    assert_error(say_wire(&peer, &wire), L2TPHA_ERR_DATA_MESSAGE);
    expect_nothing();
}
END_TEST

/* --- numbers, 5.4 --- */

static uint16_t sequenced_call(void)
{
    struct says iccn;

    peer_opens(&peer, 1);
    uint16_t call = peer_rings(&peer, PEER_CALL);
    iccn = valid_for(&peer, ICCN, call);
    add(&iccn, AVP_OCTETS(WIRE_M, 39, NULL, 0));
    assert_ok(say(&peer, &iccn));
    expect_zlb(&peer);
    return call;
}

START_TEST(sequencing_required_means_numbers_always)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct l2tpha_frame frame;
    struct frame_says says;
    uint16_t call, first, ns = 0;

    if (_i == 0) {
        call = sequenced_call();
    } else { /* as LAC: a frame without numbers does not stop ours */
        node_opens(&peer, 1);
        options.sequencing_required = true;
        assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &session));
        call = heard_u16(expect(&peer, ICRQ), 14);
        assert_ok(say_valid_for(&peer, ICRP, call));
        ck_assert(heard_has(expect(&peer, ICCN), 39));
    }
    ck_assert(node_numbers(call, &first));
    for (uint32_t i = 1; i < 70000; i++) {
        assert_true(node_numbers(call, &ns));
        assert_true(ns == (uint16_t)(first + i));
    }
    says = to(call, 0, 0);
    l2tpha_data_receive(rig.node, &peer.path, (const uint8_t *)"", 0, rig.now, &frame);
    send_data(&says, &frame);
    ck_assert(node_numbers(call, NULL));
}
END_TEST

START_TEST(the_lac_follows_the_lns_and_numbers_go_on)
{
    struct l2tpha_frame frame;
    uint16_t first, ns;

    node_opens(&peer, 1);
    uint16_t call = node_dials(&peer, PEER_CALL);
    struct frame_says numbered = to(call, SEQUENCE, 0), plain = to(call, 0, 0);
    ck_assert(!node_numbers(call, NULL));
    assert_ok(send_data(&numbered, &frame));
    ck_assert(node_numbers(call, &first));
    ck_assert(node_numbers(call, &ns));
    ck_assert_uint_eq(ns, (uint16_t)(first + 1));
    assert_ok(send_data(&plain, &frame));
    ck_assert(!node_numbers(call, NULL));
    numbered.ns = 1;
    assert_ok(send_data(&numbered, &frame));
    ck_assert(node_numbers(call, &ns));
    ck_assert_uint_eq(ns, (uint16_t)(first + 2));
}
END_TEST

START_TEST(the_lns_does_not_follow_the_lac)
{
    struct l2tpha_frame frame;

    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    struct frame_says numbered = to(call, SEQUENCE, 0);
    assert_ok(send_data(&numbered, &frame));
    ck_assert(!node_numbers(call, NULL));
}
END_TEST

START_TEST(late_frames_are_told_and_gaps_are_seen)
{
    static const struct {
        uint16_t ns;
        int error;
    } arrivals[] = {{0, 0}, {1, 0}, {1, L2TPHA_ERR_SEQUENCE}, {5, 0}, {3, L2TPHA_ERR_SEQUENCE},
                    {6, 0}};
    struct l2tpha_frame frame;

    uint16_t call = sequenced_call();
    for (size_t i = 0; i < 6; i++) {
        struct frame_says says = to(call, SEQUENCE, arrivals[i].ns);
        assert_error(send_data(&says, &frame), arrivals[i].error);
        if (!arrivals[i].error)
            ck_assert_uint_eq(frame.ns, arrivals[i].ns); /* the host sees the loss */
    }
    ck_assert_uint_eq(rig_counters()->data_late, 2);
}
END_TEST

START_TEST(control_and_data_numbers_are_apart)
{
    uint16_t first, ns;

    uint16_t call = sequenced_call();
    ck_assert(node_numbers(call, &first));
    for (int i = 0; i < 5; i++) {
        assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
        uint16_t control = peer.nr;
        ck_assert_uint_eq(expect(&peer, SLI)->message.header.ns, control);
        assert_ok(peer_acks(&peer));
    }
    ck_assert(node_numbers(call, &ns));
    ck_assert_uint_eq(ns, (uint16_t)(first + 1));
}
END_TEST

START_TEST(a_data_frame_is_never_kept_or_sent_again)
{
    peer_opens(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    node_numbers(call, NULL); /* the datagram is the host's; the library wrote a header only */
    rig_pass_ms(60000);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->retransmissions, 0);
    ck_assert_uint_eq(rig_counters()->data_out, 1);
}
END_TEST

Suite *suite_conform_data(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_data", &tcase);

    tcase_add_loop_test(tcase, payload_is_found_behind_every_header, 0, 32);
    tcase_add_test(tcase, nr_of_a_data_message_means_nothing);
    tcase_add_test(tcase, priority_is_the_hosts_choice_and_data_only);
    tcase_add_test(tcase, frames_for_nobody_are_not_delivered_and_not_answered);
    tcase_add_test(tcase, no_frames_before_the_session_is_up);
    tcase_add_test(tcase, a_control_message_is_no_frame_and_a_frame_no_control_message);
    tcase_add_loop_test(tcase, sequencing_required_means_numbers_always, 0, 2);
    tcase_add_test(tcase, the_lac_follows_the_lns_and_numbers_go_on);
    tcase_add_test(tcase, the_lns_does_not_follow_the_lac);
    tcase_add_test(tcase, late_frames_are_told_and_gaps_are_seen);
    tcase_add_test(tcase, control_and_data_numbers_are_apart);
    tcase_add_test(tcase, a_data_frame_is_never_kept_or_sent_again);
    return suite;
}
