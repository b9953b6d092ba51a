/* SPDX-License-Identifier: MIT */
#include "stream.h"

/* A newer epoch may have the store from whoever had it before. */
static int acquire_for(struct streams *streams, uint64_t epoch)
{
    bool newer = epoch > streams->epoch;

    if (streams->fenced && !newer)
        return L2TPHA_ERR_FENCED;
    if (newer) {
        streams->acquire = ACQUIRE_SERVE;
        streams->epoch = epoch;
        streams->fenced = false;
    }
    return L2TPHA_OK;
}

/* The server may be away still: what is appended waits for it. */
int streams_begin(struct streams *streams, uint64_t epoch,
                  int (*prepare)(void *user, uint64_t *log), void *user, uint32_t *id)
{
    uint32_t i = 0;
    uint64_t log = 0;

    while (i < STREAMS && streams->list[i].state != STREAM_NONE)
        i++;
    if (i == STREAMS)
        return L2TPHA_ERR_LIMIT;
    int error = acquire_for(streams, epoch);
    if (!error)
        error = prepare(user, &log);
    if (error)
        return error;
    streams->list[i] =
        (struct stream){.state = STREAM_READY,
                        .log = log | 1,
                        .epoch = epoch,
                        .level_min = streams->level_min ? streams->level_min : L2TPHA_LEVEL_MIN};
    *id = i;
    return L2TPHA_OK;
}

static struct stream *stream_of(struct streams *streams, uint32_t id)
{
    struct stream *stream = id < STREAMS ? &streams->list[id] : NULL;

    return stream && stream->state != STREAM_NONE ? stream : NULL;
}

int streams_append(TALLOC_CTX *parent, struct streams *streams, uint32_t id, uint64_t position,
                   const uint8_t *data, size_t len, size_t most, bool whole)
{
    struct stream *stream = stream_of(streams, id);

    if (!stream || len == 0 || position == 0)
        return L2TPHA_ERR_INVALID;
    if (stream->state == STREAM_BROKEN)
        return stream->status;
    if (len > most)
        return L2TPHA_ERR_LIMIT;
    return backlog_add(parent, &stream->backlog, position, data, len, whole);
}

int streams_drop(struct streams *streams, uint32_t id)
{
    struct stream *stream = stream_of(streams, id);

    if (!stream)
        return L2TPHA_ERR_INVALID;
    backlog_clear(&stream->backlog);
    *stream = (struct stream){0};
    streams->sweeps = true;
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

void streams_break(struct streams *streams, int status)
{
    for (uint32_t i = 0; i < STREAMS; i++)
        stream_break(&streams->list[i], status);
}

bool streams_are_used(const struct streams *streams)
{
    bool used = false;

    for (uint32_t i = 0; i < STREAMS; i++)
        used |= streams->list[i].state == STREAM_READY;
    return used;
}

/* --- the mark --- */

/* Of a store that is not this process's, and is not to be, nothing is to be said. */
bool streams_mark(struct streams *streams)
{
    bool wanted = streams->owns || streams->acquire != ACQUIRE_NONE;

    streams->mark_asked = wanted && !streams->fenced;
    streams->mark_news = !streams->mark_asked;
    streams->mark_status = streams->fenced ? L2TPHA_ERR_FENCED : L2TPHA_OK;
    return streams->mark_asked;
}

void streams_marked(struct streams *streams, int status)
{
    streams->marking = false;
    streams->mark_news = true;
    streams->mark_status = status;
}

/* --- what is to be told --- */

bool streams_have_news(const struct streams *streams)
{
    bool news = streams->mark_news;

    for (uint32_t i = 0; i < STREAMS; i++)
        news |= streams->list[i].news;
    return news;
}

static bool tell(struct stream *stream, uint32_t id, struct l2tpha_store_event *event)
{
    if (!stream->news)
        return false;
    stream->news = false;
    *event =
        (struct l2tpha_store_event){.kind = L2TPHA_STORE_PROGRESS,
                                    .stream = id,
                                    .position = stream->durable,
                                    .whole = stream->whole,
                                    .status = stream->state == STREAM_BROKEN ? stream->status : 0};
    return true;
}

bool streams_event(struct streams *streams, struct l2tpha_store_event *event)
{
    for (uint32_t i = 0; i < STREAMS; i++)
        if (tell(&streams->list[i], i, event))
            return true;
    if (!streams->mark_news)
        return false;
    streams->mark_news = false;
    *event =
        (struct l2tpha_store_event){.kind = L2TPHA_STORE_MARKED, .status = streams->mark_status};
    return true;
}
