/* SPDX-License-Identifier: MIT */
/* The remote endpoint of a recovery, and an old tunnel that closes: it is not recovered (RFC 4951
 * 1). */
#include "failover/remote.h"

#include "unit/raw_recovery.h"

static void expect_refusal(uint16_t attempt)
{
    raw_expect_result(&peer, L2TPHA_MESSAGE_STOPCCN, 2, 1);
    ck_assert_uint_eq(peer.message.header.tunnel_id, attempt);
}

/* What the peer would reset is closed by now, and has no calls: it is to forget it (3.2.1). */
START_TEST(attempt_at_a_tunnel_that_is_closed_since_is_refused)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    assert_ok(raw_ack(&peer));
    struct channel_ends attempt = {peer.id, peer.node_id, peer.ns, peer.nr};
    while (old_tunnel()->channel.suspended)
        raw_pass(&peer, 1000);
    ck_assert_ptr_nonnull(old_tunnel()->recovery);
    raw_forget(&peer);
    to_old_tunnel(old.ns, old.nr);
    if (_i) {
        raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
        l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, old.id);
        l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
        assert_ok(raw_send(&peer));
        expect_refusal(attempt.id);
    } else {
        assert_ok(l2tpha_tunnel_close(old_tunnel(), 1, 0, NULL, peer.now));
        raw_drain(&peer);
        ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_STOPCCN), 2);
    }
    ck_assert_ptr_null(old_tunnel()->recovery);
    raw_forget(&peer);
    to_recovery_tunnel(attempt.node_id, attempt.ns, attempt.nr);
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    raw_send(&peer);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 0);
}
END_TEST

/* Likewise where the active has closed it, and this node takes over before the peer is told. */
START_TEST(attempt_at_a_tunnel_that_closes_is_refused_after_a_takeover)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    struct table *table = peer.standby->engine.table;
    struct tunnel_entry *entry = table_tunnel_find(table, old.node_id);
    entry->record.state = _i ? L2TPHA_TUNNEL_STOPPED : L2TPHA_TUNNEL_STOPPING;
    raw_take_over(&peer);
    assert_ok(raw_ack(&peer)); /* the SCCRP comes first */
    expect_refusal(RECOVERY_ID);
    ck_assert(!old_tunnel()->channel.suspended);
    ck_assert_ptr_null(old_tunnel()->recovery);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERING), 0);
    raw_pass(&peer, 120000);
    ck_assert_uint_eq(table_tunnel_count(peer.node->engine.table), 0);
}
END_TEST

/* One that the peer has completed: it closes in its own time, and is asked about nothing. */
START_TEST(recovery_tunnel_of_one_that_closes_is_left_to_the_peer)
{
    open_old(L2TPHA_FAILOVER_PROTOCOL);
    ask_recovery(1);
    assert_ok(raw_send(&peer));
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 200);
    ck_assert_uint_eq(raw_events(&peer, L2TPHA_EVENT_TUNNEL_RECOVERED), 1);
    struct table *table = peer.standby->engine.table;
    struct tunnel_entry *entry = table_tunnel_find(table, old.node_id);
    entry->record.state = _i ? L2TPHA_TUNNEL_STOPPED : L2TPHA_TUNNEL_STOPPING;
    raw_take_over(&peer);
    raw_pass(&peer, 200);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_STOPCCN), 0);
    raw_begin(&peer, L2TPHA_MESSAGE_STOPCCN, 0);
    l2tpha_builder_put_u16(&peer.builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, RECOVERY_ID);
    l2tpha_builder_put_result(&peer.builder, 1, 0, NULL);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 200);
    ck_assert_uint_eq(raw_count(&peer, L2TPHA_MESSAGE_FSQ), 0);
    raw_pass(&peer, 120000);
    ck_assert_uint_eq(table_tunnel_count(peer.node->engine.table), 0);
}
END_TEST

Suite *suite_remote(void);
Suite *suite_remote(void)
{
    Suite *suite = suite_create("remote");
    TCase *tcase = tcase_create("remote");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, attempt_at_a_tunnel_that_is_closed_since_is_refused, 0, 2);
    tcase_add_loop_test(tcase, attempt_at_a_tunnel_that_closes_is_refused_after_a_takeover, 0, 2);
    tcase_add_loop_test(tcase, recovery_tunnel_of_one_that_closes_is_left_to_the_peer, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
