/* SPDX-License-Identifier: MIT */
#include "stream.h"
#include "greet.h"

static struct stream *stream_of(struct redis_store *store, uint32_t id)
{
    struct stream *stream = id < STREAMS ? &store->streams[id] : NULL;

    return stream && stream->state != STREAM_NONE ? stream : NULL;
}

/* A newer epoch may have the store from whoever had it before. */
static int acquire_for(struct redis_store *store, uint64_t epoch)
{
    bool newer = epoch > store->epoch;

    if (store->fenced && !newer)
        return L2TPHA_ERR_FENCED;
    if (newer) {
        store->acquire = ACQUIRE_SERVE;
        store->epoch = epoch;
        store->fenced = false;
    }
    return L2TPHA_OK;
}

/* The server may be away still: what is appended waits for the connection. */
int stream_begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct redis_store *store = user;
    uint32_t i = 0;
    uint64_t log = 0;

    while (i < STREAMS && store->streams[i].state != STREAM_NONE)
        i++;
    if (i == STREAMS)
        return L2TPHA_ERR_LIMIT;
    int error = acquire_for(store, epoch);
    if (!error)
        error = store->net.random(store->net.user, (uint8_t *)&log, sizeof(log));
    if (!error && store->link == LINK_DOWN)
        error = greet(store);
    if (error)
        return error;
    store->streams[i] = (struct stream){.state = STREAM_READY, .log = log | 1, .epoch = epoch};
    *id = i;
    return L2TPHA_OK;
}

int stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                  bool whole)
{
    struct redis_store *store = user;
    struct stream *stream = stream_of(store, id);

    if (!stream || len == 0 || position == 0)
        return L2TPHA_ERR_INVALID;
    if (stream->state == STREAM_BROKEN)
        return stream->status;
    if (len > BATCH_ITEM_MAX)
        return L2TPHA_ERR_LIMIT;
    return backlog_add(store, &stream->backlog, position, data, len, whole);
}

/* Which logs stay is seen by the server: the newest whole copy, and what is written still. */
int stream_drop(void *user, uint32_t id, bool keep)
{
    struct redis_store *store = user;
    struct stream *stream = stream_of(store, id);

    (void)keep;
    if (!stream)
        return L2TPHA_ERR_INVALID;
    backlog_clear(&stream->backlog);
    *stream = (struct stream){0};
    store->sweeps = true;
    return L2TPHA_OK;
}
