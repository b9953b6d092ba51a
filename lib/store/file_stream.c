/* SPDX-License-Identifier: MIT */
/* Streams: a segment each, and what waits to be written to it. */
#include "store/file_private.h"

#include <string.h>

#define QUEUE_MAX (256u << 20) /* octets of one stream that wait */

bool numbers_add(struct numbers *numbers, uint64_t number)
{
    if (numbers->count == SEGMENTS_MAX)
        return false;
    numbers->list[numbers->count++] = number;
    return true;
}

void numbers_cut(struct numbers *numbers, uint32_t count)
{
    numbers->count -= count;
    memmove(numbers->list, numbers->list + count, numbers->count * sizeof(numbers->list[0]));
}

/* --- streams --- */

void file_stream_free(struct file_store *store, struct stream *stream)
{
    if (stream->file >= 0)
        store->disk.close(store->disk.user, stream->file);
    talloc_free(stream->header);
    talloc_free(stream->waiting.data);
    talloc_free(stream->writing.data);
    *stream = (struct stream){.file = -1};
}

int file_stream_begin(void *user, uint64_t epoch, uint32_t *id)
{
    struct file_store *store = user;
    uint32_t i = 0;

    while (i < STREAMS && store->streams[i].state != STREAM_NONE)
        i++;
    if (i == STREAMS)
        return L2TPHA_ERR_LIMIT;
    struct stream *stream = &store->streams[i];
    *stream = (struct stream){.file = -1, .at = SEGMENT_HEADER, .zeroed = SEGMENT_HEADER};
    stream->header = talloc_size(store, SEGMENT_HEADER);
    if (!stream->header)
        return L2TPHA_ERR_NOMEM;
    int error = store->disk.random(store->disk.user, stream->salt, SEGMENT_SALT);
    if (error) {
        file_stream_free(store, stream);
        return error;
    }
    stream->number = ++store->newest;
    struct segment_header header = {.number = stream->number,
                                    .epoch = epoch,
                                    .level = L2TPHA_LEVEL,
                                    .level_min = store->level_min};
    memcpy(header.salt, stream->salt, SEGMENT_SALT);
    segment_put_header(stream->header, &header);
    stream->state = STREAM_NEW;
    *id = i;
    return L2TPHA_OK;
}

static struct stream *stream_of(struct file_store *store, uint32_t id)
{
    struct stream *stream = id < STREAMS ? &store->streams[id] : NULL;

    return stream && stream->state != STREAM_NONE && !stream->dropped ? stream : NULL;
}

static int make_room(struct file_store *store, struct batch *batch, size_t len)
{
    size_t room = batch->room ? batch->room : 4096;

    if (batch->len + len > QUEUE_MAX)
        return L2TPHA_ERR_LIMIT;
    while (room < batch->len + len)
        room *= 2;
    if (room == batch->room)
        return L2TPHA_OK;
    uint8_t *data = talloc_realloc_size(store, batch->data, room);
    if (!data)
        return L2TPHA_ERR_NOMEM;
    batch->data = data;
    batch->room = room;
    return L2TPHA_OK;
}

int file_stream_append(void *user, uint32_t id, uint64_t position, const uint8_t *data, size_t len,
                       bool whole)
{
    struct file_store *store = user;
    struct stream *stream = stream_of(store, id);

    if (!stream || len == 0 || position == 0)
        return L2TPHA_ERR_INVALID;
    if (stream->state == STREAM_BROKEN)
        return stream->status;
    if (len > SEGMENT_ITEM_MAX)
        return L2TPHA_ERR_LIMIT;
    struct batch *batch = &stream->waiting;
    size_t size = segment_item_size(len);
    int error = make_room(store, batch, size);
    if (error)
        return error;
    struct segment_item item = {
        .position = position, .durable = stream->durable, .whole = whole, .data = data, .len = len};
    segment_put_item(batch->data + batch->len, stream->salt, &item);
    batch->len += size;
    batch->position = position;
    batch->whole |= whole;
    return L2TPHA_OK;
}

/* Its file may be read, or goes. */
void file_stream_let_go(struct file_store *store, struct stream *stream)
{
    bool kept = stream->keep && stream->whole && numbers_add(&store->kept, stream->number);

    if (!kept)
        numbers_add(&store->gone, stream->number); /* what does not fit in goes at the next start */
    file_stream_free(store, stream);
}

int file_stream_drop(void *user, uint32_t id, bool keep)
{
    struct file_store *store = user;
    struct stream *stream = stream_of(store, id);

    if (!stream)
        return L2TPHA_ERR_INVALID;
    stream->dropped = true;
    stream->keep = keep;
    if (!stream->in_job)
        file_stream_let_go(store, stream);
    return L2TPHA_OK;
}
