/* SPDX-License-Identifier: MIT */
/* Buckets: the stretches of a table that are compared one by one. All that is in it stands in one
 * order, the node, then each tunnel with its messages and behind it its sessions, by their local
 * ids. Where a bucket ends is up to the active, so that it has a bounded number of records. */
#ifndef STATE_BUCKET_H
#define STATE_BUCKET_H

#include "state/table_digest.h"

#define BUCKET_RECORDS 2048 /* at most, unless one tunnel alone has more: */
#define BUCKET_IDS 4096     /* then at most so many ids of its sessions */
#define BUCKET_END UINT64_MAX

/* Places in the order, from the first to the last. */
struct bucket {
    uint64_t first;
    uint64_t last;
};

/* A tunnel's is that of its session 0, the node's is 0. */
static inline uint64_t bucket_place(uint32_t tunnel_id, uint32_t session_id)
{
    return (uint64_t)tunnel_id << 32 | session_id;
}

/* The bucket that begins there; *records = tunnels and sessions in it, about. */
struct bucket bucket_from(const struct table *table, uint64_t first, uint32_t *records);
/* All that is in it, a tunnel behind its sessions; each may be removed. Returns what has come of it
 * other than 0. */
int bucket_walk(const struct table *table, struct bucket bucket,
                int (*visit)(void *user, struct table_item item), void *user);
/* *digest = the sum over it. L2TPHA_ERR_NOMEM. */
int bucket_digest(const struct table *table, struct bucket bucket, struct table_sum *sum,
                  uint64_t *digest);

#endif
