/* SPDX-License-Identifier: MIT */
/* The node at its edges: roles, switchover, fences, time, callbacks. */
#include "crypto/crypto.h"
#include "scenario/rig_trio.h"

#include <string.h>

/* --- what is told outside a transaction --- */

/* A copy that cannot be made is given up within l2tpha_poll(): its event belongs to no entry call.
 */
START_TEST(giving_up_a_copy_within_a_poll_is_told_once)
{
    static const uint8_t large[60000];

    trio.config.max_buffer_bytes = 100000; /* no room for the tunnel and its copy */
    trio_begin(false);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    assert_ok(l2tpha_tunnel_set_app_state(tunnel, large, sizeof(large), trio.now));
    trio.near_events.count = 0;
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    assert_ok(l2tpha_expire(trio.near, trio.now));
    trio_settle();
    assert_ok(l2tpha_expire(trio.near, trio.now));
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_ROLE_CHANGED), 2);
}
END_TEST

/* --- fences --- */

/* What is not confirmed happens on the node that has taken over. */
START_TEST(a_fenced_node_tells_nothing_unconfirmed)
{
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.far);
    trio.confirm = false;
    trio_dial(tunnel);
    trio_settle();
    trio.near_events.count = 0;
    assert_ok(l2tpha_tunnel_close(first_tunnel(trio.near), 1, 0, NULL, trio.now));
    uint64_t before = trio.datagrams;
    assert_ok(l2tpha_fence(trio.near, 2, trio.now));
    trio_settle();
    ck_assert_uint_eq(trio.datagrams, before);
    ck_assert_uint_eq(trio.near_events.count, 1);
    ck_assert_int_eq(trio.near_events.list[0].kind, L2TPHA_EVENT_ROLE_CHANGED);
    ck_assert_int_eq(trio.near_events.list[0].role, L2TPHA_ROLE_FENCED);
}
END_TEST

/* --- switchover --- */

static void serves_again(void)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.near);

    ck_assert(!l2tpha_switchover_ready(trio.near));
    trio_dial(tunnel);
    trio_settle();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 1);
}

static void begin_draining(void)
{
    trio_begin(true);
    trio_tunnel(trio.near);
    trio.confirm = false;
    assert_ok(
        l2tpha_tunnel_set_app_state(first_tunnel(trio.near), (const uint8_t *)"x", 1, trio.now));
    trio_settle();
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    ck_assert(!l2tpha_switchover_ready(trio.near));
}

START_TEST(a_standby_silent_while_draining_ends_the_switchover)
{
    begin_draining();
    trio_pass_ms(300);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    serves_again();
}
END_TEST

START_TEST(a_standby_that_refuses_while_draining_ends_the_switchover)
{
    begin_draining();
    assert_ok(l2tpha_checkpoint_done(trio.near, 1, L2TPHA_ERR_RECORD, trio.now));
    serves_again();
}
END_TEST

START_TEST(a_standby_that_begins_anew_while_draining_ends_the_switchover)
{
    begin_draining();
    trio_connect();
    trio.confirm = true;
    serves_again();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
}
END_TEST

static void move(struct l2tpha_link *from, struct l2tpha_link *to)
{
    const uint8_t *data;
    size_t len;

    while ((len = l2tpha_link_poll(from, &data, trio.now)) > 0) {
        assert_ok(l2tpha_link_feed(to, data, len, trio.now));
        l2tpha_link_sent(from, len);
    }
}

static void move_checkpoints(struct l2tpha_link *links[2])
{
    struct l2tpha_output output;
    bool any = true;

    while (any) {
        any = false;
        move(links[0], links[1]);
        move(links[1], links[0]);
        while (l2tpha_poll(trio.near, &output, 1, trio.now) > 0) {
            any = true;
            if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
                assert_ok(
                    l2tpha_link_send(links[0], output.position, output.data, output.len, trio.now));
        }
    }
}

/* The standby takes over and its host closes the stream first of all. */
START_TEST(the_end_of_the_stream_takes_no_handover_back)
{
    struct l2tpha_link *links[2];
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    trio_begin(true);
    l2tpha_node_free(trio.standby);
    trio.config.standby = true;
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &trio.standby));
    assert_ok(l2tpha_link_new(trio.near, NULL, trio.now, &links[0]));
    assert_ok(l2tpha_link_new(trio.standby, NULL, trio.now, &links[1]));
    move_checkpoints(links);
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_HOT);
    assert_ok(l2tpha_switchover(trio.near, trio.now));
    ck_assert(l2tpha_switchover_ready(trio.near));
    assert_ok(l2tpha_link_hand_over(links[0], trio.now));
    move(links[0], links[1]); /* the offer, */
    move(links[1], links[0]); /* taken, */
    move(links[0], links[1]); /* and given */
    assert_ok(l2tpha_takeover(trio.standby, 2, trio.now));
    l2tpha_link_free(links[1], trio.now);
    l2tpha_link_free(links[0], trio.now);
    assert_error(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel), L2TPHA_ERR_STATE);
    assert_ok(l2tpha_switchover_cancel(trio.near, trio.now)); /* the host knows better */
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
}
END_TEST

/* --- time --- */

START_TEST(time_may_stand_still_run_back_and_leap)
{
    trio_begin(true);
    trio_tunnel(trio.near);
    assert_ok(l2tpha_expire(trio.near, 0));
    assert_ok(l2tpha_expire(trio.near, trio.now));
    trio.now += UINT64_C(1) << 62;
    assert_ok(l2tpha_expire(trio.near, trio.now));
    assert_ok(l2tpha_expire(trio.far, trio.now));
    trio_settle();
    ck_assert_ptr_nonnull(first_tunnel(trio.near));
}
END_TEST

/* A host that hands on a deadline as it is. */
START_TEST(never_is_no_time)
{
    trio_begin(false);
    trio_tunnel(trio.near);
    assert_error(l2tpha_expire(trio.near, L2TPHA_NEVER), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_expire(trio.near, L2TPHA_NEVER - 1), L2TPHA_ERR_INVALID);
    trio_pass_ms(100);
    ck_assert_uint_lt(l2tpha_deadline(trio.near), trio.now + 120000000);
}
END_TEST

/* --- callbacks --- */

static int reentered[2];

static void log_and_call(void *user, const struct l2tpha_log_line *line)
{
    struct l2tpha_output output;

    (void)user;
    (void)line;
    if (!trio.near)
        return;
    reentered[0] = l2tpha_expire(trio.near, trio.now);
    reentered[1] = (int)l2tpha_poll(trio.near, &output, 1, trio.now);
}

START_TEST(a_log_line_is_no_place_to_call_from)
{
    trio.host.log = log_and_call;
    trio_begin(true);
    l2tpha_node_set_debug(trio.near, ~(uint32_t)0);
    reentered[0] = reentered[1] = 1;
    trio_tunnel(trio.near);
    assert_error(reentered[0], L2TPHA_ERR_REENTERED);
    ck_assert_int_eq(reentered[1], 0);
}
END_TEST

/* --- what a node is given --- */

/* Of crypto operations the HMACs alone may be missing, or lie beyond what the host knows of. */
START_TEST(crypto_that_lacks_an_operation_is_refused)
{
    const struct l2tpha_crypto *whole = tests_crypto();
    struct l2tpha_crypto crypto = *whole;
    struct l2tpha_node *node = NULL;

    trio.config.crypto = &crypto;
    crypto.hmac_md5 = NULL;
    crypto.hmac_sha1 = NULL;
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &node));
    l2tpha_node_free(node);
    crypto.size = offsetof(struct l2tpha_crypto, hmac_md5);
    assert_ok(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &node));
    l2tpha_node_free(node);
    crypto.size--;
    assert_error(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &node),
                 L2TPHA_ERR_INVALID);
    for (int lacks = 0; lacks < 3; lacks++) {
        crypto = *whole;
        if (lacks == 0)
            crypto.md5 = NULL;
        else if (lacks == 1)
            crypto.equal = NULL;
        else
            crypto.wipe = NULL;
        assert_error(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &node),
                     L2TPHA_ERR_INVALID);
    }
}
END_TEST

Suite *suite_node_edges(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("node_edges", &tcase);

    tcase_add_test(tcase, giving_up_a_copy_within_a_poll_is_told_once);
    tcase_add_test(tcase, a_fenced_node_tells_nothing_unconfirmed);
    tcase_add_test(tcase, a_standby_silent_while_draining_ends_the_switchover);
    tcase_add_test(tcase, a_standby_that_refuses_while_draining_ends_the_switchover);
    tcase_add_test(tcase, a_standby_that_begins_anew_while_draining_ends_the_switchover);
    tcase_add_test(tcase, the_end_of_the_stream_takes_no_handover_back);
    tcase_add_test(tcase, time_may_stand_still_run_back_and_leap);
    tcase_add_test(tcase, never_is_no_time);
    tcase_add_test(tcase, a_log_line_is_no_place_to_call_from);
    tcase_add_test(tcase, crypto_that_lacks_an_operation_is_refused);
    return suite;
}
