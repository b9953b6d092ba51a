/* SPDX-License-Identifier: MIT */
/* FSQs to a peer driven by hand, which answers rightly or wrongly: RFC 4951 3.3 and appendix C. */
#include "scenario/states.h"

#define OTHER 4242 /* an id that the peer has for no session on record */

START_TEST(a_session_that_the_peer_lacks_is_cleared_without_a_word)
{
    opens();
    uint16_t a = peer_dials(&peer, 7), b = peer_dials(&peer, 8), half = peer_rings(&peer, 9);
    struct pair got[3];

    forget_datagrams();
    assert_ok(query());
    ck_assert_uint_eq(take_states(FSQ, got, 3), 2);
    struct pair said[] = {{0, a}, {8, b}};
    assert_ok(say_states(FSR, said, 2));
    expect_zlb(&peer);
    expect_nothing();
    expect_cleared(a);
    expect_synced(2, 1, 0);
    ck_assert(is_up(b));
    ck_assert_uint_eq(session_state(&peer, half), L2TPHA_SESSION_WAIT_CONNECT);
    ck_assert_uint_eq(rig_counters()->sessions_desynced, 1);
    ck_assert_uint_eq(rig_counters()->queries_out, 2);
    assert_ok(say_states(FSR, said, 2)); /* a late copy says nothing new */
    expect_zlb(&peer);
    ck_assert_uint_eq(rig_counters()->answers_ignored, 2);
    ck_assert(is_up(b));
}
END_TEST

START_TEST(without_sessions_it_is_over_at_once)
{
    opens();
    assert_ok(query());
    expect_synced(0, 0, 0);
    expect_nothing();
}
END_TEST

/* Nothing was asked; of another session; of itself after it was confirmed. */
START_TEST(answers_that_nobody_asked_for_are_ignored)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    struct pair said[] = {{0, up}, {0, 999}, {0, 0}, {7, up}};

    assert_ok(say_states(FSR, said, 4));
    expect_zlb(&peer);
    ck_assert_uint_eq(rig_counters()->answers_ignored, 4);
    ck_assert(is_up(up));
    assert_ok(query());
    expect_state(FSQ, up, 7);
    struct pair twice[] = {{7, up}, {0, up}};
    assert_ok(say_states(FSR, twice, 2));
    expect_zlb(&peer);
    ck_assert(is_up(up));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 5);
    expect_synced(1, 0, 0);
    expect_no_event();
}
END_TEST

/* The call that was asked about goes, and another gets its id. */
START_TEST(a_late_answer_is_about_no_other_call)
{
    opens();
    uint16_t old = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, old, 7);
    struct says cdn = valid_for(&peer, CDN, old);
    assert_ok(say(&peer, &cdn));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    rig_pass_ms(1);
    expect_synced(1, 0, 0);
    /* The walk over the ids comes round, sooner than it would. */
    tunnel_of_peer(&peer)->entry.record.session_ids_shift -= 2;
    uint16_t again = peer_dials(&peer, 7);
    ck_assert_uint_eq(again, old);
    assert_ok(say_state(FSR, 0, again));
    expect_zlb(&peer);
    ck_assert(is_up(again));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 1);
    expect_no_event();
}
END_TEST

/* RFC 4951 3.3: an id other than 0 means established. It is asked about again, not for ever. */
START_TEST(another_id_keeps_the_session_and_is_asked_about_again)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    for (unsigned i = 0; i < rig.config.query_tries; i++) {
        expect_state(FSQ, up, 7);
        assert_ok(say_state(FSR, OTHER, up));
        expect_zlb(&peer);
        ck_assert(is_up(up));
        assert_ok(say_state(FSR, 0, up)); /* not asked now */
        expect_zlb(&peer);
        ck_assert(is_up(up));
        rig_pass_ms(995);
        expect_nothing();
        expect_no_event();
        rig_pass_ms(10);
    }
    expect_nothing();
    expect_synced(1, 0, 1);
    ck_assert_uint_eq(rig_counters()->sessions_stale, rig.config.query_tries);
    ck_assert_uint_eq(rig_counters()->sessions_unverified, 1);
    ck_assert(is_up(up));
}
END_TEST

START_TEST(a_query_without_an_answer_is_repeated_and_given_up)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    for (unsigned i = 0; i < rig.config.query_tries; i++) {
        expect_state(FSQ, up, 7);
        assert_ok(peer_acks(&peer)); /* by the channel alone */
        rig_pass_ms(rig.config.query_ms - 10);
        expect_nothing();
        expect_no_event();
        rig_pass_ms(10);
    }
    expect_nothing();
    expect_synced(1, 0, 1);
    ck_assert(is_up(up));
    assert_ok(say_state(FSR, 0, up)); /* too late */
    expect_zlb(&peer);
    ck_assert(is_up(up));
}
END_TEST

/* The channel still has the FSQ to deliver: saying it again would only make the line longer. */
START_TEST(a_query_on_its_way_is_not_repeated)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, up, 7);
    rig_pass_ms(2 * rig.config.query_ms + rig.config.query_ms / 2);
    expect_no_event();
    ck_assert_uint_eq(rig_counters()->queries_out, 1);
    ck_assert_uint_gt(rig_counters()->retransmissions, 0);
    forget_datagrams();
    assert_ok(peer_acks(&peer));
    rig_pass_ms(rig.config.query_ms / 2 - 10);
    expect_nothing();
    rig_pass_ms(10);
    expect_state(FSQ, up, 7);
    assert_ok(say_state(FSR, 0, up));
    expect_zlb(&peer);
    expect_cleared(up);
    expect_synced(1, 1, 0);
}
END_TEST

/* The last try is answered. */
START_TEST(a_lost_answer_is_made_up_for)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(rig.config.query_ms);
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(rig.config.query_ms);
    expect_state(FSQ, up, 7);
    assert_ok(say_state(FSR, 0, up));
    expect_zlb(&peer);
    expect_cleared(up);
    expect_synced(1, 1, 0);
    ck_assert_uint_eq(rig_counters()->queries_out, 3);
}
END_TEST

START_TEST(a_query_may_begin_anew)
{
    opens();
    uint16_t up = peer_dials(&peer, 7);
    assert_ok(query());
    assert_ok(query());
    expect_state(FSQ, up, 7);
    assert_ok(peer_acks(&peer));
    expect_state(FSQ, up, 7);
    assert_ok(say_state(FSR, 7, up));
    expect_zlb(&peer);
    expect_synced(1, 0, 0);
    expect_no_event();
}
END_TEST

/* While it is being walked through and asked about, each session may go. */
START_TEST(sessions_may_go_while_they_are_asked_about)
{
    static struct pair got[MOST];
    uint16_t ids[300];
    size_t asked = 0;

    opens(); /* the peer's window is 4: FSQs go one by one */
    for (uint16_t i = 0; i < 300; i++)
        ids[i] = peer_dials(&peer, (uint16_t)(100 + i));
    assert_ok(query());
    asked = take_states(FSQ, got, MOST);
    ck_assert_uint_eq(asked, MOST);
    for (size_t i = 0; i < 300; i++) {
        struct says cdn = valid_for(&peer, CDN, ids[i]);
        change(&cdn, AVP_U16(14, (uint32_t)(100 + i)));
        assert_ok(say(&peer, &cdn));
    }
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    forget_datagrams();
    for (unsigned i = 0; i < 300; i++)
        expect_event(L2TPHA_EVENT_SESSION_DOWN);
    rig_pass_ms(1);
    ck_assert_int_eq(expect_event(L2TPHA_EVENT_SESSIONS_SYNCED)->event.cleared, 0);
}
END_TEST

START_TEST(a_tunnel_may_go_while_it_asks)
{
    opens();
    for (uint16_t i = 0; i < 100; i++)
        peer_dials(&peer, (uint16_t)(100 + i));
    assert_ok(query());
    expect(&peer, FSQ);
    assert_ok(close_tunnel(&peer, 1));
    rig_pass_ms(40000);
    forget_datagrams();
    while (rig.told)
        if (rig.told->event.kind == L2TPHA_EVENT_SESSIONS_SYNCED)
            ck_abort_msg("the tunnel is gone, nothing is in sync");
        else
            expect_event(rig.told->event.kind);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_IDLE);
}
END_TEST

START_TEST(a_tunnel_that_is_not_established_is_not_asked_about)
{
    struct l2tpha_tunnel *tunnel = node_calls(&peer, 1);

    assert_error(l2tpha_tunnel_query(tunnel, rig.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_tunnel_query(NULL, rig.now), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_tunnel_query(tunnel, L2TPHA_NEVER), L2TPHA_ERR_INVALID);
    forget_datagrams();
}
END_TEST

/* RFC 4951 4: nor is anybody answered there. What is said in its turn is acknowledged, and the
 * tunnel goes on. */
START_TEST(on_a_tunnel_that_is_not_established_nobody_is_answered)
{
    static const uint8_t states[] = {L2TPHA_TUNNEL_WAIT_CTL_REPLY, L2TPHA_TUNNEL_WAIT_CTL_CONN,
                                     L2TPHA_TUNNEL_STOPPING, L2TPHA_TUNNEL_STOPPED};
    uint8_t state = states[_i / 2];
    uint16_t type = _i % 2 ? FSR : FSQ, call = 1;

    if (state == L2TPHA_TUNNEL_WAIT_CTL_REPLY) {
        node_calls(&peer, 1);
    } else if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN) {
        peer_begins(&peer, 1);
        assert_ok(say_valid(&peer, SCCRQ));
        expect(&peer, SCCRP);
    } else {
        opens();
        call = peer_dials(&peer, 7);
        assert_ok(query());
        expect(&peer, FSQ);
        assert_ok(state == L2TPHA_TUNNEL_STOPPING ? close_tunnel(&peer, 1)
                                                  : say_valid(&peer, STOPCCN));
        forget_datagrams();
    }
    forget_events();
    ck_assert_uint_eq(tunnel_state(&peer), state);
    assert_error(say_state(type, 0, call), _i < 4 ? L2TPHA_ERR_UNEXPECTED : L2TPHA_OK);
    ck_assert_uint_eq(expect(&peer, ZLB)->message.header.nr, peer.ns);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(tunnel_state(&peer), state);
    ck_assert_uint_eq(rig_counters()->queries_in, 0);
    ck_assert_uint_eq(rig_counters()->answers_ignored, 0);
    if (_i >= 4)
        return;
    assert_ok(say_valid(&peer, _i < 2 ? SCCRP : SCCCN));
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    forget_datagrams();
}
END_TEST

/* RFC 4951 appendix C, the node in each of the two parts. As there the recovery endpoint has
 * (A, B) and (C, D), the remote endpoint (B, C). */
START_TEST(appendix_c_as_recovery_endpoint)
{
    struct pair got[2];

    opens();
    uint16_t a = peer_dials(&peer, 20), c = peer_dials(&peer, 30);
    assert_ok(query());
    ck_assert_uint_eq(take_states(FSQ, got, 2), 2);
    /* The peer has no (B, A), but (B, C). Of C it is asked as well, at once. */
    struct pair said[] = {{0, a}, {0, 0}};
    assert_ok(say_states(FSR, said, 1));
    expect_zlb(&peer);
    expect_cleared(a);
    /* Some time later it asks for (B, C): there is none such here. */
    assert_ok(say_state(FSQ, 20, c));
    expect_state(FSR, 0, 20);
    ck_assert(is_up(c)); /* not cleared; it is being asked about already */
    assert_ok(peer_acks(&peer));
    assert_ok(say_state(FSR, 0, c));
    expect_zlb(&peer);
    expect_cleared(c);
    expect_synced(2, 2, 0);
}
END_TEST

START_TEST(appendix_c_as_remote_endpoint)
{
    opens();
    uint16_t b = peer_dials(&peer, 30); /* paired with C */

    assert_ok(say_state(FSQ, 10, b)); /* (A, B) */
    expect_state(FSR, 0, 10);
    ck_assert(is_up(b)); /* stale, not cleared */
    ck_assert_uint_eq(rig_counters()->sessions_stale, 1);
    assert_ok(peer_acks(&peer));
    rig_pass_ms(1000);
    expect_state(FSQ, b, 30); /* (B, C) */
    assert_ok(say_state(FSR, 0, b));
    expect_zlb(&peer);
    expect_cleared(b);
    expect_synced(1, 1, 0);
}
END_TEST

Suite *suite_query(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("query", &tcase);

    tcase_add_test(tcase, a_session_that_the_peer_lacks_is_cleared_without_a_word);
    tcase_add_test(tcase, without_sessions_it_is_over_at_once);
    tcase_add_test(tcase, answers_that_nobody_asked_for_are_ignored);
    tcase_add_test(tcase, a_late_answer_is_about_no_other_call);
    tcase_add_test(tcase, another_id_keeps_the_session_and_is_asked_about_again);
    tcase_add_test(tcase, a_query_without_an_answer_is_repeated_and_given_up);
    tcase_add_test(tcase, a_query_on_its_way_is_not_repeated);
    tcase_add_test(tcase, a_lost_answer_is_made_up_for);
    tcase_add_test(tcase, a_query_may_begin_anew);
    tcase_add_test(tcase, sessions_may_go_while_they_are_asked_about);
    tcase_add_test(tcase, a_tunnel_may_go_while_it_asks);
    tcase_add_test(tcase, a_tunnel_that_is_not_established_is_not_asked_about);
    tcase_add_loop_test(tcase, on_a_tunnel_that_is_not_established_nobody_is_answered, 0, 8);
    tcase_add_test(tcase, appendix_c_as_recovery_endpoint);
    tcase_add_test(tcase, appendix_c_as_remote_endpoint);
    return suite;
}
