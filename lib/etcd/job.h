/* SPDX-License-Identifier: MIT */
/* What is done next, and what has come of it: the calls of struct l2tpha_store about that. */
#ifndef ETCD_JOB_H
#define ETCD_JOB_H

#include "store_private.h"

int etcd_job_commit(void *user);
bool etcd_job_event(void *user, struct l2tpha_store_event *event);
/* What is asked for has its time from now on. */
void job_begin(struct etcd_store *store);
/* Until nothing is under way. */
void job_wait(struct etcd_store *store);

#endif
