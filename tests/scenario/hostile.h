/* SPDX-License-Identifier: MIT */
/* What hostile input must not change: a bystander with a call, and the peer's own tunnel unless the
 * RFC demands it. */
#ifndef SCENARIO_HOSTILE_H
#define SCENARIO_HOSTILE_H

#include "scenario/rig.h"

static struct peer peer, bystander;
static uint16_t call, bystander_call;

static inline uint64_t sum_of_refusals(void)
{
    const struct l2tpha_counters *c = rig_counters();

    return c->duplicates + c->out_of_window + c->ack_unsent + c->bad_header + c->bad_version +
           c->bad_avp + c->ignored_avp + c->unknown_message + c->unexpected_message +
           c->unknown_tunnel + c->unknown_session + c->wrong_peer + c->auth_failed +
           c->limit_reached + c->ahead_dropped + c->data_unknown + c->data_late;
}

/* `scene` 0: nothing but the bystander; 1: a tunnel with a call and one half set up. */
static inline void set(int scene)
{
    peer_opens(&bystander, 9);
    bystander_call = peer_dials(&bystander, PEER_CALL);
    peer_begins(&peer, 1);
    if (scene == 0)
        return;
    peer_opens(&peer, 1);
    call = peer_dials(&peer, PEER_CALL);
    peer_rings(&peer, PEER_CALL + 1);
    forget_datagrams();
}

static inline void bystander_is_well(void)
{
    ck_assert_uint_eq(tunnel_state(&bystander), L2TPHA_TUNNEL_ESTABLISHED);
    ck_assert_uint_eq(session_state(&bystander, bystander_call), L2TPHA_SESSION_ESTABLISHED);
    assert_ok(say_valid(&bystander, HELLO));
    expect_zlb(&bystander);
}

static inline bool tunnel_is_up(void)
{
    return tunnel_state(&peer) == L2TPHA_TUNNEL_ESTABLISHED;
}

#endif
