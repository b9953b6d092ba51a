/* SPDX-License-Identifier: MIT */
/* What the engine calls in failover. */
#ifndef FAILOVER_HOOKS_H
#define FAILOVER_HOOKS_H

#include "failover/failover.h"

/* The hooks of the engine; failover and what it points to stay as long as the engine. */
void failover_attach(struct failover *failover, struct engine *engine,
                     const struct l2tpha_binding *binding);

#endif
