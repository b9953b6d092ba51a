/* SPDX-License-Identifier: MIT */
/* What the recovery machine does as recovery endpoint; fsm_action. */
#ifndef FAILOVER_RECOVERY_ACTION_H
#define FAILOVER_RECOVERY_ACTION_H

#include "failover/recovery.h"

/* The tunnel's channel is reset and carries again. */
void recovery_done(struct recovery *recovery);
int call_peer(void *object, void *argument);
int reset_to_suggestion(void *object, void *argument);
int finish_recovery(void *object, void *argument);
int ask_about_sessions(void *object, void *argument);
int try_again(void *object, void *argument);

#endif
