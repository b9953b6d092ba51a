/* SPDX-License-Identifier: MIT */
/* RFC 4951 3.2: a node as remote endpoint that is asked more often than it can be meant. */
#include "scenario/rig_recovery.h"

#define GENERAL 2 /* StopCCN */
#define NO_CONNECTION 1

static struct peer old, fresh;

static struct says request(void)
{
    peer_returns(&fresh, &old);
    return recovery_request(&fresh, &old);
}

/* --- refusals --- */

/* Beyond 32 in a second nobody is told. Whoever may have his tunnel back waits for none of them. */
START_TEST(few_refusals_are_answered)
{
    enum { ASKED = 40, ANSWERED = 32 };
    struct peer known;

    peer_opens_capable(&old, 1);
    for (unsigned second = 0; second < 3; second++) {
        for (unsigned i = 0; i < ASKED; i++) {
            struct says sccrq = request();
            change(&sccrq, avp_recovery(UNKNOWN_ID, old.node_id));
            bool told = i < ANSWERED;
            assert_error(say(&fresh, &sccrq), told ? L2TPHA_ERR_REFUSED : L2TPHA_ERR_LIMIT);
            if (told)
                expect_stopccn(&fresh, GENERAL, NO_CONNECTION);
            expect_nothing();
        }
        ck_assert_uint_eq(rig_counters()->limit_reached, (second + 1) * (ASKED - ANSWERED));
        ck_assert_uint_eq(tunnels_of_node(), 1 + ANSWERED);
        peer_takes_back(&known, &old);
        assert_ok(say_valid(&known, STOPCCN));
        rig_pass_ms(32000); /* what is over is forgotten */
        forget_datagrams();
    }
    for (unsigned i = 0; i < 3 * ANSWERED; i++) { /* as often as that, for ever */
        struct says sccrq = request();
        change(&sccrq, avp_recovery(UNKNOWN_ID, old.node_id));
        assert_error(say(&fresh, &sccrq), L2TPHA_ERR_REFUSED);
        expect_stopccn(&fresh, GENERAL, NO_CONNECTION);
        rig_pass_ms(1000 / ANSWERED);
        forget_datagrams();
    }
}
END_TEST

/* A welcome request with something wrong in it is a refusal as well. */
START_TEST(few_faulty_requests_are_answered)
{
    enum { ASKED = 40, ANSWERED = 32 };

    peer_opens_capable(&old, 1);
    for (unsigned i = 0; i < ASKED; i++) {
        struct says sccrq = request();
        add(&sccrq, AVP_OCTETS(WIRE_M, 999, "x", 1));
        bool told = i < ANSWERED;
        assert_error(say(&fresh, &sccrq), told ? L2TPHA_ERR_REFUSED : L2TPHA_ERR_LIMIT);
        if (told)
            expect(&fresh, STOPCCN);
        expect_nothing();
    }
    ck_assert_uint_eq(tunnels_of_node(), 1 + ANSWERED);
    assert_alive(&old);
}
END_TEST

/* --- places --- */

/* RFC 2661 5.7: what is over stays for a cycle, but nobody has to wait for its place. */
START_TEST(what_is_over_makes_place)
{
    enum { PLACES = ENGINE_RECOVERIES, MANY = PLACES + 44 };
    static struct peer old_ones[MANY], fresh_ones[MANY];
    struct peer stranger;

    for (unsigned i = 0; i < MANY; i++)
        peer_opens_capable(&old_ones[i], i + 1);
    for (unsigned i = 0; i < MANY; i++) {
        peer_takes_back(&fresh_ones[i], &old_ones[i]);
        assert_ok(say_valid(&fresh_ones[i], STOPCCN));
        expect_zlb(&fresh_ones[i]);
    }
    ck_assert_uint_eq(tunnels_of_node(), MANY + PLACES);
    for (unsigned i = 0; i < MANY; i += MANY - 1) { /* a copy to the first and to the last */
        bool kept = i >= MANY - PLACES;
        assert_error(say_again(&fresh_ones[i]), kept ? L2TPHA_ERR_DUPLICATE : L2TPHA_ERR_NOT_OURS);
        if (kept)
            expect_zlb(&fresh_ones[i]);
    }
    peer_returns(&stranger, &old_ones[0]); /* the unwelcome get no place that is not free */
    struct says sccrq = recovery_request(&stranger, &old_ones[0]);
    change(&sccrq, avp_recovery(UNKNOWN_ID, old_ones[0].node_id));
    assert_error(say(&stranger, &sccrq), L2TPHA_ERR_LIMIT);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), MANY + PLACES);
    rig_pass_ms(32000);
    forget_datagrams();
    ck_assert_uint_eq(tunnels_of_node(), MANY);
}
END_TEST

/* A peer with few free ids gives one again that is not forgotten here. A copy is still a copy. */
START_TEST(an_id_used_again_is_not_taken_for_a_copy)
{
    struct peer other;

    peer_opens_capable(&old, 1);
    peer_begins(&other, 2);
    other.path = old.path;
    struct says first = valid(&other, SCCRQ);
    add(&first, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&other, &first);
    peer_takes_back(&fresh, &old);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    fresh.node_id = fresh.ns = fresh.nr = 0;
    struct says sccrq = recovery_request(&fresh, &old);
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_DUPLICATE);
    forget_datagrams();
    ck_assert_uint_eq(tunnels_of_node(), 3);
    fresh.ns = 0;
    sccrq = recovery_request(&fresh, &other);
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    ck_assert_uint_eq(tunnels_of_node(), 3);
}
END_TEST

/* Those under way keep theirs, and what is still to be said is said. */
START_TEST(what_is_under_way_makes_no_place)
{
    enum { PLACES = ENGINE_RECOVERIES };
    static struct peer old_ones[PLACES + 1], fresh_ones[PLACES + 1];

    for (unsigned i = 0; i <= PLACES; i++)
        peer_opens_capable(&old_ones[i], i + 1);
    for (unsigned i = 0; i < PLACES; i++)
        peer_asks_back(&fresh_ones[i], &old_ones[i]);
    peer_returns(&fresh_ones[PLACES], &old_ones[PLACES]);
    struct says sccrq = recovery_request(&fresh_ones[PLACES], &old_ones[PLACES]);
    assert_error(say(&fresh_ones[PLACES], &sccrq), L2TPHA_ERR_LIMIT);
    expect_nothing();
    assert_ok(say_valid(&fresh_ones[0], SCCCN));
    expect_zlb(&fresh_ones[0]);
    assert_error(say_again(&fresh_ones[PLACES]), L2TPHA_ERR_LIMIT);
    assert_ok(say_valid(&fresh_ones[0], STOPCCN));
    expect_zlb(&fresh_ones[0]);
    assert_ok(say_again(&fresh_ones[PLACES]));
    expect_on(&fresh_ones[PLACES], SCCRP);
}
END_TEST

/* --- requests without end, none of them proven --- */

#define CYCLE_MS 31000
#define EVERY_MS 4000

/* One more; those before are forgotten. */
static void requests_again(void)
{
    struct says sccrq = request();

    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    forget_events();
}

static void requests_for_ms(unsigned ms)
{
    for (unsigned passed = 0; passed < ms; passed += EVERY_MS) {
        requests_again();
        rig_pass_ms(EVERY_MS);
        forget_datagrams();
    }
}

/* A cycle of rest, and one without, however many there are. */
START_TEST(unproven_requests_rest_the_channel_for_one_cycle)
{
    peer_opens_capable(&old, 1);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned at = 0; at < 2 * CYCLE_MS; at += 1000) {
            if (at % EVERY_MS == 0)
                requests_again();
            rig_pass_ms(500);
            forget_datagrams();
            if (at < CYCLE_MS)
                assert_rests(&old);
            else
                assert_alive(&old);
            rig_pass_ms(499);
            forget_datagrams();
        }
    }
    assert_ok(say_valid(&fresh, SCCCN)); /* the last one proves itself */
    expect_zlb(&fresh);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

static void falls_silent(void)
{
    uint16_t call = peer_dials(&old, PEER_CALL);

    assert_ok(host_session_set_link_info(session_of_peer(&old, call), 1, 2, rig.now));
    rig_drain();
    forget_datagrams();
}

/* RFC 4951 5.1: a peer that has failed is kept for the time that it has asked for, not for ever. */
START_TEST(unproven_requests_keep_no_tunnel)
{
    peer_opens_capable(&old, 1);
    falls_silent();
    requests_for_ms(RECOVERY_TIME - EVERY_MS);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    for (unsigned i = 0; i < 2 * CYCLE_MS / EVERY_MS && tunnel_state(&old); i++) {
        requests_again();
        rig_pass_ms(EVERY_MS);
        forget_datagrams();
    }
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnels_of_node(), 0);
}
END_TEST

/* ... within which the true one is in time. */
START_TEST(a_late_peer_recovers_among_unproven_requests)
{
    peer_opens_capable(&old, 1);
    falls_silent();
    requests_for_ms((unsigned)_i * 10000);
    peer_takes_back(&fresh, &old);
    forget_datagrams();
    assert_alive(&old);
    requests_again(); /* it may fail again at once */
    assert_rests(&old);
}
END_TEST

/* This end has failed too: its own time is over at some time. */
START_TEST(unproven_requests_end_with_the_time_of_both)
{
    peer_opens_capable(&old, 1);
    node_fails();
    forget_datagrams();
    struct says sccrq = request();
    change(&sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0", 8));
    assert_ok(say(&fresh, &sccrq));
    forget_datagrams();
    requests_for_ms(RECOVERY_TIME - 2 * EVERY_MS);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    for (unsigned i = 0; i < CYCLE_MS / EVERY_MS + 3 && tunnel_state(&old); i++) {
        requests_again();
        rig_pass_ms(EVERY_MS);
        forget_datagrams();
    }
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
}
END_TEST

/* RFC 4951 3.2.2: an acknowledged SCCCN is a recovery that is done. One that is not read any more
 * is not acknowledged, nor is the attempt ended in peace. */
START_TEST(an_scccn_that_comes_too_late_is_not_acknowledged)
{
    struct peer late_old, late;

    rig.config.setup_ms = 5000;
    peer_opens_capable(&late_old, 1);
    peer_asks_back(&late, &late_old);
    assert_ok(peer_acks(&late));
    rig_pass_ms(5100);
    expect_stopccn(&late, 2, 6);
    late.nr--;
    say_valid(&late, SCCCN);
    ck_assert_uint_eq(record_of(&late).nr, 1);
    rig_pass_ms(100);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 0);
}
END_TEST

Suite *suite_conform_remote_limits(void);
Suite *suite_conform_remote_limits(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_remote_limits", &tcase);

    tcase_add_test(tcase, few_refusals_are_answered);
    tcase_add_test(tcase, few_faulty_requests_are_answered);
    tcase_add_test(tcase, unproven_requests_rest_the_channel_for_one_cycle);
    tcase_add_test(tcase, unproven_requests_keep_no_tunnel);
    tcase_add_loop_test(tcase, a_late_peer_recovers_among_unproven_requests, 0, 6);
    tcase_add_test(tcase, unproven_requests_end_with_the_time_of_both);
    tcase_add_test(tcase, what_is_over_makes_place);
    tcase_add_test(tcase, an_id_used_again_is_not_taken_for_a_copy);
    tcase_add_test(tcase, what_is_under_way_makes_no_place);
    tcase_add_test(tcase, an_scccn_that_comes_too_late_is_not_acknowledged);
    return suite;
}
