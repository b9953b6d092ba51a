/* SPDX-License-Identifier: MIT */
#include "stream.h"

static struct stream *stream_of(struct etcd_store *store, uint32_t id)
{
    struct stream *stream = id < STREAMS ? &store->streams[id] : NULL;

    return stream && stream->state != STREAM_NONE ? stream : NULL;
}

/* A newer epoch may have the store from whoever had it before. */
static int acquire_for(struct etcd_store *store, uint64_t epoch)
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

/* Members may be away still: what is appended waits for them. */
int etcd_stream_begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct etcd_store *store = user;
    uint32_t i = 0;
    uint64_t log = 0;

    while (i < STREAMS && store->streams[i].state != STREAM_NONE)
        i++;
    if (i == STREAMS)
        return L2TPHA_ERR_LIMIT;
    int error = acquire_for(store, epoch);
    if (!error)
        error = alarm_random((uint8_t *)&log, sizeof(log));
    if (error)
        return error;
    store->streams[i] = (struct stream){.state = STREAM_READY, .log = log | 1, .epoch = epoch};
    *id = i;
    return L2TPHA_OK;
}

int etcd_stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                       bool whole)
{
    struct etcd_store *store = user;
    struct stream *stream = stream_of(store, id);

    if (!stream || len == 0 || position == 0)
        return L2TPHA_ERR_INVALID;
    if (stream->state == STREAM_BROKEN)
        return stream->status;
    if (len > ITEM_MAX)
        return L2TPHA_ERR_LIMIT;
    return backlog_add(store, &stream->backlog, position, data, len, whole);
}

/* Which logs stay is seen by the head: the newest whole copy, and what is written still. */
int etcd_stream_drop(void *user, uint32_t id, bool keep)
{
    struct etcd_store *store = user;
    struct stream *stream = stream_of(store, id);

    (void)keep;
    if (!stream)
        return L2TPHA_ERR_INVALID;
    if (store->writing.to == stream)
        store->writing.to = NULL;
    backlog_clear(&stream->backlog);
    *stream = (struct stream){0};
    store->sweeps = true;
    return L2TPHA_OK;
}

void stream_break(struct stream *stream, int status)
{
    if (stream->state != STREAM_READY)
        return;
    stream->state = STREAM_BROKEN;
    stream->status = status;
    stream->news = true;
}

void stream_break_all(struct etcd_store *store, int status)
{
    store->failed = true;
    for (uint32_t i = 0; i < STREAMS; i++)
        stream_break(&store->streams[i], status);
}
