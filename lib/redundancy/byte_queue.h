/* SPDX-License-Identifier: MIT */
/* Bytes in order, in one piece, with a limit. The memory is kept, so a steady state allocates
 * nothing; bytes are moved forward only when at least as many have been taken, so that moving costs
 * no more than adding. Memory held is at most twice the limit, or 4096. */
#ifndef REDUNDANCY_BYTE_QUEUE_H
#define REDUNDANCY_BYTE_QUEUE_H

#include <l2tpha/error.h>
#include <talloc.h>

struct byte_queue {
    TALLOC_CTX *parent;
    size_t limit; /* bytes that may be held */
    uint8_t *data;
    size_t cap;
    size_t start; /* oldest byte */
    size_t end;
};

void byte_queue_init(struct byte_queue *queue, TALLOC_CTX *parent, size_t limit);
/* Room for len bytes at the end, to be filled in by the caller at once; NULL with *error =
 * L2TPHA_ERR_QUEUE_FULL or L2TPHA_ERR_NOMEM, and then nothing has changed. */
uint8_t *byte_queue_add(struct byte_queue *queue, size_t len, int *error);
/* The oldest len bytes are done with; more than there are empties the queue. */
void byte_queue_take(struct byte_queue *queue, size_t len);

/* Valid until the next byte_queue_add(). */
static inline const uint8_t *byte_queue_data(const struct byte_queue *queue)
{
    return queue->data ? queue->data + queue->start : NULL;
}

static inline size_t byte_queue_len(const struct byte_queue *queue)
{
    return queue->end - queue->start;
}

#endif
