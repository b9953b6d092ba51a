/* SPDX-License-Identifier: MIT */
/* What a store has is told to be stale: what its owner has goes, by a delete, which etcd takes
 * without space too. */
#ifndef ETCD_MARK_H
#define ETCD_MARK_H

#include "store_private.h"

int mark_stale(void *user);
void mark_begin(struct etcd_store *store);

#endif
