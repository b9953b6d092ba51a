/* SPDX-License-Identifier: MIT */
/* Between a takeover and the restoring of its last tunnel: slices of one tunnel, and peers that do
 * not answer, so that each test finds most of them not restored yet. */
#include "node/node.h"
#include "scenario/rig_trio.h"

#define TUNNELS 6

static const struct l2tpha_address far_address = {.len = 1, .bytes = {2}};

static uint32_t unrestored(void)
{
    return trio.near->engine.unrestored;
}

static void begin(void)
{
    trio.config.takeover_batch = 1;
    trio_begin(true);
}

/* Tunnels with a call each; the near node has opened them. */
static void begin_with_tunnels(void)
{
    begin();
    for (int i = 0; i < TUNNELS; i++)
        trio_dial(trio_tunnel(trio.near));
    trio_settle();
}

/* Nobody hears anything of the new node, nor it of anybody. */
static void take_over_unheard(void)
{
    trio.mute = trio.deaf = true;
    trio_take_over();
    trio_settle();
    trio.mute = trio.deaf = false;
}

/* One to which the takeover has not come, at the far end. */
static struct l2tpha_tunnel *far_end_of_unrestored(struct l2tpha_tunnel **near)
{
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(trio.near, tunnel)) && tunnel->engine)
        ;
    ck_assert_ptr_nonnull(tunnel);
    *near = tunnel;
    struct l2tpha_tunnel *far = l2tpha_tunnel_find(trio.far, tunnel->entry.record.remote_id);
    ck_assert_ptr_nonnull(far);
    return far;
}

static void assert_all_well(uint32_t tunnels, uint32_t sessions)
{
    trio_pass_ms(4000);
    struct l2tpha_redundancy_info info = info_of(trio.near);
    ck_assert_uint_eq(info.tunnels, tunnels);
    ck_assert_uint_eq(info.sessions, sessions);
    ck_assert_uint_eq(info.resyncing, 0);
    ck_assert_uint_eq(unrestored(), 0);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TAKEOVER_DONE), 1);
    ck_assert_uint_eq(l2tpha_deadline(trio.near) > trio.now, 1);
    ck_assert_uint_eq(info_of(trio.far).tunnels, tunnels);
    ck_assert_uint_eq(info_of(trio.far).sessions, sessions);
}

START_TEST(a_takeover_returns_before_all_are_restored)
{
    begin_with_tunnels();
    take_over_unheard();
    ck_assert_uint_eq(unrestored(), TUNNELS - 1);
    struct l2tpha_redundancy_info info = info_of(trio.near);
    ck_assert_uint_eq(info.tunnels, TUNNELS);
    ck_assert_uint_eq(info.sessions, TUNNELS);
    ck_assert_uint_eq(info.resyncing, TUNNELS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESTORED), 1);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TAKEOVER_DONE), 0);
    ck_assert_uint_le(l2tpha_deadline(trio.near), trio.now + 8000);
    assert_all_well(TUNNELS, TUNNELS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESTORED), TUNNELS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_RESYNCED), TUNNELS);
}
END_TEST

/* Answers are what opens the way for more: with them nobody waits for the clock. */
START_TEST(answers_pull_the_next_ones)
{
    begin_with_tunnels();
    trio_take_over();
    for (int i = 0; i < TUNNELS && unrestored() > 0; i++) {
        trio_settle();
        ck_assert_uint_eq(l2tpha_deadline(trio.near), trio.now);
        assert_ok(l2tpha_expire(trio.near, trio.now));
    }
    ck_assert_uint_eq(unrestored(), 0);
}
END_TEST

/* ... and no answers hold up the others for ever. */
START_TEST(silent_peers_keep_nobody_waiting)
{
    begin_with_tunnels();
    trio.mute = true;
    trio_take_over();
    trio_pass_ms(8 * TUNNELS + 8);
    ck_assert_uint_eq(unrestored(), 0);
    ck_assert_uint_eq(info_of(trio.near).resyncing, TUNNELS);
    trio.mute = false;
    assert_all_well(TUNNELS, TUNNELS);
}
END_TEST

/* 0: a control message, 1: data */
START_TEST(who_speaks_comes_first)
{
    struct l2tpha_tunnel *near;
    uint8_t frame[32] = {0};
    const struct l2tpha_path *path;
    struct l2tpha_frame got;
    size_t len;

    begin_with_tunnels();
    take_over_unheard();
    struct l2tpha_tunnel *far = far_end_of_unrestored(&near);
    struct l2tpha_path from = {.remote = far_address};
    if (_i == 0) {
        trio_dial(far);
        trio_settle();
        ck_assert_uint_eq(l2tpha_tunnel_sessions(near), 2);
    } else {
        struct l2tpha_session *session = l2tpha_session_next(far, NULL);
        assert_ok(l2tpha_data_send(session, 4, false, frame, &len, &path, trio.now));
        assert_ok(l2tpha_data_receive(trio.near, &from, frame, len + 4, trio.now, &got));
        ck_assert_ptr_eq(l2tpha_session_tunnel(got.session), near);
    }
    ck_assert_ptr_nonnull(near->engine);
    ck_assert_uint_ge(unrestored(), 1);
    trio_settle();
    assert_all_well(TUNNELS, TUNNELS + (_i == 0));
}
END_TEST

/* What comes from anybody else wakes nobody. */
START_TEST(strangers_wake_nobody)
{
    struct l2tpha_tunnel *near;
    struct l2tpha_path from = {.remote = {1, {77}}};
    uint8_t frame[32] = {0};
    const struct l2tpha_path *path;
    struct l2tpha_frame got;
    size_t len;

    begin_with_tunnels();
    take_over_unheard();
    struct l2tpha_tunnel *far = far_end_of_unrestored(&near);
    struct l2tpha_session *session = l2tpha_session_next(far, NULL);
    assert_ok(l2tpha_data_send(session, 4, false, frame, &len, &path, trio.now));
    assert_error(l2tpha_data_receive(trio.near, &from, frame, len + 4, trio.now, &got),
                 L2TPHA_ERR_WRONG_PEER);
    ck_assert_ptr_null(near->engine);
    assert_all_well(TUNNELS, TUNNELS);
}
END_TEST

/* 0: a call, 1: state, 2: a close, 3: a call of the session, 4: its data */
START_TEST(what_the_host_works_with_comes_first)
{
    struct l2tpha_tunnel *near;
    struct l2tpha_session_options call = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;
    const struct l2tpha_path *path;
    uint8_t frame[L2TPHA_DATA_HEADER_MAX];
    size_t len;

    begin_with_tunnels();
    take_over_unheard();
    far_end_of_unrestored(&near);
    if (_i == 0)
        assert_ok(host_session_open(near, &call, trio.now, &session));
    else if (_i == 1)
        assert_ok(l2tpha_tunnel_set_app_state(near, (const uint8_t *)"x", 1, trio.now));
    else if (_i == 2)
        assert_ok(l2tpha_tunnel_close(near, 1, 0, NULL, trio.now));
    else if (_i == 3)
        assert_ok(l2tpha_session_heard(l2tpha_session_next(near, NULL), trio.now));
    else
        assert_ok(l2tpha_data_send(l2tpha_session_next(near, NULL), 0, false, frame, &len, &path,
                                   trio.now));
    ck_assert_ptr_nonnull(near->engine);
    if (_i == 2)
        trio_pass_ms(60000);
    assert_all_well(TUNNELS - (_i == 2), TUNNELS - (_i == 2) + (_i == 0));
}
END_TEST

/* Whoever looks sees all of them, and wakes none. */
START_TEST(a_walk_finds_all)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL;
    uint32_t count = 0;

    begin_with_tunnels();
    take_over_unheard();
    while ((tunnel = l2tpha_tunnel_next(trio.near, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        ck_assert_uint_eq(record.state, L2TPHA_TUNNEL_ESTABLISHED);
        ck_assert_uint_eq(record.configured_method, L2TPHA_FAILOVER_SILENT);
        ck_assert_str_eq(l2tpha_tunnel_protection(tunnel), "no-standby");
        ck_assert_ptr_eq(l2tpha_tunnel_find(trio.near, record.local_id), tunnel);
        struct l2tpha_session *session = l2tpha_session_next(tunnel, NULL);
        ck_assert_ptr_eq(
            l2tpha_session_find(trio.near, record.local_id, l2tpha_session_id(session)), session);
        count++;
    }
    ck_assert_uint_eq(count, TUNNELS);
    ck_assert_uint_eq(unrestored(), TUNNELS - 1);
}
END_TEST

/* A tunnel that the policy gives up: whoever holds it is told, and nothing dangles. */
START_TEST(a_tunnel_that_goes_as_it_is_restored)
{
    struct l2tpha_tunnel *near;
    struct l2tpha_session_options call = trio_call(L2TPHA_CALL_INCOMING);
    struct l2tpha_session *session;

    trio.config.failover = L2TPHA_FAILOVER_DISABLE;
    begin_with_tunnels();
    take_over_unheard();
    far_end_of_unrestored(&near);
    session = l2tpha_session_next(near, NULL);
    if (_i == 0)
        assert_error(l2tpha_session_heard(session, trio.now), L2TPHA_ERR_STATE);
    else
        assert_error(host_session_open(near, &call, trio.now, &session), L2TPHA_ERR_STATE);
    trio_pass_ms(100000);
    ck_assert_uint_eq(info_of(trio.near).tunnels, 0);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_DOWN), TUNNELS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TUNNEL_GONE), TUNNELS);
    ck_assert_uint_eq(trio_told(&trio.near_events, L2TPHA_EVENT_TAKEOVER_DONE), 1);
}
END_TEST

/* A new tunnel gets an id that none of the others has, and theirs are what its peer's are. */
START_TEST(new_tunnels_beside_the_old_ones)
{
    begin_with_tunnels();
    take_over_unheard();
    trio_dial(trio_tunnel(_i ? trio.far : trio.near));
    trio_settle();
    ck_assert_uint_ge(unrestored(), 1);
    assert_all_well(TUNNELS + 1, TUNNELS + 1);
}
END_TEST

/* Half-open ones come first, whoever opened them, so a crossing request finds the tie. */
START_TEST(half_open_ones_come_first)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path.remote = {1, {2}}};
    struct l2tpha_tunnel *tunnel;

    begin_with_tunnels();
    trio.mute = true;
    assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    uint32_t id = l2tpha_tunnel_id(tunnel);
    trio_settle();
    take_over_unheard();
    tunnel = l2tpha_tunnel_find(trio.near, id);
    ck_assert_ptr_nonnull(tunnel->engine);
    ck_assert_uint_eq(unrestored(), TUNNELS);
    assert_all_well(TUNNELS + 1, TUNNELS);
}
END_TEST

/* More of them than one call restores: a request waits until its peer repeats it. */
START_TEST(requests_wait_for_half_open_ones)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .path.remote = {1, {2}}};
    struct l2tpha_tunnel *tunnel;

    begin();
    trio.mute = true;
    for (int i = 0; i < TUNNELS; i++)
        assert_ok(l2tpha_tunnel_open(trio.near, &options, trio.now, &tunnel));
    trio_settle();
    take_over_unheard();
    uint64_t before = l2tpha_counters(trio.near)->limit_reached;
    options.path.remote.bytes[0] = 1;
    assert_ok(l2tpha_tunnel_open(trio.far, &options, trio.now, &tunnel));
    trio_settle();
    ck_assert_uint_eq(l2tpha_counters(trio.near)->limit_reached, before + 1);
    trio_pass_ms(4000);
    ck_assert_uint_eq(unrestored(), 0);
    ck_assert_uint_ge(info_of(trio.near).tunnels, TUNNELS);
    ck_assert_uint_eq(info_of(trio.near).tunnels, info_of(trio.far).tunnels);
}
END_TEST

/* The copy for the next standby begins when all are restored; before, the node may not be
 * replaced, and says so. */
START_TEST(a_copy_waits_for_the_last_one)
{
    begin_with_tunnels();
    take_over_unheard();
    trio_connect();
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_BULK);
    assert_error(l2tpha_switchover(trio.near, trio.now), L2TPHA_ERR_NOT_IN_SYNC);
    trio.mute = true;
    trio_settle();
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_COLD);
    trio.mute = false;
    trio_pass_ms(400);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE);
    ck_assert_int_eq(info_of(trio.standby).role, L2TPHA_ROLE_STANDBY_HOT);
    ck_assert_uint_eq(l2tpha_checkpoint_digest(trio.near), l2tpha_checkpoint_digest(trio.standby));
    trio.config.epoch++;
    trio_take_over();
    assert_all_well(TUNNELS, TUNNELS);
}
END_TEST

START_TEST(a_copy_that_waits_is_given_up)
{
    begin_with_tunnels();
    take_over_unheard();
    trio_connect();
    assert_ok(l2tpha_checkpoint_stop(trio.near, trio.now));
    trio.connected = false;
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    trio_pass_ms(100);
    ck_assert_int_eq(info_of(trio.near).role, L2TPHA_ROLE_ACTIVE_SOLO);
    assert_all_well(TUNNELS, TUNNELS);
}
END_TEST

/* Fenced in the middle: it does no more. */
START_TEST(a_node_fenced_in_the_middle_stops)
{
    begin_with_tunnels();
    take_over_unheard();
    assert_ok(l2tpha_fence(trio.near, 99, trio.now));
    assert_ok(l2tpha_expire(trio.near, trio.now + 100000));
    ck_assert_uint_eq(unrestored(), TUNNELS - 1);
    ck_assert_uint_eq(l2tpha_deadline(trio.near), L2TPHA_NEVER);
}
END_TEST

Suite *suite_restore(void)
{
    TCase *tcase;
    Suite *suite = trio_suite("restore", &tcase);

    tcase_add_test(tcase, a_takeover_returns_before_all_are_restored);
    tcase_add_test(tcase, answers_pull_the_next_ones);
    tcase_add_test(tcase, silent_peers_keep_nobody_waiting);
    tcase_add_loop_test(tcase, who_speaks_comes_first, 0, 2);
    tcase_add_test(tcase, strangers_wake_nobody);
    tcase_add_loop_test(tcase, what_the_host_works_with_comes_first, 0, 5);
    tcase_add_test(tcase, a_walk_finds_all);
    tcase_add_loop_test(tcase, a_tunnel_that_goes_as_it_is_restored, 0, 2);
    tcase_add_loop_test(tcase, new_tunnels_beside_the_old_ones, 0, 2);
    tcase_add_test(tcase, half_open_ones_come_first);
    tcase_add_test(tcase, requests_wait_for_half_open_ones);
    tcase_add_test(tcase, a_copy_waits_for_the_last_one);
    tcase_add_test(tcase, a_copy_that_waits_is_given_up);
    tcase_add_test(tcase, a_node_fenced_in_the_middle_stops);
    return suite;
}
