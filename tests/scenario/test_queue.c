/* SPDX-License-Identifier: MIT */
/* The limits of a tunnel's queue: what may be configured works, and however full it is, a standby
 * can be given a copy. */
#include "scenario/rig_trio.h"

#include <stdio.h>
#include <string.h>

static char refusal[128];

static void take_log(void *user, const struct l2tpha_log_line *line)
{
    (void)user;
    snprintf(refusal, sizeof(refusal), "%s", line->text);
}

/* One message, and the StopCCN that may have to follow it, must fit. */
START_TEST(a_queue_that_cannot_work_is_refused)
{
    static const struct {
        uint32_t max_queue;
        int error;
    } rows[] = {{0, L2TPHA_ERR_INVALID}, {1, L2TPHA_ERR_INVALID}, {3, L2TPHA_ERR_INVALID},
                {4, L2TPHA_OK},          {32000, L2TPHA_OK},      {32001, L2TPHA_ERR_INVALID}};
    struct l2tpha_node *node = NULL;

    refusal[0] = '\0';
    trio.host.log = take_log;
    trio.config.max_queue = rows[_i].max_queue;
    assert_error(l2tpha_node_new(root, &trio.config, &trio.host, trio.now, &node), rows[_i].error);
    ck_assert_int_eq(strstr(refusal, "max_queue") != NULL, rows[_i].error != L2TPHA_OK);
    l2tpha_node_free(node);
}
END_TEST

static uint32_t dial_until_full(struct l2tpha_tunnel *tunnel, const struct l2tpha_bytes *number)
{
    struct l2tpha_session_options call = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    uint32_t calls = 0;
    int error;

    if (number)
        call.called = call.calling = call.sub_address = *number;
    while (!(error = host_session_open(tunnel, &call, trio.now, &session)))
        calls++;
    assert_error(error, L2TPHA_ERR_QUEUE_FULL);
    return calls;
}

START_TEST(the_shortest_queue_carries_a_call_and_its_end)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    trio.config.max_queue = 4;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    trio.mute = true;
    ck_assert_uint_gt(dial_until_full(tunnel, NULL), 0);
    trio.mute = false;
    trio_pass_ms(3000);
    ck_assert_uint_gt(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 0);
    assert_ok(host_session_close(first_session(trio.near), &why, trio.now));
    trio_settle();
    assert_ok(l2tpha_tunnel_close(tunnel, 1, 0, NULL, trio.now));
    trio_settle();
    ck_assert_ptr_null(first_tunnel(trio.near));
}
END_TEST

/* Each end must still take the other's messages, or none of either would ever be acknowledged. */
START_TEST(calls_from_both_ends_do_not_block_each_other)
{
    static const uint32_t rows[] = {4, 5, 9, 64};

    trio.config.max_queue = rows[_i];
    trio_begin(false);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    trio.mute = trio.deaf = true;
    uint32_t calls = dial_until_full(tunnel, NULL) + dial_until_full(first_tunnel(trio.far), NULL);
    trio_settle();
    trio.mute = trio.deaf = false;
    trio_pass_ms(20000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), calls);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_UP), calls);
}
END_TEST

START_TEST(a_full_queue_fits_a_copy)
{
    static uint8_t digits[1000];
    static const uint8_t state[60000];
    const struct l2tpha_bytes number = {digits, sizeof(digits)};

    memset(digits, '5', sizeof(digits));
    trio_begin(false);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    assert_ok(l2tpha_tunnel_set_app_state(tunnel, state, sizeof(state), trio.now));
    trio.mute = true;
    uint32_t calls = dial_until_full(tunnel, &number);
    ck_assert_uint_gt(calls, 128); /* more than a window */
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_uint_gt(l2tpha_counters(trio.near)->checkpoint_bytes, 448 << 10);
    trio_take_over();
    trio.mute = false;
    trio_pass_ms(30000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), calls);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_UP), calls);
    assert_ok(l2tpha_tunnel_close(first_tunnel(trio.near), 1, 0, NULL, trio.now));
}
END_TEST

/* What is acknowledged, and what a takeover has restored, counts as it should. */
START_TEST(a_queue_that_was_full_takes_as_much_again)
{
    static uint8_t digits[1000];
    const struct l2tpha_bytes number = {digits, sizeof(digits)};

    memset(digits, '5', sizeof(digits));
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    trio.mute = true;
    uint32_t calls = dial_until_full(tunnel, &number);
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    trio_take_over();
    ck_assert_uint_eq(dial_until_full(first_tunnel(trio.near), &number), 0);
    trio.mute = false;
    trio_pass_ms(30000);
    trio.near_events.count = trio.far_events.count = 0;
    trio.mute = true;
    ck_assert_uint_eq(dial_until_full(first_tunnel(trio.near), &number), calls);
}
END_TEST

Suite *suite_queue(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("queue", &tcase);

    tcase_add_loop_test(tcase, a_queue_that_cannot_work_is_refused, 0, 6);
    tcase_add_test(tcase, the_shortest_queue_carries_a_call_and_its_end);
    tcase_add_loop_test(tcase, calls_from_both_ends_do_not_block_each_other, 0, 4);
    tcase_add_test(tcase, a_full_queue_fits_a_copy);
    tcase_add_test(tcase, a_queue_that_was_full_takes_as_much_again);
    return suite;
}
