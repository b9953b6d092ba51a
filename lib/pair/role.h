/* SPDX-License-Identifier: MIT */
/* Who serves: becoming active, handing over, stepping down. A node that has stepped down starts
 * again as an empty standby. */
#ifndef PAIR_ROLE_H
#define PAIR_ROLE_H

#include "links.h"

struct l2tpha_pair;

/* At the start of the program. NULL, or why it cannot start. */
const char *role_start(struct l2tpha_pair *pair);

/* Orders of the operator. NULL, or why not. What has begun reports its end through complete(). */
const char *role_take_over(struct l2tpha_pair *pair, bool stale);
const char *role_standby(struct l2tpha_pair *pair);
const char *role_fence(struct l2tpha_pair *pair); /* at once */

/* What the links tell. */
extern const struct links_events role_events;

/* After each turn of the loop: what must not happen inside an event. */
void role_advance(struct l2tpha_pair *pair);

/* When role_advance() is to be called at the latest. */
uint64_t role_deadline(const struct l2tpha_pair *pair);

#endif
