/* SPDX-License-Identifier: MIT */
/* Recoveries of ours that come to nothing. */
#ifndef FAILOVER_RECOVERY_END_H
#define FAILOVER_RECOVERY_END_H

#include "failover/recovery.h"

/* Whether it has nothing but this recovery. */
void recovery_set_reset_sent(struct recovery *recovery, bool sent);
int give_up(void *object, void *argument);
int clear_old(void *object, void *argument);

#endif
