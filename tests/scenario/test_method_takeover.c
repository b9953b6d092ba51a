/* SPDX-License-Identifier: MIT */
/* What was settled when a tunnel came up outlives the node that settled it. */
#include "scenario/rig_trio.h"

static struct l2tpha_tunnel_record record_of(const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record = {.local_id = 0};

    ck_assert_ptr_nonnull(tunnel);
    l2tpha_tunnel_get(tunnel, &record);
    return record;
}

static const char *protection(const struct l2tpha_node *node)
{
    return l2tpha_tunnel_protection(first_tunnel(node));
}

/* A tunnel that the near node opens with what is said of its peer. */
static struct l2tpha_tunnel *open_with(const struct l2tpha_policy *policy)
{
    struct l2tpha_tunnel_options options = {
        .size = sizeof(options), .path.remote = {.len = 1, .bytes = {2}}, .policy = policy};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    trio_settle();
    ck_assert_uint_eq(record_of(tunnel).state, L2TPHA_TUNNEL_ESTABLISHED);
    return tunnel;
}

/* General error, vendor-specific (RFC 2661 4.4.2); of one tunnel. */
static void assert_peer_is_told(void)
{
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 1);
    for (uint32_t i = 0; i < trio.far_events.count; i++) {
        const struct l2tpha_event *event = &trio.far_events.list[i];
        if (event->kind != L2TPHA_EVENT_TUNNEL_DOWN)
            continue;
        ck_assert(event->by_peer);
        ck_assert_uint_eq(event->result, 2);
        ck_assert_uint_eq(event->error, 6);
    }
}

START_TEST(all_of_it_is_replicated_and_kept)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.radius = _i ? L2TPHA_FAILOVER_PROTOCOL : L2TPHA_FAILOVER_SILENT;
    policy.resync_packets = 33;
    policy.announce = true;
    trio_begin(true);
    const struct l2tpha_tunnel_record before = record_of(open_with(&policy));
    ck_assert_uint_eq(before.effective_method, policy.radius);
    trio_pass_ms(500); /* the standby hears that the SCCCN is acknowledged */
    trio_take_over();
    trio_pass_ms(1000);
    const struct l2tpha_tunnel_record after = record_of(first_tunnel(trio.near));
    ck_assert_uint_eq(after.state, L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(after.configured_method, policy.radius);
    ck_assert_uint_eq(after.effective_method, policy.radius);
    ck_assert_uint_eq(after.resync_packets, 33);
    ck_assert_uint_eq(after.flags, before.flags);
    ck_assert_uint_eq(after.remote_failover, 3);
    ck_assert_uint_eq(after.remote_recovery_ms, before.remote_recovery_ms);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 0);
}
END_TEST

/* The new node may be configured otherwise: what it thinks is for new tunnels. */
START_TEST(another_nodes_method_changes_nothing)
{
    trio_begin(true);
    open_with(NULL);
    assert_ok(l2tpha_node_set_failover(trio.standby, L2TPHA_FAILOVER_DISABLE));
    assert_ok(l2tpha_node_set_ha(trio.standby, false));
    ck_assert_uint_eq(record_of(first_tunnel(trio.standby)).configured_method,
                      L2TPHA_FAILOVER_NOT_CONFIGURED);
    trio_take_over();
    trio_pass_ms(1000);
    ck_assert_uint_eq(record_of(first_tunnel(trio.near)).configured_method,
                      L2TPHA_FAILOVER_DISABLE);
    ck_assert_uint_eq(record_of(first_tunnel(trio.near)).effective_method, L2TPHA_FAILOVER_SILENT);
    ck_assert_str_eq(protection(trio.near), "no-standby");
    ck_assert_str_eq(l2tpha_tunnel_protection(open_with(NULL)), "ha-off");
}
END_TEST

/* Whatever the reason for which it is not protected: it goes, and the peer is told at once, since
 * the numbers are exact. */
START_TEST(what_is_not_protected_is_cleared)
{
    static const char *const reasons[] = {"disabled", "group-off", "peer-incapable"};
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.profile = _i == 0 ? L2TPHA_FAILOVER_DISABLE : L2TPHA_FAILOVER_PROTOCOL;
    policy.ha = _i != 1;
    policy.announce = _i != 2;
    trio_begin(true);
    open_with(&policy);
    ck_assert_str_eq(protection(trio.near), reasons[_i]);
    ck_assert_str_eq(protection(trio.standby), reasons[_i]);
    trio_take_over();
    trio_settle();
    ck_assert_ptr_null(first_tunnel(trio.near));
    assert_peer_is_told();
}
END_TEST

/* What the peer expects is behind what it does not hear: in order, and again until it is heard. */
START_TEST(the_word_for_the_peer_is_repeated)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.profile = L2TPHA_FAILOVER_DISABLE;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = open_with(&policy);
    trio.mute = true;
    trio_dial(tunnel); /* its ICRQ is lost */
    trio_settle();
    trio_take_over();
    trio_pass_ms(500);
    trio.mute = false;
    trio_pass_ms(3000);
    ck_assert_ptr_null(first_tunnel(trio.near));
    assert_peer_is_told();
}
END_TEST

/* Numbers that are bounds alone are no numbers to say anything with. */
START_TEST(from_a_lagging_record_it_goes_without_a_word)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.profile = L2TPHA_FAILOVER_DISABLE;
    trio.config.commit = _i ? L2TPHA_COMMIT_ASYNC : L2TPHA_COMMIT_BOUNDED;
    trio_begin(true);
    open_with(&policy);
    trio_take_over();
    trio_settle();
    ck_assert_ptr_null(first_tunnel(trio.near));
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
}
END_TEST

/* R4951-3.2-02: two tunnels of one node, from a record in doubt. One is recovered; the other, by
 * its policy, goes without a word. */
START_TEST(a_policy_excludes_one_tunnel_of_two)
{
    struct l2tpha_policy policies[2];
    uint32_t ids[2];

    l2tpha_policy_init(&policies[0]);
    l2tpha_policy_init(&policies[1]);
    policies[0].radius = L2TPHA_FAILOVER_PROTOCOL;
    policies[1].radius = L2TPHA_FAILOVER_DISABLE;
    trio_begin(true);
    for (int i = 0; i < 2; i++)
        ids[i] = record_of(open_with(&policies[(i + _i) % 2])).local_id;
    trio_pass_ms(500);
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    trio_pass_ms(1000);
    ck_assert_ptr_nonnull(l2tpha_tunnel_find(trio.near, ids[_i]));
    ck_assert_ptr_null(l2tpha_tunnel_find(trio.near, ids[1 - _i]));
    ck_assert_uint_eq(l2tpha_counters(trio.near)->recovery_attempts, 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERING), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(l2tpha_counters(trio.far)->recoveries_by_peer, 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), 0);
}
END_TEST

START_TEST(the_standby_decides_on_the_rest)
{
    trio_begin(false);
    open_with(NULL);
    ck_assert_str_eq(protection(trio.near), "no-standby");
    trio.confirm = false;
    trio_connect();
    ck_assert_str_eq(protection(trio.near), "bulk-sync");
    trio_settle();
    ck_assert_str_ne(protection(trio.near), "protected");
    trio.confirm = true;
    assert_ok(l2tpha_checkpoint_done(trio.near, trio.shipped, 0, trio.now));
    trio_settle();
    ck_assert_str_eq(protection(trio.near), "protected");
    ck_assert_str_eq(protection(trio.standby), "standby");
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    ck_assert_str_eq(protection(trio.near), "no-standby");
    assert_ok(l2tpha_fence(trio.near, trio.config.epoch + 1, trio.now));
    ck_assert_str_eq(protection(trio.near), "fenced");
}
END_TEST

START_TEST(a_policy_is_set_where_the_tunnel_lives)
{
    struct l2tpha_policy policy;

    l2tpha_policy_init(&policy);
    policy.radius = L2TPHA_FAILOVER_DISABLE;
    trio_begin(true);
    open_with(NULL);
    assert_error(l2tpha_tunnel_set_policy(first_tunnel(trio.standby), &policy, trio.now),
                 L2TPHA_ERR_ROLE);
    assert_ok(l2tpha_tunnel_set_policy(first_tunnel(trio.near), &policy, trio.now));
    trio_settle();
    ck_assert_uint_eq(record_of(first_tunnel(trio.standby)).configured_method,
                      L2TPHA_FAILOVER_DISABLE);
    ck_assert_uint_eq(record_of(first_tunnel(trio.standby)).effective_method,
                      L2TPHA_FAILOVER_SILENT);
}
END_TEST

Suite *suite_method_takeover(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("method_takeover", &tcase);

    tcase_add_loop_test(tcase, all_of_it_is_replicated_and_kept, 0, 2);
    tcase_add_test(tcase, another_nodes_method_changes_nothing);
    tcase_add_loop_test(tcase, what_is_not_protected_is_cleared, 0, 3);
    tcase_add_test(tcase, the_word_for_the_peer_is_repeated);
    tcase_add_loop_test(tcase, from_a_lagging_record_it_goes_without_a_word, 0, 2);
    tcase_add_loop_test(tcase, a_policy_excludes_one_tunnel_of_two, 0, 2);
    tcase_add_test(tcase, the_standby_decides_on_the_rest);
    tcase_add_test(tcase, a_policy_is_set_where_the_tunnel_lives);
    return suite;
}
