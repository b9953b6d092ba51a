/* SPDX-License-Identifier: MIT */
/* What the recovery machine does as remote endpoint; fsm_action. */
#ifndef FAILOVER_REMOTE_H
#define FAILOVER_REMOTE_H

#include "failover/recovery.h"

int lend_channel(void *object, void *argument);
int go_on_unproven(void *object, void *argument);
int take_back(void *object, void *argument);
int return_channel(void *object, void *argument);
int close_returned(void *object, void *argument);

#endif
