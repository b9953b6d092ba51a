/* SPDX-License-Identifier: MIT */
/* A timer that is due, and whose it is. */
#include "dispatch/timers.h"

#include "base/assert.h"
#include "control/transaction.h"
#include "dispatch/disconnect.h"
#include "dispatch/patience.h"
#include "failover/inactivity.h"
#include "failover/lagging.h"
#include "failover/recovery_input.h"
#include "failover/sync.h"

static struct l2tpha_tunnel *tunnel_of_channel(struct channel *channel)
{
    return container_of(channel, struct l2tpha_tunnel, channel);
}

static void retransmit_timer(struct engine *engine, struct channel *channel)
{
    if (channel_retransmit_timer(engine, channel) == L2TPHA_ERR_TIMEOUT)
        tunnel_unanswered(tunnel_of_channel(channel));
}

static void lagging_timer_expired(struct engine *engine, struct timer *timer)
{
    struct l2tpha_tunnel *tunnel = lagging_tunnel(timer);

    if (!lagging_timer(engine->failover, timer))
        tunnel_numbers_lost(tunnel);
}

void engine_timer(struct engine *engine, struct timer *timer)
{
    ASSERT(&engine->log, engine->serving && !engine->draining && !timer_armed(timer));
    ASSERT(&engine->log, timer->kind >= TIMER_RETRANSMIT && timer->kind <= TIMER_SESSION);
    switch ((enum timer_kind)timer->kind) {
    case TIMER_RETRANSMIT:
        retransmit_timer(engine, container_of(timer, struct channel, retransmit));
        break;
    case TIMER_ACK:
        channel_ack_timer(engine, container_of(timer, struct channel, ack));
        break;
    case TIMER_HELLO:
        tunnel_hello_timer(container_of(timer, struct l2tpha_tunnel, hello));
        break;
    case TIMER_TUNNEL:
        tunnel_timer_due(container_of(timer, struct l2tpha_tunnel, timer));
        break;
    case TIMER_START:
        tunnel_start_due(container_of(timer, struct l2tpha_tunnel, start));
        break;
    case TIMER_SESSION:
        session_due(container_of(timer, struct l2tpha_session, timer));
        break;
    case TIMER_RECOVERY:
        recovery_timer(engine->failover, timer);
        break;
    case TIMER_SYNC:
        sync_timer(engine->failover, timer);
        break;
    case TIMER_LAGGING:
        lagging_timer_expired(engine, timer);
        break;
    case TIMER_INACTIVITY:
        inactivity_timer(engine->failover, timer);
        break;
    }
    engine_commit(engine);
}
