/* SPDX-License-Identifier: MIT */
/* How a store becomes this process's, and how that is seen to have ended. */
#ifndef ETCD_ACQUIRE_H
#define ETCD_ACQUIRE_H

#include "store_private.h"

/* As store->streams.acquire says. Failures end all streams. */
void acquire_begin(struct etcd_store *store);
/* Look whether the store is this process's still. */
void acquire_probe(struct etcd_store *store);
/* The fence is not what it was: all streams end, by what the store says of it. */
void acquire_lost(struct etcd_store *store);
/* Another process has it: nothing more is written. */
void acquire_fenced(struct etcd_store *store);
/* Whether what was seen may become this process's. */
bool acquire_may(const struct etcd_store *store);
/* The answer to a look at the state, as store->seen. RECORD, RECORD_VERSION. */
int acquire_see(struct etcd_store *store, const json_t *answer);

#endif
