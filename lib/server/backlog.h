/* SPDX-License-Identifier: MIT */
/* What waits to be written to a log: batches in their order. */
#ifndef SERVER_BACKLOG_H
#define SERVER_BACKLOG_H

#include "batch.h"

#define BACKLOG_MAX (256u << 20) /* octets that wait */

/* Zero-filled it is empty. */
struct backlog {
    struct batch *first, *last;
    size_t waiting; /* octets */
};

/* A checkpoint behind the others, in the last batch where that has room. LIMIT, NOMEM: nothing has
 * changed. */
int backlog_add(TALLOC_CTX *parent, struct backlog *backlog, uint64_t position, const uint8_t *data,
                size_t len, bool whole);
/* The first batch, which is the caller's from now on; NULL = none. */
struct batch *backlog_take(struct backlog *backlog);
void backlog_clear(struct backlog *backlog);

#endif
