/* SPDX-License-Identifier: MIT */
/* Byte buffers of a few sizes, kept for re-use so that a steady state allocates nothing. What is
 * larger than these is made to measure and not kept. One that the host has borrowed stays where it
 * is until it is called back, whoever gives it back meanwhile. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <l2tpha/types.h>
#include <talloc.h>

struct buffer {
    struct buffer *next; /* next and prev are free for the holder's own list */
    struct buffer *prev;
    uint32_t cap : 24;     /* bytes that fit in data */
    uint32_t borrowed : 8; /* round in which it was borrowed last; 0 = never */
    uint32_t len;          /* bytes used; the holder's */
    uint8_t data[];
};

#define BUFFER_MAX ((1u << 24) - 1) /* bytes */

/* The one that these bytes are the beginning of. */
static inline struct buffer *buffer_of(const uint8_t *data)
{
    return (struct buffer *)(void *)((uintptr_t)data - offsetof(struct buffer, data));
}

struct buffer_pool;

/* limit = bytes that may be out, and that may be held, at one time; sizes count in full. */
int buffer_pool_new(TALLOC_CTX *parent, size_t limit, struct buffer_pool **pool);
/* At least cap bytes, len 0, next NULL; NULL with *error = L2TPHA_ERR_LIMIT or L2TPHA_ERR_NOMEM
 * (error may be NULL). */
struct buffer *buffer_get(struct buffer_pool *pool, size_t cap, int *error);
/* See to it that the next buffer_get() of at most cap bytes succeeds; errors as there. */
int buffer_reserve(struct buffer_pool *pool, size_t cap);
/* NULL is allowed. */
void buffer_put(struct buffer_pool *pool, struct buffer *buffer);
/* Bytes that may still be handed out, and all that may be out at one time. */
size_t buffer_pool_room(const struct buffer_pool *pool);
size_t buffer_pool_limit(const struct buffer_pool *pool);
/* What one of many holders may hold now: a sixteenth of what nobody holds. So a few get what they
 * want, and however many take all they may get, each newcomer finds as much as they have. */
size_t buffer_pool_share(const struct buffer_pool *pool);
/* The host looks at it: its bytes stay until the next buffer_call_back(). */
void buffer_borrow(const struct buffer_pool *pool, struct buffer *buffer);
/* The host looks at nothing any more: what was given back meanwhile is free now. */
void buffer_call_back(struct buffer_pool *pool);
size_t buffer_pool_waiting(const struct buffer_pool *pool); /* given back, and not free yet */
size_t buffer_pool_out(const struct buffer_pool *pool);     /* buffers not free */
size_t buffer_pool_bytes(const struct buffer_pool *pool);   /* memory held */

#endif
