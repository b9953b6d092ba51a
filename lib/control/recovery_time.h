/* SPDX-License-Identifier: MIT */
/* Recovery Time, RFC 4951 5.1. */
#ifndef CONTROL_RECOVERY_TIME_H
#define CONTROL_RECOVERY_TIME_H

#include "control/channel.h"

#define CAPABLE_CONTROL 1u /* bits of l2tpha_tunnel_record.remote_failover, RFC 4951 5.1 */
#define CAPABLE_DATA 2u

/* RFC 4951 3.2.1, 5.1: both ends have announced that they can recover the control channel. */
static inline bool failover_is_capable(const struct l2tpha_tunnel_record *record)
{
    return record->remote_failover & CAPABLE_CONTROL && record->flags & L2TPHA_TUNNEL_ANNOUNCED;
}

/* Until when the peer has asked to be waited for; 0 = it has not, or nothing waits for it. */
uint64_t channel_granted_until(const struct engine *engine, const struct channel *channel);

#endif
