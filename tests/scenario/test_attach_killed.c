/* SPDX-License-Identifier: MIT */
/* A daemon that keeps its own machines, and its node killed between any two things that happen. */
#include "attached/suite.h"
#include "control/tunnel.h"
#include "unit/starve.h"

/* --- killed between any two things --- */

#define NEVER 1000000 /* steps: more than a life has */

static void live(void)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    world_open(&world);
    peer_asks();
    world_pass(&world, 40000000);
    expect_alike();
    if (!exact && !own_tunnel())
        peer_asks();
    ck_assert(own_tunnel() && own_tunnel()->up);
    for (int i = 0; i < 3; i++)
        peer_dials();
    daemon_dial(world_daemon(&world), own_tunnel(), world.now);
    world_pass(&world, 40000000);
    expect_alike();
    if (exact)
        ck_assert_uint_ge(world_peer_calls(&world), 3);
    if (world_peer_calls(&world))
        assert_ok(l2tpha_session_close(l2tpha_session_next(peer_tunnel(), NULL), &why, world.now));
    world_settle(&world);
    if (own_tunnel()->calls)
        daemon_hang_up(world_daemon(&world), own_tunnel(), own_tunnel()->calls, world.now);
    world_pass(&world, 40000000);
    expect_alike();
    peer_dials();
    world_pass(&world, 40000000);
    expect_alike();
}

/* One life, and then the same once more for each stride-th step of it, from first on, before which
 * the node dies. */
static void live_and_die(unsigned first, unsigned stride, unsigned lost,
                         void (*configure)(struct l2tpha_config *config))
{
    const struct world fresh = {.kill_at = NEVER, .lost = lost, .configure = configure};

    world = fresh;
    live();
    unsigned last = world.steps;
    ck_assert_uint_gt(last, 60);
    for (unsigned at = 1 + first; at < last; at += stride) {
        world_close(&world);
        world = fresh;
        world.kill_at = at + 1;
        live();
        ck_assert_uint_eq(world.kills, 1);
    }
}

START_TEST(killed_at_any_step)
{
    live_and_die((unsigned)_i, 4, 0, NULL);
}
END_TEST

START_TEST(killed_at_any_step_and_datagrams_are_lost)
{
    live_and_die((unsigned)_i, 8, 5, NULL);
}
END_TEST

/* --- RFC 4951, and lagging records --- */

static void by_protocol(struct l2tpha_config *config)
{
    config->failover = L2TPHA_FAILOVER_PROTOCOL;
}

static void at_once(struct l2tpha_config *config)
{
    config->commit = L2TPHA_COMMIT_ASYNC;
}

/* The standby's copy is old: calls that it does not know of end, the others live on. */
START_TEST(recovered_by_the_protocol_from_a_stale_copy)
{
    world.configure = by_protocol;
    world_open(&world);
    peer_asks();
    for (int i = 0; i < 3; i++)
        peer_dials();
    daemon_dial(world_daemon(&world), own_tunnel(), world.now);
    world_pass(&world, 5000000);
    ck_assert_uint_eq(world_daemon_calls(&world), 4);
    world.cut_off = true;
    if (_i & 1) /* of which the standby does not hear */
        peer_dials();
    if (_i & 2)
        assert_ok(
            daemon_hang_up(world_daemon(&world), own_tunnel(), own_tunnel()->calls, world.now));
    world_pass(&world, 5000000);
    ck_assert_uint_eq(world_peer_calls(&world), 4u + (_i & 1) - (_i >> 1));
    world_kill(&world);
    world_pass(&world, 60000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), _i == 2 ? 3 : 4);
    ck_assert_uint_eq(l2tpha_counters(world_daemon(&world)->node)->recoveries, 1);
    peer_dials();
    daemon_dial(world_daemon(&world), own_tunnel(), world.now);
    world_pass(&world, 5000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), _i == 2 ? 5 : 6);
}
END_TEST

/* RFC 4951 3.2.2, the remote endpoint: the daemon knows nothing of it. */
START_TEST(a_peer_that_failed_has_its_tunnel_back)
{
    world.configure = by_protocol;
    world_open(&world);
    peer_asks();
    for (int i = 0; i < 3; i++)
        peer_dials();
    daemon_dial(world_daemon(&world), own_tunnel(), world.now);
    world_pass(&world, 5000000);
    unsigned handled = world_daemon(&world)->handled;
    world_kill_peer(&world);
    world_pass(&world, 60000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 4);
    ck_assert_uint_eq(world_daemon(&world)->handled, handled);
    ck_assert_uint_eq(l2tpha_counters(world_daemon(&world)->node)->recoveries_by_peer, 1);
    if (_i)
        world_kill(&world);
    peer_dials();
    assert_ok(daemon_dial(world_daemon(&world), own_tunnel(), world.now));
    world_pass(&world, 30000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 6);
}
END_TEST

/* The next one finds the StopCCN said, and has no use for the tunnel. Turns 1 and 3: it has not
 * left yet; 2 and 3: outputs precede the record. */
START_TEST(killed_between_a_stopccn_and_its_end)
{
    bool held = _i & 1;

    world.configure = _i & 2 ? at_once : NULL;
    world_open(&world);
    peer_asks();
    for (int i = 0; i < 2; i++)
        peer_dials();
    assert_ok(daemon_say_stop(own_tunnel(), world.now));
    if (held)
        l2tpha_expire(world_daemon(&world)->node, world.now); /* its transaction ends */
    else
        world_settle(&world);
    world_kill(&world);
    ck_assert(held || !own_tunnel());
    world_pass(&world, 100000000);
    if (!held) {
        ck_assert_uint_eq(world_peer_calls(&world), 0);
        ck_assert_ptr_null(peer_tunnel());
        ck_assert_ptr_null(l2tpha_tunnel_next(world_daemon(&world)->node, NULL));
    }
    expect_alike();
}
END_TEST

static void with_bearers(struct l2tpha_config *config)
{
    config->bearer_caps = 3;
}

/* The bearer of an outgoing call takes its time: between OCRP and OCCN the daemon says nothing of
 * the call, and what it has read of it is safe. */
START_TEST(killed_between_an_ocrp_and_its_occn)
{
    const struct l2tpha_session_options answer = {
        .size = sizeof(answer), .call = L2TPHA_CALL_OUTGOING, .framing = 1, .tx_speed = 64000};
    struct own_call *call;

    world.configure = with_bearers;
    world_open(&world);
    peer_asks();
    assert_ok(daemon_call(own_tunnel(), true, world.now, &call));
    world_pass(&world, 1000000);
    ck_assert(own_tunnel()->calls->peers_id && !own_tunnel()->calls->up);
    world_kill(&world);
    world_pass(&world, 1000000);
    ck_assert(own_tunnel()->calls->peers_id && !own_tunnel()->calls->up);
    assert_ok(
        l2tpha_session_answered(l2tpha_session_next(peer_tunnel(), NULL), &answer, world.now));
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert(own_tunnel()->calls->up);
}
END_TEST

/* What would go on with a call is refused by name while the channel is being recovered. */
START_TEST(nothing_is_said_on_a_channel_that_is_being_recovered)
{
    const struct l2tpha_session_options order = {.size = sizeof(order),
                                                 .call = L2TPHA_CALL_OUTGOING,
                                                 .framing = 1,
                                                 .bearer = 1,
                                                 .minimum_bps = 1000,
                                                 .maximum_bps = 64000};
    struct l2tpha_session *session;

    world.configure = by_protocol;
    world_open(&world);
    peer_asks();
    assert_ok(l2tpha_session_open(peer_tunnel(), &order, world.now, &session));
    world_settle(&world);
    ck_assert(own_tunnel()->calls->rings);
    world.cut_off = true;
    world_kill(&world);
    assert_error(daemon_answer(own_tunnel(), own_tunnel()->calls, world.now), L2TPHA_ERR_STATE);
    assert_error(daemon_hello(own_tunnel(), world.now), L2TPHA_ERR_STATE);
    world_pass(&world, 60000000);
    if (own_tunnel()->calls)
        assert_ok(daemon_answer(own_tunnel(), own_tunnel()->calls, world.now));
    world_pass(&world, 60000000);
    expect_alike();
}
END_TEST

/* The peer's standby begins a recovery and is heard of no more: its active goes on. */
static void try_recovery(struct l2tpha_node *standby)
{
    struct l2tpha_output output;
    bool said = false;

    world.peers_standby = NULL;
    assert_ok(l2tpha_takeover_as(standby, 9, L2TPHA_TRUST_STALE, world.now));
    while (!said) {
        l2tpha_expire(standby, world.now++);
        while (!said && l2tpha_poll(standby, &output, 1, world.now))
            said = output.kind == L2TPHA_OUTPUT_DATAGRAM;
    }
    daemon_hear(world_daemon(&world), &world_peer_path, output.data, output.len, world.now);
    ck_assert(own_tunnel()->handle->channel.suspended);
}

/* A call that the peer has not answered yet has no id of the peer's: its end waits all the same. */
START_TEST(a_call_without_an_answer_ends_after_a_recovery)
{
    world.configure = by_protocol;
    world_open(&world);
    peer_asks();
    world_pass(&world, 1000000);
    world.lost = 1;
    assert_ok(daemon_dial(world_daemon(&world), own_tunnel(), world.now));
    world_settle(&world);
    world.lost = 0;
    try_recovery(world.peers_standby);
    ck_assert_uint_eq(own_tunnel()->calls->peers_id, 0);
    assert_ok(daemon_hang_up(world_daemon(&world), own_tunnel(), own_tunnel()->calls, world.now));
    while (own_tunnel()->handle->channel.suspended && world.now < 500000000)
        world_pass(&world, 1000000);
    world_pass(&world, 5000000); /* long before the peer gives up a call */
    ck_assert(own_tunnel()->up);
    expect_alike();
    ck_assert_uint_eq(world_peer_calls(&world), 0);
    ck_assert_uint_eq(l2tpha_counters(world.peer)->sessions_up, 0);
}
END_TEST

START_TEST(killed_again_and_again)
{
    world_open(&world);
    peer_asks();
    for (int i = 0; i < 6; i++) {
        peer_dials();
        daemon_dial(world_daemon(&world), own_tunnel(), world.now);
        if (_i)
            world_pass(&world, 3000000);
        world_kill(&world);
        world_pass(&world, 3000000);
        world_pair(&world);
        expect_alike();
    }
    ck_assert_uint_ge(world_daemon_calls(&world), _i ? 12 : 6);
    assert_ok(daemon_close(world_daemon(&world), own_tunnel(), world.now));
    world_pass(&world, 60000000);
    ck_assert_uint_eq(world_peer_calls(&world), 0);
    ck_assert_ptr_null(peer_tunnel());
}
END_TEST

START_TEST(killed_at_any_step_with_a_lagging_record)
{
    exact = false;
    live_and_die((unsigned)_i, 4, 0, at_once);
}
END_TEST

/* --- numbers and ids --- */

START_TEST(numbers_go_round)
{
    world_open(&world);
    peer_asks();
    peer_dials();
    for (unsigned sent = 0; sent < 66000; sent += 8) {
        for (int i = 0; i < 8; i++)
            assert_ok(daemon_hello(own_tunnel(), world.now));
        world_pass(&world, 60000);
    }
    world_kill(&world);
    world_pass(&world, 1000000);
    peer_dials();
    assert_ok(daemon_dial(world_daemon(&world), own_tunnel(), world.now));
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 3);
}
END_TEST

START_TEST(an_id_is_in_use_while_its_tunnel_lingers)
{
    struct l2tpha_attach_options options = {
        .size = sizeof(options), .path = world_peer_path, .initiator = true};
    struct l2tpha_tunnel *tunnel;

    world_open(&world);
    peer_asks();
    options.local_id = own_tunnel()->id;
    if (_i)
        assert_ok(l2tpha_tunnel_close(peer_tunnel(), 1, 0, NULL, world.now));
    else
        assert_ok(daemon_close(world_daemon(&world), own_tunnel(), world.now));
    world_settle(&world);
    assert_error(l2tpha_attach_tunnel(world_daemon(&world)->node, &options, world.now, &tunnel),
                 L2TPHA_ERR_EXISTS);
    world_pass(&world, 60000000);
    assert_ok(l2tpha_attach_tunnel(world_daemon(&world)->node, &options, world.now, &tunnel));
    ck_assert_uint_eq(l2tpha_tunnel_id(tunnel), options.local_id);
    assert_ok(l2tpha_attach_gone(tunnel, 0, world.now));
}
END_TEST

/* The node may not grow, wherever that meets it. What fails has changed nothing, so both ends are
 * alike once there is memory. */
START_TEST(memory_runs_out)
{
    unsigned failed = 0;

    for (size_t more = (size_t)_i * 16; more < 12000; more += 16 * 16) {
        world_open(&world);
        if (more % 32)
            peer_asks();
        starve(world_daemon(&world)->node, more);
        if (!peer_tunnel())
            peer_asks();
        for (int i = 0; i < 2 && peer_tunnel(); i++)
            peer_dials();
        if (own_tunnel() && own_tunnel()->up)
            daemon_dial(world_daemon(&world), own_tunnel(), world.now);
        failed += daemon_ask(world_daemon(&world), &world_peer_path, world.now) != L2TPHA_OK;
        world_pass(&world, 3000000);
        starve(world_daemon(&world)->node, NOT_STARVED);
        world_pass(&world, 200000000);
        expect_alike();
        world_close(&world);
        memset(&world, 0, sizeof(world));
    }
    ck_assert_uint_gt(failed, 0);
    world_open(&world);
}
END_TEST

Suite *suite_attach_killed(void)
{
    TCase *tcase = tcase_create("attach_killed");
    Suite *suite = suite_create("attach_killed");

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, killed_at_any_step, 0, 4);
    tcase_add_loop_test(tcase, killed_at_any_step_and_datagrams_are_lost, 0, 8);
    tcase_add_loop_test(tcase, recovered_by_the_protocol_from_a_stale_copy, 0, 4);
    tcase_add_loop_test(tcase, a_peer_that_failed_has_its_tunnel_back, 0, 2);
    tcase_add_loop_test(tcase, killed_between_a_stopccn_and_its_end, 0, 4);
    tcase_add_test(tcase, killed_between_an_ocrp_and_its_occn);
    tcase_add_test(tcase, a_call_without_an_answer_ends_after_a_recovery);
    tcase_add_test(tcase, nothing_is_said_on_a_channel_that_is_being_recovered);
    tcase_add_loop_test(tcase, killed_again_and_again, 0, 2);
    tcase_add_loop_test(tcase, killed_at_any_step_with_a_lagging_record, 0, 4);
    tcase_add_test(tcase, numbers_go_round);
    tcase_add_loop_test(tcase, an_id_is_in_use_while_its_tunnel_lingers, 0, 2);
    tcase_add_loop_test(tcase, memory_runs_out, 0, 16);
    return suite;
}
