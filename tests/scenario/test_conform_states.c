/* SPDX-License-Identifier: MIT */
/* FSQ and FSR on the wire, RFC 4951 3.3, 4.1, 4.2 and 5.4: what else they may carry, and in which
 * pieces they may come. What they do to sessions is in test_query.c and
 * test_answer.c. */
#include "scenario/rig_recovery.h"

#define CALLS 120 /* more than one FSQ asks about */

static struct peer peer;

static struct says states(uint16_t type)
{
    return (struct says){.type = type};
}

/* The pair that an FSS of the node's holds. */
static void pair_is(const struct l2tpha_avp *avp, unsigned session, unsigned remote)
{
    struct rig_avp wanted = avp_state(session, remote);

    ck_assert_uint_eq(avp->len, wanted.len);
    ck_assert_mem_eq(avp->value, wanted.value, wanted.len);
}

static void node_asks(void)
{
    assert_ok(l2tpha_tunnel_query(tunnel_of_peer(&peer), rig.now));
    rig_drain();
}

START_TEST(a_query_may_carry_more_than_states)
{
    struct says fsq = states(FSQ);

    peer_opens_capable(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    add(&fsq, AVP_TEXT(_i ? WIRE_M : 0, 7, "peer"));
    add(&fsq, AVP_OCTETS(_i ? WIRE_M : 0, 999, "x", 1));
    add(&fsq, avp_state(PEER_CALL, call));
    assert_ok(say(&peer, &fsq));
    const struct heard *fsr = expect_on(&peer, FSR);
    ck_assert_uint_eq(fsr->message.avp_count, 2);
    pair_is(l2tpha_message_find(&fsr->message, 79), call, PEER_CALL);
    ck_assert_uint_eq(tunnel_state(&peer), L2TPHA_TUNNEL_ESTABLISHED);
}
END_TEST

START_TEST(a_response_may_carry_more_than_states)
{
    struct says fsr = states(FSR);

    peer_opens_capable(&peer, 1);
    uint16_t call = peer_dials(&peer, PEER_CALL);
    node_asks();
    const struct heard *fsq = expect_on(&peer, FSQ);
    ck_assert_uint_eq(fsq->message.avp_count, 2);
    pair_is(l2tpha_message_find(&fsq->message, 79), call, PEER_CALL);
    add(&fsr, AVP_TEXT(_i ? WIRE_M : 0, 7, "peer"));
    add(&fsr, AVP_OCTETS(_i ? WIRE_M : 0, 999, "x", 1));
    add(&fsr, avp_state(0, call));
    assert_ok(say(&peer, &fsr));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_IDLE);
}
END_TEST

START_TEST(states_may_be_hidden)
{
    struct says message = states(_i ? FSR : FSQ);

    peer_opens_proven(&peer, 1, "our secret");
    uint16_t call = peer_dials(&peer, PEER_CALL);
    add(&message, hiding_vector());
    add(&message, hidden_avp(_i ? avp_state(0, call) : avp_state(PEER_CALL, call)));
    if (_i == 0) {
        assert_ok(say(&peer, &message));
        pair_is(l2tpha_message_find(&expect_on(&peer, FSR)->message, 79), call, PEER_CALL);
        return;
    }
    node_asks();
    expect_on(&peer, FSQ);
    assert_ok(say(&peer, &message));
    expect_zlb(&peer);
    ck_assert_uint_eq(session_state(&peer, call), L2TPHA_SESSION_IDLE);
}
END_TEST

/* Hears all that the node asks; returns in how many FSQs. */
static unsigned hear_queries(unsigned count)
{
    unsigned heard = 0, messages = 0;

    while (heard < count) {
        rig_pass_ms(1); /* it asks about so many at a time */
        heard += (unsigned)(expect_on(&peer, FSQ)->len - L2TPHA_CONTROL_HEADER - 8) / 16;
        messages++;
        assert_ok(peer_acks(&peer));
    }
    ck_assert_uint_eq(heard, count);
    return messages;
}

/* 0: one FSR for each session, the last one first; 1: one for two FSQs */
START_TEST(answers_come_in_any_order_and_any_pieces)
{
    uint16_t calls[CALLS];
    struct says fsr = states(FSR);
    unsigned count = _i ? RIG_AVPS : 3;

    peer_opens_capable(&peer, 1);
    for (unsigned i = 0; i < CALLS; i++)
        calls[i] = peer_dials(&peer, (uint16_t)(PEER_CALL + i));
    node_asks();
    ck_assert_uint_gt(hear_queries(CALLS), 1);
    for (unsigned i = 0; i < count; i++) {
        unsigned place = i % 2 ? CALLS - 1 - i / 2 : i / 2; /* of the last FSQ and of the first */
        add(&fsr, avp_state(0, calls[place]));
        if (_i == 1 && i % 10 != 9)
            continue; /* what an AVP points to does not last for more */
        assert_ok(say(&peer, &fsr));
        expect_zlb(&peer);
        ck_assert_uint_eq(session_state(&peer, calls[place]), L2TPHA_SESSION_IDLE);
        fsr = states(FSR);
    }
    ck_assert_uint_eq(rig_counters()->sessions_desynced, count);
    expect_nothing();
}
END_TEST

Suite *suite_conform_states(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("conform_states", &tcase);

    tcase_add_loop_test(tcase, a_query_may_carry_more_than_states, 0, 2);
    tcase_add_loop_test(tcase, a_response_may_carry_more_than_states, 0, 2);
    tcase_add_loop_test(tcase, states_may_be_hidden, 0, 2);
    tcase_add_loop_test(tcase, answers_come_in_any_order_and_any_pieces, 0, 2);
    return suite;
}
