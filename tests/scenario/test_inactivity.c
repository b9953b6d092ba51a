/* SPDX-License-Identifier: MIT */
/* A standby that lagged has calls that the old active saw end: with a peer that cannot be asked
 * about them they show by saying nothing. */
#include "failover/inactivity.h"
#include "node/node.h"
#include "scenario/rig_trio.h"

#define WAIT_MS 60000
#define PAYLOAD 4

/* The near node has placed so many calls; what happens from here on its standby is not told. */
static void begin_with_calls(unsigned calls)
{
    trio.config.commit = L2TPHA_COMMIT_ASYNC;
    trio.config.failover_capability = false;
    trio.config.inactivity_ms = WAIT_MS;
    trio.config.hello_ms = 10000;
    trio_begin(true);
    struct l2tpha_tunnel *tunnel = trio_tunnel(trio.near);
    for (unsigned i = 0; i < calls; i++)
        trio_dial(tunnel);
    trio_pass_ms(2000);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), calls);
    trio.connected = false;
}

static void hang_up(struct l2tpha_session *session)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    assert_ok(host_session_close(session, &why, trio.now));
    trio_settle();
}

/* In step again, with an answer to each probe. */
static void take_over(void)
{
    trio_pass_ms(500);
    trio_take_over();
    for (unsigned i = 0; i < 30 && !trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED); i++)
        trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED), 1);
}

static struct l2tpha_session *nth(const struct l2tpha_node *node, unsigned n)
{
    struct l2tpha_session *session = first_session(node);

    while (n-- > 0)
        session = l2tpha_session_next(first_tunnel(node), session);
    return session;
}

static struct l2tpha_session *other_end(const struct l2tpha_session *session)
{
    return l2tpha_session_find(trio.far, l2tpha_tunnel_id(first_tunnel(trio.far)),
                               session->entry.remote_id);
}

static int frame_from_far(struct l2tpha_session *session)
{
    struct l2tpha_path path = {.remote = {.len = 1, .bytes = {2}}};
    uint8_t datagram[L2TPHA_DATA_HEADER_MAX + PAYLOAD] = {0};
    const struct l2tpha_path *to;
    struct l2tpha_frame frame;
    size_t len;

    assert_ok(l2tpha_data_send(session, PAYLOAD, false, datagram, &len, &to, trio.now));
    return l2tpha_data_receive(trio.near, &path, datagram, len + PAYLOAD, trio.now, &frame);
}

static uint32_t calls_left(void)
{
    return l2tpha_tunnel_sessions(first_tunnel(trio.near));
}

START_TEST(what_only_this_end_has_goes_and_what_lives_stays)
{
    begin_with_calls(5);
    hang_up(nth(trio.far, 0));
    take_over();
    ck_assert_uint_eq(calls_left(), 5);
    struct l2tpha_session *alive[5];
    unsigned count = 0;
    for (unsigned i = 0; i < 5; i++)
        if (other_end(nth(trio.near, i)))
            alive[count++] = nth(trio.near, i);
    ck_assert_uint_eq(count, 4);
    uint32_t idle = l2tpha_session_id(alive[3]);
    trio_pass_ms(WAIT_MS / 2);
    assert_ok(frame_from_far(other_end(alive[0])));
    assert_ok(host_session_set_link_info(other_end(alive[1]), 1, 2, trio.now));
    assert_ok(l2tpha_session_heard(alive[2], trio.now));
    struct l2tpha_session *fresh = trio_dial(first_tunnel(trio.near));
    trio_pass_ms(WAIT_MS / 2 - 2000);
    ck_assert_uint_eq(calls_left(), 6);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_DOWN), 0);
    uint32_t before = trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN);
    trio_pass_ms(3000);
    ck_assert_uint_eq(calls_left(), 4);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_DOWN), 2);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->sessions_inactive, 2);
    ck_assert_uint_eq(trio_told(&trio.far_events, L2TPHA_EVENT_SESSION_DOWN), before); /* no CDN */
    ck_assert_ptr_null(first_tunnel(trio.near)->inactivity);
    /* Who was only idle is told as soon as he speaks. */
    struct l2tpha_session *zombie = NULL;
    for (unsigned i = 0; i < l2tpha_tunnel_sessions(first_tunnel(trio.far)); i++)
        if (nth(trio.far, i)->entry.remote_id == idle)
            zombie = nth(trio.far, i);
    assert_error(frame_from_far(zombie), L2TPHA_ERR_NOT_OURS);
    trio_pass_ms(500);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(trio.far)), 4);
    trio_pass_ms(2 * WAIT_MS);
    ck_assert_uint_eq(calls_left(), 4);
    ck_assert_ptr_nonnull(other_end(fresh));
}
END_TEST

/* The node itself was stopped for all that time: what came for it was dropped by its socket. */
START_TEST(a_node_that_was_away_has_heard_nobody)
{
    begin_with_calls(3);
    take_over();
    trio_pass_ms(1000);
    trio.now += 2 * WAIT_MS * 1000;
    for (int turn = 0; turn < 3; turn++) {
        assert_ok(l2tpha_expire(trio.near, trio.now));
        trio_settle();
        trio.now += 20000;
    }
    trio_pass_ms(WAIT_MS / 2);
    ck_assert_uint_eq(calls_left(), 3);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->sessions_inactive, 0);
    trio_pass_ms(WAIT_MS);
    ck_assert_uint_eq(calls_left(), 0);
}
END_TEST

/* It is stopped once in each such time: that hides for a while who is gone, and not for ever. */
START_TEST(a_node_that_is_stopped_ever_again_finds_out)
{
    int times = 0;

    begin_with_calls(3);
    take_over();
    for (; calls_left() > 0 && times < 100; times++) {
        trio_pass_ms(WAIT_MS / 2);
        trio.now += WAIT_MS * 1000;
        for (int turn = 0; turn < 3; turn++) {
            assert_ok(l2tpha_expire(trio.near, trio.now));
            trio_settle();
            trio.now += 20000;
        }
    }
    ck_assert_int_gt(times, 5);
    ck_assert_int_le(times, 10);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->sessions_inactive, 3);
}
END_TEST

/* 0: not wanted; 1: the record is exact */
START_TEST(silence_is_no_reason)
{
    begin_with_calls(3);
    if (_i == 1) {
        trio.connected = true;
        trio_connect();
        trio_pass_ms(1000);
        trio.near->engine.config.commit = L2TPHA_COMMIT_GATED;
    }
    trio.standby->engine.config.inactivity_ms = _i == 0 ? 0 : WAIT_MS;
    if (_i == 1)
        first_tunnel(trio.standby)->entry.record.flags &= ~(uint32_t)L2TPHA_TUNNEL_LAGGING;
    take_over();
    trio_pass_ms(4 * WAIT_MS);
    ck_assert_uint_eq(calls_left(), 3);
    ck_assert_uint_eq(l2tpha_counters(trio.near)->sessions_inactive, 0);
}
END_TEST

/* More than one event looks at. They end while they are looked at, or live. */
START_TEST(many_are_looked_at_in_steps)
{
    const unsigned calls = 5000;
    uint32_t heard = 0;

    begin_with_calls(calls);
    take_over();
    for (struct l2tpha_session *session = first_session(trio.near); session;
         session = l2tpha_session_next(first_tunnel(trio.near), session))
        if (++heard % 3 == 0)
            assert_ok(l2tpha_session_heard(session, trio.now));
    trio_pass_ms(WAIT_MS - 1100);
    ck_assert_uint_eq(calls_left(), calls);
    for (int i = 0; i < 20 && calls_left() == calls; i++) { /* one step */
        trio.now = l2tpha_deadline(trio.near);
        assert_ok(l2tpha_expire(trio.near, trio.now));
    }
    ck_assert_uint_lt(calls_left(), calls);
    ck_assert_uint_gt(calls_left(), calls - 1100);
    const struct inactivity *walk = first_tunnel(trio.near)->inactivity;
    const struct session_entry *behind = walk->cursor->next;
    hang_up(session_of(walk->cursor)); /* just where it stands */
    ck_assert_ptr_eq(walk->cursor, behind);
    trio_pass_ms(2000);
    ck_assert_uint_le(calls - calls_left(), calls - calls / 3 + 1);
    ck_assert_uint_ge(calls - calls_left(), calls - calls / 3);
}
END_TEST

/* A peer that answers nothing at all is no sign of a session's end; nor may the walk outlive its
 * tunnel. */
START_TEST(a_tunnel_that_does_not_carry_is_not_checked)
{
    trio.config.retries = 20;
    begin_with_calls(2);
    take_over();
    struct l2tpha_tunnel *tunnel = first_tunnel(trio.near);
    trio_suspend(tunnel, true);
    trio_pass_ms(WAIT_MS + 5000);
    ck_assert_uint_eq(calls_left(), 2);
    trio_suspend(tunnel, false);
    trio_pass_ms(WAIT_MS / 2);
    ck_assert_uint_eq(calls_left(), 2);
    if (_i) {
        assert_ok(l2tpha_tunnel_close(tunnel, 1, 0, NULL, trio.now));
        trio_pass_ms(2 * WAIT_MS);
        ck_assert_ptr_null(first_tunnel(trio.near));
        return;
    }
    trio_pass_ms(WAIT_MS);
    ck_assert_uint_eq(calls_left(), 0);
}
END_TEST

Suite *suite_inactivity(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("inactivity", &tcase);

    tcase_add_test(tcase, what_only_this_end_has_goes_and_what_lives_stays);
    tcase_add_test(tcase, a_node_that_was_away_has_heard_nobody);
    tcase_add_test(tcase, a_node_that_is_stopped_ever_again_finds_out);
    tcase_add_loop_test(tcase, silence_is_no_reason, 0, 2);
    tcase_add_test(tcase, many_are_looked_at_in_steps);
    tcase_add_loop_test(tcase, a_tunnel_that_does_not_carry_is_not_checked, 0, 2);
    return suite;
}
