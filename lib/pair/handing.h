/* SPDX-License-Identifier: MIT */
/* One node hands over to the other: the active drains, offers it, and says who is to serve. Until
 * the standby does, this node keeps all it has, and serves again when that is not to be. */
#ifndef EXAMPLES_HANDING_H
#define EXAMPLES_HANDING_H

struct app;

/* Whoever waits for the outcome is told: NULL = another node serves. */
void handing_complete(struct app *app, const char *why);

/* Handed over, and nobody knows what came of it: the operator does. NULL, or why not. */
const char *handing_reclaim(struct app *app);

/* What is under way, after each turn of the loop; and of a node that is held. */
void handing_settle(struct app *app);
void handing_settle_held(struct app *app);

/* The node is held from now on. */
void handing_hold(struct app *app);

#endif
