/* SPDX-License-Identifier: MIT */
/* What begins a recovery and what moves it on: the takeover, its timer, its recovery tunnel. */
#ifndef FAILOVER_RECOVERY_INPUT_H
#define FAILOVER_RECOVERY_INPUT_H

#include "failover/recovery.h"

/* This end has failed: recover an established tunnel, restored and suspended, whose peer is
 * capable. Begins as soon as there is a place. */
int recovery_start(struct failover *failover, struct l2tpha_tunnel *old);
/* A recovery tunnel has gone to another state; status says why, where no message does. */
void recovery_tunnel_changed(struct failover *failover, struct l2tpha_tunnel *tunnel, int status);
/* Everything that it has sent is acknowledged. */
void recovery_all_acknowledged(struct l2tpha_tunnel *tunnel);
/* An old tunnel closes. */
void recovery_old_closed(struct l2tpha_tunnel *old);
/* An old tunnel is about to go. */
void recovery_tunnel_removed(struct l2tpha_tunnel *tunnel);
void recovery_timer(struct failover *failover, struct timer *timer);
/* The peer's recovery tunnel of a restored node goes on. */
int remote_adopt(struct failover *failover, struct l2tpha_tunnel *recovery);

#endif
