/* SPDX-License-Identifier: MIT */
/* Who serves: becoming active, handing over, stepping down. A node that has stepped down starts
 * again as an empty standby. */
#ifndef EXAMPLES_ROLE_H
#define EXAMPLES_ROLE_H

#include "links.h"

struct app;

/* At the start of the program. NULL, or why it cannot start. */
const char *role_start(struct app *app);

/* Orders of the operator. NULL, or why not. What has begun reports its end through
 * control_complete(). */
const char *role_switchover(struct app *app);            /* CONTROL_SWITCHOVER */
const char *role_take_over(struct app *app, bool stale); /* CONTROL_TAKEOVER */
const char *role_standby(struct app *app);               /* CONTROL_STANDBY */
const char *role_fence(struct app *app);                 /* at once */
const char *role_shutdown(struct app *app);              /* CONTROL_SHUTDOWN */

/* What the streams tell. */
void role_active_lost(struct app *app, enum ha_farewell farewell);
void role_link_failed(struct app *app);                /* at a standby, which connects again */
void role_standby_lost(struct app *app, bool is_over); /* is_over: its process has ended */
void role_asked_to_serve(struct app *app);             /* planned switchover */
void role_handed(struct app *app);     /* the standby accepts: from here on it may serve */
void role_superseded(struct app *app); /* a newer epoch serves */
void role_yielded(struct app *app);    /* the active has stopped for this node */
void role_declined(struct app *app, int why);

/* After each turn of the loop: what must not happen inside an event. */
void role_settle(struct app *app);

/* When role_settle() is to be called at the latest. */
uint64_t role_deadline(const struct app *app);

struct l2tpha_redundancy_info role_info(const struct app *app);
bool role_is_standby(const struct app *app);
/* The standby was told to serve, and nothing was heard since. */
bool role_has_handed(const struct app *app);
/* Standby: how long its copy has not been known to be the newest, microseconds. */
uint64_t role_behind_us(const struct app *app);

#endif
