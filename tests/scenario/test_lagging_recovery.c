/* SPDX-License-Identifier: MIT */
/* A takeover from a lagging record, when the peer fails as well: it recovers the tunnel by RFC
 * 4951 meanwhile, or lags behind what it said before. And what it says that was meant for the node
 * before. */
#include "control/session.h"
#include "failover/lagging.h"
#include "scenario/rig_recovery.h"

#define OBSERVE_MS 16000
#define MOST_ID 65535
#define CYCLE_MS 60000 /* more than a retransmission cycle */

static struct peer old, fresh;

static void run_ahead(void)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    rig.config.commit = L2TPHA_COMMIT_ASYNC;
    rig.config.hello_ms = 0;
    rig.trust = L2TPHA_TRUST_EXACT; /* the record says by itself that it lags */
}

static void lag_behind(void)
{
    node_fails();
    forget_datagrams();
    ck_assert_ptr_nonnull(tunnel_of_peer(&old)->lagging);
}

/* The peer takes whatever has been sent to it so far, and more, one after the other. */
static void peer_takes_all(void)
{
    for (unsigned i = 0; i < 20; i++) {
        old.nr = (uint16_t)(record_of(&old).acked + 1);
        peer_acks(&old);
        rig_pass_ms(20);
    }
    forget_datagrams();
}

/* A message that is not the next one, said as often. */
static void say_ahead(uint16_t ns, unsigned times)
{
    struct peer later = old;
    struct says hello = {.type = HELLO};

    later.ns = ns;
    for (unsigned i = 0; i < times; i++) {
        compose(&later, &hello, &later.last);
        say_wire(&later, &later.last);
    }
}

/* --- it recovers the tunnel meanwhile --- */

/* 0: while nothing is settled yet; 1: when it carries, and messages are still missing */
START_TEST(a_reset_resynchronises_the_numbers)
{
    peer_opens_capable(&old, 1);
    lag_behind();
    if (_i == 1) {
        uint16_t next = record_of(&old).nr;
        old.ns = (uint16_t)(next + 3);
        peer_takes_all();
        say_ahead((uint16_t)(next + 1), 1);
        rig_pass_ms(OBSERVE_MS + 100);
        ck_assert_uint_eq(record_of(&old).nr, (uint16_t)(next + 2));
        ck_assert_int_eq(tunnel_of_peer(&old)->lagging->state, LAGGING_WATCHING);
    }
    forget_datagrams();
    forget_events();
    peer_takes_back(&fresh, &old);
    ck_assert_ptr_null(tunnel_of_peer(&old)->lagging);
    ck_assert(tunnel_of_peer(&old)->reconciles);
    ck_assert_uint_eq(rig_counters()->resyncs, 1);
    struct l2tpha_tunnel_record before = record_of(&old);
    rig_pass_ms(3 * CYCLE_MS);
    ck_assert_uint_eq(record_of(&old).nr, before.nr);
    ck_assert_uint_eq(rig_counters()->resyncs_failed, 0);
    forget_datagrams();
    assert_alive(&old);
}
END_TEST

/* Its attempt comes to nothing. What was waited for before has its time anew. */
START_TEST(an_attempt_in_vain_takes_no_time_away)
{
    peer_opens_capable(&old, 1);
    uint16_t ns = old.ns;
    lag_behind();
    rig_pass_ms(12000);
    forget_datagrams();
    peer_asks_back(&fresh, &old);
    rig_pass_ms(1000);
    ck_assert(tunnel_of_peer(&old)->channel.suspended);
    while (tunnel_of_peer(&old)->channel.suspended)
        rig_pass_ms(100);
    forget_datagrams();
    old.nr = (uint16_t)(record_of(&old).acked - 1);
    rig_pass_ms(20000);
    ck_assert_uint_eq(tunnel_state(&old), L2TPHA_TUNNEL_ESTABLISHED);
    old.ns = ns;
    peer_takes_all();
    ck_assert_ptr_null(tunnel_of_peer(&old)->lagging);
    ck_assert_uint_eq(rig_counters()->resyncs, 1);
    assert_alive(&old);
}
END_TEST

/* --- it lags as well --- */

enum lag { ONCE, REPEATED, NO_LAG, LAGS };

/* Neither end acknowledges what the other one sends: both have taken messages that their records
 * do not know of. Not followed is what was heard once, which may have been a straggler, nor a peer
 * that does not lag: it acknowledges what is needed, and may yet repeat what comes before. */
START_TEST(a_lagging_peer_is_followed)
{
    bool followed = _i == REPEATED;

    peer_opens_capable(&old, 1);
    uint16_t next = record_of(&old).nr;
    lag_behind();
    old.nr = record_of(&old).acked;
    if (_i == ONCE)
        peer_acks(&old);
    if (_i != NO_LAG)
        old.nr--;
    say_ahead((uint16_t)(next + 2), _i == ONCE ? 1 : 3);
    rig_pass_ms(OBSERVE_MS / 2);
    ck_assert_uint_eq(record_of(&old).nr, next);
    rig_pass_ms(OBSERVE_MS / 2 + 100);
    ck_assert_uint_eq(record_of(&old).nr, (uint16_t)(followed ? next + 3 : next));
    ck_assert_uint_eq(rig_counters()->resync_jumps, followed);
    ck_assert_uint_eq(rig_counters()->resyncs, 0); /* nothing of ours is acknowledged yet */
    old.ns = (uint16_t)(next + 3);
    peer_takes_all();
    ck_assert_uint_eq(rig_counters()->resyncs, 1);
    ck_assert_uint_eq(record_of(&old).nr, (uint16_t)(next + 3));
    forget_datagrams();
    assert_alive(&old);
}
END_TEST

/* --- said to the previous active --- */

static int say_state(uint16_t type, unsigned own, unsigned remote)
{
    struct says message = {.type = type};

    add(&message, avp_state(own, remote));
    return say(&old, &message);
}

/* With a call, in step, and with a message of the peer still to come that it has not said to this
 * node. */
static uint16_t settle_with_one_to_come(uint16_t peers_id)
{
    rig.config.query = L2TPHA_QUERY_ALL;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, peers_id);
    peer_dials(&old, MOST_ID); /* more than this end's */
    uint16_t next = record_of(&old).nr;
    lag_behind();
    old.ns = (uint16_t)(next + 3);
    peer_takes_all();
    say_ahead((uint16_t)(next + 1), 1);
    rig_pass_ms(OBSERVE_MS + 100);
    ck_assert_uint_eq(rig_counters()->resyncs, 1);
    ck_assert_uint_eq(record_of(&old).nr, (uint16_t)(next + 2));
    old.ns = (uint16_t)(next + 2);
    return call;
}

/* That node had asked, and has ended the call since. */
START_TEST(an_answer_to_the_node_before_is_none)
{
    uint16_t call = settle_with_one_to_come(PEER_CALL);

    ck_assert_uint_eq(rig_counters()->queries_out, 2);
    assert_ok(say_state(FSR, PEER_CALL, call));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 1);
    ck_assert(session_of_peer(&old, call)->unheard);
    assert_ok(say_state(FSR, 0, call));
    ck_assert_ptr_null(session_of_peer(&old, call));
}
END_TEST

/* It may have been in the peer's queue behind others, with numbers that are new. So the last one
 * counts; but not for ever. */
START_TEST(a_later_answer_counts)
{
    uint16_t call = settle_with_one_to_come(PEER_CALL);

    assert_ok(say_valid(&old, HELLO));
    assert_ok(say_state(FSR, PEER_CALL, call));
    ck_assert(!session_of_peer(&old, call)->unheard);
    assert_ok(say_state(FSR, PEER_CALL, call));
    ck_assert_uint_eq(rig_counters()->answers_ignored, 1);
    for (int i = 0; _i && i < 4; i++) { /* longer than anything is on its way */
        rig_pass_ms(10000);
        peer_takes_all();
    }
    assert_ok(say_state(FSR, 0, call));
    ck_assert(_i ? session_of_peer(&old, call) != NULL : session_of_peer(&old, call) == NULL);
    ck_assert_uint_eq(rig_counters()->sessions_desynced, !_i);
}
END_TEST

/* Nor does its question say that it has the call, which is asked about in any case. The lower id is
 * the peer's: where both ask it begins. */
START_TEST(a_question_to_the_node_before_names_nobody)
{
    uint16_t call = settle_with_one_to_come(1);

    assert_ok(say_state(FSQ, 1, call));
    peer_takes_all();
    ck_assert_uint_eq(rig_counters()->queries_out, 2);
    ck_assert_uint_eq(rig_counters()->queries_saved, 0);
    ck_assert(session_of_peer(&old, call)->unheard);
}
END_TEST

/* --- a call that is about to end --- */

/* Its host has ended it while the channel rested: the CDN is still to come, and the wish to say it
 * dies with the node. */
START_TEST(a_call_about_to_end_is_there)
{
    rig.config.commit = L2TPHA_COMMIT_GATED;
    rig.config.query = L2TPHA_QUERY_ALL;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_asks_back(&fresh, &old);
    assert_ok(close_session(&old, call, 3));
    assert_ok(say_valid(&fresh, SCCCN));
    expect_zlb(&fresh);
    assert_ok(say_state(FSQ, PEER_CALL, call));
    const struct heard *fsr = expect(&old, FSR);
    struct l2tpha_failover_session state;
    ck_assert(l2tpha_avp_session_state(l2tpha_message_find(&fsr->message, 79), &state));
    ck_assert_uint_eq(state.session_id, call);
    assert_ok(peer_acks(&old));
    assert_ok(say_valid(&fresh, STOPCCN)); /* the recovery is over, and this end asks */
    rig_pass_ms(10);
    ck_assert_uint_eq(rig_counters()->queries_out, 1);
    ck_assert_int_eq(session_state(&old, call), L2TPHA_SESSION_ESTABLISHED);
    rig_pass_ms(300);
    forget_datagrams();
    ck_assert_int_eq(session_state(&old, call), L2TPHA_SESSION_IDLE);
}
END_TEST

/* The peer recovers twice. The query about the first time, over between the second one and its own
 * query, does not pay for that. */
START_TEST(each_recovery_owes_a_query_of_its_own)
{
    rig.config.query = L2TPHA_QUERY_ALL;
    peer_opens_capable(&old, 1);
    uint16_t call = peer_dials(&old, PEER_CALL);
    peer_takes_back(&fresh, &old);
    assert_ok(say_valid(&fresh, STOPCCN));
    rig_pass_ms(10);
    ck_assert_uint_eq(rig_counters()->queries_out, 1);
    forget_datagrams();
    peer_takes_back(&fresh, &old);
    ck_assert_ptr_null(tunnel_of_peer(&old)->sync);
    assert_ok(say_state(FSR, PEER_CALL, call));
    ck_assert_uint_ne(record_of(&old).flags & L2TPHA_TUNNEL_UNSYNCED, 0);
    /* One that is doubted in between is no answer for all. */
    assert_ok(say_state(FSQ, PEER_CALL + 1, call));
    rig_pass_ms(1100);
    ck_assert_uint_eq(rig_counters()->queries_out, 2);
    assert_ok(say_state(FSR, PEER_CALL, call));
    rig_pass_ms(10);
    ck_assert_ptr_null(tunnel_of_peer(&old)->sync);
    ck_assert_uint_ne(record_of(&old).flags & L2TPHA_TUNNEL_UNSYNCED, 0);
    peer_takes_all();
    assert_ok(say_valid(&fresh, STOPCCN));
    rig_pass_ms(10);
    assert_ok(say_state(FSR, PEER_CALL, call));
    rig_pass_ms(10);
    ck_assert_uint_eq(record_of(&old).flags & L2TPHA_TUNNEL_UNSYNCED, 0);
}
END_TEST

Suite *suite_lagging_recovery(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("lagging_recovery", &tcase);

    tcase_add_checked_fixture(tcase, run_ahead, NULL);
    tcase_add_loop_test(tcase, a_reset_resynchronises_the_numbers, 0, 2);
    tcase_add_test(tcase, an_attempt_in_vain_takes_no_time_away);
    tcase_add_loop_test(tcase, a_lagging_peer_is_followed, ONCE, LAGS);
    tcase_add_test(tcase, an_answer_to_the_node_before_is_none);
    tcase_add_loop_test(tcase, a_later_answer_counts, 0, 2);
    tcase_add_test(tcase, a_question_to_the_node_before_names_nobody);
    tcase_add_test(tcase, a_call_about_to_end_is_there);
    tcase_add_test(tcase, each_recovery_owes_a_query_of_its_own);
    return suite;
}
