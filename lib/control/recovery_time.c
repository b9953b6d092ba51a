/* SPDX-License-Identifier: MIT */
/* RFC 4951 5.1: the time for which the peer has asked to be waited for. */
#include "control/recovery_time.h"

#include "control/event.h"

#define US_PER_MS UINT64_C(1000)

/* RFC 4951 3.1: it counts only when both ends have announced. */
static bool has_asked_for_time(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    return failover_is_capable(record) && record->state == L2TPHA_TUNNEL_ESTABLISHED &&
           !tunnel_is_recovery(tunnel);
}

/* The node before may have granted more than this one does. */
uint64_t tunnel_granted_until(const struct l2tpha_tunnel *tunnel)
{
    uint32_t asked = tunnel->entry.record.remote_recovery_ms;
    uint32_t most = tunnel->engine->config.recovery_max_ms;

    if (tunnel->channel.since == L2TPHA_NEVER || !has_asked_for_time(tunnel))
        return 0;
    return tunnel->channel.since + (asked < most ? asked : most) * US_PER_MS;
}

void tunnel_say(struct l2tpha_tunnel *tunnel, uint8_t kind, const char *text)
{
    engine_event(tunnel->engine, kind, tunnel, NULL);
    log_line(&tunnel->engine->log, L2TPHA_LOG_EVENT, tunnel->entry.record.local_id, 0, "%s", text);
}

void tunnel_answered(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;

    if (!tunnel->unresponsive)
        return;
    tunnel->unresponsive = false;
    if (tunnel->fell)
        return;
    tunnel_say(tunnel, L2TPHA_EVENT_TUNNEL_RESPONSIVE, "peer responsive");
    if (tunnel->waiting)
        wheel_arm(engine->wheel, &tunnel->start, engine->now);
}
