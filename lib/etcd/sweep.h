/* SPDX-License-Identifier: MIT */
/* Logs that nobody wants go, and later the cluster's history. Names of logs are used once, so
 * that it does no harm when one goes late. */
#ifndef ETCD_SWEEP_H
#define ETCD_SWEEP_H

#include "store_private.h"

void sweep_begin(struct etcd_store *store);
/* The cluster's history, up to store->compact. */
void sweep_compact(struct etcd_store *store);

#endif
