/* SPDX-License-Identifier: MIT */
/* Tunnel authentication and ties: RFC 2661 4.4.3, 5.1.1, 5.3 and 9.1. The peer's side of CHAP is
 * done with the MD5 of the crypto operations alone. */
#include "scenario/rig.h"

#define RESULT_UNAUTHORIZED 4

static const char secret[] = "our secret";
static struct peer peer;

static void response_is(const struct heard *heard, uint8_t id, const char *challenge)
{
    struct l2tpha_bytes response;
    uint8_t digest[16];

    ck_assert(l2tpha_message_bytes(&heard->message, L2TPHA_AVP_CHALLENGE_RESPONSE, &response));
    chap(id, secret, challenge, strlen(challenge), digest);
    ck_assert_uint_eq(response.len, 16);
    ck_assert_mem_eq(response.data, digest, 16);
}

/* The peer asks with a Challenge; the node answers and challenges in turn. */
static const struct heard *peer_asks_and_challenges(void)
{
    struct says sccrq;

    rig.secret = secret;
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_TEXT(WIRE_M, 11, "who are you?"));
    assert_ok(say(&peer, &sccrq));
    return expect(&peer, SCCRP);
}

START_TEST(both_ends_authenticate_with_one_secret_node_answering)
{
    struct l2tpha_tunnel_record record;
    struct says scccn;
    uint8_t digest[16];

    const struct heard *sccrp = peer_asks_and_challenges();
    response_is(sccrp, 2, "who are you?");
    respond(sccrp, 3, secret, digest);
    scccn = valid(&peer, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_ok(say(&peer, &scccn));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    l2tpha_tunnel_get(tunnel_of_peer(&peer), &record);
    ck_assert(record.flags & L2TPHA_TUNNEL_AUTHENTICATED);
}
END_TEST

START_TEST(both_ends_authenticate_with_one_secret_node_asking)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;
    struct says sccrp;
    uint8_t digest[16];

    rig.secret = secret;
    peer_begins(&peer, 1);
    options.path = peer.path;
    assert_ok(l2tpha_tunnel_open(rig_node(), &options, rig.now, &tunnel));
    respond(expect(&peer, SCCRQ), 2, secret, digest);
    sccrp = valid(&peer, SCCRP);
    add(&sccrp, AVP_OCTETS(WIRE_M, 13, digest, 16));
    add(&sccrp, AVP_TEXT(WIRE_M, 11, "and you?"));
    assert_ok(say(&peer, &sccrp));
    response_is(expect(&peer, SCCCN), 3, "and you?");
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}
END_TEST

START_TEST(a_response_is_sent_only_to_a_challenge)
{
    peer_begins(&peer, 1);
    assert_ok(say_valid(&peer, SCCRQ));
    const struct heard *sccrp = expect(&peer, SCCRP);
    ck_assert(!heard_has(sccrp, 13));
    ck_assert(!heard_has(sccrp, 11)); /* no secret, no authentication */
    node_calls(&peer, 2);
    assert_ok(say_valid(&peer, SCCRP));
    const struct heard *scccn = expect(&peer, SCCCN);
    ck_assert(!heard_has(scccn, 13));
    ck_assert_uint_eq(scccn->message.avp_count, 1);
}
END_TEST

START_TEST(challenges_differ)
{
    uint8_t first[64];
    struct l2tpha_bytes challenge;
    struct peer second;

    const struct heard *sccrp = peer_asks_and_challenges();
    ck_assert(l2tpha_message_bytes(&sccrp->message, 11, &challenge));
    ck_assert_uint_ge(challenge.len, 16);
    ck_assert_uint_le(challenge.len, sizeof(first));
    memcpy(first, challenge.data, challenge.len);
    peer_begins(&second, 2);
    assert_ok(say_valid(&second, SCCRQ));
    sccrp = expect(&second, SCCRP);
    ck_assert(l2tpha_message_bytes(&sccrp->message, 11, &challenge));
    ck_assert_mem_ne(first, challenge.data, challenge.len);
}
END_TEST

enum wrong { MISSING, WRONG_SECRET, WRONG_ID, REFLECTED, ALTERED, WRONGS };

START_TEST(a_wrong_response_in_scccn_forbids_the_tunnel)
{
    uint8_t digest[16];
    struct l2tpha_bytes own;
    struct says scccn;

    const struct heard *sccrp = peer_asks_and_challenges();
    respond(sccrp, _i == WRONG_ID ? 2 : 3, _i == WRONG_SECRET ? "other" : secret, digest);
    if (_i == REFLECTED) { /* 9.1: the node's own response, sent back */
        ck_assert(l2tpha_message_bytes(&sccrp->message, 13, &own));
        memcpy(digest, own.data, 16);
    }
    digest[15] ^= _i == ALTERED;
    scccn = valid(&peer, SCCCN);
    if (_i != MISSING)
        add(&scccn, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_error(say(&peer, &scccn), L2TPHA_ERR_AUTH);
    expect_stopccn(&peer, RESULT_UNAUTHORIZED, 0);
    ck_assert_uint_eq(rig_counters()->auth_failed, 1);
    ck_assert_uint_eq(rig_counters()->tunnels_up, 0);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_STOPPING);
    expect_no_event();
}
END_TEST

START_TEST(a_wrong_response_in_sccrp_forbids_the_tunnel)
{
    uint8_t digest[16];
    struct says sccrp;

    rig.secret = secret;
    node_calls(&peer, 1);
    chap(2, "other", "x", 1, digest);
    sccrp = valid(&peer, SCCRP);
    if (_i)
        add(&sccrp, AVP_OCTETS(WIRE_M, 13, digest, 16));
    assert_error(say(&peer, &sccrp), L2TPHA_ERR_AUTH);
    const struct heard *stopccn = expect_stopccn(&peer, RESULT_UNAUTHORIZED, 0);
    ck_assert_uint_eq(stopccn->message.header.tunnel_id, peer.id);
    ck_assert_uint_eq(rig_counters()->auth_failed, 1);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->event.status, L2TPHA_ERR_AUTH);
}
END_TEST

START_TEST(a_response_of_another_length_is_malformed)
{
    static const uint8_t octets[17];
    struct says scccn;

    peer_asks_and_challenges();
    scccn = valid(&peer, SCCCN);
    add(&scccn, AVP_OCTETS(WIRE_M, 13, octets, _i ? 17 : 15));
    assert_error(say(&peer, &scccn), L2TPHA_ERR_AVP_LENGTH);
    expect_stopccn(&peer, 2, 2);
    ck_assert_uint_eq(rig_counters()->bad_avp, 1);
}
END_TEST

START_TEST(an_empty_challenge_is_malformed)
{
    struct says sccrq;

    rig.secret = secret;
    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_OCTETS(WIRE_M, 11, NULL, 0));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, 2, 2);
}
END_TEST

START_TEST(a_challenge_without_a_secret_is_refused)
{
    struct says sccrq;

    peer_begins(&peer, 1);
    sccrq = valid(&peer, SCCRQ);
    add(&sccrq, AVP_TEXT(WIRE_M, 11, "who are you?"));
    ck_assert_int_lt(say(&peer, &sccrq), 0);
    expect_stopccn(&peer, RESULT_UNAUTHORIZED, 0);
    ck_assert_uint_eq(rig_counters()->auth_failed, 1);
    rig_pass_ms(1000);
    forget_datagrams();
}
END_TEST

/* --- ties, 4.4.3 --- */

static const uint8_t lowest[8];
static const uint8_t highest[] = {255, 255, 255, 255, 255, 255, 255, 255};

/* The node's SCCRQ is out; the peer's crosses it. */
static void cross(bool ours, const uint8_t *theirs, struct says *sccrq)
{
    rig.config.tie_breaker = ours;
    node_calls(&peer, 1);
    peer.nr = 0; /* a tunnel of its own */
    *sccrq = valid(&peer, SCCRQ);
    if (theirs)
        add(sccrq, AVP_OCTETS(0, 5, theirs, 8));
}

START_TEST(a_lost_tie_is_given_up_silently)
{
    struct says sccrq;

    /* Lower, or the only one. */
    cross(_i == 0, lowest, &sccrq);
    uint16_t given_up = peer.node_id;
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
    ck_assert_uint_ne(peer.node_id, given_up);
    ck_assert_ptr_null(l2tpha_tunnel_find(rig.node, given_up));
    expect_event(L2TPHA_EVENT_TUNNEL_DOWN);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    expect_nothing(); /* no StopCCN for it */
    assert_ok(say_valid(&peer, SCCCN));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    rig_pass_ms(10000);
    expect_nothing(); /* nor a copy */
}
END_TEST

START_TEST(a_won_tie_goes_on_and_the_peers_sccrq_is_not_answered)
{
    struct says sccrq;

    cross(true, _i ? highest : NULL, &sccrq);
    uint16_t kept = peer.node_id;
    assert_error(say(&peer, &sccrq), L2TPHA_ERR_REFUSED);
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    peer.ns = 0;
    peer.nr = 1;
    assert_ok(say_valid(&peer, SCCRP));
    expect(&peer, SCCCN); /* 7.2: only the winner sends SCCCN */
    ck_assert_uint_eq(peer.node_id, kept);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
}
END_TEST

START_TEST(an_equal_tie_ends_both)
{
    struct l2tpha_tunnel_record record;
    struct says sccrq;
    uint8_t same[8];

    cross(true, lowest, &sccrq);
    l2tpha_tunnel_get(tunnel_of_peer(&peer), &record);
    memcpy(same, record.tie_breaker, 8);
    change(&sccrq, AVP_OCTETS(0, 5, same, 8));
    assert_error(say(&peer, &sccrq), L2TPHA_ERR_REFUSED);
    ck_assert_ptr_null(l2tpha_tunnel_next(rig.node, NULL));
    rig_pass_ms(10000);
    expect_nothing();
}
END_TEST

START_TEST(without_tie_breakers_both_tunnels_come_up)
{
    struct says sccrq;
    struct peer ours;

    cross(false, NULL, &sccrq);
    ours = peer;
    ours.nr = 1;
    assert_ok(say(&peer, &sccrq));
    expect(&peer, SCCRP);
    assert_ok(say_valid(&peer, SCCCN));
    expect_zlb(&peer);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    ours.id = 4000;
    assert_ok(say_valid(&ours, SCCRP));
    expect(&ours, SCCCN);
    expect_event(L2TPHA_EVENT_TUNNEL_UP);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(tunnel_state(&ours), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(a_tie_with_somebody_else_is_none)
{
    struct peer stranger;
    struct says sccrq;

    cross(true, NULL, &sccrq);
    peer_begins(&stranger, 2);
    sccrq = valid(&stranger, SCCRQ);
    add(&sccrq, AVP_OCTETS(0, 5, lowest, 8));
    assert_ok(say(&stranger, &sccrq));
    expect(&stranger, SCCRP);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
}
END_TEST

START_TEST(a_tie_breaker_of_another_length_is_ignored)
{
    struct says sccrq;

    cross(true, NULL, &sccrq);
    add(&sccrq, AVP_OCTETS(0, 5, lowest, 7));
    assert_error(say(&peer, &sccrq), L2TPHA_ERR_REFUSED); /* as without: ours wins */
    ck_assert_uint_eq(rig_counters()->ignored_avp, 1);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
}
END_TEST

Suite *suite_conform_auth(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("conform_auth", &tcase);

    tcase_add_test(tcase, both_ends_authenticate_with_one_secret_node_answering);
    tcase_add_test(tcase, both_ends_authenticate_with_one_secret_node_asking);
    tcase_add_test(tcase, a_response_is_sent_only_to_a_challenge);
    tcase_add_test(tcase, challenges_differ);
    tcase_add_loop_test(tcase, a_wrong_response_in_scccn_forbids_the_tunnel, 0, WRONGS);
    tcase_add_loop_test(tcase, a_wrong_response_in_sccrp_forbids_the_tunnel, 0, 2);
    tcase_add_loop_test(tcase, a_response_of_another_length_is_malformed, 0, 2);
    tcase_add_test(tcase, an_empty_challenge_is_malformed);
    tcase_add_test(tcase, a_challenge_without_a_secret_is_refused);
    tcase_add_loop_test(tcase, a_lost_tie_is_given_up_silently, 0, 2);
    tcase_add_loop_test(tcase, a_won_tie_goes_on_and_the_peers_sccrq_is_not_answered, 0, 2);
    tcase_add_test(tcase, an_equal_tie_ends_both);
    tcase_add_test(tcase, without_tie_breakers_both_tunnels_come_up);
    tcase_add_test(tcase, a_tie_with_somebody_else_is_none);
    tcase_add_test(tcase, a_tie_breaker_of_another_length_is_ignored);
    return suite;
}
