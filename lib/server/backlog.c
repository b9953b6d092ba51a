/* SPDX-License-Identifier: MIT */
#include "backlog.h"

#include <l2tpha/error.h>

/* An empty one behind the others. */
static struct batch *open_batch(TALLOC_CTX *parent, struct backlog *backlog)
{
    struct batch *batch = batch_new(parent);

    if (!batch)
        return NULL;
    *(backlog->last ? &backlog->last->next : &backlog->first) = batch;
    backlog->last = batch;
    backlog->waiting += batch->len;
    return batch;
}

static bool has_room(const struct batch *batch, size_t len)
{
    return batch && (batch->len == BATCH_HEAD || batch->len + len <= BATCH_MAX);
}

int backlog_add(TALLOC_CTX *parent, struct backlog *backlog, uint64_t position, const uint8_t *data,
                size_t len, bool whole)
{
    struct batch *batch = backlog->last;

    if (backlog->waiting + len > BACKLOG_MAX)
        return L2TPHA_ERR_LIMIT;
    if (!has_room(batch, len))
        batch = open_batch(parent, backlog);
    if (!batch)
        return L2TPHA_ERR_NOMEM;
    size_t before = batch->len;
    if (!batch_add(batch, data, len))
        return L2TPHA_ERR_NOMEM;
    batch->position = position;
    batch->whole |= whole;
    backlog->waiting += batch->len - before;
    return L2TPHA_OK;
}

struct batch *backlog_take(struct backlog *backlog)
{
    struct batch *batch = backlog->first;

    if (!batch || batch->len == BATCH_HEAD) /* memory ran out before there was anything in it */
        return NULL;
    backlog->first = batch->next;
    if (!backlog->first)
        backlog->last = NULL;
    backlog->waiting -= batch->len;
    return batch;
}

void backlog_clear(struct backlog *backlog)
{
    for (struct batch *batch = backlog->first, *next; batch; batch = next) {
        next = batch->next;
        talloc_free(batch);
    }
    *backlog = (struct backlog){0};
}
