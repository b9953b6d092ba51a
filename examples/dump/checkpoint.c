/* SPDX-License-Identifier: MIT */
#include "dump/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *checkpoint_place(const struct item *item, char dst[64])
{
    if (item->in_file)
        snprintf(dst, 64, "checkpoint %" PRIu64 " at octet %" PRIu64, item->number, item->at);
    else
        snprintf(dst, 64, "checkpoint %" PRIu64, item->number);
    return dst;
}

/* Each format has the version first. */
static bool is_hidden(const struct item *item)
{
    static const char *const marks[] = {"\x08\xff\xff\xff\xff\x0f", "\x01\x1a\xff\xff\xff\xff",
                                        "\"version\":4294967295"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t len = strlen(marks[i]);
        size_t at = i == 0 ? 0 : 1; /* behind the head of a map, or its brace */
        if (item->len >= at + len && memcmp(item->data + at, marks[i], len) == 0)
            return true;
    }
    return false;
}

static bool blame(struct checkpoint *checkpoint, int error, const uint8_t *at)
{
    const struct item *item = checkpoint->item;
    char place[64];
    if (error == L2TPHA_ERR_RECORD_VERSION && is_hidden(item))
        snprintf(checkpoint->why, sizeof(checkpoint->why),
                 "%s: its secrets are left out: it is to be read, not to be loaded",
                 checkpoint_place(item, place));
    else
        snprintf(checkpoint->why, sizeof(checkpoint->why), "%s: %s (%s), %zu octets into it",
                 checkpoint_place(item, place), l2tpha_strerror(error), l2tpha_error_name(error),
                 (size_t)(at - item->data));
    return false;
}

static bool make_room(struct checkpoint *checkpoint)
{
    uint32_t room = checkpoint->room > 0 ? 2 * checkpoint->room : 1024;
    struct l2tpha_reading *places =
        talloc_realloc(NULL, checkpoint->places, struct l2tpha_reading, room);
    if (places == NULL)
        return false;
    checkpoint->places = places;
    checkpoint->room = room;
    return true;
}

static bool make_strings(struct checkpoint *checkpoint, size_t room)
{
    if (room <= checkpoint->strings_room)
        return true;
    talloc_free(checkpoint->strings);
    checkpoint->strings = talloc_size(NULL, room);
    checkpoint->strings_room = checkpoint->strings != NULL ? room : 0;
    return checkpoint->strings != NULL;
}

static bool read_records(struct checkpoint *checkpoint, struct l2tpha_reading reading,
                         struct filter *filter)
{
    const struct l2tpha_serializer *serializer = checkpoint->item->serializer;
    struct l2tpha_record record;
    for (;;) {
        struct l2tpha_reading place = reading;
        int error = serializer->get_record(&reading, &record);
        if (error == L2TPHA_ERR_NOT_FOUND)
            return true;
        if (error != L2TPHA_OK)
            return blame(checkpoint, error, reading.data);
        if (record.kind == L2TPHA_RECORD_UNKNOWN) {
            checkpoint->strange++;
            continue;
        }
        if (!filter_takes(filter, &record)) {
            checkpoint->left++;
            continue;
        }
        if (checkpoint->count == checkpoint->room && !make_room(checkpoint))
            return blame(checkpoint, L2TPHA_ERR_NOMEM, reading.data);
        checkpoint->places[checkpoint->count++] = place;
    }
}

bool checkpoint_read(struct checkpoint *checkpoint, const struct item *item, struct filter *filter)
{
    struct l2tpha_reading reading = {0};
    checkpoint->item = item;
    checkpoint->count = checkpoint->strange = checkpoint->left = 0;
    int error = item->serializer->get_header(item->data, item->len, &checkpoint->header, &reading);
    if (error != L2TPHA_OK)
        return blame(checkpoint, error, item->data);
    if (!make_strings(checkpoint, item->serializer->room))
        return blame(checkpoint, L2TPHA_ERR_NOMEM, item->data);
    reading.room = checkpoint->strings;
    checkpoint->records = (struct l2tpha_bytes){reading.data, reading.len};
    return read_records(checkpoint, reading, filter);
}

const struct l2tpha_record *checkpoint_record(const struct checkpoint *checkpoint, uint32_t number,
                                              struct l2tpha_record *record)
{
    struct l2tpha_reading reading = checkpoint->places[number];
    (void)checkpoint->item->serializer->get_record(&reading, record); /* it was read before */
    return record;
}

void checkpoint_free(struct checkpoint *checkpoint)
{
    talloc_free(checkpoint->places);
    talloc_free(checkpoint->strings);
    checkpoint->places = NULL;
    checkpoint->strings = NULL;
}
