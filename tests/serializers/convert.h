/* SPDX-License-Identifier: MIT */
/* A checkpoint from one serializer to another. */
#ifndef SERIALIZERS_CONVERT_H
#define SERIALIZERS_CONVERT_H

#include <l2tpha/serializer.h>

#define CONVERT_RECORDS_MAX 1024

/* Records are written from the last one on, so the places of all are kept, and each is read once
 * more from there. room is for get_record(). At the end of size bytes at out; records of a kind
 * that is not known are L2TPHA_ERR_INVALID, and more than fit here L2TPHA_ERR_LIMIT. */
static inline int convert(const struct l2tpha_serializer *from, struct l2tpha_bytes checkpoint,
                          uint8_t *room, const struct l2tpha_serializer *to, uint8_t *out,
                          size_t size, struct l2tpha_bytes *converted)
{
    static struct l2tpha_reading places[CONVERT_RECORDS_MAX];
    struct l2tpha_writing writing = {out, out + size, out + size, 0};
    struct l2tpha_reading reading = {.room = room};
    struct l2tpha_checkpoint_header header;
    struct l2tpha_record record;
    uint32_t count = 0;
    int error = from->get_header(checkpoint.data, checkpoint.len, &header, &reading);

    while (!error && count < CONVERT_RECORDS_MAX) {
        places[count] = reading;
        error = from->get_record(&reading, &record);
        count += !error;
    }
    if (!error)
        return L2TPHA_ERR_LIMIT;
    if (error == L2TPHA_ERR_NOT_FOUND)
        error = L2TPHA_OK;
    for (; count > 0 && !error; writing.records++) {
        error = from->get_record(&places[--count], &record);
        if (!error)
            error = to->put_record(&record, &writing);
    }
    if (!error)
        error = to->put_header(&header, &writing);
    *converted = (struct l2tpha_bytes){writing.start, (size_t)(writing.end - writing.start)};
    return error;
}

#endif
