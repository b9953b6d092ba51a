/* SPDX-License-Identifier: MIT */
/* A node that serves by a lease alone (leasing.h): it follows, asks for the claim when it is to
 * serve, and takes over when the claim is its own. When its lease may have ended it is silent, with
 * all it has, until it has the lease again or another node serves. */
#ifndef PAIR_TAKING_H
#define PAIR_TAKING_H

#include <stdbool.h>
#include <stdint.h>

struct l2tpha_pair;

/* At the start: follow, with what the store has. NULL, or what is wrong. */
const char *taking_start(struct l2tpha_pair *pair);

/* An operator's order to serve: for as long as a lease and a bit more the claim is asked for, and
 * an active that lives for it. The outcome is told. NULL, or why it is of no use. */
const char *taking_order(struct l2tpha_pair *pair, bool stale);
/* It is no more, for this reason. */
void taking_end_order(struct l2tpha_pair *pair, const char *why);
/* The active hands over. */
void taking_be_asked(struct l2tpha_pair *pair);
/* Whoever was followed is gone. */
void taking_look(struct l2tpha_pair *pair);
/* This node is to serve no more, and others may have the claim at once. False: that is on its way.
 */
bool taking_let_go(struct l2tpha_pair *pair);
/* ... and until when that is waited for; 0 = it is not. */
uint64_t taking_let_go_until(const struct l2tpha_pair *pair);

/* After each turn of the loop, and when that is to be at the latest. */
void taking_advance(struct l2tpha_pair *pair);
uint64_t taking_deadline(const struct l2tpha_pair *pair);

#endif
