/* SPDX-License-Identifier: MIT */
/* The recovery's machine and its one writer of the state. */
#ifndef FAILOVER_RECOVERY_FSM_H
#define FAILOVER_RECOVERY_FSM_H

#include "base/fsm.h"
#include "failover/recovery.h"

int recovery_step(struct recovery *recovery, uint8_t event);
/* fsm_action and fsm_enter */
void recovery_enter(void *object, uint8_t next, void *argument);

#endif
