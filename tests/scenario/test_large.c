/* SPDX-License-Identifier: MIT */
/* Whatever ends or changes all calls of a tunnel at once fits into one checkpoint: the node stays
 * protected, and the standby holds what it holds. */
#include "control/reset.h"
#include "control/session_id.h"
#include "control/transaction.h"
#include "engine/machine.h"
#include "node/node.h"
#include "scenario/rig_trio.h"

#define MANY 63000
#define NUMBERED 31000
#define APP_STATE 60000

static struct l2tpha_tunnel *near_tunnel(void)
{
    return first_tunnel(trio.near);
}

/* What they are like on the way there is of no interest here. */
static void add_calls(struct l2tpha_tunnel *tunnel, unsigned count, uint8_t state, uint8_t flags)
{
    struct l2tpha_session *session;

    for (unsigned i = 0; i < count; i++) {
        assert_ok(session_new(tunnel, &session));
        session->entry.state = state;
        session->entry.side = state == L2TPHA_SESSION_WAIT_TUNNEL ? L2TPHA_LAC : L2TPHA_LNS;
        session->entry.call = L2TPHA_CALL_INCOMING;
        session->entry.flags = flags;
        session->entry.data_ns = session->entry.sent_ns = session->lease_end = 1024;
        session->entry.serial = 0x40000000 + i;
        session->entry.tx_speed = session->entry.rx_speed = 100000000;
        (void)table_session_set_remote(&session->entry, session->entry.local_id); /* if free */
        session_id_taken(tunnel);
        if (state == L2TPHA_SESSION_WAIT_TUNNEL)
            session_join_line(session);
        session_arm(session);
    }
}

/* A tunnel with one real call, whose own share of the queue is filled up with SLIs. */
static struct l2tpha_tunnel *begin_with_full_queue(void)
{
    uint32_t accm = 0;
    int error;

    trio_begin(false);
    trio.forgetful = true;
    trio_dial(trio_tunnel(trio.far));
    trio_settle();
    trio.mute = true;
    while (!(error = host_session_set_link_info(first_session(trio.near), ++accm, 0, trio.now)))
        ;
    assert_error(error, L2TPHA_ERR_QUEUE_FULL);
    return near_tunnel();
}

static void connect_standby(void)
{
    trio_connect();
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
}

static void assert_in_step(void)
{
    trio_settle();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(trio.near), l2tpha_checkpoint_digest(trio.standby));
}

static uint32_t calls_of_standby(void)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.standby);

    return tunnel ? l2tpha_tunnel_sessions(tunnel) : 0;
}

static int close_tunnel(struct l2tpha_tunnel *tunnel)
{
    return l2tpha_tunnel_close(tunnel, 1, 0, NULL, trio.now);
}

/* 0: closed here, 1: closed by the peer */
START_TEST(the_end_of_a_full_tunnel)
{
    struct l2tpha_tunnel *tunnel = begin_with_full_queue();

    add_calls(tunnel, MANY, L2TPHA_SESSION_ESTABLISHED, 0);
    connect_standby();
    assert_ok(close_tunnel(_i ? first_tunnel(trio.far) : tunnel));
    assert_in_step();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(near_tunnel()), 0);
    ck_assert_uint_eq(calls_of_standby(), 0);
    trio_take_over();
    trio.mute = false;
    trio_pass_ms(60000);
    ck_assert_ptr_null(near_tunnel());
    ck_assert_ptr_null(first_tunnel(trio.far));
}
END_TEST

/* The peer is silent: the tunnel goes without a message. */
START_TEST(the_end_of_a_silent_tunnel)
{
    struct l2tpha_tunnel *tunnel = begin_with_full_queue();

    add_calls(tunnel, MANY, L2TPHA_SESSION_ESTABLISHED, 0);
    connect_standby();
    trio.deaf = true;
    trio_pass_ms(200000); /* its Recovery Time included */
    ck_assert_ptr_null(near_tunnel());
    assert_in_step();
    ck_assert_ptr_null(first_tunnel(trio.standby));
}
END_TEST

static void reset(struct l2tpha_tunnel *tunnel, bool data_channel)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};

    l2tpha_tunnel_get(tunnel, &record);
    assert_ok(tunnel_reset(tunnel, (uint16_t)(record.ns + 5000), (uint16_t)(record.nr + 5000),
                           &record.path, data_channel));
    engine_commit(&trio.near->engine);
}

/* How many calls of the standby are so. */
static uint32_t count_calls(uint8_t state, uint8_t flags, uint16_t data_ns)
{
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.standby);
    uint32_t count = 0;

    for (const struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next)
        count += entry->state == state && entry->flags == flags && entry->data_ns == data_ns;
    return count;
}

/* RFC 4951 3.2.3, 3.3: of the end that has failed, and (1) again with the other numbers; 2: of the
 * other end */
START_TEST(the_reset_of_a_tunnel_with_numbered_calls)
{
    const uint8_t numbered = L2TPHA_SESSION_SEQUENCING;

    trio_begin(false);
    trio.forgetful = true;
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    add_calls(tunnel, NUMBERED, L2TPHA_SESSION_ESTABLISHED, numbered);
    add_calls(tunnel, 20, L2TPHA_SESSION_ESTABLISHED, 0);
    add_calls(tunnel, 10, L2TPHA_SESSION_WAIT_CONNECT, 0);
    add_calls(tunnel, 5, L2TPHA_SESSION_WAIT_TUNNEL, 0);
    connect_standby();
    for (int round = 0; round <= (_i == 1); round++)
        reset(tunnel, _i != 2);
    assert_in_step();
    ck_assert_uint_eq(l2tpha_tunnel_sessions(tunnel), NUMBERED + 25);
    ck_assert_uint_eq(calls_of_standby(), NUMBERED + 25);
    ck_assert_uint_eq(count_calls(L2TPHA_SESSION_ESTABLISHED, numbered, _i != 2 ? 0 : 1024),
                      NUMBERED);
    ck_assert_uint_eq(count_calls(L2TPHA_SESSION_ESTABLISHED, 0, 1024), 20);
    ck_assert_uint_eq(count_calls(L2TPHA_SESSION_WAIT_TUNNEL, 0, 1024), 5);
}
END_TEST

START_TEST(the_reset_of_a_tunnel_with_calls_half_set_up)
{
    struct l2tpha_tunnel *tunnel = begin_with_full_queue();

    add_calls(tunnel, MANY, L2TPHA_SESSION_WAIT_CONNECT, 0);
    connect_standby();
    reset(tunnel, false);
    assert_in_step();
    ck_assert_uint_eq(calls_of_standby(), 1);
}
END_TEST

/* The copy is under way: some calls were carried, others not. */
START_TEST(a_reset_during_a_copy)
{
    struct l2tpha_output output;

    trio_begin(false);
    trio.forgetful = true;
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    add_calls(tunnel, 3000, L2TPHA_SESSION_ESTABLISHED, L2TPHA_SESSION_SEQUENCING);
    add_calls(tunnel, 3000, L2TPHA_SESSION_WAIT_CONNECT, 0);
    trio_connect();
    for (int i = 0; i < _i; i++) {
        while (l2tpha_poll(trio.near, &output, 1, trio.now) == 0)
            assert_ok(l2tpha_expire(trio.near, trio.now)); /* the host has come back */
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(
                l2tpha_checkpoint_apply(trio.standby, output.data, output.len, trio.now, NULL));
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            trio.shipped = output.position;
    }
    reset(tunnel, true);
    assert_in_step();
    ck_assert_uint_eq(count_calls(L2TPHA_SESSION_ESTABLISHED, L2TPHA_SESSION_SEQUENCING, 0), 3000);
    ck_assert_uint_eq(calls_of_standby(), 3000);
}
END_TEST

/* Calls that the peer has not heard of end without a CDN, as many as there are. */
START_TEST(the_end_of_calls_that_wait)
{
    struct l2tpha_tunnel *tunnel = begin_with_full_queue();
    const struct machine_input end = {.result = 2, .reason = "test"};

    add_calls(tunnel, MANY, L2TPHA_SESSION_WAIT_TUNNEL, L2TPHA_SESSION_LOCAL_CALL);
    connect_standby();
    for (struct session_entry *entry = tunnel->entry.sessions, *next; entry; entry = next) {
        next = entry->next;
        if (entry->state == L2TPHA_SESSION_WAIT_TUNNEL)
            assert_ok(builtin_machine.stop_session(session_of(entry), &end));
    }
    tunnel_mark(tunnel, DIRTY_FULL);
    engine_commit(&trio.near->engine);
    assert_in_step();
    trio_pass_ms(1000);
    assert_in_step();
    ck_assert_uint_eq(calls_of_standby(), 1);
}
END_TEST

/* They waited with what the host has attached to them, and start when the tunnel is up. */
START_TEST(calls_that_start_with_much_state)
{
    static const uint8_t state[APP_STATE];
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path.remote = {1, {2}}};
    struct l2tpha_tunnel *tunnel;

    trio_begin(true);
    trio.deaf = true;
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    for (int i = 0; i < 64; i++)
        assert_ok(l2tpha_session_set_app_state(trio_dial(tunnel), state, sizeof(state), trio.now));
    trio_settle();
    trio.deaf = false;
    trio_pass_ms(2000);
    assert_in_step();
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 64);
}
END_TEST

Suite *suite_large(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("large", &tcase);

    tcase_add_loop_test(tcase, the_end_of_a_full_tunnel, 0, 2);
    tcase_add_test(tcase, the_end_of_a_silent_tunnel);
    tcase_add_loop_test(tcase, the_reset_of_a_tunnel_with_numbered_calls, 0, 3);
    tcase_add_test(tcase, the_reset_of_a_tunnel_with_calls_half_set_up);
    tcase_add_loop_test(tcase, a_reset_during_a_copy, 0, 9);
    tcase_add_test(tcase, the_end_of_calls_that_wait);
    tcase_add_test(tcase, calls_that_start_with_much_state);
    return suite;
}
