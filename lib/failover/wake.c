/* SPDX-License-Identifier: MIT */
/* A tunnel to which the takeover has not come yet. */
#include "failover/wake.h"

struct l2tpha_tunnel *engine_wake(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    if (tunnel && !tunnel->engine)
        engine->failover.wake(engine->failover.user, tunnel);
    return tunnel && !tunnel->dying ? tunnel : NULL;
}
