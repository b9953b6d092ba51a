/* SPDX-License-Identifier: MIT */
/* Peers that have the node hold as much for them as they can: whatever they do, a live tunnel goes
 * on with its messages and calls. */
#include "scenario/rig.h"

#define POOL (8u << 20)
#define LONG 60000 /* octets of a message, about */

static struct peer honest;

/* A message of the type, with AVPs that nobody knows and that may be ignored. */
static struct says long_one(const struct peer *peer, uint16_t type)
{
    static const uint8_t filling[1000];
    struct says message = valid(peer, type);

    for (int i = 0; i < LONG / 1006; i++)
        add(&message, AVP_OCTETS(0, 900, filling, sizeof(filling)));
    return message;
}

static void begin(void)
{
    rig.config.max_buffer_bytes = POOL;
    peer_opens(&honest, 1);
}

/* Thirty calls, ordered and hung up. */
static void honest_is_served(void)
{
    for (uint16_t i = 0; i < 30; i++) {
        uint16_t call = peer_dials(&honest, (uint16_t)(100 + i));
        assert_ok(close_session(&honest, call, 1));
        expect_cdn(&honest, 1, 0);
        assert_ok(peer_acks(&honest));
        forget_events();
    }
    forget_datagrams();
}

/* A message out of order is kept. */
static void honest_is_reordered(void)
{
    uint64_t kept = rig_counters()->reordered;
    honest.ns++;
    assert_ok(say_valid(&honest, HELLO));
    ck_assert_uint_eq(rig_counters()->reordered, kept + 1);
    honest.ns -= 2;
    assert_ok(say_valid(&honest, HELLO));
    honest.ns++;
    forget_datagrams();
}

/* Said without a look at what comes of it: there are very many. */
static int say_blindly(const struct peer *peer, struct wire *wire, uint16_t ns)
{
    static struct l2tpha_output outputs[8];

    wire->data[8] = (uint8_t)(ns >> 8);
    wire->data[9] = (uint8_t)ns;
    int error = l2tpha_feed(rig.node, &peer->path, wire->data, wire->len, rig.now);
    while (l2tpha_poll(rig.node, outputs, 8, rig.now) > 0)
        ;
    return error;
}

/* As far ahead of its turn as the window lets it. */
static void rush_ahead(struct peer *peer)
{
    struct says hello = long_one(peer, HELLO);
    struct wire wire;

    compose(peer, &hello, &wire);
    for (uint16_t i = 1; i < rig.config.window; i++)
        say_blindly(peer, &wire, (uint16_t)(peer->ns + i));
}

/* 0: the SCCRP is not answered at all; 1: by an SCCCN ahead of its turn */
START_TEST(nothing_is_kept_for_strangers)
{
    struct peer stranger;

    begin();
    for (unsigned i = 0; i < 150; i++) {
        peer_begins(&stranger, 10 + i);
        assert_ok(say_valid(&stranger, SCCRQ));
        expect(&stranger, SCCRP);
        stranger.nr = (uint16_t)_i;
        rush_ahead(&stranger);
    }
    ck_assert_uint_eq(rig_counters()->reordered, 0);
    ck_assert_uint_eq(rig_counters()->ahead_dropped, 150u * (rig.config.window - 1u));
    honest_is_served();
    honest_is_reordered();
}
END_TEST

START_TEST(established_peers_that_rush_ahead_leave_room)
{
    struct peer hostile;

    begin();
    for (unsigned i = 0; i < 150; i++) {
        peer_opens(&hostile, 10 + i);
        rush_ahead(&hostile);
    }
    ck_assert_uint_gt(rig_counters()->ahead_dropped, 0);
    honest_is_served();
}
END_TEST

/* What was kept goes with the tunnel's usefulness, not only with the tunnel. */
START_TEST(tunnels_that_are_over_keep_nothing)
{
    struct peer hostile;

    begin();
    for (unsigned i = 0; i < 150; i++) {
        peer_opens(&hostile, 10 + i);
        rush_ahead(&hostile);
        assert_ok(say_valid(&hostile, STOPCCN));
        rush_ahead(&hostile);
        forget_datagrams();
        forget_events();
    }
    ck_assert_uint_gt(rig_counters()->reordered, 150);
    honest_is_served();
    honest_is_reordered();
}
END_TEST

/* Answers that are not acknowledged: a CDN each for calls that are refused. */
START_TEST(peers_that_acknowledge_nothing_leave_room)
{
    struct peer hostile;
    struct wire wire;

    begin();
    for (unsigned i = 0; i < 40; i++) {
        peer_opens(&hostile, 10 + i);
        struct says icrq = valid(&hostile, ICRQ);
        leave_out(&icrq, 15);
        compose(&hostile, &icrq, &wire);
        while (say_blindly(&hostile, &wire, hostile.ns) != L2TPHA_ERR_QUEUE_FULL)
            hostile.ns++;
    }
    ck_assert_uint_eq(rig_counters()->queue_full, 40);
    honest_is_served();
}
END_TEST

/* The host is about to poll: until then, events with long messages fill no more than a share. */
START_TEST(events_with_long_messages_leave_room)
{
    struct peer hostile;
    struct wire wire;
    int refused = 0;

    begin();
    peer_opens(&hostile, 2);
    uint16_t call = node_dials(&hostile, PEER_CALL);
    struct says sli = long_one(&hostile, SLI);
    sli.session = call;
    for (int i = 0; i < 1000; i++) {
        compose(&hostile, &sli, &wire);
        int error = l2tpha_feed(rig_node(), &hostile.path, wire.data, wire.len, rig.now);
        hostile.ns = (uint16_t)(hostile.ns + (error == L2TPHA_OK));
        refused += error == L2TPHA_ERR_QUEUE_FULL;
    }
    ck_assert_int_gt(refused, 0);
    compose(&honest, &(struct says){.type = HELLO, .flags = WIRE_M}, &wire);
    assert_ok(l2tpha_feed(rig_node(), &honest.path, wire.data, wire.len, rig.now));
    honest.ns++;
    rig_drain();
    forget_datagrams();
    forget_events();
    honest_is_served();
    assert_ok(say(&hostile, &sli)); /* once they were polled, it is served as well */
}
END_TEST

Suite *suite_pool(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("pool", &tcase);

    tcase_add_loop_test(tcase, nothing_is_kept_for_strangers, 0, 2);
    tcase_add_test(tcase, established_peers_that_rush_ahead_leave_room);
    tcase_add_test(tcase, tunnels_that_are_over_keep_nothing);
    tcase_add_test(tcase, peers_that_acknowledge_nothing_leave_room);
    tcase_add_test(tcase, events_with_long_messages_leave_room);
    return suite;
}
