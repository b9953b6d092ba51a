/* SPDX-License-Identifier: MIT */
/* Stores on a cluster of the tests', one of which writes a copy and what follows it. Time jumps
 * where somebody is kept waiting. */
#ifndef TESTS_ETCD_KEEPING_H
#define TESTS_ETCD_KEEPING_H

#include "cluster.h"

#include <l2tpha/etcd.h>

#define KEEPING_STORES 3
#define KEEPING_ITEMS 12 /* of the writer's */
#define KEEPING_WHOLE 5  /* the copy ends with this one */

struct keeping {
    struct l2tpha_store *stores[KEEPING_STORES]; /* NULL = there is none */
    const char *why;
    uint64_t skipped;
    size_t item_len;
    /* events of the store that was driven last */
    uint64_t confirmed; /* position */
    bool whole;
    int status;
    uint32_t marked;
    int mark_status;
    /* what was read last */
    struct l2tpha_store_found found;
    uint64_t items; /* in order, from 1 */
};

extern struct keeping keeping;

void keeping_begin(void);
void keeping_end(void);
/* Make it, and open it. */
int keeping_open(unsigned store);
void keeping_close(unsigned store);
/* As when its process dies. */
void keeping_kill(unsigned store);
int keeping_stream(unsigned store, uint64_t epoch, uint32_t *stream);
/* Checkpoints from first to last, each position its own. */
void keeping_append(unsigned store, uint32_t stream, uint64_t first, uint64_t last);
/* Commit, and take what comes, until nothing is under way. */
void keeping_settle(unsigned store);
/* Open, begin, append all of the writer's, one commit for every two. */
void keeping_write(unsigned store, uint64_t epoch);
int keeping_mark(unsigned store);
/* What is there, by another process. An item that is another one, or out of order, fails. */
int keeping_read(unsigned store, bool mend);

#endif
