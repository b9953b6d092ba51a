/* SPDX-License-Identifier: MIT */
/* What the recovery machine does as remote endpoint; fsm_action. */
#ifndef FAILOVER_REMOTE_H
#define FAILOVER_REMOTE_H

#include "failover/recovery.h"

/* Tell the peer that there is nothing to recover, as it would be told if it asked now. */
int remote_refuse(struct l2tpha_tunnel *tunnel);

int suspend_old(void *object, void *argument);
int resume_unproven(void *object, void *argument);
int resume_old(void *object, void *argument);
int reset_old(void *object, void *argument);
int refuse_peer(void *object, void *argument);
int close_recovered(void *object, void *argument);

#endif
