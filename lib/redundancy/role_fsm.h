/* SPDX-License-Identifier: MIT */
/* The table of roles and of what changes them. */
#ifndef REDUNDANCY_ROLE_FSM_H
#define REDUNDANCY_ROLE_FSM_H

#include "base/fsm.h"
#include "redundancy/role.h"

extern const struct fsm role_fsm;

#endif
