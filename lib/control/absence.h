/* SPDX-License-Identifier: MIT */
/* A node that was away: stopped, and woken. */
#ifndef CONTROL_ABSENCE_H
#define CONTROL_ABSENCE_H

#include "control/context.h"

/* Time moves on; who is called much later than it has asked for was away. */
void engine_move_on(struct engine *engine, uint64_t now);
/* This node was away. */
void engine_away(struct engine *engine);
/* When the host is to call at the latest. */
uint64_t engine_deadline(const struct engine *engine);
bool engine_may_run_timers(struct engine *engine);

#endif
