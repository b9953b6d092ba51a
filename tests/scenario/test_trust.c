/* SPDX-License-Identifier: MIT */
/* How good the record is that a takeover begins with decides beside the method: what is recovered
 * by RFC 4951, what silently, what not at all, and what the peer is told. */
#include "node/node.h"
#include "scenario/rig_trio.h"

static void take_over(enum l2tpha_trust trust)
{
    trio.far_events.count = 0;
    trio.trust = trust;
    trio_take_over();
}

static uint32_t tunnels_of(const struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel)))
        count += tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED;
    return count;
}

static struct l2tpha_policy policy_of(uint8_t method, bool announce)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.profile = method;
    policy.announce = announce;
    return policy;
}

/* A tunnel with an established call that the near node opens, known to the standby. */
static void open_with(const struct l2tpha_policy *policy)
{
    struct l2tpha_tunnel_options options = {
        .size = sizeof(options), .path.remote = {.len = 1, .bytes = {2}}, .policy = policy};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    trio_settle();
    trio_dial(tunnel);
    trio_settle();
    ck_assert_uint_eq(first_session(trio.far)->entry.state, L2TPHA_SESSION_ESTABLISHED);
    trio_pass_ms(500); /* the standby hears that all is acknowledged */
}

/* What the standby does not hear of: a call comes, and the numbers move on. */
static void run_ahead(void)
{
    trio.connected = false;
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    trio_dial(first_tunnel(trio.near));
    trio_settle();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 2);
}

static const uint8_t methods[] = {L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_SILENT,
                                  L2TPHA_FAILOVER_FALLBACK};
#define METHODS 3
#define TRUSTS 2
static const enum l2tpha_trust doubts[TRUSTS] = {L2TPHA_TRUST_UNCERTAIN, L2TPHA_TRUST_STALE};

/* Whatever the method but disable; the call of which the record knows nothing is found and ended.
 */
START_TEST(rfc_4951_resynchronises_what_is_uncertain)
{
    struct l2tpha_policy policy = policy_of(methods[_i % METHODS], true);

    trio_begin(true);
    open_with(&policy);
    run_ahead();
    take_over(doubts[_i / METHODS]);
    trio_pass_ms(3000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries, 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 1);
    const struct l2tpha_tunnel_record *record = &first_tunnel(trio.near)->entry.record;
    ck_assert_uint_eq(record->flags & (L2TPHA_TUNNEL_UNCERTAIN | L2TPHA_TUNNEL_RESET_SENT), 0);
    ck_assert_uint_eq(record->effective_method, policy.profile);
}
END_TEST

/* A call that ended since is ended here, whatever the node would ask about otherwise. */
START_TEST(every_uncertain_call_is_asked_about)
{
    struct l2tpha_policy policy = policy_of(L2TPHA_FAILOVER_PROTOCOL, true);
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    trio.config.query = L2TPHA_QUERY_SUSPECTS;
    trio_begin(true);
    open_with(&policy);
    trio_pass_ms(600000); /* long ago */
    trio.connected = false;
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    assert_ok(host_session_close(first_session(trio.near), &why, trio.now));
    trio_settle();
    ck_assert_ptr_null(first_session(trio.far));
    take_over(doubts[_i]);
    ck_assert_ptr_nonnull(first_session(trio.near));
    trio_pass_ms(3000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries, 1);
    ck_assert_ptr_null(first_session(trio.near));
}
END_TEST

/* Without the protocol an uncertain one goes on: what was lost may have been nothing. */
START_TEST(without_the_protocol_an_uncertain_one_goes_on_silently)
{
    struct l2tpha_policy policy = policy_of(methods[1 + _i], false);

    trio_begin(true);
    open_with(&policy);
    take_over(L2TPHA_TRUST_UNCERTAIN);
    trio_pass_ms(1000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recovery_attempts, 0);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 1);
    ck_assert_uint_eq(first_tunnel(trio.near)->entry.record.flags & L2TPHA_TUNNEL_UNCERTAIN, 0);
}
END_TEST

/* ... and a stale one is no tunnel any more: the peer hears that at once. Nothing is said twice,
 * since what it expects is not known. */
START_TEST(without_the_protocol_a_stale_one_is_ended)
{
    struct l2tpha_policy policy = policy_of(methods[1 + _i % 2], false);

    trio_begin(true);
    open_with(&policy);
    trio.mute = _i / 2;
    take_over(L2TPHA_TRUST_STALE);
    uint64_t before = trio.datagrams;
    trio_pass_ms(20);
    ck_assert_uint_eq(trio.datagrams, before + 1);
    ck_assert_uint_eq(tunnels_of(trio.near), 0);
    trio_pass_ms(2000);
    ck_assert_uint_eq(trio.datagrams, before + 1);
    ck_assert_ptr_null(first_tunnel(trio.near));
    if (trio.mute)
        return;
    const struct l2tpha_event *down = trio_first(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_ptr_nonnull(down);
    ck_assert_uint_eq(down->result, 2);
    ck_assert_uint_eq(down->error, 6);
    ck_assert_uint_eq(tunnels_of(trio.far), 0);
}
END_TEST

/* A set-up of long ago goes with the rest. */
START_TEST(a_stale_set_up_is_ended)
{
    trio_begin(true);
    trio.mute = _i;
    trio.deaf = !_i;
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_tunnel *tunnel;
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    trio_settle();
    trio.mute = trio.deaf = false;
    take_over(L2TPHA_TRUST_STALE);
    trio_pass_ms(3000);
    ck_assert_ptr_null(first_tunnel(trio.near));
    ck_assert_uint_eq(tunnels_of(trio.far), 0);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recovery_attempts, 0);
}
END_TEST

/* From an exact record every method but disable goes on as if nothing had been: the peer hears of
 * no recovery, and a call half set up comes up. */
START_TEST(exact_ones_go_on_silently_whatever_the_method)
{
    struct l2tpha_policy policy = policy_of(methods[_i % METHODS], true);
    bool planned = _i / METHODS;

    trio_begin(true);
    open_with(&policy);
    trio.deaf = true;
    trio_dial(first_tunnel(trio.near)); /* the ICRP does not come through */
    trio_settle();
    trio.deaf = false;
    if (planned)
        assert_ok(l2tpha_switchover(trio.near, trio.now));
    trio_settle();
    take_over(L2TPHA_TRUST_EXACT);
    trio_pass_ms(3000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recovery_attempts, 0);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERING), 0);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 2);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 2);
}
END_TEST

/* The node that recovers it dies, too: the next one is in step with that one, not with the peer. */
START_TEST(an_uncertain_record_stays_so_at_the_next_node)
{
    struct l2tpha_policy policy = policy_of(L2TPHA_FAILOVER_SILENT, true);

    trio_begin(true);
    open_with(&policy);
    run_ahead();
    trio.mute = true;
    take_over(doubts[_i]);
    trio_connect();
    trio_settle();
    trio.mute = false;
    trio.config.epoch++;
    take_over(L2TPHA_TRUST_EXACT);
    trio_pass_ms(3000);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries, 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.near)), 1);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 1);
}
END_TEST

/* A peer that has announced and does not answer: uncertain, the tunnel goes on after a while where
 * the method has a second choice; stale, never. */
START_TEST(an_unanswered_stale_one_never_goes_on_silently)
{
    bool stale = _i / METHODS;
    struct l2tpha_policy policy = policy_of(methods[_i % METHODS], true);
    bool second = !stale && policy.profile != L2TPHA_FAILOVER_PROTOCOL;

    trio.config.hello_ms = 0;
    trio_begin(true);
    open_with(&policy);
    trio.mute = true;
    take_over(doubts[_i / METHODS]);
    trio_pass_ms(trio.config.recovery_answer_ms + 1500);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries_failed, second);
    trio.mute = second;
    trio_pass_ms(trio.config.recovery_ms);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recoveries, !second);
}
END_TEST

Suite *suite_trust(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("trust", &tcase);

    tcase_add_loop_test(tcase, rfc_4951_resynchronises_what_is_uncertain, 0, METHODS * TRUSTS);
    tcase_add_loop_test(tcase, every_uncertain_call_is_asked_about, 0, TRUSTS);
    tcase_add_loop_test(tcase, without_the_protocol_an_uncertain_one_goes_on_silently, 0, 2);
    tcase_add_loop_test(tcase, without_the_protocol_a_stale_one_is_ended, 0, 4);
    tcase_add_loop_test(tcase, a_stale_set_up_is_ended, 0, 2);
    tcase_add_loop_test(tcase, exact_ones_go_on_silently_whatever_the_method, 0, METHODS * 2);
    tcase_add_loop_test(tcase, an_uncertain_record_stays_so_at_the_next_node, 0, TRUSTS);
    tcase_add_loop_test(tcase, an_unanswered_stale_one_never_goes_on_silently, 0, METHODS * TRUSTS);
    return suite;
}
