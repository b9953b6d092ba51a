/* SPDX-License-Identifier: MIT */
#include "base/outbox.h"

#include <l2tpha/error.h>
#include <string.h>

#define FIRST_CAPACITY 16

struct outbox {
    uint8_t *items;
    size_t item_size;
    uint32_t limit;
    uint32_t capacity;
    uint32_t head; /* place of the oldest in items */
    uint32_t count;
};

int outbox_new(TALLOC_CTX *parent, size_t item_size, uint32_t limit, struct outbox **outbox)
{
    if (item_size == 0 || limit == 0 || limit > SIZE_MAX / item_size)
        return L2TPHA_ERR_INVALID;

    struct outbox *fresh = talloc_zero(parent, struct outbox);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->item_size = item_size;
    fresh->limit = limit;
    *outbox = fresh;
    return L2TPHA_OK;
}

static void *item_at(const struct outbox *outbox, uint32_t place)
{
    uint32_t to_end = outbox->capacity - outbox->head;
    uint32_t at = place < to_end ? outbox->head + place : place - to_end;
    return outbox->items + at * outbox->item_size;
}

/* The items come to lie in order from the start of the new ring. */
static int grow(struct outbox *outbox)
{
    uint32_t half = outbox->capacity ? outbox->capacity : FIRST_CAPACITY / 2;
    uint32_t capacity = half < outbox->limit / 2 ? half * 2 : outbox->limit;
    uint8_t *items = talloc_size(outbox, capacity * outbox->item_size);
    if (!items)
        return L2TPHA_ERR_NOMEM;

    if (outbox->count > 0) {
        size_t first = (outbox->capacity - outbox->head) * outbox->item_size;
        memcpy(items, item_at(outbox, 0), first);
        memcpy(items + first, outbox->items, outbox->head * outbox->item_size);
    }
    talloc_free(outbox->items);
    outbox->items = items;
    outbox->capacity = capacity;
    outbox->head = 0;
    return L2TPHA_OK;
}

static void *refuse(int *error, int why)
{
    if (error)
        *error = why;
    return NULL;
}

void *outbox_push(struct outbox *outbox, int *error)
{
    if (outbox->count == outbox->limit)
        return refuse(error, L2TPHA_ERR_LIMIT);
    if (outbox->count == outbox->capacity && grow(outbox) < 0)
        return refuse(error, L2TPHA_ERR_NOMEM);
    return memset(item_at(outbox, outbox->count++), 0, outbox->item_size);
}

void *outbox_head(const struct outbox *outbox)
{
    return outbox_at(outbox, 0);
}

void *outbox_at(const struct outbox *outbox, uint32_t place)
{
    return place < outbox->count ? item_at(outbox, place) : NULL;
}

void outbox_pop(struct outbox *outbox)
{
    if (outbox->count == 0)
        return;
    outbox->head = outbox->head + 1 < outbox->capacity ? outbox->head + 1 : 0;
    outbox->count--;
    if (outbox->count == 0)
        outbox->head = 0; /* where the memory was used last */
}

uint32_t outbox_count(const struct outbox *outbox)
{
    return outbox->count;
}

uint32_t outbox_room(const struct outbox *outbox)
{
    return outbox->limit - outbox->count;
}
