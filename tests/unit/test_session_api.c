/* SPDX-License-Identifier: MIT */
/* What the host asks of a call, and its data frames. */
#include "node/node.h"
#include "unit/raw_session.h"
#include "unit/starve.h"

#include <string.h>

static struct l2tpha_session *ask(const struct l2tpha_session_options *options)
{
    struct l2tpha_session *session;

    assert_ok(l2tpha_session_open(tunnel, options, peer.now, &session));
    raw_drain(&peer);
    return session;
}

/* An incoming call that is up; this end is the LAC or the LNS. */
static struct l2tpha_session *up(enum l2tpha_side side, bool sequencing)
{
    struct l2tpha_session_options options = incoming;
    struct l2tpha_session *session;

    options.sequencing_required = sequencing;
    if (side == L2TPHA_LAC) {
        session = ask(&options);
        raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    } else {
        raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
        assert_ok(raw_send(&peer));
        session = l2tpha_session_next(tunnel, NULL);
        raw_begin_connect(&peer, L2TPHA_MESSAGE_ICCN, l2tpha_session_id(session));
        if (sequencing)
            l2tpha_builder_put_flag(&peer.builder, L2TPHA_AVP_SEQUENCING_REQUIRED);
    }
    assert_ok(raw_send(&peer));
    raw_ack(&peer);
    raw_forget(&peer);
    return session;
}

/* --- what the host asks for --- */

START_TEST(options_are_checked)
{
    struct l2tpha_session_options options = incoming;
    struct l2tpha_session *session;

    options.size--;
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    options = incoming;
    options.framing = 4;
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    options = outgoing;
    options.called.len = 2000;
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    options = incoming;
    options.proxy_authen_type = 2; /* CHAP without a challenge */
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    options = incoming;
    options.tx_speed = UINT64_C(1) << 32;
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    options = incoming;
    options.rx_speed = UINT64_C(1) << 32;
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_INVALID);
    raw_drain(&peer);
    ck_assert_ptr_null(l2tpha_session_next(tunnel, NULL));
    ck_assert_uint_eq(peer.sent_count, 0);
    ck_assert_uint_eq(peer.event_count, 0);
}
END_TEST

START_TEST(calls_wait_for_the_tunnel)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = incoming;
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    uint32_t serial, last = 0;

    raw_free(&peer);
    raw_new(&peer, can_call);
    tunnel = raw_open(&peer);
    options.called = (struct l2tpha_bytes){(const uint8_t *)"123", 3};
    for (int i = 0; i < 200; i++) {
        assert_ok(l2tpha_session_open(tunnel, &options, peer.now, &session));
        ck_assert_uint_eq(state_of(session), L2TPHA_SESSION_WAIT_TUNNEL);
        if (i == 100)
            assert_ok(l2tpha_session_close(session, &why, peer.now));
    }
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, 400);
    raw_forget(&peer);
    assert_ok(raw_send(&peer));
    for (int i = 0; i < 400 && raw_count(&peer, L2TPHA_MESSAGE_ICRQ) < 199; i++) {
        raw_pass(&peer, 1);
        raw_ack(&peer);
    }
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICRQ), 199);
    for (uint32_t i = 0; i < peer.sent_count; i++) {
        struct l2tpha_message message;
        if (peer.sent[i].type != L2TPHA_MESSAGE_ICRQ)
            continue;
        assert_ok(l2tpha_message_decode(peer.sent[i].bytes, peer.sent[i].len, &message, NULL));
        ck_assert_uint_eq(message.header.session_id, 0);
        ck_assert(l2tpha_message_has(&message, L2TPHA_AVP_CALLED_NUMBER));
        ck_assert(l2tpha_message_u32(&message, L2TPHA_AVP_CALL_SERIAL_NUMBER, &serial));
        ck_assert(last == 0 || serial > last); /* oldest first */
        last = serial;
    }
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), 1);
}
END_TEST

START_TEST(outgoing_call_needs_an_lac_that_can)
{
    struct l2tpha_session *session;
    struct l2tpha_session_options options = outgoing;

    options.bearer = 3;
    assert_ok(l2tpha_session_open(tunnel, &options, peer.now, &session));
    raw_free(&peer);
    raw_new(&peer, can_call);
    tunnel = raw_open(&peer);
    assert_ok(l2tpha_session_open(tunnel, &options, peer.now, &session));
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP); /* without Bearer Capabilities */
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_OCRQ), 0);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_SESSION_DOWN)->status, L2TPHA_ERR_REFUSED);
    assert_error(l2tpha_session_open(tunnel, &options, peer.now, &session), L2TPHA_ERR_REFUSED);
}
END_TEST

START_TEST(iccn_says_what_the_host_has_said)
{
    struct l2tpha_session_options options = incoming;
    struct l2tpha_session *session;
    struct l2tpha_bytes value;
    uint16_t type;

    options.rx_speed = 33600;
    options.sequencing_required = true;
    options.private_group = (struct l2tpha_bytes){(const uint8_t *)"group", 5};
    options.proxy_authen_type = 2;
    options.proxy_authen_name = (struct l2tpha_bytes){(const uint8_t *)"user", 4};
    options.proxy_authen_challenge = (struct l2tpha_bytes){(const uint8_t *)"c", 1};
    options.proxy_authen_id = 9;
    options.proxy_authen_response = (struct l2tpha_bytes){(const uint8_t *)"r", 1};
    session = ask(&options);
    raw_forget(&peer);
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    const struct l2tpha_message *iccn = raw_expect(&peer, L2TPHA_MESSAGE_ICCN);
    ck_assert_uint_eq(iccn->header.session_id, RAW_SESSION);
    ck_assert(l2tpha_message_has(iccn, L2TPHA_AVP_SEQUENCING_REQUIRED));
    ck_assert(l2tpha_message_has(iccn, L2TPHA_AVP_RX_CONNECT_SPEED));
    ck_assert(l2tpha_message_u16(iccn, L2TPHA_AVP_PROXY_AUTHEN_TYPE, &type) && type == 2);
    ck_assert(l2tpha_message_bytes(iccn, L2TPHA_AVP_PROXY_AUTHEN_ID, &value));
    ck_assert_mem_eq(value.data, "\0\11", 2);
    ck_assert(l2tpha_message_bytes(iccn, L2TPHA_AVP_PRIVATE_GROUP_ID, &value));
    ck_assert_mem_eq(value.data, "group", 5);
    struct l2tpha_session_record record;
    l2tpha_session_get(session, &record);
    ck_assert_uint_eq(record.connect.len, 0);
}
END_TEST

/* --- status of a call --- */

START_TEST(wan_errors_go_once_a_minute)
{
    struct l2tpha_session *session = up(L2TPHA_LAC, false);
    struct l2tpha_call_errors totals = {.crc = 1};

    assert_ok(l2tpha_session_report_errors(session, &totals, peer.now));
    raw_drain(&peer);
    raw_ack(&peer);
    const struct l2tpha_message *wen = raw_expect(&peer, L2TPHA_MESSAGE_WEN);
    ck_assert_uint_eq(wen->header.session_id, RAW_SESSION);
    raw_forget(&peer);
    for (int i = 0; i < 5; i++) {
        raw_pass(&peer, 10000);
        totals.crc++;
        assert_ok(l2tpha_session_report_errors(session, &totals, peer.now));
        raw_ack(&peer);
        ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_WEN), 0);
    }
    raw_pass(&peer, 10010);
    raw_ack(&peer);
    ck_assert(l2tpha_avp_call_errors(
        l2tpha_message_find(raw_expect(&peer, L2TPHA_MESSAGE_WEN), L2TPHA_AVP_CALL_ERRORS),
        &totals));
    ck_assert_uint_eq(totals.crc, 6);
    for (int i = 0; i < 12; i++) {
        raw_pass(&peer, 10000);
        raw_ack(&peer);
    }
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_WEN), 1);
    assert_error(l2tpha_session_set_link_info(session, 0, 0, peer.now), L2TPHA_ERR_STATE);
}
END_TEST

/* Take away all memory of the node, its kept buffers included; and give it back. */
static struct buffer *take_memory(void)
{
    struct buffer *held = NULL, *buffer;

    starve(peer.node, 0);
    for (size_t size = 65536; size > 0; size /= 2)
        while ((buffer = buffer_get(peer.node->engine.pool, size, NULL))) {
            buffer->next = held;
            held = buffer;
        }
    return held;
}

static void give_memory(struct buffer *held)
{
    starve(peer.node, NOT_STARVED);
    for (struct buffer *next; held; held = next) {
        next = held->next;
        buffer_put(peer.node->engine.pool, held);
    }
}

START_TEST(without_memory_nothing_ends)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    const struct l2tpha_call_errors totals = {.crc = 1};
    struct l2tpha_session *session = up(L2TPHA_LAC, false);

    assert_ok(l2tpha_session_report_errors(session, &totals, peer.now));
    raw_drain(&peer);
    raw_ack(&peer);
    raw_pass(&peer, 60010);
    raw_ack(&peer);
    raw_forget(&peer);
    struct buffer *held = take_memory();
    assert_ok(l2tpha_session_report_errors(session, &totals, peer.now));
    assert_error(l2tpha_session_close(session, &why, peer.now), L2TPHA_ERR_NOMEM);
    assert_error(l2tpha_tunnel_close(tunnel, 1, 0, NULL, peer.now), L2TPHA_ERR_NOMEM);
    give_memory(held);
    raw_drain(&peer);
    raw_expect_silence(&peer);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_DOWN), 0);
    ck_assert_uint_eq(state_of(session), L2TPHA_SESSION_ESTABLISHED);

    raw_pass(&peer, 60010);
    raw_ack(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_WEN);
    assert_ok(l2tpha_session_close(session, &why, peer.now));
    raw_drain(&peer);
    raw_expect_result(&peer, L2TPHA_MESSAGE_CDN, 3, 0);
}
END_TEST

START_TEST(link_info_goes_from_the_lns_alone)
{
    struct l2tpha_session *session = up(L2TPHA_LNS, false);
    struct l2tpha_call_errors totals = {0};
    struct l2tpha_accm accm;

    assert_error(l2tpha_session_report_errors(session, &totals, peer.now), L2TPHA_ERR_STATE);
    assert_ok(l2tpha_session_set_link_info(session, 0xa0000, 5, peer.now));
    raw_ack(&peer);
    ck_assert(l2tpha_avp_accm(
        l2tpha_message_find(raw_expect(&peer, L2TPHA_MESSAGE_SLI), L2TPHA_AVP_ACCM), &accm));
    ck_assert_uint_eq(accm.send, 0xa0000);
    ck_assert_uint_eq(accm.receive, 5);
}
END_TEST

START_TEST(peers_status_is_told)
{
    struct l2tpha_session *session = up(_i ? L2TPHA_LAC : L2TPHA_LNS, false);
    uint16_t type = _i ? L2TPHA_MESSAGE_SLI : L2TPHA_MESSAGE_WEN;
    const struct l2tpha_call_errors errors = {.timeouts = 3};
    const struct l2tpha_accm accm = {1, 2};

    for (uint32_t round = 1; round <= 2; round++) {
        raw_begin(&peer, type, l2tpha_session_id(session));
        if (_i)
            l2tpha_builder_put_accm(&peer.builder, &accm);
        else
            l2tpha_builder_put_call_errors(&peer.builder, &errors);
        assert_ok(raw_send(&peer));
        enum l2tpha_event_kind kind =
            _i ? L2TPHA_EVENT_SESSION_LINK_INFO : L2TPHA_EVENT_SESSION_ERRORS;
        ck_assert_uint_eq(raw_events(&peer, kind), round);
        ck_assert_uint_eq(raw_event(&peer, kind)->message, type);
    }
    ck_assert_uint_eq(state_of(session), L2TPHA_SESSION_ESTABLISHED);
}
END_TEST

/* --- data --- */

static int receive(const struct l2tpha_session *session, int ns, struct l2tpha_frame *frame)
{
    struct l2tpha_header header = {.has_length = true,
                                   .version = 2,
                                   .length = ns < 0 ? 12 : 16,
                                   .has_sequence = ns >= 0,
                                   .ns = (uint16_t)ns,
                                   .tunnel_id = peer.node_id,
                                   .session_id = l2tpha_session_id(session)};
    static uint8_t data[16];
    size_t len;

    assert_ok(l2tpha_header_encode(&header, data, sizeof(data), &len));
    memcpy(data + len, "abcd", 4);
    assert_error(l2tpha_feed(peer.node, &peer.path, data, len + 4, peer.now),
                 L2TPHA_ERR_DATA_MESSAGE);
    return l2tpha_data_receive(peer.node, &peer.path, data, len + 4, peer.now, frame);
}

/* The Ns of the next frame that the node sends, -1 without. */
static int sends(struct l2tpha_session *session)
{
    const struct l2tpha_path *path;
    struct l2tpha_header decoded;
    uint8_t header[L2TPHA_DATA_HEADER_MAX], whole[16] = {0};
    size_t len;

    assert_ok(l2tpha_data_send(session, 4, false, header, &len, &path, peer.now));
    memcpy(whole, header, len);
    assert_ok(l2tpha_header_decode(whole, len + 4, &decoded));
    assert_true(decoded.session_id == RAW_SESSION);
    assert_true(decoded.tunnel_id == RAW_ID);
    assert_true(decoded.length == len + 4);
    assert_true(memcmp(path, &peer.path, sizeof(peer.path)) == 0);
    return decoded.has_sequence ? decoded.ns : -1;
}

START_TEST(data_goes_both_ways)
{
    struct l2tpha_session *session = up(_i ? L2TPHA_LAC : L2TPHA_LNS, false);
    struct l2tpha_frame frame;

    assert_ok(receive(session, -1, &frame));
    ck_assert_ptr_eq(frame.session, session);
    ck_assert_uint_eq(frame.len, 4);
    ck_assert_mem_eq(frame.payload, "abcd", 4);
    ck_assert_int_eq(sends(session), -1);
    ck_assert_uint_eq(raw_counters(&peer)->data_in, 1);
    ck_assert_uint_eq(raw_counters(&peer)->data_out, 1);
}
END_TEST

/* The peer has not acknowledged the ICRQ, so the ICCN waits for the window. */
START_TEST(nothing_is_sent_before_the_iccn)
{
    const struct l2tpha_path *path;
    struct l2tpha_session *session, *other;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &session));
    raw_drain(&peer);
    uint16_t nr = peer.nr--;
    for (int i = 0; i < 8; i++) /* in line before it */
        assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &other));
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, l2tpha_session_id(session));
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_SESSION_UP), 1);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICCN), 0);
    assert_error(l2tpha_data_send(session, 4, false, header, &len, &path, peer.now),
                 L2TPHA_ERR_STATE);
    ck_assert_uint_eq(raw_counters(&peer)->data_out, 0);
    for (int i = 0; i < 9 && raw_count(&peer, L2TPHA_MESSAGE_ICCN) == 0; i++) {
        peer.nr = nr++;
        raw_ack(&peer);
    }
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_ICCN), 1);
    ck_assert_int_eq(sends(session), -1);
}
END_TEST

START_TEST(lac_follows_the_lns)
{
    struct l2tpha_session *session = up(L2TPHA_LAC, false);
    struct l2tpha_frame frame;

    assert_ok(receive(session, 0, &frame));
    ck_assert(frame.sequenced);
    ck_assert_int_eq(sends(session), 0);
    ck_assert_int_eq(sends(session), 1);
    assert_ok(receive(session, -1, &frame));
    ck_assert_int_eq(sends(session), -1);
    assert_ok(receive(session, 1, &frame));
    ck_assert_int_eq(sends(session), 2); /* 5.4: it goes on where it stopped */
}
END_TEST

START_TEST(required_numbers_are_always_there)
{
    struct l2tpha_session *session = up(_i ? L2TPHA_LAC : L2TPHA_LNS, true);
    struct l2tpha_session_record record;
    struct l2tpha_frame frame;

    assert_ok(receive(session, -1, &frame));
    for (int i = 0; i < 70000; i++) {
        assert_true(sends(session) == (i & 0xffff));
        l2tpha_session_get(session, &record);
        /* Whoever takes over begins with a number that was never used. */
        uint16_t ahead = (uint16_t)(record.data_ns - (i + 1));
        assert_true(ahead > 0 && ahead <= 1024);
    }
}
END_TEST

START_TEST(late_frames_are_dropped)
{
    struct l2tpha_session *session = up(L2TPHA_LNS, true);
    struct l2tpha_frame frame;

    assert_ok(receive(session, 65534, &frame) == L2TPHA_ERR_SEQUENCE ? 0 : 1);
    assert_ok(receive(session, 5, &frame));
    assert_error(receive(session, 5, &frame), L2TPHA_ERR_SEQUENCE);
    assert_error(receive(session, 4, &frame), L2TPHA_ERR_SEQUENCE);
    assert_ok(receive(session, 32000, &frame));
    assert_ok(receive(session, 64000, &frame));
    assert_ok(receive(session, 3, &frame));
    ck_assert_uint_eq(raw_counters(&peer)->data_late, 3);
}
END_TEST

START_TEST(data_for_nobody_is_dropped)
{
    struct l2tpha_session *session = up(L2TPHA_LNS, false);
    struct l2tpha_frame frame;

    peer.path.remote.bytes[0]++;
    assert_error(receive(session, -1, &frame), L2TPHA_ERR_WRONG_PEER);
    peer.path.remote.bytes[0]--;
    peer.node_id++;
    assert_error(receive(session, -1, &frame), L2TPHA_ERR_NOT_OURS);
    peer.node_id--;
    raw_begin_request(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    peer.build[27]++; /* another Assigned Session ID */
    assert_ok(raw_send(&peer));
    session = l2tpha_session_next(tunnel, NULL);
    assert_error(receive(session, -1, &frame), L2TPHA_ERR_STATE);
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;
    assert_error(l2tpha_data_send(session, 4, false, header, &len, &path, peer.now),
                 L2TPHA_ERR_STATE);
    ck_assert_uint_eq(raw_counters(&peer)->data_in, 0);
}
END_TEST

/* --- walking in pieces --- */

START_TEST(walk_meets_whoever_stays_once)
{
    enum { CALLS = 300 };
    static uint8_t met[UINT16_MAX + 1], stays[UINT16_MAX + 1];
    struct l2tpha_session *calls[CALLS], *session;
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    uint32_t place = 0, steps = 0;

    memset(met, 0, sizeof(met));
    memset(stays, 0, sizeof(stays));
    for (int i = 0; i < CALLS; i++) {
        assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &calls[i]));
        stays[l2tpha_session_id(calls[i])] = i % 3 != 0;
    }
    /* Every third goes while the walk is under way, another comes in its place. */
    for (; (session = l2tpha_session_walk(peer.node, &place)); steps++) {
        assert_true(met[l2tpha_session_id(session)]++ == 0);
        if (steps >= CALLS / 3)
            continue;
        assert_ok(l2tpha_session_close(calls[3 * steps], &why, peer.now));
        assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &session));
        raw_drain(&peer);
    }
    for (uint32_t id = 0; id <= UINT16_MAX; id++)
        assert_true(!stays[id] || met[id] == 1);
    ck_assert_uint_le(steps, CALLS + CALLS / 3);
}
END_TEST

START_TEST(walk_has_an_end)
{
    uint32_t place = 0;

    ck_assert_ptr_eq(l2tpha_tunnel_walk(peer.node, &place), tunnel);
    ck_assert_ptr_null(l2tpha_tunnel_walk(peer.node, &place));
    ck_assert_ptr_null(l2tpha_tunnel_walk(peer.node, &place));
    place = 0;
    ck_assert_ptr_null(l2tpha_session_walk(peer.node, &place));
    place = UINT32_MAX;
    ck_assert_ptr_null(l2tpha_session_walk(peer.node, &place));
    ck_assert_ptr_null(l2tpha_tunnel_walk(NULL, &place));
    ck_assert_ptr_null(l2tpha_session_walk(peer.node, NULL));
}
END_TEST

/* --- a peer that ends the tunnel upon a CDN with session id 0 --- */

static void be_xl2tpd(void)
{
    static const char vendor[] = "xelerance.com";

    assert_ok(table_tunnel_set_bytes(tunnel->engine->table, &tunnel->entry.record.peer_vendor,
                                     (const uint8_t *)vendor, strlen(vendor)));
}

/* Before its ICRP it has no id to be told by: that is told when the ICRP comes. Turn 0: another
 * peer, which is told at once. */
START_TEST(a_call_closed_before_its_reply)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session;

    if (_i)
        be_xl2tpd();
    assert_ok(l2tpha_session_open(tunnel, &incoming, peer.now, &session));
    uint32_t id = l2tpha_session_id(session);
    raw_ack(&peer);
    raw_forget(&peer);
    if (_i < 2)
        assert_ok(l2tpha_session_close(session, &why, peer.now));
    for (int s = 0; _i == 2 && s < 61; s++) { /* not established in time */
        raw_pass(&peer, 1000);
        raw_ack(&peer);
    }
    raw_drain(&peer);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), _i ? 0 : 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), 0);
    raw_forget(&peer);
    raw_begin_reply(&peer, L2TPHA_MESSAGE_ICRP, id);
    raw_send(&peer);
    if (_i)
        ck_assert_uint_eq(raw_expect(&peer, L2TPHA_MESSAGE_CDN)->header.session_id, RAW_SESSION);
    else
        raw_expect_silence(&peer); /* it has been told */
}
END_TEST

/* A request that cannot be answered to anybody: it names no id. */
START_TEST(a_request_without_an_id)
{
    if (_i)
        be_xl2tpd();
    raw_forget(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_ICRQ, 0);
    l2tpha_builder_put_u32(&peer.builder, L2TPHA_AVP_CALL_SERIAL_NUMBER, 5);
    peer.builder.put[0] = ~UINT64_C(0); /* the builder would not end it */
    raw_send(&peer);
    raw_drain(&peer);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_CDN), _i ? 0 : 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), 0);
}
END_TEST

Suite *suite_session_api(void);
Suite *suite_session_api(void)
{
    Suite *suite = suite_create("session_api");
    TCase *tcase = tcase_create("session_api");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, walk_meets_whoever_stays_once);
    tcase_add_test(tcase, walk_has_an_end);
    tcase_add_test(tcase, calls_wait_for_the_tunnel);
    tcase_add_test(tcase, outgoing_call_needs_an_lac_that_can);
    tcase_add_test(tcase, iccn_says_what_the_host_has_said);
    tcase_add_test(tcase, wan_errors_go_once_a_minute);
    tcase_add_test(tcase, without_memory_nothing_ends);
    tcase_add_test(tcase, link_info_goes_from_the_lns_alone);
    tcase_add_loop_test(tcase, peers_status_is_told, 0, 2);
    tcase_add_test(tcase, nothing_is_sent_before_the_iccn);
    tcase_add_loop_test(tcase, data_goes_both_ways, 0, 2);
    tcase_add_test(tcase, lac_follows_the_lns);
    tcase_add_loop_test(tcase, required_numbers_are_always_there, 0, 2);
    tcase_add_test(tcase, late_frames_are_dropped);
    tcase_add_test(tcase, data_for_nobody_is_dropped);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, a_call_closed_before_its_reply, 0, 3);
    tcase_add_loop_test(tcase, a_request_without_an_id, 0, 2);
    return suite;
}
