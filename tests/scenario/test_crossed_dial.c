/* SPDX-License-Identifier: MIT */
/* Both ends dial at once: RFC 2661 4.4.3 and 7.2.1. One tunnel is left, whoever has lost learns
 * which, and the calls that waited for the other one are placed on it. */
#include "scenario/rig_trio.h"

#include <string.h>

/* Both have asked; whose tie breaker is the higher one? */
static struct l2tpha_node *cross(struct trio_events **lost)
{
    struct l2tpha_tunnel_record near = {.size = sizeof(near)}, far = {.size = sizeof(far)};

    l2tpha_tunnel_get(trio_open(trio.near), &near);
    l2tpha_tunnel_get(trio_open(trio.far), &far);
    bool near_loses = memcmp(near.tie_breaker, far.tie_breaker, sizeof(near.tie_breaker)) > 0;
    *lost = near_loses ? &trio.near_events : &trio.far_events;
    return near_loses ? trio.near : trio.far;
}

static uint32_t count_tunnels(const struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    while ((tunnel = l2tpha_tunnel_next(node, tunnel)))
        count++;
    return count;
}

/* As a host does with what it is told: the calls that have ended are opened on the successor. */
static void place_again(struct l2tpha_node *node, const struct trio_events *events)
{
    for (uint32_t i = 0; i < events->count; i++)
        if (events->list[i].kind == L2TPHA_EVENT_SESSION_DOWN && events->list[i].successor)
            trio_dial(l2tpha_tunnel_find(node, events->list[i].successor));
}

#define CALLS 100

static void dial_all(void)
{
    for (int i = 0; i < CALLS; i++) {
        trio_dial(first_tunnel(trio.near));
        trio_dial(first_tunnel(trio.far));
    }
}

START_TEST(calls_that_waited_come_up_on_the_tunnel_that_is_left)
{
    struct trio_events *lost, *won;

    trio.random_state = (uint64_t)_i * 7919 + 1;
    trio_begin(_i % 2);
    struct l2tpha_node *loser = cross(&lost);
    won = lost == &trio.near_events ? &trio.far_events : &trio.near_events;
    dial_all();
    trio_settle();
    ck_assert_uint_eq(count_tunnels(trio.near), 1);
    ck_assert_uint_eq(count_tunnels(trio.far), 1);
    const struct l2tpha_event *down = trio_first(lost, L2TPHA_EVENT_TUNNEL_DOWN);
    ck_assert_uint_eq(down->successor, l2tpha_tunnel_id(first_tunnel(loser)));
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_SESSION_DOWN), CALLS);
    ck_assert_uint_eq(trio_first(lost, L2TPHA_EVENT_TUNNEL_UP)->tunnel_id, down->successor);
    place_again(loser, lost);
    trio_pass_ms(1000);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_SESSION_UP), 2 * CALLS);
    ck_assert_uint_eq(trio_told(won, L2TPHA_EVENT_SESSION_UP), 2 * CALLS);
    ck_assert_uint_eq(trio_told(won, L2TPHA_EVENT_TUNNEL_DOWN), 0);
    ck_assert_uint_eq(trio_told(won, L2TPHA_EVENT_SESSION_DOWN), 0);
}
END_TEST

/* What the loser says is lost, so that the tunnel which is left is half set up for a while. */
static struct l2tpha_node *cross_half(struct trio_events **lost)
{
    struct l2tpha_node *loser = cross(lost);

    dial_all();
    trio.mute = loser == trio.near;
    trio.deaf = loser == trio.far;
    trio_settle();
    ck_assert_uint_ne(trio_first(*lost, L2TPHA_EVENT_TUNNEL_DOWN)->successor, 0);
    place_again(loser, *lost);
    return loser;
}

/* Before it is up: they wait for it as they did for the other one. */
START_TEST(the_tunnel_that_is_left_may_be_waited_for)
{
    struct trio_events *lost;

    trio.random_state = (uint64_t)_i + 1;
    trio_begin(false);
    struct l2tpha_node *loser = cross_half(&lost);
    ck_assert_uint_eq(l2tpha_tunnel_sessions(first_tunnel(loser)), CALLS);
    trio.mute = trio.deaf = false;
    trio_pass_ms(5000);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_SESSION_UP), 2 * CALLS);
}
END_TEST

/* ... also by a host that has taken over meanwhile, and finds them there. */
START_TEST(a_successor_with_calls_is_restored)
{
    struct trio_events *lost;
    struct l2tpha_node *loser;
    uint64_t seed = 1;

    do {
        l2tpha_node_free(trio.near);
        l2tpha_node_free(trio.standby);
        l2tpha_node_free(trio.far);
        trio.near = trio.standby = trio.far = NULL;
        trio.near_events.count = trio.far_events.count = 0;
        trio.mute = trio.deaf = false;
        trio.random_state = seed++;
        trio_begin(true);
        loser = cross_half(&lost);
        trio_settle();
    } while (loser != trio.near);
    trio_take_over();
    trio.mute = false;
    trio_pass_ms(5000);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESTORED), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_UP), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_SESSION_UP), 2 * CALLS);
}
END_TEST

/* What has won comes to nothing: the host was told of it, so it is told that too. */
START_TEST(the_end_of_the_tunnel_that_is_left_is_told)
{
    struct trio_events *lost;

    trio.random_state = (uint64_t)_i + 1;
    trio_begin(false);
    cross_half(&lost);
    uint32_t successor = trio_first(lost, L2TPHA_EVENT_TUNNEL_DOWN)->successor;
    trio.mute = trio.deaf = true;
    trio_pass_ms(120000);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_TUNNEL_UP), 0);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_TUNNEL_DOWN), 2);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_TUNNEL_GONE), 2);
    ck_assert_uint_eq(trio_told(lost, L2TPHA_EVENT_SESSION_DOWN), 2 * CALLS);
    ck_assert_uint_eq(lost->list[lost->count - 1].tunnel_id, successor);
    ck_assert_uint_eq(count_tunnels(trio.near) + count_tunnels(trio.far), 0);
}
END_TEST

/* A tie is for one tunnel between the two: all that one end has asked for give way. */
START_TEST(several_tunnels_have_one_successor)
{
    uint32_t id = 0;

    trio.random_state = (uint64_t)_i + 1;
    trio_begin(false);
    for (int i = 0; i < 4; i++)
        trio_open(trio.near);
    trio_open(trio.far);
    trio_pass_ms(5000); /* what was dropped for the tie is asked again */
    for (uint32_t i = 0; i < trio.near_events.count; i++) {
        const struct l2tpha_event *event = &trio.near_events.list[i];
        if (event->kind != L2TPHA_EVENT_TUNNEL_DOWN)
            continue;
        ck_assert(id == 0 || event->successor == id);
        id = event->successor;
    }
    ck_assert_uint_ge(count_tunnels(trio.near), 1);
    ck_assert_uint_eq(count_tunnels(trio.near), count_tunnels(trio.far));
}
END_TEST

Suite *suite_crossed_dial(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("crossed_dial", &tcase);

    tcase_add_loop_test(tcase, calls_that_waited_come_up_on_the_tunnel_that_is_left, 0, 16);
    tcase_add_loop_test(tcase, the_tunnel_that_is_left_may_be_waited_for, 0, 4);
    tcase_add_test(tcase, a_successor_with_calls_is_restored);
    tcase_add_loop_test(tcase, the_end_of_the_tunnel_that_is_left_is_told, 0, 4);
    tcase_add_loop_test(tcase, several_tunnels_have_one_successor, 0, 8);
    return suite;
}
