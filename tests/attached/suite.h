/* SPDX-License-Identifier: MIT */
/* What the suites about attached tunnels have in common: a world, and what its peer does. */
#ifndef ATTACHED_SUITE_H
#define ATTACHED_SUITE_H

#include "attached/world.h"
#include "fixture.h"

#include <string.h>

static struct world world;
/* From a lagging record a tunnel or a call half set up is not gone on with: there are as many as
 * there are, at both ends. */
static bool exact;

static void setup(void)
{
    fixture_setup();
    memset(&world, 0, sizeof(world));
    exact = true;
}

static void teardown(void)
{
    world_close(&world);
    fixture_teardown();
}

static const struct l2tpha_session_options call_options = {
    .size = sizeof(call_options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};

static struct l2tpha_tunnel *peer_tunnel(void)
{
    return l2tpha_tunnel_next(world.peer, NULL);
}

static struct own_tunnel *own_tunnel(void)
{
    return world_daemon(&world)->tunnels;
}

static void expect_alike(void)
{
    const char *why = world_differs(&world);

    if (why)
        ck_abort_msg("step %u: %s", world.kill_at, why);
}

static void peer_asks(void)
{
    const struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                                  .path = world_daemon_path};
    struct l2tpha_tunnel *tunnel;

    assert_ok(l2tpha_tunnel_open(world.peer, &options, world.now, &tunnel));
    world_settle(&world);
}

static void peer_dials(void)
{
    struct l2tpha_session *session;

    assert_ok(l2tpha_session_open(peer_tunnel(), &call_options, world.now, &session));
    world_settle(&world);
}

#endif
