/* SPDX-License-Identifier: MIT */
/* Well-formed messages at the wrong time, with the wrong numbers or from the wrong place: floods,
 * repetitions, spoofing. As in test_hostile.c nothing changes that the RFC does not want changed.
 */
#include "scenario/hostile.h"

START_TEST(half_open_tunnels_have_a_limit_and_an_age)
{
    struct peer flood;

    rig.config.max_half_open = 10;
    rig.config.setup_ms = 20000;
    set(0);
    for (unsigned i = 0; i < 50; i++) {
        peer_begins(&flood, 100 + i);
        assert_ok(say_valid(&flood, SCCRQ));
    }
    ck_assert_uint_eq(rig_counters()->half_open_ended, 40);
    forget_datagrams();
    rig_pass_ms(120000);
    forget_datagrams();
    peer_begins(&flood, 250);
    assert_ok(say_valid(&flood, SCCRQ));
    forget_datagrams();
    bystander_is_well();
}
END_TEST

START_TEST(a_repeated_sccrq_is_the_same_tunnel)
{
    set(0);
    assert_ok(say_valid(&peer, SCCRQ));
    expect(&peer, SCCRP);
    uint64_t digest = rig_digest();
    for (int i = 0; i < 5; i++)
        assert_error(say_again(&peer), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(rig_digest(), digest);
    ck_assert_uint_eq(rig_counters()->duplicates, 5);
    forget_datagrams();
}
END_TEST

START_TEST(an_sccrq_with_other_numbers_is_dropped)
{
    static const uint16_t numbers[][2] = {{1, 0}, {0, 5}, {65535, 0}};

    set(0);
    uint64_t digest = rig_digest();
    peer.ns = numbers[_i][0];
    peer.nr = numbers[_i][1];
    assert_error(say_valid(&peer, SCCRQ), L2TPHA_ERR_OUT_OF_WINDOW);
    ck_assert_uint_eq(rig_counters()->out_of_window, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
}
END_TEST

START_TEST(an_nr_of_what_was_never_sent_is_ignored)
{
    static const int ahead[] = {1, 2, 1000, 32766, 32767, -1, -5};

    set(1);
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    expect(&peer, SLI);
    uint64_t digest = rig_digest();
    uint16_t nr = peer.nr;
    peer.nr = (uint16_t)(nr + ahead[_i]);
    peer_acks(&peer);
    ck_assert_uint_eq(rig_counters()->ack_unsent, _i < 4); /* beyond is behind */
    ck_assert_uint_eq(rig_digest(), digest);
    peer.nr = nr;
    rig_pass_ms(1000);
    expect(&peer, SLI); /* it was not acknowledged by that */
    assert_ok(peer_acks(&peer));
    rig_pass_ms(30000);
    expect_nothing();
}
END_TEST

/* 28: both in the same instant, in both orders */
START_TEST(acknowledgement_and_timer_in_one_instant)
{
    set(1);
    assert_ok(host_session_set_link_info(session_of_peer(&peer, call), 1, 2, rig.now));
    expect(&peer, SLI);
    rig.now = l2tpha_deadline(rig.node);
    if (_i)
        assert_ok(l2tpha_expire(rig.node, rig.now));
    assert_ok(peer_acks(&peer));
    if (!_i)
        assert_ok(l2tpha_expire(rig.node, rig.now));
    forget_datagrams();
    rig_pass_ms(40000);
    expect_nothing();
    ck_assert(tunnel_is_up());
}
END_TEST

START_TEST(odd_zlbs_do_no_harm)
{
    struct says zlb = {.type = ZLB};

    set(1);
    zlb.session = call; /* some peers do that */
    assert_ok(say(&peer, &zlb));
    peer.ns = (uint16_t)(peer.ns + 5); /* a ZLB with a new Ns */
    peer_acks(&peer);
    peer.ns = (uint16_t)(peer.ns - 5);
    forget_datagrams();
    assert_ok(say_valid(&peer, HELLO));
    expect_zlb(&peer);
    uint64_t digest = rig_digest();
    peer.node_id ^= 0x5555;
    assert_error(say(&peer, &zlb), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
}
END_TEST

START_TEST(messages_for_unknown_tunnels_draw_nothing)
{
    static const uint16_t types[] = {SCCCN, ICCN, ICRP, CDN, STOPCCN, HELLO};

    set(1);
    uint64_t digest = rig_digest();
    peer.node_id = _i < 6 ? 0 : (uint16_t)(peer.node_id ^ 0x5555);
    struct says message = valid(&peer, types[_i % 6]);
    if (types[_i % 6] == STOPCCN)
        change(&message, AVP_U16(9, 4711)); /* not the id of any tunnel of this peer */
    assert_error(say(&peer, &message), L2TPHA_ERR_NOT_OURS);
    ck_assert_uint_eq(rig_counters()->unknown_tunnel, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
}
END_TEST

START_TEST(a_storm_of_cdns_ends_each_call_once)
{
    set(1);
    for (int i = 0; i < 20; i++)
        say_valid_for(&peer, CDN, i % 2 ? call : UNKNOWN_ID);
    for (int i = 0; i < 20; i++) {
        struct says cdn = valid(&peer, CDN);
        change(&cdn, AVP_U16(14, PEER_CALL + 1));
        say(&peer, &cdn);
    }
    forget_datagrams();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel_of_peer(&peer)), 0);
    ck_assert_uint_eq(rig_counters()->sessions_down, 1);
    ck_assert_uint_eq(rig_counters()->unknown_session, 38);
    ck_assert(tunnel_is_up());
    bystander_is_well();
}
END_TEST

START_TEST(another_source_address_is_nobody)
{
    static const uint16_t types[] = {HELLO, STOPCCN, CDN, ICRQ, ZLB};
    struct peer spoofer;

    set(1);
    uint64_t digest = rig_digest();
    spoofer = peer;
    if (_i < 5)
        spoofer.path.remote.bytes[1] ^= 1;
    else
        spoofer.path.remote.len = 1;
    assert_error(say_valid(&spoofer, types[_i % 5]), L2TPHA_ERR_WRONG_PEER);
    ck_assert_uint_eq(rig_counters()->wrong_peer, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
    expect_no_event();
}
END_TEST

/* 0: refused by the host; 1: malformed; 2: dropped by the host. Answers are for a few; what is not
 * answered leaves nothing behind. */
START_TEST(a_flood_of_what_is_refused_takes_no_places)
{
    struct peer flood, honest;
    unsigned answered = 0;

    rig.config.max_half_open = 64;
    if (_i != 1)
        rig.admit_tunnel = (struct l2tpha_verdict){.result = 4, .drop = _i == 2};
    for (unsigned i = 0; i < 200; i++) {
        peer_begins(&flood, 100 + i);
        struct says sccrq = valid(&flood, SCCRQ);
        if (_i == 1)
            leave_out(&sccrq, 7);
        ck_assert_int_lt(say(&flood, &sccrq), 0);
    }
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        answered += heard->message.type == STOPCCN;
    ck_assert_uint_eq(answered, _i == 2 ? 0 : 32);
    ck_assert_uint_eq(rig_counters()->limit_reached, 200 - answered);
    forget_datagrams();
    rig.admit_tunnel = (struct l2tpha_verdict){0};
    peer_opens(&honest, 1);
}
END_TEST

/* RFC 2661 8.1: the SCCRP may come from another address than the SCCRQ went to; a StopCCN from
 * another port, but from no other host. */
START_TEST(who_has_not_been_asked_does_not_answer)
{
    static const uint16_t types[] = {STOPCCN, ZLB, HELLO, ICRQ, CDN, SCCRP};

    node_calls(&peer, 5);
    uint64_t digest = rig_digest();
    const unsigned octet = types[_i] == STOPCCN ? 0 : 1;
    peer.path.remote.bytes[octet] ^= 1;
    if (types[_i] == SCCRP) {
        assert_ok(say_valid(&peer, SCCRP));
        expect(&peer, SCCCN);
        return;
    }
    peer.nr = 1;
    assert_error(say_valid(&peer, types[_i]), L2TPHA_ERR_WRONG_PEER);
    ck_assert_uint_eq(rig_counters()->wrong_peer, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing();
    expect_no_event();
    peer.path.remote.bytes[octet] ^= 1;
    rig_pass_ms(1000);
    expect(&peer, SCCRQ); /* nobody has acknowledged it */
}
END_TEST

/* A tie is between two that can both have the tunnel. */
START_TEST(a_malformed_sccrq_does_not_win_a_tie)
{
    struct peer theirs;

    rig.config.tie_breaker = _i / 3;
    node_calls(&peer, 5);
    theirs = peer;
    theirs.node_id = theirs.ns = theirs.nr = 0;
    theirs.id = 4242;
    struct says sccrq = valid(&theirs, SCCRQ);
    add(&sccrq, AVP_OCTETS(WIRE_M, 5, "\0\0\0\0\0\0\0\0", 8));
    if (_i % 3 == 0)
        leave_out(&sccrq, 7);
    else if (_i % 3 == 1)
        add(&sccrq, AVP_OCTETS(WIRE_M, 999, "x", 1));
    else
        change(&sccrq, AVP_U16(2, 0x0200));
    ck_assert_int_lt(say(&theirs, &sccrq), 0);
    expect(&theirs, STOPCCN);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    assert_ok(say_valid(&peer, SCCRP));
    expect(&peer, SCCCN);
}
END_TEST

/* Anything at all, many times, with a fixed seed: the tunnel may end, nothing else may. */
START_TEST(random_mutations_never_touch_the_bystander)
{
    static const uint16_t types[] = {SCCRQ, HELLO, ICRQ, ICCN, CDN, WEN, SLI, OCRQ, OCCN, STOPCCN};
    uint64_t state = (uint64_t)_i + 1;
    struct wire wire;

    set(1);
    for (int i = 0; i < 400; i++) {
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        struct says message = valid_for(&peer, types[state >> 33 & 7], call);
        compose(&peer, &message, &wire);
        for (unsigned flips = state >> 40 & 3; flips > 0; flips--) {
            state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
            wire.data[12 + (state >> 33) % (wire.len - 12)] ^= (uint8_t)(1 << (state >> 60 & 7));
        }
        if (say_wire(&peer, &wire) != L2TPHA_ERR_NOT_OURS)
            peer.ns++;
        forget_datagrams();
        forget_events();
        if (tunnel_state(&peer) != L2TPHA_TUNNEL_ESTABLISHED) {
            unsigned id = 2000 + (unsigned)i;
            peer_begins(&peer, 1);
            peer.id = (uint16_t)id;
            struct says sccrq = valid(&peer, SCCRQ);
            peer_opens_with(&peer, &sccrq);
            call = peer_dials(&peer, PEER_CALL);
        }
    }
    ck_assert_uint_gt(sum_of_refusals(), 50);
    bystander_is_well();
}
END_TEST

Suite *suite_hostile_order(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("hostile_order", &tcase);

    tcase_add_test(tcase, half_open_tunnels_have_a_limit_and_an_age);
    tcase_add_test(tcase, a_repeated_sccrq_is_the_same_tunnel);
    tcase_add_loop_test(tcase, an_sccrq_with_other_numbers_is_dropped, 0, 3);
    tcase_add_loop_test(tcase, an_nr_of_what_was_never_sent_is_ignored, 0, 7);
    tcase_add_loop_test(tcase, acknowledgement_and_timer_in_one_instant, 0, 2);
    tcase_add_test(tcase, odd_zlbs_do_no_harm);
    tcase_add_loop_test(tcase, messages_for_unknown_tunnels_draw_nothing, 0, 12);
    tcase_add_test(tcase, a_storm_of_cdns_ends_each_call_once);
    tcase_add_loop_test(tcase, another_source_address_is_nobody, 0, 10);
    tcase_add_loop_test(tcase, a_flood_of_what_is_refused_takes_no_places, 0, 3);
    tcase_add_loop_test(tcase, who_has_not_been_asked_does_not_answer, 0, 6);
    tcase_add_loop_test(tcase, a_malformed_sccrq_does_not_win_a_tie, 0, 6);
    tcase_add_loop_test(tcase, random_mutations_never_touch_the_bystander, 0, 8);
    return suite;
}
