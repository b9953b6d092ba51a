/* SPDX-License-Identifier: MIT */
/* A tunnel that this end opens, and the life of one that is up, message by message. */
#include "unit/raw_tunnel.h"

#include <string.h>

/* --- as initiator --- */

START_TEST(opens_with_sccrq)
{
    struct l2tpha_tunnel *tunnel = raw_open(&peer);
    const struct l2tpha_message *sccrq = raw_expect(&peer, L2TPHA_MESSAGE_SCCRQ);
    uint16_t window;

    ck_assert_uint_eq(sccrq->header.tunnel_id, 0);
    ck_assert_uint_eq(sccrq->header.ns, 0);
    ck_assert(l2tpha_message_has(sccrq, L2TPHA_AVP_TIE_BREAKER));
    ck_assert(l2tpha_message_u16(sccrq, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, &window) && window == 128);
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    raw_forget(&peer);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    assert_ok(raw_send(&peer));
    ck_assert_uint_eq(raw_expect(&peer, L2TPHA_MESSAGE_SCCCN)->header.tunnel_id, RAW_ID);
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_UP)->message, L2TPHA_MESSAGE_SCCRP);
    struct l2tpha_tunnel_record record;
    l2tpha_tunnel_get(tunnel, &record);
    ck_assert_uint_eq(record.remote_window, 4);
    ck_assert_mem_eq(record.peer_name.data, "peer", 4);
}
END_TEST

START_TEST(sccrp_may_come_from_another_port)
{
    struct l2tpha_tunnel *tunnel = raw_open(&peer);
    struct l2tpha_tunnel_record record;

    peer.path.remote.bytes[1] = 200;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    assert_ok(raw_send(&peer));
    l2tpha_tunnel_get(tunnel, &record);
    ck_assert_uint_eq(record.path.remote.bytes[1], 200);
    peer.path.remote.bytes[1] = 201;
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    assert_error(raw_send(&peer), L2TPHA_ERR_WRONG_PEER);
}
END_TEST

START_TEST(sccrp_of_another_version_is_refused)
{
    raw_open(&peer);
    raw_forget(&peer);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRP);
    peer.build[26] = 0; /* Protocol Version, right behind Message Type */
    assert_error(raw_send(&peer), L2TPHA_ERR_VERSION);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 5, 2);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCCN), 0);
    ck_assert_uint_eq(peer.message.header.tunnel_id, RAW_ID);
    ck_assert_uint_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->result, 5);
}
END_TEST

START_TEST(scccn_in_reply_to_sccrq_ends_it)
{
    raw_open(&peer);
    raw_forget(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    raw_send(&peer);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 7, 0);
    ck_assert_uint_eq(peer.message.header.tunnel_id, 0);
}
END_TEST

START_TEST(close_before_the_answer)
{
    struct l2tpha_tunnel *tunnel = raw_open(&peer);
    uint16_t id;

    ck_assert(l2tpha_message_u16(raw_expect(&peer, L2TPHA_MESSAGE_SCCRQ),
                                 L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &id));
    raw_ack(&peer);
    raw_forget(&peer);
    assert_ok(l2tpha_tunnel_close(tunnel, 6, 0, "bye", peer.now));
    assert_error(l2tpha_tunnel_close(tunnel, 6, 0, "bye", peer.now), L2TPHA_ERR_STATE);
    raw_drain(&peer);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 6, 0);
    uint16_t again;
    ck_assert(l2tpha_message_u16(&peer.message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &again));
    ck_assert_uint_eq(again, id);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 0);
    raw_ack(&peer);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 1);
    ck_assert_uint_eq(tunnels(), 0);
}
END_TEST

START_TEST(silent_peer_is_given_up)
{
    raw_open(&peer);
    raw_pass(&peer, 120000);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRQ), 6);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 1);
    ck_assert_uint_eq(tunnels(), 0);
}
END_TEST

START_TEST(acknowledged_but_unanswered_sccrq_times_out)
{
    raw_open(&peer);
    raw_ack(&peer);
    raw_pass(&peer, 60100);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 1, 0);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->status, L2TPHA_ERR_TIMEOUT);
}
END_TEST

/* --- ties: tie breaker of the peer against ours --- */

static void without_tie(struct l2tpha_config *config)
{
    config->tie_breaker = false;
}

enum { PEER_LOWER, PEER_HIGHER, PEER_EQUAL, PEER_NONE, ONLY_PEER, NOBODY };

START_TEST(crossing_sccrqs)
{
    uint8_t tie[8];
    struct l2tpha_bytes ours;

    if (_i == ONLY_PEER || _i == NOBODY)
        restart(without_tie);
    raw_open(&peer);
    memset(tie, _i == PEER_LOWER ? 0 : 0xff, sizeof(tie));
    if (l2tpha_message_bytes(raw_expect(&peer, L2TPHA_MESSAGE_SCCRQ), L2TPHA_AVP_TIE_BREAKER,
                             &ours) &&
        _i == PEER_EQUAL)
        memcpy(tie, ours.data, sizeof(tie));
    raw_forget(&peer);
    peer.nr = 0;
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    if (_i != PEER_NONE && _i != NOBODY)
        l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_TIE_BREAKER, tie, sizeof(tie));
    raw_send(&peer);
    raw_pass(&peer, 1500); /* long enough for our SCCRQ to be sent again, if it still is there */

    bool peer_wins = _i == PEER_LOWER || _i == ONLY_PEER, both = _i == NOBODY;
    bool ours_stays = _i == PEER_HIGHER || _i == PEER_NONE || both;
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRP) > 0, peer_wins || both);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_SCCRQ), ours_stays ? 1 : 0);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_STOPCCN), 0);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), ours_stays ? 0 : 1);
    ck_assert_uint_eq(tunnels(), both ? 2 : _i == PEER_EQUAL ? 0 : 1);
}
END_TEST

/* --- established --- */

START_TEST(hello_keeps_a_silent_tunnel)
{
    raw_accept(&peer);
    raw_pass(&peer, 59000);
    ck_assert_uint_eq(peer.sent_count, 0);
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 59900);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 0);
    raw_pass(&peer, 200);
    ck_assert_uint_eq(raw_expect(&peer, L2TPHA_MESSAGE_HELLO)->avp_count, 1);
    ck_assert_uint_eq(peer.message.header.session_id, 0);
    raw_pass(&peer, 60000);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_HELLO), 6);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    ck_assert_uint_eq(tunnels(), 0);
}
END_TEST

START_TEST(peers_stopccn_is_acknowledged_for_a_cycle)
{
    raw_accept(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
    l2tpha_builder_put_result(&peer.builder, 6, 0, "\x1b[31mbye");
    assert_ok(raw_send(&peer));
    const struct raw_event *down = raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->result, 6);
    ck_assert(down->by_peer);
    ck_assert_ptr_nonnull(strstr(down->text, "bye"));
    ck_assert_ptr_null(strchr(down->text, 0x1b));
    ck_assert_uint_eq(down->message, L2TPHA_MESSAGE_STOPCCN);
    for (int i = 0; i < 3; i++) {
        raw_pass(&peer, 10000);
        raw_forget(&peer);
        peer.ns--;
        raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
        l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
        l2tpha_builder_put_result(&peer.builder, 6, 0, NULL);
        assert_error(raw_send(&peer), L2TPHA_ERR_DUPLICATE);
        ck_assert_uint_eq(peer.sent_count, 1);
        raw_expect_silence(&peer);
        ck_assert_uint_eq(peer.event_count, 0);
    }
    raw_pass(&peer, 1500);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 1);
    peer.ns--;
    raw_forget(&peer);
    raw_begin(&peer, L2TPHA_MESSAGE_HELLO, 0);
    assert_error(raw_send(&peer), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(peer.sent_count, 0);
}
END_TEST

START_TEST(crossing_stopccns)
{
    struct l2tpha_tunnel *tunnel = raw_accept(&peer);

    assert_ok(l2tpha_tunnel_close(tunnel, 1, 0, NULL, peer.now));
    raw_drain(&peer);
    raw_expect(&peer, L2TPHA_MESSAGE_STOPCCN);
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RAW_ID);
    l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
    raw_forget(&peer);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 100);
    ck_assert_uint_eq(peer.sent_count, 1);
    raw_expect_silence(&peer);
    ck_assert_uint_eq(state_of(tunnel), L2TPHA_TUNNEL_STOPPED);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    raw_pass(&peer, 32000);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_GONE), 1);
}
END_TEST

static void idle_close(struct l2tpha_config *config)
{
    config->idle_ms = 5000;
}

START_TEST(idle_tunnel_is_closed)
{
    restart(idle_close);
    raw_accept(&peer);
    raw_pass(&peer, 5100);
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 1, 0);
    ck_assert_int_eq(raw_event(&peer, L2TPHA_EVENT_TUNNEL_DOWN)->status, 0);
}
END_TEST

START_TEST(headers_that_are_wrong_change_nothing)
{
    static const struct {
        uint8_t bytes[16];
        size_t len;
        int error;
    } cases[] = {
        {{0}, 0, L2TPHA_ERR_TRUNCATED},
        {{0xc8}, 1, L2TPHA_ERR_TRUNCATED},
        {{0xc8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0}, 11, L2TPHA_ERR_TRUNCATED},
        {{0xc8, 2, 0, 13, 0, 0, 0, 0, 0, 0, 0, 0}, 12, L2TPHA_ERR_LENGTH},
        {{0xc8, 2, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0}, 12, L2TPHA_ERR_LENGTH},
        {{0xc8, 3, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}, 12, L2TPHA_ERR_VERSION},
        {{0x88, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}, 12, L2TPHA_ERR_HEADER},
        {{0xca, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0}, 12, L2TPHA_ERR_HEADER},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_error(raw_feed(&peer, cases[i].bytes, cases[i].len), cases[i].error);
    ck_assert_uint_eq(raw_counters(&peer)->bad_version, 1);
    ck_assert_uint_eq(raw_counters(&peer)->bad_header, 7);
    ck_assert_uint_eq(peer.sent_count, 0);
}
END_TEST

Suite *suite_tunnel_open(void);
Suite *suite_tunnel_open(void)
{
    Suite *suite = suite_create("tunnel_open");
    TCase *tcase = tcase_create("tunnel_open");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, opens_with_sccrq);
    tcase_add_test(tcase, sccrp_may_come_from_another_port);
    tcase_add_test(tcase, sccrp_of_another_version_is_refused);
    tcase_add_test(tcase, scccn_in_reply_to_sccrq_ends_it);
    tcase_add_test(tcase, close_before_the_answer);
    tcase_add_test(tcase, silent_peer_is_given_up);
    tcase_add_test(tcase, acknowledged_but_unanswered_sccrq_times_out);
    tcase_add_loop_test(tcase, crossing_sccrqs, 0, NOBODY + 1);
    tcase_add_test(tcase, hello_keeps_a_silent_tunnel);
    tcase_add_test(tcase, peers_stopccn_is_acknowledged_for_a_cycle);
    tcase_add_test(tcase, crossing_stopccns);
    tcase_add_test(tcase, idle_tunnel_is_closed);
    tcase_add_test(tcase, headers_that_are_wrong_change_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
