/* SPDX-License-Identifier: MIT */
/* A daemon that keeps its own machines: set-up, calls and their ends, and what it may not do. */
#include "attached/suite.h"

/* --- what a daemon does --- */

START_TEST(a_peer_asks_for_a_tunnel_and_a_call)
{
    world_open(&world);
    peer_asks();
    peer_dials();
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 1);
    ck_assert(own_tunnel()->confirmed && own_tunnel()->calls->confirmed);
    ck_assert_uint_eq(world_daemon(&world)->handled, 3); /* SCCCN, ICRQ, ICCN */
}
END_TEST

START_TEST(the_daemon_asks_for_a_tunnel_and_a_call)
{
    world_open(&world);
    assert_ok(daemon_ask(world_daemon(&world), &world_peer_path, world.now));
    world_settle(&world);
    ck_assert(own_tunnel() && own_tunnel()->up);
    assert_ok(daemon_dial(world_daemon(&world), own_tunnel(), world.now));
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 1);
    ck_assert(own_tunnel()->confirmed && own_tunnel()->calls->confirmed);
}
END_TEST

START_TEST(either_end_hangs_up)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};

    world_open(&world);
    peer_asks();
    for (int i = 0; i < 3; i++)
        peer_dials();
    assert_ok(l2tpha_session_close(l2tpha_session_next(peer_tunnel(), NULL), &why, world.now));
    world_settle(&world);
    assert_ok(daemon_hang_up(world_daemon(&world), own_tunnel(), own_tunnel()->calls, world.now));
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 1);
    ck_assert_uint_eq(world_daemon(&world)->told_down, 0); /* what it says is not told back */
}
END_TEST

START_TEST(either_end_closes)
{
    world_open(&world);
    peer_asks();
    peer_dials();
    if (_i)
        assert_ok(l2tpha_tunnel_close(peer_tunnel(), 1, 0, NULL, world.now));
    else
        assert_ok(daemon_close(world_daemon(&world), own_tunnel(), world.now));
    world_pass(&world, 1000000);
    ck_assert_ptr_null(own_tunnel());
    ck_assert_uint_eq(world_peer_calls(&world), 0);
    world_pass(&world, 60000000);
    ck_assert_ptr_null(l2tpha_tunnel_next(world_daemon(&world)->node, NULL));
    ck_assert_ptr_null(peer_tunnel());
    ck_assert_uint_eq(world_daemon(&world)->told_down, 0);
}
END_TEST

static void hide(struct l2tpha_config *config)
{
    config->hide_avps = true;
}

/* Serial numbers are in hidden AVPs of the peer's requests. */
START_TEST(a_peer_that_hides_is_understood)
{
    struct l2tpha_session_record record = {.size = sizeof(record)}, peers = record;

    world.secret = "shared";
    world.configure = hide;
    world_open(&world);
    peer_asks();
    peer_dials();
    peer_dials();
    world_pass(&world, 1000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 2);
    l2tpha_session_get(
        l2tpha_session_find(world_daemon(&world)->node, own_tunnel()->id, own_tunnel()->calls->id),
        &record);
    l2tpha_session_get(
        l2tpha_session_find(world.peer, own_tunnel()->peers_id, own_tunnel()->calls->peers_id),
        &peers);
    ck_assert_uint_ne(record.serial, 0);
    ck_assert_uint_eq(record.serial, peers.serial);
    ck_assert_uint_eq(record.tx_speed, 64000);
}
END_TEST

/* --- a daemon that is slow, or wild --- */

/* What is not fetched waits, unacknowledged and in its order, however much comes. */
START_TEST(what_is_not_fetched_waits)
{
    world_open(&world);
    peer_asks();
    world.nodes[0].is_slow = true;
    for (int i = 0; i < 5; i++)
        peer_dials();
    world_pass(&world, 300000);
    ck_assert_uint_eq(world_daemon_calls(&world), 0);
    ck_assert_uint_eq(l2tpha_counters(world_daemon(&world)->node)->messages_in,
                      2); /* SCCRQ, SCCCN */
    if (_i)               /* and the node dies: the peer sends them to the next one */
        world_kill(&world);
    world.nodes[0].is_slow = false;
    if (!_i)
        daemon_work(world_daemon(&world), world.now);
    world_pass(&world, 20000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 5);
}
END_TEST

/* As many as the daemon's window has: the next one and all that are ahead of their turn. */
START_TEST(a_whole_window_waits)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    uint8_t hello[20] = {0xc8, 2, 0, sizeof(hello), [12] = 0x80, 8, [19] = 6};

    world_open(&world);
    peer_asks();
    struct daemon *daemon = world_daemon(&world);
    l2tpha_tunnel_get(own_tunnel()->handle, &record);
    hello[5] = (uint8_t)record.local_id;
    hello[11] = (uint8_t)record.ns;
    for (uint16_t i = 0; i <= record.local_window; i++) {
        hello[9] = (uint8_t)(record.nr + i);
        int error = l2tpha_feed(daemon->node, &world_peer_path, hello, sizeof(hello), world.now);
        ck_assert_int_eq(error == L2TPHA_OK, i < record.local_window);
    }
    uint16_t nr = record.nr;
    daemon_work(daemon, world.now);
    l2tpha_tunnel_get(own_tunnel()->handle, &record);
    ck_assert_uint_eq(record.nr, nr + record.local_window);
    world.has_standby = false;
}
END_TEST

/* A thread of one tunnel gets no message of another, and none is lost to it. */
START_TEST(one_tunnel_alone)
{
    world_open(&world);
    peer_asks();
    assert_ok(daemon_ask(world_daemon(&world), &world_peer_path, world.now));
    world_pass(&world, 1000000);
    struct own_tunnel *second = own_tunnel(), *first = second->next;
    ck_assert(first->up && second->up);
    world_daemon(&world)->only = _i ? first->handle : second->handle;
    struct l2tpha_tunnel *tunnel = NULL;
    struct l2tpha_session *session;
    for (int i = 0; i < 40; i++)
        while ((tunnel = l2tpha_tunnel_next(world.peer, tunnel)))
            if (i < 3)
                assert_ok(l2tpha_session_open(tunnel, &call_options, world.now, &session));
            else
                world_pass(&world, 10000);
    ck_assert_uint_eq(world_daemon_calls(&world), 3);
    ck_assert(!(_i ? second : first)->calls);
    world_daemon(&world)->only = _i ? second->handle : first->handle;
    daemon_work(world_daemon(&world), world.now);
    world_daemon(&world)->only = NULL;
    world_pass(&world, 20000000);
    ck_assert_uint_eq(world_daemon_calls(&world), 6);
    expect_alike();
}
END_TEST

static uint8_t chance(void)
{
    uint8_t byte;

    world_random(&world, &byte, 1);
    return byte;
}

/* Whatever a daemon says: an error, or a message that the peer may think of what it likes. */
START_TEST(anything_said_does_no_harm)
{
    uint8_t data[64];
    size_t len;

    world_open(&world);
    world.seed = 1000 + (uint64_t)_i;
    peer_asks();
    for (int i = 0; i < 2; i++)
        peer_dials();
    for (int i = 0; i < 400 && own_tunnel(); i++) {
        struct own_tunnel *own = own_tunnel();
        struct l2tpha_builder builder;
        l2tpha_builder_begin(&builder, data, sizeof(data), 1 + chance() % 16, own->peers_id,
                             chance() % 2 && own->calls ? own->calls->peers_id : chance() % 4);
        l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_SESSION_ID, chance() % 8);
        l2tpha_builder_put_result(&builder, chance() % 5, 0, NULL);
        len = (size_t)(builder.pos - builder.start);
        if (!len)
            continue; /* no message has that type */
        data[3] = (uint8_t)len;
        for (int flips = chance() % 3; flips > 0; flips--)
            data[chance() % len] ^= (uint8_t)(1u << chance() % 8);
        l2tpha_attach_send(own->handle, data, chance() % 8 ? len : chance() % (len + 1), world.now);
        if (chance() % 4 == 0)
            l2tpha_attach_state(own->handle, chance() % 8, chance() % 7, world.now);
        if (chance() % 4 == 0)
            l2tpha_attach_gone(own->handle, 1 + chance() % 8, world.now);
        if (chance() % 8 == 0)
            l2tpha_attach_orphan(own->handle, chance() % 8, world.now);
        if (chance() % 4 == 0)
            world_pass(&world, 100000);
    }
    world_pass(&world, 5000000);
    if (_i % 2)
        world_kill(&world);
    world_pass(&world, 100000000);
}
END_TEST

/* --- what is refused --- */

static const uint8_t *tunnel_checkpoint(size_t *len)
{
    static uint8_t copy[2048];
    struct l2tpha_output output;

    while (l2tpha_poll(world_daemon(&world)->node, &output, 1, world.now))
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT) {
            assert_true(output.len <= sizeof(copy));
            memcpy(copy, output.data, output.len);
            *len = output.len;
            return copy;
        }
    return NULL;
}

/* Whoever took them over would not know what their messages mean. */
START_TEST(a_standby_of_other_machines_refuses)
{
    struct l2tpha_host host = {.size = sizeof(host)};
    struct l2tpha_config config;
    struct l2tpha_node *other;
    uint64_t number;
    size_t len = 0;

    world_open(&world);
    l2tpha_config_init(&config);
    config = *l2tpha_node_config(world.nodes[1].node);
    config.attach = false;
    host.random = world_random;
    host.user = &world;
    assert_ok(l2tpha_node_new(world.root, &config, &host, world.now, &other));
    peer_asks();
    world.nodes[1].node = other;
    assert_ok(l2tpha_checkpoint_bulk(world_daemon(&world)->node, world.now));
    const uint8_t *data = tunnel_checkpoint(&len);
    int error = l2tpha_checkpoint_apply(other, data, len, world.now, &number);
    for (int i = 0; i < 5 && !error && (data = tunnel_checkpoint(&len)); i++)
        error = l2tpha_checkpoint_apply(other, data, len, world.now, &number);
    assert_error(error, L2TPHA_ERR_MACHINES);
    world.has_standby = false;
}
END_TEST

/* Or it would be called at once, again and again, for as long as it tries. */
START_TEST(what_is_refused_leaves_nothing_due)
{
    struct l2tpha_output output;
    int error = L2TPHA_OK;

    world_open(&world);
    peer_asks();
    struct l2tpha_node *node = world_daemon(&world)->node;
    while (!error)
        error = daemon_hello(own_tunnel(), world.now);
    assert_error(error, L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_eq(l2tpha_deadline(node), world.now); /* of what was taken */
    while (l2tpha_poll(node, &output, 1, world.now))
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(l2tpha_checkpoint_done(node, output.position, 0, world.now));
    assert_error(daemon_hello(own_tunnel(), world.now), L2TPHA_ERR_QUEUE_FULL);
    ck_assert_uint_gt(l2tpha_deadline(node), world.now);
    world.has_standby = false;
}
END_TEST

static void hear_from_peer(void)
{
    struct l2tpha_output output;

    while (l2tpha_poll(world.peer, &output, 1, world.now)) {
        if (output.kind == L2TPHA_OUTPUT_CHECKPOINT)
            assert_ok(l2tpha_checkpoint_done(world.peer, output.position, 0, world.now));
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            daemon_hear(world_daemon(&world), &world_peer_path, output.data, output.len, world.now);
    }
}

/* Else a request is acknowledged, and the daemon cannot even refuse it. */
START_TEST(an_answer_has_room_whatever_the_daemon_has_said)
{
    struct l2tpha_session *session;

    world_open(&world);
    peer_asks();
    world_pass(&world, 1000000);
    world.peers_standby = NULL;
    while (daemon_hello(own_tunnel(), world.now) == L2TPHA_OK)
        ;
    assert_ok(l2tpha_session_open(peer_tunnel(), &call_options, world.now, &session));
    hear_from_peer();
    ck_assert_uint_eq(world_daemon_calls(&world), 1);
    assert_error(daemon_hello(own_tunnel(), world.now), L2TPHA_ERR_QUEUE_FULL);
    world_pass(&world, 20000000);
    expect_alike();
    ck_assert_uint_eq(world_daemon_calls(&world), 1);
}
END_TEST

/* A peer that gives an id twice: no other id of the daemon's own helps. */
START_TEST(an_id_of_the_peer_s_is_one_call_s)
{
    uint8_t icrp[28] = {0xc8, 2, 0, sizeof(icrp), [12] = 0x80, 8, [19] = 11, 0x80, 8, [25] = 14};

    world_open(&world);
    peer_asks();
    peer_dials();
    struct own_tunnel *own = own_tunnel();
    icrp[4] = (uint8_t)(own->peers_id >> 8);
    icrp[5] = (uint8_t)own->peers_id;
    icrp[6] = (uint8_t)(own->calls->peers_id >> 8);
    icrp[7] = (uint8_t)own->calls->peers_id;
    icrp[26] = 77;
    assert_error(l2tpha_attach_send(own->handle, icrp, sizeof(icrp), world.now),
                 L2TPHA_ERR_INVALID);
    icrp[26] = (uint8_t)(own->calls->id >> 8);
    icrp[27] = (uint8_t)own->calls->id;
    icrp[6] ^= 0x55;
    assert_error(l2tpha_attach_send(own->handle, icrp, sizeof(icrp), world.now), L2TPHA_ERR_EXISTS);
    world_pass(&world, 1000000);
    expect_alike();
}
END_TEST

START_TEST(what_is_improper_is_refused_by_name)
{
    struct l2tpha_attach_options options = {.size = sizeof(options), .path = world_peer_path};
    struct l2tpha_inbound in = {.size = sizeof(in)};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_tunnel_options open = {.size = sizeof(open), .path = world_peer_path};
    struct l2tpha_session *session;
    uint8_t zlb[12] = {0xc8, 2, 0, 12};

    world_open(&world);
    struct l2tpha_node *node = world_daemon(&world)->node;
    assert_error(l2tpha_attach_tunnel(node, &options, world.now, &tunnel), L2TPHA_ERR_NOT_FOUND);
    assert_error(l2tpha_attach_tunnel(world.peer, &options, world.now, &tunnel), L2TPHA_ERR_STATE);
    assert_error(l2tpha_attach_tunnel(NULL, &options, world.now, &tunnel), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_attach_tunnel(world.nodes[1].node, &options, world.now, &tunnel),
                 L2TPHA_ERR_ROLE);
    options.secret_len = 1;
    assert_error(l2tpha_attach_tunnel(node, &options, world.now, &tunnel), L2TPHA_ERR_INVALID);
    options.secret_len = 0;
    options.size--;
    assert_error(l2tpha_attach_tunnel(node, &options, world.now, &tunnel), L2TPHA_ERR_INVALID);
    options.size++;
    assert_error(l2tpha_tunnel_open(node, &open, world.now, &tunnel), L2TPHA_ERR_STATE);
    ck_assert_int_eq(l2tpha_attach_receive(world.nodes[1].node, NULL, &in, world.now), 0);
    ck_assert_int_eq(l2tpha_attach_receive(node, NULL, NULL, world.now), L2TPHA_ERR_INVALID);
    peer_asks();
    tunnel = own_tunnel()->handle;
    options.initiator = true;
    options.local_id = own_tunnel()->id;
    assert_error(l2tpha_attach_tunnel(node, &options, world.now, &tunnel), L2TPHA_ERR_EXISTS);
    assert_error(l2tpha_attach_send(tunnel, zlb, sizeof(zlb), world.now), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_attach_send(tunnel, NULL, 5, world.now), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_attach_state(tunnel, 9, L2TPHA_SESSION_ESTABLISHED, world.now),
                 L2TPHA_ERR_NOT_FOUND);
    assert_error(l2tpha_attach_state(tunnel, 0, L2TPHA_TUNNEL_STOPPED, world.now),
                 L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_attach_state(tunnel, 0, L2TPHA_TUNNEL_ESTABLISHED, world.now));
    assert_error(l2tpha_attach_gone(tunnel, 9, world.now), L2TPHA_ERR_NOT_FOUND);
    assert_error(l2tpha_session_open(tunnel, &call_options, world.now, &session), L2TPHA_ERR_STATE);
    assert_error(l2tpha_tunnel_close(tunnel, 1, 0, NULL, world.now), L2TPHA_ERR_STATE);
    assert_error(l2tpha_attach_gone(peer_tunnel(), 0, world.now), L2TPHA_ERR_STATE);
    world_pass(&world, 1000000);
    expect_alike();
}
END_TEST

Suite *suite_attach(void)
{
    TCase *tcase = tcase_create("attach");
    Suite *suite = suite_create("attach");

    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, a_peer_asks_for_a_tunnel_and_a_call);
    tcase_add_test(tcase, the_daemon_asks_for_a_tunnel_and_a_call);
    tcase_add_test(tcase, either_end_hangs_up);
    tcase_add_loop_test(tcase, either_end_closes, 0, 2);
    tcase_add_test(tcase, a_peer_that_hides_is_understood);
    tcase_add_loop_test(tcase, what_is_not_fetched_waits, 0, 2);
    tcase_add_test(tcase, a_whole_window_waits);
    tcase_add_loop_test(tcase, one_tunnel_alone, 0, 2);
    tcase_add_loop_test(tcase, anything_said_does_no_harm, 0, 40);
    tcase_add_test(tcase, a_standby_of_other_machines_refuses);
    tcase_add_test(tcase, what_is_refused_leaves_nothing_due);
    tcase_add_test(tcase, an_answer_has_room_whatever_the_daemon_has_said);
    tcase_add_test(tcase, an_id_of_the_peer_s_is_one_call_s);
    tcase_add_test(tcase, what_is_improper_is_refused_by_name);
    return suite;
}
