/* SPDX-License-Identifier: MIT */
/* Stores on one fake server, one of which writes a copy and what follows it. */
#ifndef TESTS_REDIS_WORLD_H
#define TESTS_REDIS_WORLD_H

#include "redis/fake_server.h"

#include <l2tpha/redis.h>

#define WORLD_STORES 3
#define WORLD_ITEMS 12 /* of the writer's */
#define WORLD_WHOLE 5  /* the copy ends with this one */

struct world {
    struct fake_server server;
    struct fake_link links[WORLD_STORES];
    struct l2tpha_store *stores[WORLD_STORES]; /* NULL = there is none */
    struct l2tpha_redis_options options;
    size_t chunk; /* octets that links carry in one call; 0 = any */
    const char *why;
    /* events of the store that was driven last */
    uint64_t confirmed; /* position */
    bool whole;
    int status;
    uint32_t marked; /* events, and what the last one said */
    int mark_status;
    /* what was read last */
    struct l2tpha_store_found found;
    uint64_t items; /* in order, from 1 */
};

extern struct world world;

void world_begin(void);
void world_end(void);
/* Make it, and open it. */
int world_open(unsigned store);
void world_close(unsigned store);
/* A stream. */
int world_stream(unsigned store, uint64_t epoch, uint32_t *stream);
/* Checkpoints from first to last, each position its own. */
void world_append(unsigned store, uint32_t stream, uint64_t first, uint64_t last);
/* Commit, and take what comes, until nothing changes. */
void world_settle(unsigned store);
/* Open, begin, append all of the writer's, one commit for each, and settle. */
void world_write(unsigned store, uint64_t epoch);
/* What is there, by another process. An item that is another one, or out of order, fails. */
int world_read(unsigned store, bool mend);
/* The same beside whoever writes. */
int world_look(unsigned store);

#endif
