/* SPDX-License-Identifier: MIT */
/* The steps between the roles: serve, follow, take over. */
#ifndef PAIR_SERVING_H
#define PAIR_SERVING_H

#include <l2tpha/failover.h>
#include <l2tpha/pair.h>

/* The node is active and has a socket; it is not active any more. */
void serving_begin(struct l2tpha_pair *pair, enum l2tpha_pair_event event);
void serving_stop(struct l2tpha_pair *pair);

/* Follow whoever serves, with a node that is empty, or filled from a store; serve, with one that is
 * empty. NULL, or why not. */
const char *serving_follow(struct l2tpha_pair *pair);
const char *serving_start(struct l2tpha_pair *pair);

/* Become the active, as what the copy is worth allows it. NULL, or why not. */
const char *serving_take_over(struct l2tpha_pair *pair, enum l2tpha_trust trust, const char *cause);
/* Tell a living active that this node is to serve, which is SWITCHOVER_ANNOUNCED. False: there is
 * none that could be told. */
bool serving_announce(struct l2tpha_pair *pair);
/* The same by itself: nobody is there to be answered, so the log says why not. */
const char *serving_try(struct l2tpha_pair *pair, enum l2tpha_trust trust, const char *cause);

#endif
