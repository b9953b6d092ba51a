/* SPDX-License-Identifier: MIT */
#include "sim/stream.h"

#include <stdlib.h>
#include <string.h>

void stream_init(struct stream *stream, struct world *world, uint64_t delay, uint64_t jitter)
{
    *stream = (struct stream){.world = world, .delay = delay, .jitter = jitter};
    stream->tail = &stream->head;
}

static void drop(struct stream *stream, struct unit **from)
{
    struct unit *unit;

    while ((unit = *from)) {
        *from = unit->next;
        stream->count--;
        free(unit);
    }
    stream->tail = from;
}

void stream_clear(struct stream *stream)
{
    drop(stream, &stream->head);
}

void stream_put(struct stream *stream, uint64_t number, int status, const uint8_t *data, size_t len)
{
    uint64_t at = stream->world->now + stream->delay + world_below(stream->world, stream->jitter);
    struct unit *unit = malloc(sizeof(*unit) + len);

    if (!unit) {
        world_fail(stream->world, "out of memory");
        return;
    }
    *unit = (struct unit){.at = at, .number = number, .status = status, .len = len};
    if (unit->at < stream->last)
        unit->at = stream->last;
    stream->last = unit->at;
    if (len)
        memcpy(unit->data, data, len);
    *stream->tail = unit;
    stream->tail = &unit->next;
    stream->count++;
}

void stream_write(struct stream *stream, const uint8_t *data, size_t len)
{
    while (len) {
        size_t piece = 1 + (size_t)world_below(stream->world, len < 700 ? len : 700);
        stream_put(stream, 0, 0, data, piece);
        data += piece;
        len -= piece;
    }
}

void stream_cut(struct stream *stream)
{
    struct unit **unit = &stream->head;

    uint64_t keep =
        world_chance(stream->world, 50) ? 0 : world_below(stream->world, stream->count + 1);

    for (; keep; keep--)
        unit = &(*unit)->next;
    drop(stream, unit);
}

uint64_t stream_deadline(const struct stream *stream)
{
    return stream->head ? stream->head->at : L2TPHA_NEVER;
}

struct unit *stream_take(struct stream *stream)
{
    struct unit *unit = stream->head;

    if (!unit || unit->at > stream->world->now)
        return NULL;
    stream->head = unit->next;
    if (!stream->head)
        stream->tail = &stream->head;
    stream->count--;
    return unit;
}
