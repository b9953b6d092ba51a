/* SPDX-License-Identifier: MIT */
/* One node hands over to the other: the active drains, offers it, and says who is to serve. Until
 * the standby does, this node keeps all it has, and serves again when that is not to be. */
#ifndef PAIR_HANDING_H
#define PAIR_HANDING_H

struct l2tpha_pair;

/* Whoever waits for the outcome is told: NULL = another node serves. */
void handing_complete(struct l2tpha_pair *pair, const char *why);

/* Handed over, and nobody knows what came of it: the operator does. NULL, or why not. */
const char *handing_reclaim(struct l2tpha_pair *pair);

/* What is under way, after each turn of the loop; and of a node that is held. */
void handing_advance(struct l2tpha_pair *pair);
void handing_advance_held(struct l2tpha_pair *pair);

/* The node is held from now on. */
void handing_hold(struct l2tpha_pair *pair);

#endif
