/* SPDX-License-Identifier: MIT */
/* The calls of struct l2tpha_store that wait: what is there when a process begins. */
#ifndef ETCD_READ_H
#define ETCD_READ_H

#include "store_private.h"

int etcd_read_open(void *user, const char **why);
int etcd_read_copy(void *user, bool mend, l2tpha_store_item fn, void *arg,
                   struct l2tpha_store_found *found);

#endif
