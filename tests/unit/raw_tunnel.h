/* SPDX-License-Identifier: MIT */
/* A node and a peer that speaks to it message by message: for the suites about tunnels. */
#ifndef TESTS_UNIT_RAW_TUNNEL_H
#define TESTS_UNIT_RAW_TUNNEL_H

#include "fixture.h"
#include "sim/rawpeer.h"

static struct rawpeer peer;

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){0};
    raw_new(&peer, NULL);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static void restart(void (*change)(struct l2tpha_config *config))
{
    raw_free(&peer);
    raw_new(&peer, change);
}

static uint8_t state_of(const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record record;

    l2tpha_tunnel_get(tunnel, &record);
    return record.state;
}

static uint32_t tunnels(void)
{
    uint32_t count = 0;

    for (struct l2tpha_tunnel *t = NULL; (t = l2tpha_tunnel_next(peer.node, t));)
        count++;
    return count;
}

#endif
