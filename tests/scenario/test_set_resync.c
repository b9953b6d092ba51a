/* SPDX-License-Identifier: MIT */
/* resync-packets changed while the node serves. */
#include "scenario/rig.h"

static uint16_t lease_of(const struct peer *peer)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(tunnel_of_peer(peer), &record);
    return record.resync_packets;
}

/* 0: bounded; 1: async */
START_TEST(tunnels_that_are_up_keep_theirs)
{
    struct peer before, after;

    rig.config.commit = _i ? L2TPHA_COMMIT_ASYNC : L2TPHA_COMMIT_BOUNDED;
    peer_opens(&before, 1);
    assert_ok(l2tpha_node_set_resync(rig_node(), 20));
    peer_opens(&after, 2);
    ck_assert_uint_eq(lease_of(&before), 8);
    ck_assert_uint_eq(lease_of(&after), 20);
    ck_assert_uint_eq(l2tpha_node_config(rig_node())->resync_packets, 20);
}
END_TEST

START_TEST(it_must_be_in_range)
{
    assert_error(l2tpha_node_set_resync(NULL, 8), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_node_set_resync(rig_node(), 0), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_node_set_resync(rig_node(), L2TPHA_RESYNC_PACKETS_MAX + 1),
                 L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(l2tpha_node_config(rig_node())->resync_packets, 8);
    assert_ok(l2tpha_node_set_resync(rig_node(), L2TPHA_RESYNC_PACKETS_MAX));
}
END_TEST

Suite *suite_set_resync(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("set_resync", &tcase);

    tcase_add_loop_test(tcase, tunnels_that_are_up_keep_theirs, 0, 2);
    tcase_add_test(tcase, it_must_be_in_range);
    return suite;
}
