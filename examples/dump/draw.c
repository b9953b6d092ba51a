/* SPDX-License-Identifier: MIT */
#include "dump/draw.h"

#include "serializers/json_table.h"
#include "state/digest.h"

#include <string.h>

#define ROOM_FIRST (256u << 10)

/* What has no word for "hidden" lacks them. JSON has one. */
static void strip(struct l2tpha_record *record)
{
    const struct json_kind *kind = json_kind((uint32_t)record->kind);
    uint8_t *of = (uint8_t *)&record->of;
    for (size_t i = 0; i < kind->count; i++) {
        const struct json_field *field = &kind->fields[i];
        if (field->show != JSON_SECRET)
            continue;
        memset(of + field->offset, 0, field->type == JSON_RAW8 ? 8 : sizeof(struct l2tpha_bytes));
    }
    if (kind->unknown > 0)
        memset(of + kind->unknown, 0, sizeof(struct l2tpha_bytes));
}

static int grow(struct draw *draw)
{
    size_t size = draw->size > 0 ? 2 * draw->size : ROOM_FIRST;
    if (size > CUT_MAX)
        return L2TPHA_ERR_LIMIT;
    talloc_free(draw->room);
    draw->room = talloc_size(NULL, size);
    draw->size = draw->room != NULL ? size : 0;
    return draw->room != NULL ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
}

/* The last one first. */
static int put_records(struct draw *draw, uint32_t count, draw_record get, void *user,
                       struct l2tpha_writing *writing)
{
    struct l2tpha_record record;
    int error = L2TPHA_OK;
    while (count > 0 && error == L2TPHA_OK) {
        const struct l2tpha_record *from = get(user, --count, &record);
        if (draw->strips) {
            if (from != &record)
                record = *from;
            strip(&record);
            from = &record;
        }
        error = draw->serializer->put_record(from, writing);
        writing->records += error == L2TPHA_OK;
    }
    return error;
}

/* What the copy has come to with these records. */
static void add_up(struct draw *draw, struct l2tpha_checkpoint_header *header,
                   const struct l2tpha_writing *writing)
{
    if (header->kind == L2TPHA_CHECKPOINT_BULK_BEGIN)
        draw->digest = draw->count = 0;
    if (header->kind == L2TPHA_CHECKPOINT_BULK_PART) {
        draw->digest =
            digest_bytes(draw->digest, writing->start, (size_t)(writing->end - writing->start));
        draw->count += writing->records;
    }
    if (header->kind == L2TPHA_CHECKPOINT_BULK_END && draw->remakes && draw->whole)
        header->digest = draw->digest;
    if (draw->hides)
        header->version = CHECKPOINT_HIDDEN;
}

static int try_to_draw(struct draw *draw, struct l2tpha_checkpoint_header header, uint32_t count,
                       draw_record record, void *user, struct l2tpha_bytes *drawn)
{
    uint8_t *end = draw->room + draw->size;
    struct l2tpha_writing writing = {draw->room, end, end, 0};
    int error = put_records(draw, count, record, user, &writing);
    if (error != L2TPHA_OK)
        return error;
    add_up(draw, &header, &writing);
    error = draw->serializer->put_header(&header, &writing);
    *drawn = (struct l2tpha_bytes){writing.start, (size_t)(end - writing.start)};
    return error;
}

/* With ever more room. */
static int draw_all(struct draw *draw, const struct l2tpha_checkpoint_header *header,
                    uint32_t count, draw_record record, void *user, struct l2tpha_bytes *drawn)
{
    uint64_t digest = draw->digest, total = draw->count;
    int error = draw->room != NULL ? L2TPHA_OK : grow(draw);
    while (error == L2TPHA_OK) {
        draw->digest = digest;
        draw->count = total;
        error = try_to_draw(draw, *header, count, record, user, drawn);
        if (error != L2TPHA_ERR_TOO_SMALL)
            return error;
        error = grow(draw);
    }
    return error;
}

static const struct l2tpha_record *record_read(void *user, uint32_t number,
                                               struct l2tpha_record *record)
{
    return checkpoint_record(user, number, record);
}

int draw_checkpoint(struct draw *draw, const struct checkpoint *checkpoint,
                    struct l2tpha_bytes *drawn)
{
    const struct l2tpha_checkpoint_header *header = &checkpoint->header;
    if (header->kind == L2TPHA_CHECKPOINT_BULK_BEGIN) {
        draw->was_digest = 0;
        draw->whole = true;
    }
    draw->whole = draw->whole && checkpoint->left == 0 && checkpoint->strange == 0;
    if (header->kind == L2TPHA_CHECKPOINT_BULK_PART)
        draw->was_digest =
            digest_bytes(draw->was_digest, checkpoint->records.data, checkpoint->records.len);
    if (header->kind == L2TPHA_CHECKPOINT_BULK_END)
        draw->whole =
            draw->whole && draw->was_digest == header->digest && draw->count == header->count;
    return draw_all(draw, header, checkpoint->count, record_read, (void *)(uintptr_t)checkpoint,
                    drawn);
}

int draw_records(struct draw *draw, const struct l2tpha_checkpoint_header *header, uint32_t count,
                 draw_record record, void *user, struct l2tpha_bytes *drawn)
{
    return draw_all(draw, header, count, record, user, drawn);
}

void draw_free(struct draw *draw)
{
    talloc_free(draw->room);
    draw->room = NULL;
}
