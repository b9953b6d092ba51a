/* SPDX-License-Identifier: MIT */
/* The peer has failed and recovers its tunnel: RFC 4951 3.2.1 and 3.2.2 as remote endpoint. What
 * is asked is in test_conform_remote_request.c. */
#include "scenario/rig_recovery.h"

#define GUARD_MS 60000
#define STEP_MAX 16384

/* Behind what has just been counted as received, so that it is one that was under way. */
static uint16_t ahead(uint16_t from, uint16_t to)
{
    return (uint16_t)(to - from);
}

/* --- the handshake --- */

START_TEST(sccrp_suggests_numbers_ahead_of_the_old_ones)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t ns = old.ns, nr = old.nr;
    peer_asks_back(&fresh, &old);
    ck_assert_uint_gt(ahead(ns, old.ns), rig.config.window);
    ck_assert_uint_lt(ahead(ns, old.ns), STEP_MAX);
    ck_assert_uint_gt(ahead(nr, old.nr), rig.config.window);
    ck_assert_uint_lt(ahead(nr, old.nr), STEP_MAX);
    ck_assert_uint_ne(fresh.node_id, old.node_id);
    expect_nothing();
}
END_TEST

/* RFC 4951 8: nobody can foretell them. */
START_TEST(suggested_numbers_differ_from_recovery_to_recovery)
{
    struct peer old, fresh, again;

    peer_opens_capable(&old, 1);
    peer_asks_back(&fresh, &old);
    uint16_t ns = old.ns, nr = old.nr;
    peer_asks_back(&again, &old);
    ck_assert(old.ns != ns && old.nr != nr && (uint16_t)(old.ns - ns) != (uint16_t)(old.nr - nr));
}
END_TEST

START_TEST(the_remote_resets_at_scccn_to_what_it_suggested)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    peer_asks_back(&fresh, &old);
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    ck_assert(expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED)->event.by_peer);
    ck_assert_uint_eq(record_of(&old).ns, old.nr);
    ck_assert_uint_eq(record_of(&old).nr, old.ns);
    expect_nothing();
    /* On the wire, each way. */
    ck_assert_uint_ne(old.ns, old.nr);
    assert_alive(&old);
    uint16_t call = node_rings(&old);
    ck_assert_uint_eq(record_of(&old).ns, old.nr);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_WAIT_REPLY);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 1);
}
END_TEST

START_TEST(the_channel_rests_from_sccrp_to_scccn)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_asks_back(&fresh, &old);
    assert_rests(&old);
    assert_data_flows(&old, call);
    assert_ok(close_session(&old, call, 3));
    rig_pass_ms(500);
    expect_nothing(); /* no CDN either */
}
END_TEST

/* However the message is addressed. */
START_TEST(a_stopccn_on_the_resting_channel_is_dropped)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t ns = old.ns;
    peer_asks_back(&fresh, &old);
    old.ns = ns;
    struct says stopccn = valid(&old, STOPCCN);
    compose(&old, &stopccn, &old.last);
    if (_i == 1)
        old.last.data[4] = old.last.data[5] = 0;
    say_again(&old);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

/* --- an attempt that comes to nothing --- */

enum end { SILENCE, STOPPED, BAD_SCCCN, ENDS };

static void attempt_ends(struct peer *fresh, enum end end)
{
    struct says scccn = valid(fresh, SCCCN);

    if (end == SILENCE) {
        rig_pass_ms(GUARD_MS + 40000);
    } else if (end == STOPPED) {
        assert_ok(say_valid(fresh, STOPCCN));
    } else {
        add(&scccn, AVP_OCTETS(WIRE_M, 999, "x", 1));
        ck_assert_int_lt(say(fresh, &scccn), 0);
    }
    forget_datagrams();
}

START_TEST(an_attempt_that_fails_leaves_the_channel_where_it_was)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t ns = old.ns, nr = old.nr, call = peer_dials(&old, PEER_CALL);
    ns = old.ns;
    nr = old.nr;
    peer_asks_back(&fresh, &old);
    old.ns = ns;
    old.nr = nr;
    assert_rests(&old);
    attempt_ends(&fresh, (enum end)_i);
    ck_assert_uint_eq(record_of(&old).ns, nr);
    ck_assert_uint_eq(record_of(&old).nr, ns);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_alive(&old);
    assert_ok(close_session(&old, call, 3));
    ck_assert_uint_eq(expect_on(&old, CDN)->message.header.ns, nr);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 0);
}
END_TEST

/* The queue is kept: what was not acknowledged is sent again with its own number. */
START_TEST(what_was_outstanding_is_sent_again_after_a_failed_attempt)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t ns = old.ns;
    uint16_t call = node_rings(&old);
    uint16_t nr = old.nr;
    peer_asks_back(&fresh, &old);
    rig_pass_ms(3000);
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        ck_assert_uint_eq(heard->message.header.tunnel_id, fresh.id);
    forget_datagrams();
    attempt_ends(&fresh, STOPPED);
    old.ns = ns;
    old.nr = (uint16_t)(nr - 1);
    rig_pass_ms(1500);
    const struct heard *icrq = expect_on(&old, ICRQ);
    ck_assert_uint_eq(icrq->message.header.ns, nr - 1);
    ck_assert_uint_eq(heard_u16(icrq, 14), call);
}
END_TEST

/* --- after the reset --- */

START_TEST(the_reset_flushes_what_was_outstanding)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t call = node_rings(&old);
    uint16_t sequence = old.ns;
    old.ns++; /* ... and a message that came too early */
    assert_ok(say_valid(&old, HELLO));
    old.ns = sequence;
    forget_datagrams();
    peer_asks_back(&fresh, &old);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_IDLE);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    rig_pass_ms(10000);
    expect_nothing();
    assert_alive(&old);
}
END_TEST

START_TEST(old_messages_under_way_are_not_taken_as_new)
{
    struct peer old, fresh;
    struct wire late;

    peer_opens_capable(&old, 1);
    struct says hello = valid(&old, HELLO);
    compose(&old, &hello, &late);
    peer_takes_back(&fresh, &old);
    struct l2tpha_tunnel_record before = record_of(&old);
    assert_error(say_wire(&old, &late), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    forget_datagrams();
    assert_alive(&old);
}
END_TEST

START_TEST(slow_start_begins_anew_after_the_reset)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    for (int i = 0; i < 4; i++)
        node_dials(&old, (uint16_t)(PEER_CALL + i));
    peer_takes_back(&fresh, &old);
    for (int i = 0; i < 3; i++) {
        struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
        struct l2tpha_session *session;
        assert_ok(host_session_open(tunnel_of_peer(&old), &options, rig.now, &session));
    }
    expect_on(&old, ICRQ);
    expect_nothing();
    assert_ok(peer_acks(&old));
    expect_on(&old, ICRQ);
    expect_on(&old, ICRQ);
}
END_TEST

/* --- Step I --- */

START_TEST(step_i_clears_calls_half_set_up_without_a_word)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    uint16_t half = half_call(&old, _i, PEER_CALL + 1);
    peer_asks_back(&fresh, &old);
    ck_assert_uint_ne(session_state(&old, half), L2TPHA_SESSION_IDLE);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    expect_nothing();
    ck_assert_uint_eq(session_state(&old, half), L2TPHA_SESSION_IDLE);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_data_flows(&old, call);
}
END_TEST

START_TEST(no_call_begins_before_step_i)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_asks_back(&fresh, &old);
    assert_ok(host_session_open(tunnel_of_peer(&old), &options, rig.now, &session));
    uint16_t waiting = (uint16_t)l2tpha_session_id(session);
    uint16_t ns = old.ns;
    say_valid(&old, ICRQ);
    old.ns = ns;
    rig_pass_ms(100);
    expect_nothing();
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    rig_pass_ms(5);
    const struct heard *icrq = expect_on(&old, ICRQ);
    ck_assert_uint_eq(icrq->message.header.ns, (uint16_t)(old.nr - 1));
    ck_assert_uint_eq(heard_u16(icrq, 14), waiting);
}
END_TEST

/* --- the end of the recovery tunnel --- */

START_TEST(the_peer_closes_the_recovery_tunnel_alone)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_takes_back(&fresh, &old);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_alive(&old);
    assert_data_flows(&old, call);
    rig_pass_ms(GUARD_MS + 40000);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

START_TEST(the_remote_closes_it_when_the_peer_does_not)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_takes_back(&fresh, &old);
    rig_pass_ms(GUARD_MS - 100);
    expect_nothing();
    rig_pass_ms(200);
    ck_assert_uint_eq(expect_stopccn(&fresh, 1, 0)->message.header.tunnel_id, fresh.id);
    /* Both at once: both are acknowledged. */
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    assert_alive(&old);
    expect_no_event();
}
END_TEST

START_TEST(hello_on_the_recovery_tunnel_is_acknowledged_there)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_takes_back(&fresh, &old);
    struct l2tpha_tunnel_record before = record_of(&old);
    assert_alive(&fresh);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
}
END_TEST

/* --- what does not belong on it --- */

START_TEST(calls_on_the_recovery_tunnel_are_refused)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    if (_i < 2)
        peer_asks_back(&fresh, &old);
    else
        peer_takes_back(&fresh, &old);
    rig.asked_session = 0;
    assert_error(say_valid(&fresh, _i % 2 ? OCRQ : ICRQ), L2TPHA_ERR_REFUSED);
    ck_assert_uint_eq(expect(&fresh, CDN)->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(rig.asked_session, 0);
    ck_assert_ptr_null(l2tpha_session_next(tunnel_of_peer(&fresh), NULL));
    if (_i >= 2)
        return;
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

START_TEST(queries_on_the_recovery_tunnel_are_ignored)
{
    static const uint16_t types[] = {FSQ, FSR, 99};
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_dials(&old, PEER_CALL);
    if (_i < 3)
        peer_asks_back(&fresh, &old);
    else
        peer_takes_back(&fresh, &old);
    struct says message = {.type = types[_i % 3]};
    add(&message, avp_state(PEER_CALL, 1));
    say(&fresh, &message);
    expect_zlb(&fresh);
    expect_nothing();
    if (_i >= 3)
        return;
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

START_TEST(the_host_places_no_call_on_a_recovery_tunnel)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_takes_back(&fresh, &old);
    ck_assert_int_lt(host_session_open(tunnel_of_peer(&fresh), &options, rig.now, &session), 0);
    rig_pass_ms(100);
    expect_nothing();
}
END_TEST

/* --- one recovery tunnel for one tunnel --- */

START_TEST(a_copy_of_sccrq_makes_no_second_tunnel)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    peer_asks_back(&fresh, &old);
    fresh.ns = 0;
    struct says sccrq = recovery_request(&fresh, &old);
    fresh.nr = 0;
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_DUPLICATE);
    fresh.nr = 1;
    forget_datagrams();
    ck_assert_uint_eq(tunnels_of_node(), 2);
    expect_no_event();
    assert_ok(say_valid(&fresh, SCCCN));
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

START_TEST(another_request_supersedes_one_half_open)
{
    struct peer old, fresh, again;

    peer_opens_capable(&old, 1);
    peer_asks_back(&fresh, &old);
    peer_asks_back(&again, &old);
    expect_nothing(); /* the first goes without a word */
    ck_assert_uint_eq(tunnels_of_node(), 2);
    assert_error(say_valid(&fresh, SCCCN), L2TPHA_ERR_NOT_OURS);
    expect_no_event();
    assert_ok(say_valid(&again, SCCCN));
    expect_zlb(&again);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
    assert_alive(&old);
}
END_TEST

START_TEST(another_request_after_the_reset_is_another_failure)
{
    struct peer old, fresh, again;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_takes_back(&fresh, &old);
    peer_takes_back(&again, &old);
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 2);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_alive(&old);
}
END_TEST

/* The capability of the first setup lasts. */
START_TEST(a_tunnel_is_recovered_again_and_again)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    for (unsigned i = 0; i < 4; i++) {
        peer_takes_back(&fresh, &old);
        assert_ok(say_valid(&fresh, STOPCCN));
        expect_zlb(&fresh);
        assert_alive(&old);
    }
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 4);
}
END_TEST

START_TEST(many_tunnels_are_recovered_at_a_time)
{
    static struct peer old[100], fresh[100];

    for (unsigned i = 0; i < 100; i++)
        peer_opens_capable(&old[i], i + 1);
    for (unsigned i = 0; i < 100; i++) {
        peer_asks_back(&fresh[i], &old[i]);
    }
    for (unsigned i = 0; i < 100; i++)
        assert_ok(say_valid(&fresh[i], SCCCN));
    for (unsigned i = 0; i < 100; i++) {
        expect_zlb(&fresh[i]);
        expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
        assert_alive(&old[i]);
    }
}
END_TEST

/* RFC 2661 8.1 keeps the address, RFC 4951 8 lets the host say who else may recover. */
START_TEST(another_address_needs_the_hosts_word)
{
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_returns(&fresh, &old);
    fresh.path.remote.bytes[1] = 200;
    struct says sccrq = recovery_request(&fresh, &old);
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_REFUSED);
    expect_stopccn(&fresh, 2, 1);
    expect_no_event();
    assert_alive(&old);
    rig.admit_recovery = true;
    peer_returns(&fresh, &old);
    fresh.path.remote.bytes[1] = 200;
    sccrq = recovery_request(&fresh, &old);
    assert_ok(say(&fresh, &sccrq));
    const struct heard *sccrp = expect_on(&fresh, SCCRP);
    old.path = fresh.path;
    const struct l2tpha_avp *suggested = l2tpha_message_find(&sccrp->message, 78);
    old.ns = (uint16_t)(suggested->value[2] << 8 | suggested->value[3]);
    old.nr = (uint16_t)(suggested->value[4] << 8 | suggested->value[5]);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    assert_alive(&old); /* from there, and answered there */
    assert_data_flows(&old, call);
}
END_TEST

/* RFC 4951 8: from an address that is not the tunnel's, ids that are right and ids that are wrong
 * look the same. */
START_TEST(a_stranger_learns_no_ids)
{
    size_t len = 0;
    struct peer old, fresh;

    peer_opens_capable(&old, 1);
    for (unsigned i = 0; i < 4; i++) {
        peer_returns(&fresh, &old);
        fresh.path.remote.bytes[1] = 200;
        fresh.id = (uint16_t)(3000 + i);
        struct says sccrq = recovery_request(&fresh, &old);
        change(&sccrq, avp_recovery(i & 1 ? UNKNOWN_ID : old.id, i & 2 ? UNKNOWN_ID : old.node_id));
        assert_error(say(&fresh, &sccrq), L2TPHA_ERR_REFUSED);
        const struct heard *stopccn = expect_stopccn(&fresh, 2, 1);
        if (i == 0)
            len = stopccn->len;
        ck_assert_uint_eq(stopccn->len, len);
    }
    assert_alive(&old);
}
END_TEST

Suite *suite_conform_remote(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_remote", &tcase);

    tcase_add_test(tcase, sccrp_suggests_numbers_ahead_of_the_old_ones);
    tcase_add_test(tcase, suggested_numbers_differ_from_recovery_to_recovery);
    tcase_add_test(tcase, the_remote_resets_at_scccn_to_what_it_suggested);
    tcase_add_test(tcase, the_channel_rests_from_sccrp_to_scccn);
    tcase_add_loop_test(tcase, a_stopccn_on_the_resting_channel_is_dropped, 0, 2);
    tcase_add_loop_test(tcase, an_attempt_that_fails_leaves_the_channel_where_it_was, 0, ENDS);
    tcase_add_test(tcase, what_was_outstanding_is_sent_again_after_a_failed_attempt);
    tcase_add_test(tcase, the_reset_flushes_what_was_outstanding);
    tcase_add_test(tcase, old_messages_under_way_are_not_taken_as_new);
    tcase_add_test(tcase, slow_start_begins_anew_after_the_reset);
    tcase_add_loop_test(tcase, step_i_clears_calls_half_set_up_without_a_word, 0, HALF_CALLS);
    tcase_add_test(tcase, no_call_begins_before_step_i);
    tcase_add_test(tcase, the_peer_closes_the_recovery_tunnel_alone);
    tcase_add_test(tcase, the_remote_closes_it_when_the_peer_does_not);
    tcase_add_test(tcase, hello_on_the_recovery_tunnel_is_acknowledged_there);
    tcase_add_loop_test(tcase, calls_on_the_recovery_tunnel_are_refused, 0, 4);
    tcase_add_loop_test(tcase, queries_on_the_recovery_tunnel_are_ignored, 0, 6);
    tcase_add_test(tcase, the_host_places_no_call_on_a_recovery_tunnel);
    tcase_add_test(tcase, a_copy_of_sccrq_makes_no_second_tunnel);
    tcase_add_test(tcase, another_request_supersedes_one_half_open);
    tcase_add_test(tcase, another_request_after_the_reset_is_another_failure);
    tcase_add_test(tcase, a_tunnel_is_recovered_again_and_again);
    tcase_add_test(tcase, many_tunnels_are_recovered_at_a_time);
    tcase_add_test(tcase, another_address_needs_the_hosts_word);
    tcase_add_test(tcase, a_stranger_learns_no_ids);
    return suite;
}
