/* SPDX-License-Identifier: MIT */
/* What happens to a tunnel or a session, as failover has to know of it. */
#ifndef FAILOVER_TUNNEL_H
#define FAILOVER_TUNNEL_H

#include "control/session.h"
#include "failover/failover.h"

/* Everything that a recovery tunnel has sent is acknowledged; or another one may have room again,
 * or its peer speaks on it. */
void failover_acknowledged(struct failover *failover, struct l2tpha_tunnel *tunnel);
/* A session is about to go. */
void failover_session_removed(struct failover *failover, struct l2tpha_session *session);
/* A tunnel is about to go; its sessions are gone. */
void failover_tunnel_removed(struct failover *failover, struct l2tpha_tunnel *tunnel);

#endif
