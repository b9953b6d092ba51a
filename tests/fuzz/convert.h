/* SPDX-License-Identifier: MIT */
/* What holds for any checkpoint that a serializer reads: written again it is canonical, and by way
 * of proto it comes back as the same bytes. */
#ifndef FUZZ_CONVERT_H
#define FUZZ_CONVERT_H

#include "serializers/convert.h"

#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define CONVERT_SPACE (8u << 20) /* numbers of a few bytes in one format are long in another */

static void convert_must(bool so)
{
    if (!so)
        abort();
}

static void convert_and_back(const struct l2tpha_serializer *format, const uint8_t *data,
                             size_t size)
{
    static uint8_t first_space[CONVERT_SPACE], proto_space[CONVERT_SPACE],
        last_space[CONVERT_SPACE];
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    uint8_t *room = format->room > 0 ? talloc_size(NULL, format->room) : NULL;
    struct l2tpha_bytes first, between, last;

    if (!convert(format, (struct l2tpha_bytes){data, size}, room, format, first_space,
                 CONVERT_SPACE, &first)) {
        convert_must(!convert(format, first, room, proto, proto_space, CONVERT_SPACE, &between));
        convert_must(!convert(proto, between, NULL, format, last_space, CONVERT_SPACE, &last));
        convert_must(first.len == last.len && memcmp(first.data, last.data, first.len) == 0);
    }
    talloc_free(room);
}

#endif
