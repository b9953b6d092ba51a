/* SPDX-License-Identifier: MIT */
/* One free list for each size class. When memory is out, a larger one will do. What is kept counts
 * against the limit too: when a new buffer would not fit beside it, kept ones of other classes go
 * first, the largest before the others. */
#include "base/buffer.h"

#include "base/poison.h"

#include <l2tpha/error.h>

static const uint32_t classes[] = {64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

struct buffer_pool {
    size_t limit;
    size_t out;       /* buffers handed out */
    size_t out_bytes; /* their caps */
    size_t held;      /* buffers handed out or kept */
    size_t held_bytes;
    uint32_t round; /* of borrowing; 1 to 255, and round again: a buffer that seems to be borrowed
                       in this one, and was in an earlier, is free one call back later */
    struct buffer *waiting; /* borrowed in this round and given back */
    size_t waiting_count;
    struct buffer *kept[CLASSES];
};

int buffer_pool_new(TALLOC_CTX *parent, size_t limit, struct buffer_pool **pool)
{
    struct buffer_pool *fresh = talloc_zero(parent, struct buffer_pool);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->limit = limit;
    fresh->round = 1;
    *pool = fresh;
    return L2TPHA_OK;
}

static size_t class_of(size_t cap)
{
    size_t class = 0;
    while (class < CLASSES && classes[class] < cap)
        class ++;
    return class;
}

static struct buffer *take_kept(struct buffer_pool *pool, size_t class)
{
    struct buffer *buffer = class < CLASSES ? pool->kept[class] : NULL;
    if (!buffer)
        return NULL;
    pool->kept[class] = buffer->next;
    unpoison(buffer->data, buffer->cap);
    return buffer;
}

static void release(struct buffer_pool *pool, struct buffer *buffer)
{
    pool->held--;
    pool->held_bytes -= buffer->cap;
    talloc_free(buffer);
}

/* Let kept buffers go until so many bytes more may be held. */
static void make_room(struct buffer_pool *pool, size_t bytes)
{
    size_t class = CLASSES;
    while (class > 0 && pool->held_bytes + bytes > pool->limit) {
        struct buffer *buffer = take_kept(pool, class - 1);
        if (buffer)
            release(pool, buffer);
        else
            class --;
    }
}

static struct buffer *make(struct buffer_pool *pool, uint32_t cap)
{
    make_room(pool, cap);
    struct buffer *buffer = talloc_size(pool, sizeof(*buffer) + cap);
    if (!buffer)
        return NULL;
    talloc_set_name_const(buffer, "struct buffer");
    buffer->cap = cap & BUFFER_MAX;
    pool->held++;
    pool->held_bytes += cap;
    return buffer;
}

static struct buffer *refuse(int *error, int why)
{
    if (error)
        *error = why;
    return NULL;
}

static struct buffer *take_larger(struct buffer_pool *pool, size_t class)
{
    while (++class < CLASSES && classes[class] <= pool->limit - pool->out_bytes)
        if (pool->kept[class])
            return take_kept(pool, class);
    return NULL;
}

struct buffer *buffer_get(struct buffer_pool *pool, size_t cap, int *error)
{
    size_t class = class_of(cap);
    size_t size = class < CLASSES ? classes[class] : cap;
    if (size > BUFFER_MAX || size > pool->limit - pool->out_bytes)
        return refuse(error, L2TPHA_ERR_LIMIT);

    struct buffer *buffer = take_kept(pool, class);
    if (!buffer)
        buffer = make(pool, (uint32_t)size);
    if (!buffer)
        buffer = take_larger(pool, class);
    if (!buffer)
        return refuse(error, L2TPHA_ERR_NOMEM);
    buffer->next = NULL;
    buffer->len = 0;
    buffer->borrowed = 0;
    pool->out++;
    pool->out_bytes += buffer->cap;
    return buffer;
}

int buffer_reserve(struct buffer_pool *pool, size_t cap)
{
    int error;
    struct buffer *buffer = buffer_get(pool, cap, &error);

    buffer_put(pool, buffer);
    return buffer ? L2TPHA_OK : error;
}

static void set_free(struct buffer_pool *pool, struct buffer *buffer)
{
    size_t class = class_of(buffer->cap);
    pool->out--;
    pool->out_bytes -= buffer->cap;
    if (class == CLASSES) {
        release(pool, buffer);
        return;
    }
    buffer->next = pool->kept[class];
    pool->kept[class] = buffer;
    poison(buffer->data, buffer->cap);
}

size_t buffer_pool_room(const struct buffer_pool *pool)
{
    return pool->limit - pool->out_bytes;
}

size_t buffer_pool_limit(const struct buffer_pool *pool)
{
    return pool->limit;
}

size_t buffer_pool_share(const struct buffer_pool *pool)
{
    return buffer_pool_room(pool) / 16;
}

void buffer_put(struct buffer_pool *pool, struct buffer *buffer)
{
    if (!buffer)
        return;
    if (buffer->borrowed != pool->round) {
        set_free(pool, buffer);
        return;
    }
    buffer->next = pool->waiting;
    pool->waiting = buffer;
    pool->waiting_count++;
}

void buffer_borrow(const struct buffer_pool *pool, struct buffer *buffer)
{
    buffer->borrowed = pool->round & UINT8_MAX;
}

void buffer_call_back(struct buffer_pool *pool)
{
    struct buffer *next;

    for (struct buffer *buffer = pool->waiting; buffer; buffer = next) {
        next = buffer->next;
        set_free(pool, buffer);
    }
    pool->waiting = NULL;
    pool->waiting_count = 0;
    pool->round = pool->round % UINT8_MAX + 1;
}

size_t buffer_pool_waiting(const struct buffer_pool *pool)
{
    return pool->waiting_count;
}

size_t buffer_pool_out(const struct buffer_pool *pool)
{
    return pool->out;
}

size_t buffer_pool_bytes(const struct buffer_pool *pool)
{
    return sizeof(*pool) + pool->held * sizeof(struct buffer) + pool->held_bytes;
}
