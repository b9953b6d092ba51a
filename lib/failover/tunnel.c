/* SPDX-License-Identifier: MIT */
/* What happens to a tunnel or a session, handed to those parts of failover that are at work on it.
 */
#include "failover/tunnel.h"

#include "base/assert.h"
#include "failover/inactivity.h"
#include "failover/lagging.h"
#include "failover/recovery.h"
#include "failover/recovery_input.h"
#include "failover/recovery_sign.h"
#include "failover/sync.h"

void failover_acknowledged(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    if (tunnel_is_recovery(tunnel)) {
        recovery_all_acknowledged(tunnel);
        return;
    }
    recovery_old_input(tunnel);
    sync_acknowledged(failover, tunnel);
}

void failover_session_removed(struct failover *failover, struct l2tpha_session *session)
{
    const struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (tunnel->sync)
        sync_session_removed(failover, session);
    if (tunnel->inactivity)
        inactivity_session_removed(session);
}

void failover_tunnel_removed(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    lagging_stop(failover, tunnel);
    inactivity_stop(failover, tunnel);
    sync_stop(failover, tunnel);
    recovery_tunnel_removed(tunnel);
    ASSERT(&failover->engine->log, !tunnel->recovery || tunnel->recovery->tunnel == tunnel);
}
