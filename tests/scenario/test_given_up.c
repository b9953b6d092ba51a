/* SPDX-License-Identifier: MIT */
/* A peer that acknowledges nothing is given up (RFC 2661 5.8). As long as its data, or anything
 * else of its tunnel, still comes, the path lives and the peer believes in the tunnel: it is told
 * that there is none, with the number that it expects as far as that is known. Who is silent, as
 * those who are gone are, is not spoken to. */
#include "scenario/rig_recovery.h"

#define ERROR_VENDOR 6
#define GIVEN_UP_MS 47000 /* 1, 2, 4, 8 and 16 s between the six that leave, and 16 s more */
#define LATE_MS 200

static struct peer peer;

static enum place { LNS_OF_CALL, LAC_OF_CALL } place;

/* A tunnel with a call; the node's id of it. */
static uint16_t has_a_call(int as)
{
    place = (enum place)as;
    if (place == LNS_OF_CALL) {
        peer_opens(&peer, 1);
        return peer_dials(&peer, PEER_CALL);
    }
    node_opens(&peer, 1);
    return node_dials(&peer, PEER_CALL);
}

/* The node says something that is to be acknowledged. */
static void asks(uint16_t call)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *another;

    if (place == LNS_OF_CALL)
        assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    else
        assert_ok(host_session_open(tunnel_of_peer(&peer), &options, rig.now, &another));
    rig_drain();
}

static void says_data(uint16_t call)
{
    uint8_t data[] = {0,
                      2,
                      (uint8_t)(peer.node_id >> 8),
                      (uint8_t)peer.node_id,
                      (uint8_t)(call >> 8),
                      (uint8_t)call,
                      0xff,
                      3};
    struct l2tpha_frame frame;

    assert_ok(l2tpha_data_receive(rig.node, &peer.path, data, sizeof(data), rig.now, &frame));
    rig_drain();
}

/* A frame each second, but the last. */
static void data_comes(uint16_t call, uint32_t ms)
{
    for (uint32_t passed = 1000; passed < ms; passed += 1000) {
        rig_pass_ms(1000);
        says_data(call);
    }
    while (rig.heard)
        expect(&peer, rig.heard->message.type);
}

/* Time passes up to the moment in which the peer is given up, and then a little more. */
static void wait_in_vain(uint32_t ms)
{
    rig_pass_ms(ms);
    while (rig.heard && rig.heard->message.type != STOPCCN)
        expect(&peer, rig.heard->message.type);
}

static void expect_down(void)
{
    const struct told *down;

    while (rig.told && rig.told->event.kind == L2TPHA_EVENT_SESSION_DOWN)
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
    down = expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_int_eq(down->event.status, L2TPHA_ERR_TIMEOUT);
    ck_assert(!down->event.by_peer);
    ck_assert_str_eq(down->text, "peer does not answer");
}

/* With these numbers, for the tunnel that the peer has. */
static void expect_last_word(uint16_t ns, uint16_t nr)
{
    const struct heard *stopccn = expect_stopccn(&peer, 2, ERROR_VENDOR);

    ck_assert_uint_eq(stopccn->message.header.ns, ns);
    ck_assert_uint_eq(stopccn->message.header.nr, nr);
    ck_assert_uint_eq(heard_u16(stopccn, L2TPHA_AVP_ASSIGNED_TUNNEL_ID), peer.node_id);
    expect_nothing();
}

/* Data comes and nothing is acknowledged: the StopCCN is behind all that was sent, which a peer
 * whose control has slept finds in its socket. */
START_TEST(a_peer_whose_data_comes_is_told)
{
    uint16_t call = has_a_call(_i);
    uint16_t nr = peer.ns;

    asks(call);
    asks(call);
    uint16_t ns = peer.nr;
    data_comes(call, GIVEN_UP_MS);
    wait_in_vain(1000 + LATE_MS);
    ns = (uint16_t)(ns + 2);
    expect_last_word(ns, nr);
    expect_down();
    expect_no_event();
    /* It wakes up and reads all of it: acknowledged, the tunnel is forgotten. */
    peer.nr = ns;
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    peer.nr++;
    assert_ok(peer_acks(&peer));
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* Said like any other, and no longer: a peer that does not acknowledge it either is forgotten. */
START_TEST(the_last_word_is_repeated_for_a_cycle)
{
    uint16_t call = has_a_call(_i);

    asks(call);
    rig_pass_ms(GIVEN_UP_MS / 2);
    says_data(call);
    wait_in_vain(GIVEN_UP_MS - GIVEN_UP_MS / 2 + LATE_MS);
    for (int i = 0; i < 5; i++) {
        expect_stopccn(&peer, 2, ERROR_VENDOR);
        peer.nr--;
        rig_pass_ms(1000u << i);
    }
    forget_datagrams();
    rig_pass_ms(LATE_MS);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

START_TEST(a_silent_peer_is_given_up_silently)
{
    uint16_t call = has_a_call(_i);

    says_data(call);
    rig_pass_ms(1);
    asks(call);
    wait_in_vain(GIVEN_UP_MS + LATE_MS);
    expect_nothing();
    expect_down();
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* What was heard before the peer acknowledged something new says nothing of the time after it. */
START_TEST(what_came_before_the_last_acknowledgement_does_not_count)
{
    uint16_t call = has_a_call(_i);

    asks(call);
    expect(&peer, place == LNS_OF_CALL ? SLI : ICRQ);
    rig_pass_ms(500);
    says_data(call);
    asks(call);
    expect(&peer, place == LNS_OF_CALL ? SLI : ICRQ);
    peer.nr--;
    assert_ok(peer_acks(&peer));
    wait_in_vain(GIVEN_UP_MS + LATE_MS);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* It speaks on the control channel as well, and says what it expects, again and again: less than it
 * was sent, or more. */
START_TEST(a_peer_that_says_what_it_expects_is_taken_at_its_word)
{
    uint16_t call = has_a_call(_i % 2);
    uint16_t expects = (uint16_t)(peer.nr + (_i < 2 ? 0 : 5)), nr = peer.ns;

    asks(call);
    for (uint32_t ms = 0; ms < GIVEN_UP_MS - 5000; ms += 5000) {
        uint16_t known = peer.nr;
        rig_pass_ms(5000);
        peer.nr = expects;
        assert_ok(peer_acks(&peer));
        peer.nr = known;
    }
    wait_in_vain(2000 + LATE_MS);
    expect_last_word(expects, nr);
    expect_down();
    peer.nr = (uint16_t)(expects + 1);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* A word that crossed what the node has said first knew nothing of it. */
START_TEST(a_word_that_crossed_is_none)
{
    uint16_t call = has_a_call(_i), nr = peer.ns, ns = peer.nr;

    asks(call);
    rig_pass_ms(300);
    assert_ok(peer_acks(&peer));
    says_data(call);
    wait_in_vain(GIVEN_UP_MS + LATE_MS);
    expect_last_word((uint16_t)(ns + 1), nr);
}
END_TEST

/* After a silent takeover the new active asks by HELLO; the peer's data comes, which confirms the
 * tunnel for the host but not its numbers. */
START_TEST(after_a_takeover_too)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    uint16_t call = has_a_call(_i), ns = peer.nr, nr = peer.ns;

    node_fails();
    expect(&peer, HELLO);
    data_comes(call, GIVEN_UP_MS);
    forget_events();
    wait_in_vain(1000 + LATE_MS);
    expect_last_word((uint16_t)(ns + 1), nr);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* ... and the next one goes on with the end. */
START_TEST(a_takeover_says_it_again)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    uint16_t call = has_a_call(_i);

    asks(call);
    rig_pass_ms(GIVEN_UP_MS / 2);
    says_data(call);
    wait_in_vain(GIVEN_UP_MS - GIVEN_UP_MS / 2 + LATE_MS);
    uint16_t ns = expect_stopccn(&peer, 2, ERROR_VENDOR)->message.header.ns;
    node_fails();
    ck_assert_uint_eq(expect_stopccn(&peer, 2, ERROR_VENDOR)->message.header.ns, ns);
    peer.nr = (uint16_t)(ns + 1);
    assert_ok(peer_acks(&peer));
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* A record that others ran ahead of: the peer does not say where it is. */
START_TEST(numbers_that_cannot_be_found_are_told_once)
{
    rig.config.commit = L2TPHA_COMMIT_ASYNC;
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    uint16_t call = has_a_call(_i % 2);

    node_fails();
    for (int seconds = 0; rig_counters()->resyncs_failed == 0; seconds++) {
        ck_assert_int_le(seconds, 60);
        while (rig.heard)
            expect(&peer, HELLO);
        rig_pass_ms(1000);
        if (_i < 2 && tunnel_state(&peer) == L2TPHA_TUNNEL_ESTABLISHED)
            says_data(call);
    }
    while (rig.heard && rig.heard->message.type == HELLO)
        expect(&peer, HELLO);
    if (_i < 2)
        expect_stopccn(&peer, 2, ERROR_VENDOR);
    rig_pass_ms(2000);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 0);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
}
END_TEST

/* RFC 4951 5.1: not before the time that it has asked for is over. */
START_TEST(a_peer_gets_its_recovery_time_first)
{
    peer_opens_capable(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);

    asks(call);
    data_comes(call, RECOVERY_TIME);
    forget_events();
    wait_in_vain(1000 + LATE_MS);
    expect_stopccn(&peer, 2, ERROR_VENDOR);
}
END_TEST

/* The peer has begun anew with the same id, which its tunnel of before does not have any more. */
START_TEST(a_duplicate_is_not_told_of_the_other)
{
    struct peer fresh = {0};
    uint16_t call = has_a_call(LNS_OF_CALL);

    asks(call);
    rig_pass_ms(GIVEN_UP_MS - 5000);
    says_data(call);
    fresh.path = peer.path;
    fresh.id = peer.id;
    struct says sccrq = valid(&fresh, SCCRQ);
    change(&sccrq, AVP_TEXT(WIRE_M, 7, "another"));
    forget_datagrams();
    assert_ok(say(&fresh, &sccrq));
    for (uint32_t ms = 0; ms < 6000; ms += 100) {
        rig_pass_ms(100);
        while (rig.heard) {
            ck_assert_uint_ne(rig.heard->message.type, STOPCCN);
            expect(&fresh, rig.heard->message.type);
        }
    }
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
}
END_TEST

Suite *suite_given_up(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("given_up", &tcase);

    tcase_add_loop_test(tcase, a_peer_whose_data_comes_is_told, 0, 2);
    tcase_add_loop_test(tcase, the_last_word_is_repeated_for_a_cycle, 0, 2);
    tcase_add_loop_test(tcase, a_silent_peer_is_given_up_silently, 0, 2);
    tcase_add_loop_test(tcase, what_came_before_the_last_acknowledgement_does_not_count, 0, 2);
    tcase_add_loop_test(tcase, a_peer_that_says_what_it_expects_is_taken_at_its_word, 0, 4);
    tcase_add_loop_test(tcase, a_word_that_crossed_is_none, 0, 2);
    tcase_add_loop_test(tcase, after_a_takeover_too, 0, 2);
    tcase_add_loop_test(tcase, a_takeover_says_it_again, 0, 2);
    tcase_add_loop_test(tcase, numbers_that_cannot_be_found_are_told_once, 0, 4);
    tcase_add_test(tcase, a_peer_gets_its_recovery_time_first);
    tcase_add_test(tcase, a_duplicate_is_not_told_of_the_other);
    return suite;
}
