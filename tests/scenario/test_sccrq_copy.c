/* SPDX-License-Identifier: MIT */
/* An SCCRQ has header tunnel id 0 and Ns 0. One that assigns an id that the node knows already is a
 * copy of what that tunnel began with, wherever the numbers of the tunnel are by now. */
#include "scenario/rig_recovery.h"

static struct peer old, fresh;

/* The tunnel goes on, recovered, with these next Ns; the HELLO that confirms is out. */
static void recovered_at(uint16_t ours, uint16_t peers)
{
    peer_opens_capable(&old, 1);
    node_fails();
    expect_request(&fresh, &old);
    struct says sccrp = recovery_reply(&fresh, ours, peers);
    assert_ok(say(&fresh, &sccrp));
    expect_on(&fresh, SCCCN);
    assert_ok(peer_acks(&fresh));
    expect_stopccn(&fresh, 1, 0);
    assert_ok(peer_acks(&fresh));
    old.ns = peers;
    old.nr = ours;
    expect_on(&old, HELLO);
    forget_events();
}

static int say_sccrq(bool recovery)
{
    struct peer again = old;

    again.ns = again.nr = 0;
    struct says sccrq = recovery ? recovery_request(&again, &old) : valid(&again, SCCRQ);
    return say(&again, &sccrq);
}

/* Where Ns 0 would be the next message, one ahead of it, or behind; as an ordinary request and as
 * one for a recovery tunnel. */
START_TEST(is_never_taken_for_a_message_of_the_tunnel)
{
    static const uint16_t next[] = {0, 65534, 100};

    recovered_at(3, next[_i % 3]);
    assert_ok(peer_acks(&old));
    forget_events();
    uint64_t digest = rig_digest();
    assert_error(say_sccrq(_i >= 3), L2TPHA_ERR_DUPLICATE);
    ck_assert_uint_eq(rig_counters()->duplicates, 1);
    ck_assert_uint_eq(rig_digest(), digest);
    expect_nothing(); /* it has the answer, or is another client by now */
    for (int i = 0; i < 3; i++)
        assert_alive(&old);
    ck_assert_uint_eq(record_of(&old).state, L2TPHA_TUNNEL_ESTABLISHED);
    expect_no_event();
}
END_TEST

/* Nor is its Nr, that of a message which was never acknowledged. */
START_TEST(acknowledges_nothing)
{
    recovered_at(65535, 100);
    assert_error(say_sccrq(false), L2TPHA_ERR_DUPLICATE);
    expect_nothing();
    rig_pass_ms(1000);
    expect_on(&old, HELLO);
    assert_ok(peer_acks(&old));
    rig_pass_ms(5000);
    expect_nothing();
}
END_TEST

/* While the tunnel's channel rests nothing is said on it. */
START_TEST(gets_no_answer_from_a_channel_that_rests)
{
    peer_opens_capable(&old, 1);
    peer_asks_back(&fresh, &old);
    forget_datagrams();
    assert_ok(say_sccrq(false));
    expect_nothing();
    ck_assert_uint_eq(rig_counters()->suspended_drops, 1);
}
END_TEST

Suite *suite_sccrq_copy(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("sccrq_copy", &tcase);

    tcase_add_loop_test(tcase, is_never_taken_for_a_message_of_the_tunnel, 0, 6);
    tcase_add_test(tcase, acknowledges_nothing);
    tcase_add_test(tcase, gets_no_answer_from_a_channel_that_rests);
    return suite;
}
