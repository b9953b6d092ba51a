/* SPDX-License-Identifier: MIT */
/* One node hands over to the other: the active drains, offers it, and says who is to serve. Until
 * the standby does, this node keeps all it has, and serves again when that is not to be. */
#ifndef PAIR_HANDING_H
#define PAIR_HANDING_H

#include <stdbool.h>

struct l2tpha_pair;

/* A standby holds all that this node does, as far as is known: a store that does is none. */
bool handing_is_possible(const struct l2tpha_pair *pair);

/* Begin; the outcome is told. NULL, or why not. */
const char *handing_begin(struct l2tpha_pair *pair);

/* What the links tell: a standby is gone (heir: the one that was asked; is_over: its process has
 * ended); it accepts, and from here on it may serve. */
void handing_standby_lost(struct l2tpha_pair *pair, bool heir, bool is_over);
void handing_handed(struct l2tpha_pair *pair);

/* Whoever waits for the outcome is told: NULL = another node serves. */
void handing_complete(struct l2tpha_pair *pair, const char *why);

/* Handed over, and nobody knows what came of it: the operator does. NULL, or why not. */
const char *handing_reclaim(struct l2tpha_pair *pair);

/* What is under way, after each turn of the loop; and of a node that is held. */
void handing_advance(struct l2tpha_pair *pair);
void handing_advance_held(struct l2tpha_pair *pair);

/* With a lease: it has that again, after it had handed over. */
void handing_take_back(struct l2tpha_pair *pair);

/* The next one that can be handed over to need not wait for the one before. */
void handing_offer_at_once(struct l2tpha_pair *pair);

/* The node is held from now on. */
void handing_hold(struct l2tpha_pair *pair);

#endif
