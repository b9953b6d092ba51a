/* SPDX-License-Identifier: MIT */
/* Recovery tunnels and those that they are for, when a takeover comes to them one by one. */
#include "node/node.h"
#include "scenario/rig_recovery.h"

#define PAIRS 3

static struct peer old[PAIRS], fresh[PAIRS];

/* The peer has failed and asks for all its tunnels; then the node fails, which recovers silently.
 */
static void both_fail(void)
{
    rig.config.takeover_batch = 1;
    rig.trust = L2TPHA_TRUST_EXACT;
    rig.config.failover = L2TPHA_FAILOVER_SILENT;
    for (unsigned i = 0; i < PAIRS; i++)
        peer_opens_capable(&old[i], i + 1);
    for (unsigned i = 0; i < PAIRS; i++)
        peer_asks_back(&fresh[i], &old[i]);
    node_fails();
    ck_assert_uint_eq(rig.node->engine.unrestored, PAIRS - 1);
}

/* RFC 4951 3.2.1: the old channel rests. What comes on it first does not find it without the
 * recovery tunnel that says so. */
START_TEST(an_old_tunnel_brings_its_recovery_tunnel)
{
    both_fail();
    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t before = rig_counters()->suspended_drops;
        say_valid(&old[i], HELLO);
        ck_assert_uint_eq(rig_counters()->suspended_drops, before + 1);
    }
    ck_assert_uint_eq(rig.node->engine.unrestored, 0);
}
END_TEST

START_TEST(a_recovery_tunnel_brings_its_old_one)
{
    both_fail();
    for (unsigned i = 0; i < PAIRS; i++) {
        assert_ok(say_valid(&fresh[i], SCCCN));
        ck_assert_uint_eq(record_of(&old[i]).ns, old[i].nr);
    }
    ck_assert_uint_eq(rig.node->engine.unrestored, 0);
    ck_assert_uint_eq(rig_counters()->recoveries_by_peer, PAIRS);
}
END_TEST

/* The peer begins anew: its request finds the old tunnel, whether it is restored or not. */
START_TEST(a_request_for_one_not_restored_yet)
{
    both_fail();
    for (unsigned i = 0; i < PAIRS; i++) {
        peer_returns(&fresh[i], &old[i]);
        struct says again = recovery_request(&fresh[i], &old[i]);
        (void)say(&fresh[i], &again); /* dropped while some others are not restored */
        (void)say(&fresh[i], &again);
        (void)say(&fresh[i], &again);
    }
    ck_assert_uint_eq(rig.node->engine.unrestored, 0);
    rig_pass_ms(100);
    for (unsigned i = 0; i < PAIRS; i++)
        ck_assert_ptr_nonnull(l2tpha_tunnel_find(rig.node, old[i].node_id));
}
END_TEST

Suite *suite_restore_recovery(void);
Suite *suite_restore_recovery(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("restore_recovery", &tcase);

    tcase_add_test(tcase, an_old_tunnel_brings_its_recovery_tunnel);
    tcase_add_test(tcase, a_recovery_tunnel_brings_its_old_one);
    tcase_add_test(tcase, a_request_for_one_not_restored_yet);
    return suite;
}
