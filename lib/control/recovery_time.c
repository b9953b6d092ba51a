/* SPDX-License-Identifier: MIT */
/* RFC 4951 5.1: the time for which the peer has asked to be waited for. */
#include "control/recovery_time.h"

/* RFC 4951 3.1: it counts only when both ends have announced. */
static bool has_asked_for_time(const struct l2tpha_tunnel_record *record)
{
    return failover_is_capable(record) && record->state == L2TPHA_TUNNEL_ESTABLISHED &&
           record->recovers == 0;
}

/* The previous active may have granted more than this one does. */
uint64_t channel_granted_until(const struct engine *engine, const struct channel *channel)
{
    const struct l2tpha_tunnel_record *record = &channel->entry->record;
    uint32_t asked = record->remote_recovery_ms, most = engine->config.recovery_max_ms;

    if (channel->since == L2TPHA_NEVER || !has_asked_for_time(record))
        return 0;
    return channel->since + (asked < most ? asked : most) * US_PER_MS;
}
