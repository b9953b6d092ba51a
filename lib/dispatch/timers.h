/* SPDX-License-Identifier: MIT */
/* A timer that is due, and whose it is. */
#ifndef DISPATCH_TIMERS_H
#define DISPATCH_TIMERS_H

#include "control/tunnel.h"

/* A timer that wheel_pop gave. Commits. */
void engine_timer(struct engine *engine, struct timer *timer);

#endif
