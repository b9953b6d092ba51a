/* SPDX-License-Identifier: MIT */
#include "store/reader.h"

#include <l2tpha/error.h>
#include <l2tpha/record.h>
#include <string.h>

#define BUFFER (2 * L2TPHA_CHECKPOINT_MAX) /* an item and more */
#define POSITIONS (1u << 24)               /* a segment has fewer items */

int reader_open(struct reader *reader, TALLOC_CTX *parent, const struct disk *disk, uint64_t number)
{
    *reader = (struct reader){.disk = disk, .file = -1, .at = SEGMENT_HEADER};
    reader->buffer = talloc_size(parent, BUFFER);
    if (!reader->buffer)
        return L2TPHA_ERR_NOMEM;
    int error = disk->open(disk->user, number, false, &reader->file);
    if (error)
        return error;
    int64_t got = disk->read(disk->user, reader->file, 0, reader->buffer, SEGMENT_HEADER);
    if (got < 0)
        return (int)got;
    if (got < SEGMENT_HEADER || !segment_get_header(reader->buffer, &reader->header) ||
        reader->header.number != number)
        return L2TPHA_ERR_NOT_FOUND;
    reader->marked = segment_is_marked(reader->buffer);
    return L2TPHA_OK;
}

void reader_close(struct reader *reader)
{
    if (reader->file >= 0)
        reader->disk->close(reader->disk->user, reader->file);
    reader->file = -1;
    talloc_free(reader->buffer);
    reader->buffer = NULL;
}

/* More of the file behind what is in the buffer. 0 = that was all. */
static int64_t fill(struct reader *reader)
{
    size_t have = reader->end - reader->start;

    memmove(reader->buffer, reader->buffer + reader->start, have);
    reader->start = 0;
    reader->end = have;
    int64_t got = reader->disk->read(reader->disk->user, reader->file, reader->at + have,
                                     reader->buffer + have, BUFFER - have);
    if (got > 0)
        reader->end += (size_t)got;
    return got;
}

/* What begins at the front, with all of it in the buffer. */
static int look(struct reader *reader, struct segment_item *item, size_t *size)
{
    int64_t got = 1;

    for (;;) {
        enum segment_found found =
            segment_get_item(reader->buffer + reader->start, reader->end - reader->start,
                             reader->header.salt, item, size);
        bool short_end = found == SEGMENT_END && reader->end - reader->start < SEGMENT_ITEM_HEAD;
        if (found != SEGMENT_MORE && !short_end)
            return (int)found;
        if (got == 0)
            return found == SEGMENT_MORE ? SEGMENT_BAD : SEGMENT_END;
        got = fill(reader);
        if (got < 0)
            return (int)got;
    }
}

static void step(struct reader *reader, size_t size)
{
    reader->start += size;
    reader->at += size;
}

int reader_next(struct reader *reader, struct segment_item *item)
{
    size_t size;
    int found = look(reader, item, &size);

    if (found != SEGMENT_ITEM)
        return found;
    if (reader->last && item->position != reader->last + 1)
        return SEGMENT_BAD;
    reader->last = item->position;
    step(reader, size);
    return SEGMENT_ITEM;
}

void reader_return(struct reader *reader, uint64_t at, uint64_t last)
{
    reader->start = reader->end = 0;
    reader->at = at;
    reader->last = last;
}

int reader_is_damaged(struct reader *reader)
{
    uint64_t missing = reader->last + 1;
    struct segment_item item;
    size_t size;

    for (;;) {
        int found = look(reader, &item, &size);
        if (found < 0)
            return found;
        if (found == SEGMENT_ITEM && item.position >= missing &&
            item.position - missing < POSITIONS && item.durable >= missing)
            return 1;
        if (reader->end - reader->start <= SEGMENT_ALIGN && fill(reader) <= 0)
            return 0;
        step(reader, SEGMENT_ALIGN);
    }
}
