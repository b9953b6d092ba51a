/* SPDX-License-Identifier: MIT */
/* What happens to a tunnel or a session, handed to those parts of failover that are at work on it.
 */
#include "failover/tunnel.h"

#include "failover/inactivity.h"
#include "failover/lazy.h"
#include "failover/recovery_input.h"
#include "failover/recovery_sign.h"
#include "failover/sync.h"

void failover_moved(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    if (tunnel_is_recovery(tunnel)) {
        recovery_said(tunnel);
        return;
    }
    recovery_moved(tunnel);
    sync_moved(failover, tunnel);
}

void failover_left(struct failover *failover, struct l2tpha_session *session)
{
    const struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (tunnel->sync)
        sync_left(failover, session);
    if (tunnel->inactivity)
        inactivity_left(session);
}

void failover_gone(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    lazy_stop(failover, tunnel);
    inactivity_stop(failover, tunnel);
    sync_stop(failover, tunnel);
    recovery_gone(tunnel);
}
