/* SPDX-License-Identifier: MIT */
#include "dump/size.h"
#include "dump/cut.h"

#include <jansson.h>
#include <string.h>

#define DEPTH 4 /* checkpoint, records, a record, its fields */

enum major { NUMBER = 0, STRING = 2, ARRAY = 4, MAP = 5 };

/* A head (RFC 8949 3): octets of it, 0 = more is needed, SIZE_BAD. */
static size_t get_head(const uint8_t *data, size_t len, uint64_t *value)
{
    uint8_t info = data[0] & 0x1f;
    size_t octets = info < 24 ? 0 : (size_t)1 << (info - 24);
    if (info > 27)
        return SIZE_BAD;
    if (len - 1 < octets)
        return 0;
    *value = octets == 0 ? info : 0;
    for (size_t i = 0; i < octets; i++)
        *value = *value << 8 | data[1 + i];
    return 1 + octets;
}

/* Past one head, and the string that it is of. *within: values that are in it. */
static size_t get_value(const uint8_t *data, size_t len, uint64_t *within)
{
    uint64_t value = 0;
    size_t head = get_head(data, len, &value);
    *within = 0;
    if (head == 0 || head == SIZE_BAD)
        return head;
    switch (data[0] >> 5) {
    case NUMBER:
        return head;
    case STRING:
        if (value > CUT_MAX)
            return SIZE_BAD;
        return len - head >= value ? head + (size_t)value : 0;
    case ARRAY:
    case MAP:
        *within = data[0] >> 5 == MAP ? 2 * value : value;
        return value > CUT_MAX ? SIZE_BAD : head;
    default:
        return SIZE_BAD;
    }
}

size_t size_cbor(const uint8_t *data, size_t len, bool ended)
{
    uint64_t left[DEPTH + 1] = {1}, within;
    size_t depth = 0, at = 0;
    (void)ended;
    if (data[0] >> 5 != MAP)
        return SIZE_BAD;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0)
                return at;
            depth--;
        }
        if (at == len)
            return 0;
        size_t size = get_value(data + at, len - at, &within);
        if (size == 0 || size == SIZE_BAD)
            return size;
        at += size;
        left[depth]--;
        if (within > 0 && depth == DEPTH)
            return SIZE_BAD;
        if (within > 0)
            left[++depth] = within;
    }
}

size_t size_line(const uint8_t *data, size_t len, bool ended)
{
    const uint8_t *end = memchr(data, '\n', len);
    return end != NULL ? (size_t)(end - data) + 1 : ended ? len : 0;
}

int size_json_header(const uint8_t *data, size_t len, bool *hidden)
{
    json_t *line =
        len > 0 ? json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    const json_t *release = json_object_get(line, "l2tpha");
    int found = release == NULL ? 0 : json_integer_value(release) == 1 ? 1 : -1;
    const char *secrets = json_string_value(json_object_get(line, "secrets"));
    *hidden = secrets != NULL && strcmp(secrets, "hidden") == 0;
    json_decref(line);
    return found;
}
