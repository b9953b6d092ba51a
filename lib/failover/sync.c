/* SPDX-License-Identifier: MIT */
#include "failover/sync.h"

int sync_start(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover;
    return tunnel ? L2TPHA_OK : L2TPHA_ERR_INVALID;
}

void sync_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover;
    (void)tunnel;
}

void sync_moved(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover;
    (void)tunnel;
}

int sync_states(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_message *message)
{
    (void)tunnel;
    (void)message;
    failover->engine->counters.unknown_message++;
    return L2TPHA_OK;
}

void sync_due(struct failover *failover, struct timer *timer)
{
    (void)failover;
    (void)timer;
}
