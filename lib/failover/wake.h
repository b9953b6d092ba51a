/* SPDX-License-Identifier: MIT */
/* A tunnel to which the takeover has not come yet. */
#ifndef FAILOVER_WAKE_H
#define FAILOVER_WAKE_H

#include "failover/failover.h"

/* A tunnel found in the table, about to be worked with: made live if a takeover has not come to it
 * yet. NULL when there is none, or it could not go on. */
struct l2tpha_tunnel *engine_wake(struct engine *engine, struct l2tpha_tunnel *tunnel);

#endif
