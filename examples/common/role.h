/* SPDX-License-Identifier: MIT */
/* Who serves: becoming active, handing over, stepping down. A node that has stepped down starts
 * again as an empty standby. */
#ifndef EXAMPLES_ROLE_H
#define EXAMPLES_ROLE_H

#include "ha.h"

struct app;

/* At the start of the program. NULL, or why it cannot start. */
const char *role_start(struct app *app);

/* Orders of the operator. NULL, or why not. A switchover that has begun reports its end through
 * control_answer(). */
const char *role_switchover(struct app *app);
const char *role_take_over(struct app *app, const char *cause);

/* What the replication stream tells. */
void role_active_lost(struct app *app, enum ha_farewell farewell);
void role_link_failed(struct app *app); /* at a standby, which connects again */
void role_standby_lost(struct app *app);
void role_asked_to_serve(struct app *app); /* planned switchover */
void role_superseded(struct app *app);     /* a newer epoch serves */

/* After each turn of the loop: what must not happen inside an event. */
void role_settle(struct app *app);

/* When role_settle() is to be called at the latest. */
uint64_t role_deadline(const struct app *app);

/* A new node that is told to be a standby or an active. */
bool role_is_standby(const struct app *app);

#endif
