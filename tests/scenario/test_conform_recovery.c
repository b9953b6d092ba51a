/* SPDX-License-Identifier: MIT */
/* The node has failed and its standby recovers the tunnel: RFC 4951 3.2.1, 3.2.2 and appendix A as
 * recovery endpoint. Attempts that fail are in test_conform_attempt.c, two ends that have failed in
 * test_conform_tie.c. */
#include "scenario/rig_recovery.h"

static const char secret[] = "our secret";
static struct peer old, fresh;

/* --- the request --- */

START_TEST(sccrq_names_the_tunnel_and_announces_nothing)
{
    if (_i)
        node_opens_capable(&old, 1);
    else
        peer_opens_capable(&old, 1);
    node_fails();
    const struct heard *sccrq = expect_request(&fresh, &old);
    ck_assert(!heard_has(sccrq, 76));
    ck_assert(heard_has(sccrq, 5));
    struct l2tpha_bytes name;
    ck_assert(l2tpha_message_bytes(&sccrq->message, 7, &name));
    ck_assert_mem_eq(name.data, rig.config.name, name.len);
    expect_nothing(); /* not a word on the old tunnel */
    ck_assert_uint_eq(rig_counters()->recovery_attempts, 1);
}
END_TEST

START_TEST(each_tunnel_has_a_recovery_tunnel_of_its_own)
{
    static struct peer olds[10], freshes[10];

    for (unsigned i = 0; i < 10; i++)
        peer_opens_capable(&olds[i], i + 1);
    node_fails();
    for (unsigned i = 0; i < 10; i++)
        expect_request(&freshes[i], &olds[i]);
    for (unsigned i = 0; i < 10; i++)
        for (unsigned j = 0; j < 10; j++)
            ck_assert(freshes[i].node_id != olds[j].node_id &&
                      (i == j || freshes[i].node_id != freshes[j].node_id));
    expect_nothing();
}
END_TEST

/* Only what is established is recovered: the rest goes on silently, or is not known any more. 0:
 * the node has asked for it; 1: the peer has; 2: the node is closing it; 3: the peer has */
START_TEST(tunnels_half_open_or_closing_are_not_recovered)
{
    if (_i == 0) {
        node_calls(&old, 1);
    } else if (_i == 2) {
        peer_opens_capable(&old, 1);
        assert_ok(close_tunnel(&old, 1));
        expect(&old, STOPCCN);
    } else if (_i == 3) {
        peer_opens_capable(&old, 1);
        assert_ok(say_valid(&old, STOPCCN));
        expect_zlb(&old);
    } else {
        peer_begins(&old, 1);
        struct says sccrq = valid(&old, SCCRQ);
        add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
        assert_ok(say(&old, &sccrq));
        expect(&old, SCCRP);
    }
    node_fails();
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        ck_assert(!l2tpha_message_has(&heard->message, 77));
    ck_assert_uint_eq(rig_counters()->recovery_attempts, 0);
}
END_TEST

/* --- the old tunnel meanwhile --- */

START_TEST(the_old_channel_rests_until_scccn_is_acknowledged)
{
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_fails();
    expect_request(&fresh, &old);
    assert_rests(&old);
    assert_data_flows(&old, call);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    assert_rests(&old); /* what the peer says before its own reset */
    assert_ok(close_session(&old, call, 3));
    rig_pass_ms(900);
    expect_nothing();
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    assert_ok(peer_acks(&fresh));
    old.ns = 100;
    old.nr = 3;
    expect_on(&old, HELLO);
    assert_ok(peer_acks(&old));
    rig_pass_ms(1500);
    expect_on(&old, CDN); /* what the host has ended meanwhile */
}
END_TEST

/* --- the reset --- */

START_TEST(the_node_resets_at_sccrp_to_what_is_suggested)
{
    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    node_fails();
    expect_request(&fresh, &old);
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    ck_assert_uint_eq(record_of(&old).ns, 3);
    ck_assert_uint_eq(record_of(&old).nr, 100);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    old.ns = 100;
    old.nr = 3;
    const struct heard *hello = expect_on(&old, HELLO);
    ck_assert_uint_eq(hello->message.header.ns, 3);
    ck_assert_uint_eq(hello->message.header.nr, 100);
    assert_ok(peer_acks(&old));
    assert_alive(&old);
    ck_assert_uint_eq(rig_counters()->recoveries, 1);
    ck_assert_uint_eq(rig_counters()->recoveries_degraded, 0);
}
END_TEST

START_TEST(suggested_numbers_wrap)
{
    peer_opens_capable(&old, 1);
    node_fails();
    expect_request(&fresh, &old);
    struct says sccrp = recovery_reply(&fresh, 65535, 0);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    old.ns = 0;
    old.nr = 65535;
    const struct heard *hello = expect_on(&old, HELLO);
    ck_assert_uint_eq(hello->message.header.ns, 65535);
    ck_assert_uint_eq(hello->message.header.nr, 0);
    assert_ok(peer_acks(&old));
    ck_assert_uint_eq(old.nr, 0);
    peer_rings(&old, PEER_CALL); /* its ICRP has Ns 0 */
    ck_assert_uint_eq(old.nr, 1);
}
END_TEST

START_TEST(without_a_suggestion_both_numbers_are_zero)
{
    peer_opens_capable(&old, 1);
    peer_dials(&old, PEER_CALL);
    node_fails();
    expect_request(&fresh, &old);
    assert_ok(say_valid(&fresh, SCCRP));
    expect_on(&fresh, SCCCN);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    old.ns = old.nr = 0;
    const struct heard *hello = expect_on(&old, HELLO);
    ck_assert_uint_eq(hello->message.header.ns, 0);
    ck_assert_uint_eq(hello->message.header.nr, 0);
    assert_ok(peer_acks(&old));
    assert_alive(&old);
    ck_assert_uint_eq(rig_counters()->recoveries_degraded, 1);
}
END_TEST

START_TEST(a_suggestion_may_be_hidden)
{
    uint8_t digest[16];

    rig.secret = secret;
    peer_begins(&old, 1);
    struct says sccrq = valid(&old, SCCRQ);
    add(&sccrq, hiding_vector());
    add(&sccrq, hidden_avp(avp_capability(CONTROL | DATA, RECOVERY_TIME)));
    assert_ok(say(&old, &sccrq));
    respond(expect(&old, SCCRP), SCCCN, secret, digest);
    struct says scccn = valid(&old, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_ok(say(&old, &scccn));
    expect_zlb(&old);
    node_fails();
    respond(expect_request(&fresh, &old), SCCRP, secret, digest);
    struct says sccrp = valid(&fresh, SCCRP);
    add(&sccrp, AVP_OCTETS(WIRE_M, 13, digest, 16));
    add(&sccrp, hiding_vector());
    add(&sccrp, hidden_avp(avp_suggested(3, 100)));
    assert_ok(say(&fresh, &sccrp));
    ck_assert_uint_eq(record_of(&old).ns, 3);
    ck_assert_uint_eq(record_of(&old).nr, 100);
}
END_TEST

/* It has M=0: one that cannot be read is not one that is not there. */
START_TEST(a_malformed_suggestion_is_refused_and_another_attempt_made)
{
    static const uint8_t octets[8] = {0, 0, 0, 3, 0, 100};

    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    node_fails();
    expect_request(&fresh, &old);
    struct says sccrp = valid(&fresh, SCCRP);
    add(&sccrp, AVP_OCTETS(_i == 2 ? WIRE_M : 0, 78, octets, _i == 1 ? 8 : 5));
    ck_assert_int_lt(say(&fresh, &sccrp), 0);
    expect(&fresh, STOPCCN);
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    assert_rests(&old);
    assert_ok(peer_acks(&fresh));
    rig_pass_ms(2000);
    expect_request(&fresh, &old);
    forget_datagrams(); /* copies */
    sccrp = recovery_reply(&fresh, 3, 100);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
}
END_TEST

/* RFC 4951 appendix A shows it, 5.2 forbids it. */
START_TEST(the_same_pair_in_sccrp_is_tolerated_and_another_one_is_not)
{
    peer_opens_capable(&old, 1);
    node_fails();
    expect_request(&fresh, &old);
    const unsigned pairs[][2] = {{old.id, old.node_id},
                                 {old.node_id, old.id},
                                 {old.id, UNKNOWN_ID},
                                 {UNKNOWN_ID, old.node_id}};
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    add(&sccrp, avp_recovery(pairs[_i][0], pairs[_i][1]));
    int error = say(&fresh, &sccrp);
    if (_i == 0) {
        assert_ok(error);
        expect_on(&fresh, SCCCN);
        ck_assert_uint_eq(record_of(&old).ns, 3);
    } else {
        ck_assert_int_lt(error, 0);
        expect(&fresh, STOPCCN);
        ck_assert_uint_ne(record_of(&old).ns, 3);
    }
}
END_TEST

START_TEST(a_capability_in_sccrp_of_a_recovery_means_nothing)
{
    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    node_fails();
    expect_request(&fresh, &old);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    add(&sccrp, avp_capability(DATA, 1));
    add(&sccrp, AVP_U16(10, 1)); /* Receive Window Size */
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    struct l2tpha_tunnel_record after = record_of(&old);
    ck_assert_uint_eq(after.remote_failover, before.remote_failover);
    ck_assert_uint_eq(after.remote_recovery_ms, before.remote_recovery_ms);
    ck_assert_uint_eq(after.remote_window, before.remote_window);
}
END_TEST

START_TEST(old_messages_of_the_peer_are_not_taken_as_new)
{
    struct wire late;

    peer_opens_capable(&old, 1);
    struct says hello = valid(&old, HELLO);
    compose(&old, &hello, &late);
    node_recovers(&fresh, &old);
    assert_error(say_wire(&old, &late), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(record_of(&old).nr, 100);
    forget_datagrams();
    assert_alive(&old);
}
END_TEST

/* --- Step I --- */

START_TEST(calls_half_set_up_go_without_a_word)
{
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    uint16_t half = half_call(&old, _i, PEER_CALL + 1);
    node_claims(&fresh, &old);
    ck_assert_uint_eq(session_state(&old, half), L2TPHA_SESSION_IDLE);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    expect_on(&old, HELLO);
    expect_nothing();
    assert_data_flows(&old, call);
}
END_TEST

START_TEST(calls_asked_for_meanwhile_begin_after_the_recovery)
{
    struct l2tpha_session_options options = a_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    peer_opens_capable(&old, 1);
    node_fails();
    expect_request(&fresh, &old);
    assert_ok(host_session_open(tunnel_of_peer(&old), &options, rig.now, &session));
    uint16_t waiting = (uint16_t)l2tpha_session_id(session);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    rig_pass_ms(100);
    expect_nothing();
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    old.ns = 100;
    old.nr = 3;
    expect_on(&old, HELLO);
    assert_ok(peer_acks(&old));
    rig_pass_ms(5);
    ck_assert_uint_eq(heard_u16(expect_on(&old, ICRQ), 14), waiting);
}
END_TEST

/* --- the end of the recovery tunnel --- */

START_TEST(stopccn_ends_the_recovery_tunnel_alone)
{
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_claims(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    const struct heard *stopccn = expect_stopccn(&fresh, 1, 0);
    ck_assert_uint_eq(stopccn->message.header.tunnel_id, fresh.id);
    ck_assert_uint_eq(heard_u16(stopccn, 9), fresh.node_id);
    expect_on(&old, HELLO);
    assert_ok(peer_acks(&old));
    /* Both at once: both are acknowledged. */
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    assert_alive(&old);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    rig_pass_ms(100000);
    expect_nothing();
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

/* The peer may close first. Whether that is the end of a recovery or a refusal is in Nr and
 * result. */
START_TEST(a_stopccn_after_scccn_is_success_or_failure)
{
    static const struct {
        bool acknowledges;
        unsigned result;
        bool done;
    } rows[] = {{true, 1, true},   {true, 6, false},  {true, 4, false}, {true, 2, false},
                {false, 1, false}, {false, 6, false}, {true, 7, false}};

    peer_opens_capable(&old, 1);
    node_claims(&fresh, &old);
    struct says stopccn = valid(&fresh, STOPCCN);
    change(&stopccn, AVP_U16(1, rows[_i].result));
    if (!rows[_i].acknowledges)
        fresh.nr--;
    assert_ok(say(&fresh, &stopccn));
    if (rows[_i].done) {
        expect_zlb(&fresh);
        expect_on(&old, HELLO);
        assert_ok(peer_acks(&old));
        assert_alive(&old);
        ck_assert_uint_eq(rig_counters()->recoveries, 1);
    } else {
        expect_zlb(&fresh);
        expect_nothing();
        ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
        ck_assert_uint_eq(rig_counters()->recoveries_failed, 1);
    }
}
END_TEST

/* The acknowledgement alone was taken for the end of it; the peer leaves, and has read nothing.
 * What has been heard on the old tunnel since shows otherwise. */
START_TEST(a_shutdown_after_the_acknowledgement_is_no_success)
{
    bool reads = _i;

    peer_opens_capable(&old, 1);
    node_claims(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    expect_on(&old, HELLO);
    if (reads)
        assert_ok(peer_acks(&old));
    fresh.nr--; /* our StopCCN has crossed its own */
    struct says stopccn = valid(&fresh, STOPCCN);
    change(&stopccn, AVP_U16(1, 6));
    assert_ok(say(&fresh, &stopccn));
    expect_zlb(&fresh);
    ck_assert_uint_eq(tunnel_state(&old), reads ? L2TPHA_TUNNEL_ESTABLISHED : L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(rig_counters()->recoveries_failed, !reads);
}
END_TEST

START_TEST(hello_on_the_recovery_tunnel_touches_the_old_one_not)
{
    peer_opens_capable(&old, 1);
    node_claims(&fresh, &old);
    fresh.nr--; /* SCCCN is not acknowledged */
    assert_ok(say_valid(&fresh, HELLO));
    fresh.nr++;
    expect_zlb(&fresh);
    expect_nothing();
    ck_assert_uint_eq(record_of(&old).ns, 3);
    ck_assert_uint_eq(record_of(&old).nr, 100);
}
END_TEST

START_TEST(a_call_on_the_recovery_tunnel_is_refused)
{
    peer_opens_capable(&old, 1);
    node_claims(&fresh, &old);
    fresh.nr--;
    assert_error(say_valid(&fresh, _i ? OCRQ : ICRQ), L2TPHA_ERR_REFUSED);
    fresh.nr++;
    ck_assert_uint_eq(expect(&fresh, CDN)->message.header.session_id, PEER_CALL);
    ck_assert_uint_eq(rig.asked_session, 0);
}
END_TEST

/* --- again --- */

START_TEST(a_recovered_tunnel_can_be_recovered_again)
{
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    for (int i = 0; i < 3; i++) {
        node_recovers(&fresh, &old);
        assert_alive(&old);
    }
    assert_data_flows(&old, call);
}
END_TEST

/* Once by the one end, once by the other. */
START_TEST(either_end_recovers_the_same_tunnel)
{
    peer_opens_capable(&old, 1);
    node_recovers(&fresh, &old);
    peer_takes_back(&fresh, &old);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    assert_alive(&old);
    node_recovers(&fresh, &old);
    assert_alive(&old);
}
END_TEST

/* The node fails while its peer recovers: its standby goes on with the handshake. */
START_TEST(a_takeover_amid_the_peers_recovery_ends_with_one_of_the_two)
{
    struct peer own;

    peer_opens_capable(&old, 1);
    struct peer before = old;
    peer_asks_back(&fresh, &old);
    assert_ok(peer_acks(&fresh));
    node_fails();
    expect_request(&own, &before);
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
    assert_ok(peer_acks(&own));
    expect_stopccn(&own, 1, 0);
    old.ns = 100;
    old.nr = 3;
    expect_on(&old, HELLO);
    assert_ok(peer_acks(&old));
    assert_alive(&old);
}
END_TEST

/* The peer may still have a call of the previous active last, the reset having flushed its CDN. */
START_TEST(no_id_used_lately_comes_back_after_two_takeovers)
{
    enum { CALLS = 8 };
    uint16_t ids[CALLS];

    peer_opens_capable(&old, 1);
    for (uint16_t i = 0; i < CALLS; i++) {
        ids[i] = peer_dials(&old, (uint16_t)(PEER_CALL + i));
        struct says cdn = valid_for(&old, CDN, ids[i]);
        assert_ok(say(&old, &cdn));
        expect_zlb(&old);
        forget_events();
    }
    node_recovers(&fresh, &old);
    node_recovers(&fresh, &old);
    uint16_t id = peer_dials(&old, PEER_CALL);
    for (uint16_t i = 0; i < CALLS; i++)
        ck_assert_uint_ne(id, ids[i]);
}
END_TEST

Suite *suite_conform_recovery(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_recovery", &tcase);

    tcase_add_loop_test(tcase, sccrq_names_the_tunnel_and_announces_nothing, 0, 2);
    tcase_add_test(tcase, each_tunnel_has_a_recovery_tunnel_of_its_own);
    tcase_add_loop_test(tcase, tunnels_half_open_or_closing_are_not_recovered, 0, 4);
    tcase_add_test(tcase, the_old_channel_rests_until_scccn_is_acknowledged);
    tcase_add_test(tcase, the_node_resets_at_sccrp_to_what_is_suggested);
    tcase_add_test(tcase, suggested_numbers_wrap);
    tcase_add_test(tcase, without_a_suggestion_both_numbers_are_zero);
    tcase_add_test(tcase, a_suggestion_may_be_hidden);
    tcase_add_loop_test(tcase, a_malformed_suggestion_is_refused_and_another_attempt_made, 0, 3);
    tcase_add_loop_test(tcase, the_same_pair_in_sccrp_is_tolerated_and_another_one_is_not, 0, 4);
    tcase_add_test(tcase, a_capability_in_sccrp_of_a_recovery_means_nothing);
    tcase_add_test(tcase, old_messages_of_the_peer_are_not_taken_as_new);
    tcase_add_loop_test(tcase, calls_half_set_up_go_without_a_word, 0, HALF_CALLS);
    tcase_add_test(tcase, calls_asked_for_meanwhile_begin_after_the_recovery);
    tcase_add_test(tcase, stopccn_ends_the_recovery_tunnel_alone);
    tcase_add_loop_test(tcase, a_stopccn_after_scccn_is_success_or_failure, 0, 7);
    tcase_add_loop_test(tcase, a_shutdown_after_the_acknowledgement_is_no_success, 0, 2);
    tcase_add_test(tcase, hello_on_the_recovery_tunnel_touches_the_old_one_not);
    tcase_add_loop_test(tcase, a_call_on_the_recovery_tunnel_is_refused, 0, 2);
    tcase_add_test(tcase, a_recovered_tunnel_can_be_recovered_again);
    tcase_add_test(tcase, either_end_recovers_the_same_tunnel);
    tcase_add_test(tcase, a_takeover_amid_the_peers_recovery_ends_with_one_of_the_two);
    tcase_add_test(tcase, no_id_used_lately_comes_back_after_two_takeovers);
    return suite;
}
