/* SPDX-License-Identifier: MIT */
/* Both ends have failed and both ask: RFC 4951 3.2.1 and appendix B, RFC 2661 4.4.3. The lower tie
 * breaker wins, among the two recovery tunnels of one old tunnel and nowhere else. */
#include "scenario/rig_recovery.h"

static struct peer old, own, fresh;
static uint8_t tie[8]; /* the node's */

static void keep_tie(const struct heard *sccrq)
{
    struct l2tpha_bytes value;

    ck_assert(l2tpha_message_bytes(&sccrq->message, 5, &value));
    ck_assert_uint_eq(value.len, sizeof(tie));
    memcpy(tie, value.data, sizeof(tie));
}

/* Both have failed; the node's request is on its way, the peer's is made with that tie breaker. */
static struct says both_fail(void)
{
    peer_opens_capable(&old, 1);
    node_fails();
    keep_tie(expect_request(&own, &old));
    peer_returns(&fresh, &old);
    return recovery_request(&fresh, &old);
}

/* Some other tie breaker than the node's: which octet is changed, and by how much. */
static void set_tie(struct says *sccrq, unsigned octet, int by)
{
    static uint8_t value[8];

    memcpy(value, tie, sizeof(value));
    value[octet] = (uint8_t)(value[octet] + by);
    change(sccrq, AVP_OCTETS(0, 5, value, 8));
}

/* The peer's is answered, and reset at its SCCCN as by any remote endpoint. */
static void the_peer_wins(const struct says *sccrq)
{
    assert_ok(say(&fresh, sccrq));
    const struct heard *sccrp = expect_on(&fresh, SCCRP);
    const struct l2tpha_avp *suggested = l2tpha_message_find(&sccrp->message, 78);
    old.ns = (uint16_t)(suggested->value[2] << 8 | suggested->value[3]);
    old.nr = (uint16_t)(suggested->value[4] << 8 | suggested->value[5]);
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_IDLE);
    expect_nothing(); /* the node's own goes without a word */
    ck_assert_uint_ne(record_of(&old).nr, old.ns);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(record_of(&old).nr, old.ns);
    ck_assert_uint_eq(expect_on(&old, HELLO)->message.header.ns, (uint16_t)(old.nr - 1));
    assert_ok(peer_acks(&old));
    assert_alive(&old);
    rig_pass_ms(30000);
    expect_nothing(); /* nor is there another attempt */
}

static void the_node_wins(const struct says *sccrq)
{
    assert_error(say(&fresh, sccrq), L2TPHA_ERR_REFUSED);
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
    ck_assert_uint_eq(record_of(&old).ns, 3);
    ck_assert_uint_eq(record_of(&old).nr, 100);
}

/* Unsigned, high octet first. */
START_TEST(tie_breakers_are_compared_as_unsigned_numbers)
{
    struct says sccrq;
    bool high;

    rig.random_state = (uint64_t)_i * 977 + 3; /* with the top bit of the node's set and clear */
    sccrq = both_fail();
    high = tie[0] & 0x80;
    set_tie(&sccrq, 0, 0x80);
    if (high)
        the_peer_wins(&sccrq);
    else
        the_node_wins(&sccrq);
}
END_TEST

START_TEST(the_first_octet_of_a_tie_breaker_weighs_most)
{
    static uint8_t value[8];
    struct says sccrq = both_fail();

    if (tie[0] == 0 || tie[0] == 0xff || tie[7] == 0 || tie[7] == 0xff)
        ck_abort_msg("choose another state of the generator");
    memcpy(value, tie, sizeof(value));
    value[0] = (uint8_t)(value[0] + (_i ? 1 : -1));
    value[7] = (uint8_t)(value[7] + (_i ? -1 : 1));
    change(&sccrq, AVP_OCTETS(0, 5, value, 8));
    if (_i)
        the_node_wins(&sccrq);
    else
        the_peer_wins(&sccrq);
}
END_TEST

START_TEST(who_brings_no_tie_breaker_loses)
{
    struct says sccrq = both_fail();

    leave_out(&sccrq, 5);
    the_node_wins(&sccrq);
}
END_TEST

/* Both go; the node tries again with another value. */
START_TEST(equal_tie_breakers_are_tried_again)
{
    uint8_t before[8];
    struct says sccrq = both_fail();

    memcpy(before, tie, sizeof(tie));
    set_tie(&sccrq, 0, 0);
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_REFUSED);
    expect_nothing();
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    rig_pass_ms(1500);
    uint16_t first = own.node_id;
    keep_tie(expect_request(&own, &old));
    ck_assert_uint_ne(own.node_id, first);
    ck_assert(memcmp(before, tie, sizeof(tie)) != 0);
    forget_datagrams();
    peer_returns(&fresh, &old);
    sccrq = recovery_request(&fresh, &old);
    leave_out(&sccrq, 5);
    the_node_wins(&sccrq);
}
END_TEST

/* A copy of what has lost does not begin anew when the winner has done its work. */
START_TEST(a_copy_of_the_losing_request_is_dropped)
{
    struct says sccrq = both_fail();

    leave_out(&sccrq, 5);
    the_node_wins(&sccrq);
    assert_ok(peer_acks(&own));
    expect_stopccn(&own, 1, 0);
    expect_on(&old, HELLO);
    forget_events();
    ck_assert_int_lt(say_again(&fresh), 0);
    expect_nothing();
    expect_no_event();
    /* Another request is another failure. */
    old.ns = 100;
    old.nr = 4;
    assert_ok(peer_acks(&old));
    assert_alive(&old);
    forget_events();
    peer_takes_back(&fresh, &old);
    assert_alive(&old);
}
END_TEST

/* The peer's answer comes before what has lost. */
static void overtake(struct says *sccrq, bool greater)
{
    set_tie(sccrq, 0, 0);
    if (greater)
        change(sccrq, AVP_OCTETS(0, 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8));
    else
        change(sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0\0", 8));
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
}

START_TEST(a_loser_overtaken_by_the_answer_is_dropped)
{
    struct says sccrq = both_fail();

    overtake(&sccrq, true);
    if (_i)
        leave_out(&sccrq, 5);
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    expect_nothing();
    assert_ok(peer_acks(&own));
    expect_stopccn(&own, 1, 0);
    expect_on(&old, HELLO);
    forget_events();
    ck_assert_int_lt(say_again(&fresh), 0); /* nor does a copy begin anew afterwards */
    expect_nothing();
    expect_no_event();
    ck_assert_uint_eq(rig_counters()->recoveries, 1);
}
END_TEST

/* The peer has failed since: it would have won with this one, or it asks on and acknowledges
 * nothing. */
START_TEST(a_peer_that_fails_after_its_answer_is_heard)
{
    struct says sccrq = both_fail();

    overtake(&sccrq, _i);
    if (_i) {
        ck_assert_int_lt(say(&fresh, &sccrq), 0);
        rig_pass_ms(3500);
        forget_datagrams();
        assert_ok(say_again(&fresh));
    } else {
        assert_ok(say(&fresh, &sccrq));
    }
    expect_on(&fresh, SCCRP);
    assert_ok(say_valid(&fresh, SCCCN));
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 1);
}
END_TEST

/* The loser lets go, but when the winner then fails as well it tries again. */
START_TEST(the_loser_tries_again_when_the_winner_gives_up)
{
    struct says sccrq = both_fail();

    change(&sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0\0", 8));
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    assert_ok(say_valid(&fresh, STOPCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    rig_pass_ms(1500);
    expect_request(&own, &old);
    forget_datagrams();
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
}
END_TEST

/* The peer asks before the node's own request has left. */
START_TEST(a_request_before_the_nodes_own_cancels_it)
{
    struct says sccrq = both_fail();

    set_tie(&sccrq, 0, 0); /* a draw: the node pauses */
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    peer_returns(&fresh, &old);
    sccrq = recovery_request(&fresh, &old);
    change(&sccrq, AVP_OCTETS(0, 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8));
    the_peer_wins(&sccrq);
}
END_TEST

/* What is refused wins nothing: the node's own stays. */
START_TEST(a_request_that_is_refused_does_not_win)
{
    struct says sccrq = both_fail();

    change(&sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0\0", 8));
    if (_i == 0)
        leave_out(&sccrq, 7);
    else if (_i == 1)
        change(&sccrq, AVP_TEXT(WIRE_M, 7, "another"));
    else
        add(&sccrq, AVP_OCTETS(WIRE_M, 999, "x", 1));
    ck_assert_int_lt(say(&fresh, &sccrq), 0);
    expect(&fresh, STOPCCN);
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
}
END_TEST

/* --- what a tie is not about --- */

START_TEST(an_ordinary_request_does_not_beat_a_recovery)
{
    struct peer plain;
    struct says sccrq = both_fail();

    peer_begins(&plain, 1);
    plain.id = 4000;
    sccrq = valid(&plain, SCCRQ);
    change(&sccrq,
           AVP_OCTETS(0, 5, _i ? "\xff\xff\xff\xff\xff\xff\xff\xff" : "\0\0\0\0\0\0\0\0", 8));
    assert_ok(say(&plain, &sccrq));
    expect_on(&plain, SCCRP);
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
    assert_ok(say_valid(&plain, SCCCN));
    expect_zlb(&plain);
    ck_assert_uint_eq(tunnel_state(&plain), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(a_recovery_does_not_beat_an_ordinary_request)
{
    struct peer plain;

    rig.config.tie_breaker = true;
    peer_opens_capable(&old, 1);
    node_calls(&plain, 1);
    plain.id = 4000;
    peer_returns(&fresh, &old);
    struct says sccrq = recovery_request(&fresh, &old);
    change(&sccrq,
           AVP_OCTETS(0, 5, _i ? "\xff\xff\xff\xff\xff\xff\xff\xff" : "\0\0\0\0\0\0\0\0", 8));
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    ck_assert_uint_eq(tunnel_state(&plain), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    assert_ok(say_valid(&plain, SCCRP));
    expect_on(&plain, SCCCN);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 1);
}
END_TEST

/* Two tunnels with one peer: the tie of one says nothing about the other. */
START_TEST(ties_of_other_tunnels_do_not_count)
{
    struct peer second, own_second, fresh_second;

    peer_begins(&second, 1);
    second.id = 4000;
    struct says sccrq = valid(&second, SCCRQ);
    add(&sccrq, avp_capability(CONTROL | DATA, RECOVERY_TIME));
    peer_opens_with(&second, &sccrq);
    peer_opens_capable(&old, 1);
    node_fails();
    /* In whichever order they come. */
    struct rig_avp pair = avp_recovery(second.node_id, second.id);
    const struct l2tpha_avp *named = l2tpha_message_find(&rig.heard->message, 77);
    bool second_first = memcmp(named->value, pair.value, pair.len) == 0;
    if (second_first)
        expect_request(&own_second, &second);
    expect_request(&own, &old);
    if (!second_first)
        expect_request(&own_second, &second);
    /* The peer wins the one and loses the other. */
    peer_returns(&fresh, &old);
    sccrq = recovery_request(&fresh, &old);
    change(&sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0\0", 8));
    assert_ok(say(&fresh, &sccrq));
    expect_on(&fresh, SCCRP);
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_IDLE);
    ck_assert_uint_eq(tunnel_state(&own_second), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    peer_returns(&fresh_second, &second);
    sccrq = recovery_request(&fresh_second, &second);
    change(&sccrq, AVP_OCTETS(0, 5, "\xff\xff\xff\xff\xff\xff\xff\xff", 8));
    assert_error(say(&fresh_second, &sccrq), L2TPHA_ERR_REFUSED);
    expect_nothing();
    struct says sccrp = recovery_reply(&own_second, 3, 100);
    assert_ok(say(&own_second, &sccrp));
    expect_on(&own_second, SCCCN);
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    ck_assert_uint_eq(record_of(&second).ns, 3);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, 1);
}
END_TEST

/* It names no tunnel: one id of a pair alone makes no rival. */
START_TEST(a_request_with_a_wrong_id_does_not_beat_a_recovery)
{
    struct says sccrq = both_fail();

    change(&sccrq, _i ? avp_recovery(old.id, UNKNOWN_ID) : avp_recovery(UNKNOWN_ID, old.node_id));
    change(&sccrq, AVP_OCTETS(0, 5, "\0\0\0\0\0\0\0\0", 8));
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_REFUSED);
    expect_stopccn(&fresh, 2, 1);
    ck_assert_uint_eq(tunnel_state(&own), L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    struct says sccrp = recovery_reply(&own, 3, 100);
    assert_ok(say(&own, &sccrp));
    expect_on(&own, SCCCN);
}
END_TEST

Suite *suite_conform_tie(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_tie", &tcase);

    tcase_add_loop_test(tcase, tie_breakers_are_compared_as_unsigned_numbers, 0, 12);
    tcase_add_loop_test(tcase, the_first_octet_of_a_tie_breaker_weighs_most, 0, 2);
    tcase_add_test(tcase, who_brings_no_tie_breaker_loses);
    tcase_add_test(tcase, equal_tie_breakers_are_tried_again);
    tcase_add_test(tcase, a_copy_of_the_losing_request_is_dropped);
    tcase_add_loop_test(tcase, a_loser_overtaken_by_the_answer_is_dropped, 0, 2);
    tcase_add_loop_test(tcase, a_peer_that_fails_after_its_answer_is_heard, 0, 2);
    tcase_add_test(tcase, the_loser_tries_again_when_the_winner_gives_up);
    tcase_add_test(tcase, a_request_before_the_nodes_own_cancels_it);
    tcase_add_loop_test(tcase, a_request_that_is_refused_does_not_win, 0, 3);
    tcase_add_loop_test(tcase, an_ordinary_request_does_not_beat_a_recovery, 0, 2);
    tcase_add_loop_test(tcase, a_recovery_does_not_beat_an_ordinary_request, 0, 2);
    tcase_add_test(tcase, ties_of_other_tunnels_do_not_count);
    tcase_add_loop_test(tcase, a_request_with_a_wrong_id_does_not_beat_a_recovery, 0, 2);
    return suite;
}
