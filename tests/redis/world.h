/* SPDX-License-Identifier: MIT */
/* Stores (contract/stores.h) on one fake server. */
#ifndef TESTS_REDIS_WORLD_H
#define TESTS_REDIS_WORLD_H

#include "contract/stores.h"
#include "redis/fake_server.h"

#include <l2tpha/redis.h>

struct world {
    struct fake_server server;
    struct fake_link links[STORES];
    struct l2tpha_redis_options options;
    size_t chunk; /* octets that links carry in one call; 0 = any */
};

extern struct world world;
extern const struct kind kind_redis;

/* The ends of a test: nothing is spoilt any more. */
void world_end(void);

#endif
