/* SPDX-License-Identifier: MIT */
/* What a server has to be before anything of a store goes to it. */
#ifndef REDIS_GREET_H
#define REDIS_GREET_H

#include "redis_private.h"

/* Connect, and ask for it. The link is ready once it is answered, or down. */
int greet(struct redis_store *store);

#endif
