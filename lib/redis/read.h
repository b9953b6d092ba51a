/* SPDX-License-Identifier: MIT */
/* The calls of struct l2tpha_store that wait: what is there when a process begins. */
#ifndef REDIS_READ_H
#define REDIS_READ_H

#include "redis_private.h"

int read_open(void *user, const char **why);
int read_copy(void *user, bool mend, l2tpha_store_item fn, void *arg,
              struct l2tpha_store_found *found);
int read_look(void *user, l2tpha_store_item fn, void *arg, struct l2tpha_store_found *found,
              const char **why);

#endif
