/* SPDX-License-Identifier: MIT */
/* One request at a time, asked of one member after the other. To ask again does no harm: what has
 * come to pass makes its own compares fail, and is found by what it has left; and a delete deletes
 * nothing more. */
#ifndef ETCD_ASK_H
#define ETCD_ASK_H

#include "store_private.h"

/* Nothing may be under way; body is taken over, NULL = there was no memory for it. Of take and fail
 * one is called, later. store->until is when it is over. */
void ask_begin(struct etcd_store *store, const char *path, char *body,
               int (*take)(struct etcd_store *, const json_t *, const struct header *),
               void (*fail)(struct etcd_store *, int status));
/* What has come of it. True: that has led on. */
bool ask_turn(struct etcd_store *store);
/* When there is more to do; L2TPHA_NEVER. */
uint64_t ask_deadline(const struct etcd_store *store);

#endif
