/* SPDX-License-Identifier: MIT */
#ifndef ETCD_APPEND_H
#define ETCD_APPEND_H

#include "store_private.h"

/* Write the next batch that waits. False: none does. */
bool append_begin(struct etcd_store *store);

#endif
