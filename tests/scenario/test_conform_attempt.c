/* SPDX-License-Identifier: MIT */
/* Attempts to recover a tunnel that come to nothing, or have to be proven: RFC 4951 3.2.1 as
 * recovery endpoint. */
#include "scenario/rig_recovery.h"

#define UNAUTHORIZED 4

static const char secret[] = "our secret";
static struct peer old, fresh;

/* RFC 4951 3.2.1: the old tunnel goes without a word. */
static void is_cleared_silently(uint16_t call)
{
    for (struct heard *heard = rig.heard; heard; heard = heard->next)
        ck_assert_uint_ne(heard->message.header.tunnel_id, old.id);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_IDLE);
    ck_assert_uint_eq(rig_counters()->recoveries_failed, 1);
    expect_event(L2TPHA_EVENT_SESSION_DOWN);
    ck_assert_uint_eq(expect_event(L2TPHA_EVENT_TUNNEL_DOWN)->event.tunnel_id, old.node_id);
    expect_event(L2TPHA_EVENT_TAKEOVER_DONE);
    expect_event(L2TPHA_EVENT_TUNNEL_GONE);
    expect_no_event(); /* it has failed once */
}

/* Whatever the peer gives as reason, and whatever the method: what has been refused is not gone on
 * with silently. */
static const struct {
    uint8_t result, error;
} refusals[] = {{1, 0}, {2, 1}, {2, 4}, {2, 6}, {2, 8}, {3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}};
#define REFUSALS (int)(sizeof(refusals) / sizeof(refusals[0]))

START_TEST(any_stopccn_ends_the_attempt_for_good)
{
    static const uint8_t methods[] = {L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_FALLBACK,
                                      L2TPHA_FAILOVER_SILENT};
    const uint8_t code[] = {0, refusals[_i % REFUSALS].result, 0, refusals[_i % REFUSALS].error};

    rig.config.failover = methods[_i / REFUSALS];
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_fails();
    expect_request(&fresh, &old);
    struct says stopccn = valid(&fresh, STOPCCN);
    change(&stopccn, AVP_OCTETS(WIRE_M, 1, code, code[1] == 2 ? 4 : 2));
    assert_ok(say(&fresh, &stopccn));
    expect(&fresh, ZLB);
    is_cleared_silently(call);
    rig_pass_ms(100000);
    expect_nothing(); /* no second attempt */
    forget_events();
    peer_opens_capable(&old, 1);
}
END_TEST

START_TEST(a_peer_that_never_answers_is_tried_until_the_time_is_over)
{
    unsigned requests = 0;
    uint16_t first = 0;

    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_fails();
    rig_pass_ms(RECOVERY_TIME - 1000);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    for (struct heard *heard = rig.heard; heard; heard = heard->next) {
        uint16_t id = heard_u16(heard, 9);
        ck_assert_uint_eq(heard->message.type, SCCRQ);
        if (id != first)
            requests++;
        first = id;
    }
    ck_assert_uint_gt(requests, 1); /* each with an id of its own */
    forget_datagrams();
    rig_pass_ms(2000);
    is_cleared_silently(call);
    forget_datagrams();
    rig_pass_ms(100000);
    expect_nothing();
}
END_TEST

/* A first SCCCN that is lost is sent again; the reset stays. */
START_TEST(scccn_is_repeated_until_it_is_acknowledged)
{
    peer_opens_capable(&old, 1);
    node_claims(&fresh, &old);
    rig_pass_ms(1000);
    ck_assert_uint_eq(expect_on(&fresh, SCCCN)->message.header.ns, 1);
    expect_nothing();
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    ck_assert_uint_eq(expect_on(&old, HELLO)->message.header.ns, 3);
}
END_TEST

/* RFC 4951 3.2.1: neither end gives a recovery tunnel the id of an old one, this or another. */
START_TEST(an_answer_with_an_old_id_is_refused)
{
    struct peer second, other;

    peer_opens_capable(&old, 1);
    peer_begins(&second, 1);
    second.id = 4000;
    struct says sccrq = valid(&second, SCCRQ);
    add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&second, &sccrq);
    node_fails();
    /* In whichever order they come. */
    struct rig_avp pair = avp_recovery(old.node_id, old.id);
    const struct l2tpha_avp *named = l2tpha_message_find(&rig.heard->message, 77);
    bool old_first = memcmp(named->value, pair.value, pair.len) == 0;
    struct peer *first = old_first == (_i == 0) ? &fresh : &other;
    expect_request(first, old_first ? &old : &second);
    expect_request(first == &fresh ? &other : &fresh, old_first ? &second : &old);
    fresh.id = old.id;
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    ck_assert_int_lt(say(&fresh, &sccrp), 0);
    expect_stopccn(&fresh, 2, 3);
    expect_nothing();
    ck_assert_uint_ne(record_of(&second).ns, 3);
    ck_assert_uint_eq(rig_counters()->recoveries, 0);
    if (_i == 0)
        return;
    /* What is in order is: the id that the refused one claimed still leads to its tunnel. */
    other.id = 4001;
    sccrp = recovery_reply(&other, 3, 100);
    assert_ok(say(&other, &sccrp));
    expect_on(&other, SCCCN);
    ck_assert_uint_eq(record_of(&old).ns, 3);
}
END_TEST

/* The peer has gone again with its SCCCN: it cannot have reset, and is asked anew. */
START_TEST(scccn_that_is_never_acknowledged_is_followed_by_another_attempt)
{
    rig.config.retries = 2;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_claims(&fresh, &old);
    uint16_t first = fresh.node_id;
    rig_pass_ms(10000);
    while (rig.heard && rig.heard->message.type == SCCCN)
        expect_on(&fresh, SCCCN);
    expect_request(&fresh, &old);
    forget_datagrams(); /* copies */
    ck_assert_uint_ne(fresh.node_id, first);
    expect_no_event();
    ck_assert_uint_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    struct says sccrp = recovery_reply(&fresh, 7, 200);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    old.ns = 200;
    old.nr = 7;
    ck_assert_uint_eq(expect_on(&old, HELLO)->message.header.ns, 7);
    assert_ok(peer_acks(&old));
    assert_alive(&old);
    ck_assert_uint_eq(rig_counters()->recoveries, 1);
}
END_TEST

/* --- who answers --- */

START_TEST(the_secret_of_the_old_tunnel_is_used)
{
    uint8_t digest[16], wanted[16];
    struct l2tpha_bytes response;

    peer_opens_proven(&old, 1, secret);
    rig.secret = _i ? "another one" : NULL;
    node_fails();
    respond(expect_request(&fresh, &old), SCCRP, secret, digest);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    add(&sccrp, AVP_OCTETS(WIRE_M, 13, digest, 16));
    add(&sccrp, AVP_TEXT(WIRE_M, 11, "and you?"));
    assert_ok(say(&fresh, &sccrp));
    const struct heard *scccn = expect_on(&fresh, SCCCN);
    chap(SCCCN, secret, "and you?", 8, wanted);
    ck_assert(l2tpha_message_bytes(&scccn->message, 13, &response));
    ck_assert_mem_eq(response.data, wanted, 16);
}
END_TEST

START_TEST(a_peer_that_cannot_prove_itself_is_no_peer)
{
    uint8_t digest[16];

    peer_opens_proven(&old, 1, secret);
    uint16_t call = peer_dials(&old, PEER_CALL);
    node_fails();
    respond(expect_request(&fresh, &old), SCCRP, "a guess", digest);
    struct says sccrp = recovery_reply(&fresh, 3, 100);
    if (_i)
        add(&sccrp, AVP_OCTETS(WIRE_M, 13, digest, 16));
    ck_assert_int_lt(say(&fresh, &sccrp), 0);
    expect_stopccn(&fresh, UNAUTHORIZED, 0);
    is_cleared_silently(call);
}
END_TEST

Suite *suite_conform_attempt(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_attempt", &tcase);

    tcase_add_loop_test(tcase, any_stopccn_ends_the_attempt_for_good, 0, 3 * REFUSALS);
    tcase_add_test(tcase, a_peer_that_never_answers_is_tried_until_the_time_is_over);
    tcase_add_test(tcase, scccn_is_repeated_until_it_is_acknowledged);
    tcase_add_loop_test(tcase, an_answer_with_an_old_id_is_refused, 0, 2);
    tcase_add_test(tcase, scccn_that_is_never_acknowledged_is_followed_by_another_attempt);
    tcase_add_loop_test(tcase, the_secret_of_the_old_tunnel_is_used, 0, 2);
    tcase_add_loop_test(tcase, a_peer_that_cannot_prove_itself_is_no_peer, 0, 2);
    return suite;
}
