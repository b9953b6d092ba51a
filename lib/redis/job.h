/* SPDX-License-Identifier: MIT */
/* What is asked of the server in one go, and what has come of it: the calls of struct l2tpha_store
 * about that. The next one goes when all of it is answered, and takes all that waits. */
#ifndef REDIS_JOB_H
#define REDIS_JOB_H

#include "redis_private.h"

int job_commit(void *user);
bool job_event(void *user, struct l2tpha_store_event *event);
int job_mark_stale(void *user);
/* Have the store, as store->streams.acquire says. */
int job_ask_acquire(struct redis_store *store);
/* What is there needs a newer release: LEVEL, and why. */
int job_refuse_level(struct redis_store *store, uint32_t level_min);
/* Whether what was written before is where it has to be: else the connection ends. */
int job_ask_wait(struct redis_store *store);

#endif
