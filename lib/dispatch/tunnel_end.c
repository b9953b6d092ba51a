/* SPDX-License-Identifier: MIT */
/* The end of a tunnel, whichever machine has run it. */
#include "dispatch/tunnel_end.h"

#include "base/assert.h"
#include "control/event.h"
#include "control/half_open.h"
#include "failover/tunnel.h"

void tunnel_leave_failover(struct l2tpha_tunnel *tunnel)
{
    if (tunnel->recovery || tunnel->sync || tunnel->lagging || tunnel->inactivity)
        failover_tunnel_removed(tunnel->engine->failover, tunnel);
}

/* It stays in the table, found by nobody, until the host has polled the events about it. */
void tunnel_die(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    ASSERT(&engine->log, !tunnel->dying && tunnel->entry.session_count == 0);
    tunnel_resynced(tunnel);
    if (tunnel->announced)
        engine_event(engine, L2TPHA_EVENT_TUNNEL_GONE, tunnel, NULL);
    tunnel_leave_failover(tunnel);
    tunnel_set_half_open(tunnel, false);
    half_open_note(tunnel);
    wheel_disarm(engine->wheel, &tunnel->hello);
    wheel_disarm(engine->wheel, &tunnel->timer);
    wheel_disarm(engine->wheel, &tunnel->start);
    channel_stop(engine, &tunnel->channel);
    ledger_gone_tunnel(engine->ledger, &tunnel->entry);
    tunnel->dying = true;
    ASSERT(&engine->log, !tunnel->recovery && !tunnel->sync && !tunnel->channel.ready);
    ASSERT(&engine->log, !tunnel->lagging && !tunnel->inactivity && !tunnel->unconfirmed);
    /* Its place in the line of the dead is that of all other lines. */
    ASSERT(&engine->log, !tunnel->opening && !tunnel->lingering);
    ASSERT(&engine->log, !tunnel->counted_half_open && !tunnel->counted_over);
    if (tunnel->events > 0)
        return;
    tunnel->dead_next = engine->dead;
    engine->dead = tunnel;
}
