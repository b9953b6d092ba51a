/* SPDX-License-Identifier: MIT */
/* A node with an old tunnel that either end may recover by RFC 4951, and its peer by hand: for the
 * suites about recoveries. */
#ifndef TESTS_UNIT_RAW_RECOVERY_H
#define TESTS_UNIT_RAW_RECOVERY_H

#include "control/transaction.h"
#include "failover/recovery.h"
#include "fixture.h"
#include "node/node.h"
#include "sim/rawpeer.h"

#include <l2tpha/failover.h>
#include <string.h>

#define RECOVERY_ID 0x0c0d /* the peer's id of the recovery tunnel */

static struct rawpeer peer;

/* What the peer has of the tunnel that is not at hand. */
struct channel_ends {
    uint16_t id, node_id, ns, nr;
};
static struct channel_ends old;

static void setup(void)
{
    fixture_setup();
    peer = (struct rawpeer){.may_call = true};
    raw_new(&peer, NULL);
}

static void teardown(void)
{
    raw_free(&peer);
    fixture_teardown();
}

static struct l2tpha_tunnel *old_tunnel(void)
{
    return l2tpha_tunnel_find(peer.node, old.node_id);
}

static void set_method(struct l2tpha_tunnel *tunnel, uint8_t method)
{
    tunnel->entry.record.effective_method = method;
    ledger_mark_tunnel(tunnel->engine->ledger, &tunnel->entry, DIRTY_FULL);
    engine_commit(tunnel->engine);
    raw_drain(&peer);
}

static void put_capability(void)
{
    const struct l2tpha_failover_capability capability = {
        .control = true, .data = true, .recovery_time_ms = 60000};

    l2tpha_builder_put_failover_capability(&peer.builder, &capability);
}

/* Established, with both ends capable. */
static void open_old(uint8_t method)
{
    raw_protect(&peer, NULL);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    put_capability();
    assert_ok(raw_send(&peer));
    ck_assert(l2tpha_message_has(raw_expect(&peer, L2TPHA_MESSAGE_SCCRP),
                                 L2TPHA_AVP_FAILOVER_CAPABILITY));
    raw_begin(&peer, L2TPHA_MESSAGE_SCCCN, 0);
    assert_ok(raw_send(&peer));
    raw_pass(&peer, 100);
    old = (struct channel_ends){peer.id, peer.node_id, peer.ns, peer.nr};
    set_method(old_tunnel(), method);
    raw_forget(&peer);
}

static void to_recovery_tunnel(uint16_t node_id, uint16_t ns, uint16_t nr)
{
    peer.id = RECOVERY_ID;
    peer.node_id = node_id;
    peer.ns = ns;
    peer.nr = nr;
}

static void to_old_tunnel(uint16_t ns, uint16_t nr)
{
    peer.id = old.id;
    peer.node_id = old.node_id;
    peer.ns = ns;
    peer.nr = nr;
}

static void ask_recovery(uint8_t tie)
{
    const struct l2tpha_tunnel_recovery named = {.tunnel_id = old.id,
                                                 .remote_tunnel_id = old.node_id};
    uint8_t ties[8];

    memset(ties, tie, sizeof(ties));
    to_recovery_tunnel(0, 0, 0);
    raw_begin_setup(&peer, L2TPHA_MESSAGE_SCCRQ);
    l2tpha_builder_put_bytes(&peer.builder, L2TPHA_AVP_TIE_BREAKER, ties, sizeof(ties));
    l2tpha_builder_put_tunnel_recovery(&peer.builder, &named);
}

#endif
