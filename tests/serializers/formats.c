/* SPDX-License-Identifier: MIT */
#include "formats.h"

#include "convert.h"
#include "fixture.h"

#ifdef TESTS_CBOR
#include <l2tpha/cbor.h>
#endif
#ifdef TESTS_JSON
#include <l2tpha/json.h>
#endif
#include <string.h>

const struct l2tpha_serializer *format_named(const char *name)
{
    if (strcmp(name, "proto") == 0)
        return l2tpha_serializer_proto();
#ifdef TESTS_CBOR
    if (strcmp(name, "cbor") == 0)
        return l2tpha_serializer_cbor();
#endif
#ifdef TESTS_JSON
    if (strcmp(name, "json") == 0)
        return l2tpha_serializer_json();
#endif
    return NULL;
}

const struct l2tpha_serializer *format_at(int place)
{
    static const char *const names[] = {"proto", "cbor", "json"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (format_named(names[i]) && place-- == 0)
            return format_named(names[i]);
    return NULL;
}

uint8_t *format_room(const struct l2tpha_serializer *format)
{
    return format->room > 0 ? talloc_size(root, format->room) : NULL;
}

void format_convert(const struct l2tpha_serializer *from, struct l2tpha_bytes checkpoint,
                    const struct l2tpha_serializer *to, uint8_t *out, size_t size,
                    struct l2tpha_bytes *converted)
{
    uint8_t *room = format_room(from);

    assert_ok(convert(from, checkpoint, room, to, out, size, converted));
    talloc_free(room);
}
