/* SPDX-License-Identifier: MIT */
/* The peer of a node that has failed leaves while its tunnels are being recovered: after any number
 * of datagrams both ends are done soon, and neither is left with what the other has not. */
#include "node/node.h"
#include "scenario/rig_trio.h"

#define TUNNELS 8
#define CALLS 5
#define SOON_MS 3000
#define RESULT_SHUTDOWN 6

/* Datagrams between the two until the peer leaves; more than a recovery of all of them takes. */
#define LAST 140

static void begin(enum l2tpha_commit commit)
{
    trio.config.failover = L2TPHA_FAILOVER_PROTOCOL;
    trio.config.commit = commit;
    trio_begin(true);
    for (unsigned i = 0; i < TUNNELS; i++) {
        struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
        for (unsigned call = 0; call < CALLS; call++)
            trio_dial(tunnel);
    }
    trio_pass_ms(1000);
    trio.far_events.count = 0;
}

/* As a program does that is told to end: whatever there is is closed. */
static void leave(struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel)))
        l2tpha_tunnel_close(tunnel, RESULT_SHUTDOWN, 0, "shutting down", trio.now);
}

static uint32_t alive(const struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel)))
        count += !tunnel_is_over(tunnel);
    return count;
}

static void recover_for(uint64_t datagrams)
{
    trio.budget = datagrams;
    trio_pass_ms(20);
    trio.budget = 0;
}

static void assert_over(void)
{
    trio_pass_ms(SOON_MS);
    ck_assert_uint_eq(alive(trio.near), 0);
    ck_assert_uint_eq(alive(trio.far), 0);
    for (struct l2tpha_tunnel *tunnel = NULL; (tunnel = l2tpha_tunnel_next(trio.far, tunnel));)
        ck_assert_uint_eq(tunnel->entry.record.state, L2TPHA_TUNNEL_STOPPED);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_TUNNEL_DOWN), TUNNELS);
}

/* So many datagrams, and then the peer leaves. */
START_TEST(the_peer_leaves_in_the_middle_of_it)
{
    begin(L2TPHA_COMMIT_GATED);
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    recover_for((uint64_t)_i + 1);
    leave(trio.far);
    assert_over();
}
END_TEST

/* ... or before it has heard anything: its own StopCCN is under way on a channel that rests. */
START_TEST(the_peer_leaves_before_it)
{
    begin(_i ? L2TPHA_COMMIT_ASYNC : L2TPHA_COMMIT_GATED);
    trio.deaf = true;
    leave(trio.far);
    trio_settle();
    trio.deaf = false;
    trio.trust = _i ? L2TPHA_TRUST_EXACT : L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    assert_over();
}
END_TEST

/* The end that recovers leaves. */
START_TEST(who_recovers_leaves_in_the_middle_of_it)
{
    begin(L2TPHA_COMMIT_GATED);
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    recover_for((uint64_t)_i + 1);
    leave(trio.near);
    trio_pass_ms(SOON_MS);
    ck_assert_uint_eq(alive(trio.near), 0);
    ck_assert_uint_eq(alive(trio.far), 0);
}
END_TEST

/* Both. */
START_TEST(both_leave_in_the_middle_of_it)
{
    begin(L2TPHA_COMMIT_GATED);
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    recover_for((uint64_t)_i + 1);
    leave(trio.near);
    leave(trio.far);
    trio_pass_ms(SOON_MS);
    ck_assert_uint_eq(alive(trio.near), 0);
    ck_assert_uint_eq(alive(trio.far), 0);
}
END_TEST

START_TEST(a_recovery_tunnel_is_not_the_hosts_to_close)
{
    struct l2tpha_tunnel *tunnel = NULL;
    unsigned refused = 0;

    begin(L2TPHA_COMMIT_GATED);
    trio.trust = L2TPHA_TRUST_UNCERTAIN;
    trio_take_over();
    recover_for(1);
    while ((tunnel = l2tpha_tunnel_next(trio.near, tunnel)))
        if (tunnel_is_recovery(tunnel)) {
            assert_error(l2tpha_tunnel_close(tunnel, RESULT_SHUTDOWN, 0, NULL, trio.now),
                         L2TPHA_ERR_STATE);
            refused++;
        }
    trio_settle();
    while ((tunnel = l2tpha_tunnel_next(trio.near, tunnel)))
        refused += tunnel_is_recovery(tunnel);
    ck_assert_uint_gt(refused, 0);
}
END_TEST

Suite *suite_leave(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("leave", &tcase);

    tcase_add_loop_test(tcase, the_peer_leaves_in_the_middle_of_it, 0, LAST);
    tcase_add_loop_test(tcase, the_peer_leaves_before_it, 0, 2);
    tcase_add_loop_test(tcase, who_recovers_leaves_in_the_middle_of_it, 0, LAST);
    tcase_add_loop_test(tcase, both_leave_in_the_middle_of_it, 0, LAST);
    tcase_add_test(tcase, a_recovery_tunnel_is_not_the_hosts_to_close);
    return suite;
}
