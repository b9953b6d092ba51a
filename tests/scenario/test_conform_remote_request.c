/* SPDX-License-Identifier: MIT */
/* What a peer may ask for when it recovers a tunnel, and who it has to be: RFC 4951 3.2.1, 5.2 and
 * 8. Whatever is refused leaves the old tunnel as it was. */
#include "scenario/rig_recovery.h"

#define GENERAL 2 /* StopCCN, RFC 2661 4.4.2 */
#define UNAUTHORIZED 4
#define VERSION 5
#define NO_CONNECTION 1
#define UNKNOWN_AVP 8

static const char secret[] = "our secret";
static struct peer old, fresh;

/* It is answered with this StopCCN, makes no tunnel that could be used, and the old one goes on. */
static void is_refused(const struct says *sccrq, unsigned result, unsigned error)
{
    struct l2tpha_tunnel_record before = record_of(&old);
    uint64_t recoveries = rig_counters()->recoveries_by_peer;

    ck_assert_int_lt(say(&fresh, sccrq), 0);
    ck_assert_uint_eq(expect_stopccn(&fresh, result, error)->message.header.tunnel_id, fresh.id);
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, recoveries);
    if (before.state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        return; /* a_tunnel_not_established_cannot_be_recovered() */
    struct l2tpha_tunnel_record after = record_of(&old);
    ck_assert_uint_eq(after.ns, before.ns);
    ck_assert_uint_eq(after.nr, before.nr);
    if (before.state == L2TPHA_TUNNEL_ESTABLISHED)
        assert_alive(&old);
}

static struct says request(void)
{
    peer_returns(&fresh, &old);
    return recovery_request(&fresh, &old);
}

/* --- the pair of ids --- */

START_TEST(a_pair_that_names_no_tunnel_is_refused)
{
    peer_opens_capable(&old, 1);
    const struct {
        unsigned id, remote_id;
    } pairs[] = {
        {UNKNOWN_ID, old.node_id},
        {old.id, UNKNOWN_ID},
        {UNKNOWN_ID, UNKNOWN_ID},
        {old.node_id, old.id},
        {old.id, 0},
        {0, old.node_id},
        {0, 0},
        {0xffff, old.node_id},
    };
    struct says sccrq = request();
    struct l2tpha_tunnel *tunnel = NULL;
    change(&sccrq, avp_recovery(pairs[_i].id, pairs[_i].remote_id));
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
    while ((tunnel = l2tpha_tunnel_next(rig_node(), tunnel))) { /* it is no ordinary one either */
        struct l2tpha_tunnel_record record = {.size = sizeof(record)};
        l2tpha_tunnel_get(tunnel, &record);
        ck_assert(record.recovers || record.local_id == old.node_id);
    }
}
END_TEST

START_TEST(ids_of_two_tunnels_are_no_pair)
{
    struct peer first, second;

    peer_opens_capable(&first, 1);
    peer_begins(&second, 1);
    second.id++;
    struct says sccrq = valid(&second, SCCRQ);
    add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&second, &sccrq);
    old = first;
    sccrq = request();
    change(&sccrq, avp_recovery(_i ? first.id : second.id, _i ? second.node_id : first.node_id));
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
    assert_alive(&second);
}
END_TEST

/* Tunnel ids are only unique together with the peer. */
START_TEST(another_peers_pair_is_not_ones_own)
{
    struct peer first;

    peer_opens_capable(&first, 1);
    peer_opens_capable(&old, 2);
    struct says sccrq = request();
    change(&sccrq, avp_recovery(first.id, first.node_id));
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 0);
    expect_no_event();
    assert_alive(&first);
}
END_TEST

START_TEST(two_pairs_are_one_too_many)
{
    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    add(&sccrq, _i ? avp_recovery(UNKNOWN_ID, UNKNOWN_ID) : avp_recovery(old.id, old.node_id));
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
}
END_TEST

/* Never does it become an ordinary tunnel. */
START_TEST(a_malformed_pair_is_refused)
{
    static const uint8_t octets[16];
    struct rig_avp pair;

    rig.secret = _i == 0 ? secret : NULL;
    peer_begins(&old, 1);
    peer_returns(&fresh, &old);
    struct says sccrq = recovery_request(&fresh, &old);
    if (_i == 0)
        pair = hidden_avp(avp_recovery(1, 1));
    else
        pair = AVP_OCTETS(_i == 3 ? 0 : WIRE_M, 77, octets, _i == 1 ? 9 : 11);
    leave_out(&sccrq, 77);
    if (_i == 0)
        add(&sccrq, hiding_vector());
    add(&sccrq, pair);
    rig.asked_tunnel = 0;
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    expect(&fresh, STOPCCN);
    expect_nothing();
    ck_assert_uint_eq(rig.asked_tunnel, 0);
}
END_TEST

START_TEST(a_request_without_m_bit_or_tie_breaker_is_answered)
{
    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    struct rig_avp pair = avp_recovery(old.id, old.node_id);
    pair.flags = 0;
    change(&sccrq, pair);
    leave_out(&sccrq, 5);
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
}
END_TEST

/* --- what the old tunnel is --- */

START_TEST(a_tunnel_not_established_cannot_be_recovered)
{
    peer_begins(&old, 1);
    if (_i == 0) {
        struct says first = valid(&old, SCCRQ);
        add(&first, avp_capability(CONTROL | DATA, RECOVERY_TIME));
        assert_ok(say(&old, &first));
        expect(&old, SCCRP);
        assert_ok(peer_acks(&old));
    } else {
        peer_opens_capable(&old, 1);
        assert_ok(close_tunnel(&old, 1));
        expect(&old, STOPCCN);
        forget_events();
    }
    struct says sccrq = request();
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
    if (_i)
        return;
    /* Whoever began it is gone: it is dropped, and what he may still say completes nothing. */
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    assert_error(say_valid(&old, SCCCN), L2TPHA_ERR_NOT_OURS);
    expect_nothing();
}
END_TEST

/* Not by somebody with another address or another name. */
START_TEST(a_stranger_drops_no_tunnel_half_set_up)
{
    peer_begins(&old, 1);
    struct says first = valid(&old, SCCRQ);
    add(&first, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    assert_ok(say(&old, &first));
    expect(&old, SCCRP);
    struct says sccrq = request();
    if (_i)
        change(&sccrq, AVP_TEXT(WIRE_M, 7, "another"));
    else
        fresh.path.remote.bytes[1] ^= 1;
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    forget_datagrams();
    assert_ok(say_valid(&old, SCCCN));
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(a_recovery_tunnel_cannot_be_recovered)
{
    struct peer first;

    peer_opens_capable(&first, 1);
    peer_takes_back(&old, &first);
    struct says sccrq = request();
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
}
END_TEST

/* RFC 4951 3.2.1, 5.1: both ends have to have announced C. */
START_TEST(without_capability_of_either_end_nothing_is_recovered)
{
    static const struct {
        bool sends;
        unsigned bits;
    } peers[] = {{false, 0}, {true, 0}, {true, DATA}};

    peer_begins(&old, 1);
    struct says sccrq = valid(&old, SCCRQ);
    if (peers[_i].sends)
        add(&sccrq, avp_capability(peers[_i].bits, RECOVERY_TIME));
    peer_opens_with(&old, &sccrq);
    sccrq = request();
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
}
END_TEST

/* It is announced before the tunnel is there, or never. */
START_TEST(a_capability_that_this_end_has_not_announced_does_not_count)
{
    rig.config.failover_capability = false;
    node_calls(&old, 1);
    struct says sccrp = valid(&old, SCCRP);
    add(&sccrp, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    assert_ok(say(&old, &sccrp));
    expect(&old, SCCCN);
    assert_ok(peer_acks(&old));
    rig.config.failover_capability = true;
    node_fails(); /* to a node that has it */
    forget_datagrams();
    old.nr++; /* HELLO */
    struct says sccrq = request();
    is_refused(&sccrq, GENERAL, NO_CONNECTION);
}
END_TEST

START_TEST(switched_off_tunnel_recovery_is_an_unknown_avp)
{
    rig.config.failover_capability = false;
    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    is_refused(&sccrq, GENERAL, UNKNOWN_AVP);
}
END_TEST

START_TEST(a_request_of_another_version_is_dropped)
{
    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    compose(&fresh, &sccrq, &fresh.last);
    fresh.last.data[1] = 3;
    assert_error(say_again(&fresh), L2TPHA_ERR_VERSION);
    expect_nothing();
    expect_no_event();
    assert_alive(&old);
}
END_TEST

/* RFC 2661 4.4.3: what the Protocol Version AVP says is answered, and any revision of 1 will do. */
START_TEST(a_request_of_another_protocol_version_is_refused)
{
    static const unsigned versions[] = {0x0000, 0x0200, 0x0300, 0x0101};

    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    change(&sccrq, AVP_U16(2, versions[_i]));
    if (_i < 3) {
        is_refused(&sccrq, VERSION, 2);
        return;
    }
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
}
END_TEST

/* --- what goes with it --- */

START_TEST(another_host_name_is_refused)
{
    peer_opens_capable(&old, 1);
    struct says sccrq = request();
    change(&sccrq, _i ? AVP_TEXT(WIRE_M, 7, "peers") : AVP_TEXT(WIRE_M, 7, "Peer"));
    is_refused(&sccrq, UNAUTHORIZED, 0);
}
END_TEST

START_TEST(a_capability_on_the_recovery_tunnel_means_nothing)
{
    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    struct says sccrq = request();
    add(&sccrq, avp_capability(_i ? DATA : CONTROL, 1));
    assert_ok(say(&fresh, &sccrq));
    ck_assert(!heard_has(expect_on(&fresh, SCCRP), 76));
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    struct l2tpha_tunnel_record after = record_of(&old);
    ck_assert_uint_eq(after.remote_failover, before.remote_failover);
    ck_assert_uint_eq(after.remote_recovery_ms, before.remote_recovery_ms);
}
END_TEST

START_TEST(the_handshake_changes_no_other_property_of_the_tunnel)
{
    peer_opens_capable(&old, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    struct says sccrq = request();
    add(&sccrq, AVP_U16(10, 1)); /* Receive Window Size */
    change(&sccrq, AVP_U32(3, 1));
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    assert_ok(say_valid(&fresh, SCCCN));
    struct l2tpha_tunnel_record after = record_of(&old);
    ck_assert_uint_eq(after.remote_window, before.remote_window);
    ck_assert_uint_eq(after.framing_caps, before.framing_caps);
    ck_assert_uint_eq(after.remote_id, old.id);
}
END_TEST

/* --- who asks --- */

/* The secret is the old tunnel's, whatever the host says by now. */
START_TEST(the_secret_of_the_old_tunnel_proves_the_peer)
{
    uint8_t digest[16], wanted[16];
    struct l2tpha_bytes response;

    peer_opens_proven(&old, 1, secret);
    rig.secret = _i ? "another one" : NULL;
    struct says sccrq = request();
    add(&sccrq, AVP_TEXT(WIRE_M, 11, "who are you?"));
    assert_ok(say(&fresh, &sccrq));
    const struct heard *sccrp = expect_on(&fresh, SCCRP);
    chap(SCCRP, secret, "who are you?", 12, wanted);
    ck_assert(l2tpha_message_bytes(&sccrp->message, 13, &response));
    ck_assert_mem_eq(response.data, wanted, 16);
    respond(sccrp, SCCCN, secret, digest);
    struct says scccn = valid(&fresh, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    forget_events();
    assert_ok(say(&fresh, &scccn));
    expect_zlb(&fresh);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

static struct rig_avp assigned_id(void)
{
    static uint8_t octets[2];

    octets[0] = (uint8_t)(fresh.id >> 8);
    octets[1] = (uint8_t)fresh.id;
    return AVP_OCTETS(WIRE_M, 9, octets, 2);
}

/* RFC 4951 3.2.1: what is hidden is, with the same secret. */
START_TEST(what_is_hidden_is_read_with_the_old_secret)
{
    uint8_t digest[16];

    peer_opens_proven(&old, 1, secret);
    struct says sccrq = request();
    leave_out(&sccrq, 9);
    add(&sccrq, hiding_vector());
    add(&sccrq, hidden_avp(assigned_id()));
    rig.secret = _i ? "another one" : NULL;
    assert_ok(say(&fresh, &sccrq));
    respond(expect_on(&fresh, SCCRP), SCCCN, secret, digest);
    struct says scccn = valid(&fresh, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    forget_events();
    assert_ok(say(&fresh, &scccn));
    expect_zlb(&fresh);
    expect_event(L2TPHA_EVENT_TUNNEL_RECOVERED);
}
END_TEST

/* RFC 4951 5.3: who cannot decipher it would pass over it and begin at 0. */
START_TEST(the_suggestion_is_never_hidden)
{
    bool seen = false, hides = false;

    rig.config.hide_avps = true;
    peer_opens_proven(&old, 1, secret);
    struct says sccrq = request();
    assert_ok(say(&fresh, &sccrq));
    const struct heard *sccrp = expect_on(&fresh, SCCRP);
    for (size_t at = L2TPHA_CONTROL_HEADER; at < sccrp->len;) {
        bool hidden = sccrp->data[at] & 0x40;
        hides = hides || hidden;
        seen = seen || (sccrp->data[at + 5] == 78 && !hidden);
        at += (size_t)((sccrp->data[at] & 3) << 8 | sccrp->data[at + 1]);
    }
    ck_assert(seen && hides);
}
END_TEST

/* ... and who has only what the host says by now is not understood. */
START_TEST(what_is_hidden_with_a_newer_secret_is_refused)
{
    peer_opens_proven(&old, 1, secret);
    rig.secret = "another one";
    struct says sccrq = request();
    leave_out(&sccrq, 9);
    add(&sccrq, hiding_vector());
    add(&sccrq, hidden_avp(assigned_id()));
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    forget_datagrams();
    assert_alive(&old);
}
END_TEST

START_TEST(who_cannot_prove_himself_changes_nothing)
{
    static const char *const shared[] = {"a guess", "", "another one"};
    uint8_t digest[16];

    peer_opens_proven(&old, 1, secret);
    struct l2tpha_tunnel_record before = record_of(&old);
    rig.secret = shared[2];
    struct says sccrq = request();
    assert_ok(say(&fresh, &sccrq));
    respond(expect_on(&fresh, SCCRP), SCCCN, shared[_i % 3], digest);
    forget_events();
    struct says scccn = valid(&fresh, SCCCN);
    if (_i != 3)
        add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    ck_assert_int_lt(say(&fresh, &scccn), 0);
    expect_stopccn(&fresh, UNAUTHORIZED, 0);
    expect_no_event();
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    assert_alive(&old);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 0);
}
END_TEST

START_TEST(a_forged_request_alone_costs_the_tunnel_nothing)
{
    peer_opens_proven(&old, 1, secret);
    struct l2tpha_tunnel_record before = record_of(&old);
    struct says sccrq = request();
    assert_ok(say(&fresh, &sccrq));
    rig_pass_ms(100000);
    forget_datagrams();
    forget_events();
    ck_assert_uint_eq(record_of(&old).ns, before.ns);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    assert_alive(&old);
    ck_assert_uint_eq(tunnels_of_node(), 1);
}
END_TEST

Suite *suite_conform_remote_request(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_remote_request", &tcase);

    tcase_add_test(tcase, the_suggestion_is_never_hidden);
    tcase_add_loop_test(tcase, a_pair_that_names_no_tunnel_is_refused, 0, 8);
    tcase_add_loop_test(tcase, ids_of_two_tunnels_are_no_pair, 0, 2);
    tcase_add_test(tcase, another_peers_pair_is_not_ones_own);
    tcase_add_loop_test(tcase, two_pairs_are_one_too_many, 0, 2);
    tcase_add_loop_test(tcase, a_malformed_pair_is_refused, 0, 4);
    tcase_add_test(tcase, a_request_without_m_bit_or_tie_breaker_is_answered);
    tcase_add_loop_test(tcase, a_tunnel_not_established_cannot_be_recovered, 0, 2);
    tcase_add_loop_test(tcase, a_stranger_drops_no_tunnel_half_set_up, 0, 2);
    tcase_add_test(tcase, a_recovery_tunnel_cannot_be_recovered);
    tcase_add_loop_test(tcase, without_capability_of_either_end_nothing_is_recovered, 0, 3);
    tcase_add_test(tcase, a_capability_that_this_end_has_not_announced_does_not_count);
    tcase_add_test(tcase, switched_off_tunnel_recovery_is_an_unknown_avp);
    tcase_add_test(tcase, a_request_of_another_version_is_dropped);
    tcase_add_loop_test(tcase, a_request_of_another_protocol_version_is_refused, 0, 4);
    tcase_add_loop_test(tcase, another_host_name_is_refused, 0, 2);
    tcase_add_loop_test(tcase, a_capability_on_the_recovery_tunnel_means_nothing, 0, 2);
    tcase_add_test(tcase, the_handshake_changes_no_other_property_of_the_tunnel);
    tcase_add_loop_test(tcase, the_secret_of_the_old_tunnel_proves_the_peer, 0, 2);
    tcase_add_loop_test(tcase, what_is_hidden_is_read_with_the_old_secret, 0, 2);
    tcase_add_test(tcase, what_is_hidden_with_a_newer_secret_is_refused);
    tcase_add_loop_test(tcase, who_cannot_prove_himself_changes_nothing, 0, 4);
    tcase_add_test(tcase, a_forged_request_alone_costs_the_tunnel_nothing);
    return suite;
}
