/* SPDX-License-Identifier: MIT */
/* Who serves: becoming active, handing over, stepping down. A node that has stepped down starts
 * again as an empty standby. */
#ifndef PAIR_ROLE_H
#define PAIR_ROLE_H

#include "links.h"

#include <l2tpha/failover.h>

struct l2tpha_pair;

/* At the start of the program. NULL, or why it cannot start. */
const char *role_start(struct l2tpha_pair *pair);

/* Follow whoever serves; serve. NULL, or why not. */
const char *role_follow(struct l2tpha_pair *pair);
const char *role_begin(struct l2tpha_pair *pair);

/* Taking over by itself: nobody is there to be answered. NULL, or why not. */
const char *role_try(struct l2tpha_pair *pair, enum l2tpha_trust trust, const char *cause);

/* Orders of the operator. NULL, or why not. What has begun reports its end through complete(). */
const char *role_switchover(struct l2tpha_pair *pair);
const char *role_take_over(struct l2tpha_pair *pair, bool stale);
const char *role_standby(struct l2tpha_pair *pair);
const char *role_fence(struct l2tpha_pair *pair); /* at once */

/* What the streams tell. */
void role_active_lost(struct l2tpha_pair *pair, enum farewell farewell);
void role_link_failed(struct l2tpha_pair *pair); /* at a standby, which connects again */
void role_standby_lost(struct l2tpha_pair *pair, bool is_over); /* is_over: its process has ended */
void role_asked_to_serve(struct l2tpha_pair *pair);             /* planned switchover */
void role_handed(struct l2tpha_pair *pair);     /* the standby accepts: from here on it may serve */
void role_superseded(struct l2tpha_pair *pair); /* a newer epoch serves */
void role_active_stopped(struct l2tpha_pair *pair);    /* the active has stopped for this node */
void role_declined(struct l2tpha_pair *pair, int why);

/* After each turn of the loop: what must not happen inside an event. */
void role_advance(struct l2tpha_pair *pair);

/* When role_advance() is to be called at the latest. */
uint64_t role_deadline(const struct l2tpha_pair *pair);

struct l2tpha_redundancy_info role_info(const struct l2tpha_pair *pair);
bool role_is_standby(const struct l2tpha_pair *pair);
/* There is a stream to the other node, and it has said hello. */
bool role_has_link(const struct l2tpha_pair *pair);
/* The standby was told to serve, and nothing was heard since. */
bool role_has_handed(const struct l2tpha_pair *pair);
/* Standby: how long its copy has not been known to be the newest, microseconds. */
uint64_t role_behind_us(const struct l2tpha_pair *pair);

#endif
