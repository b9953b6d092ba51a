/* SPDX-License-Identifier: MIT */
#include "dump/cut.h"
#include "dump/size.h"
#include "redundancy/link_frame.h"

#include <inttypes.h>
#include <l2tpha/types.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#ifdef EXAMPLES_CBOR
#include <l2tpha/cbor.h>
#endif
#ifdef EXAMPLES_JSON
#include <l2tpha/json.h>
#endif

#define LOOK 64          /* octets that tell what it is */
#define FIRST_LEN 512    /* a header line of JSON is no longer */
#define VERSION_TAG 0x08 /* of proto: the first field of a checkpoint */
#define HELLO_SIDE (FRAME_HEADER + 12)

/* --- what goes wrong --- */

static int blame(struct cut *cut, const char *format, ...) L2TPHA_PRINTF(2, 3);

static int blame(struct cut *cut, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(cut->why, sizeof(cut->why), format, arguments);
    va_end(arguments);
    if (len >= 0 && (size_t)len < sizeof(cut->why))
        snprintf(cut->why + len, sizeof(cut->why) - (size_t)len, ", at octet %" PRIu64,
                 cut->input.at);
    return -1;
}

static int want(struct cut *cut, size_t len)
{
    int error = input_want(&cut->input, len);
    return error == 0 ? 0 : blame(cut, "%s", strerror(error));
}

/* --- formats --- */

const struct l2tpha_serializer *cut_serializer_of(enum cut_format format)
{
    switch (format) {
    case CUT_PROTO:
        return l2tpha_serializer_proto();
#ifdef EXAMPLES_CBOR
    case CUT_CBOR:
        return l2tpha_serializer_cbor();
#endif
#ifdef EXAMPLES_JSON
    case CUT_JSON:
        return l2tpha_serializer_json();
#endif
    default:
        return NULL;
    }
}

static bool is_map(uint8_t octet)
{
    return octet >> 5 == 5;
}

const struct l2tpha_serializer *cut_serializer(const uint8_t *data, size_t len)
{
    uint8_t first = len > 0 ? data[0] : 0;
    return cut_serializer_of(first == '{' ? CUT_JSON : is_map(first) ? CUT_CBOR : CUT_PROTO);
}

static bool is_link(const uint8_t *data, size_t len)
{
    return len >= FRAME_HEADER + 4 && data[0] == 0 && data[FRAME_LENGTH] == FRAME_HELLO &&
           get_u32(data + FRAME_HEADER) == LINK_MAGIC;
}

/* Octets of the number at the front; 0 = there is none. */
static size_t length_of(const uint8_t *data, size_t len, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < 4 && i < len; i++) {
        *value |= (uint64_t)(data[i] & 0x7f) << 7 * i;
        if (data[i] < 0x80)
            return i + 1;
    }
    return 0;
}

static enum cut_format recognise(const uint8_t *data, size_t len)
{
    uint64_t size;
    size_t head = length_of(data, len, &size);
    if (is_link(data, len))
        return CUT_LINK;
    if (head > 0 && head < len && size > 0 && data[head] == VERSION_TAG)
        return CUT_PROTO;
    if (len > 0 && is_map(data[0]))
        return CUT_CBOR;
    size_t space = strspn((const char *)data, " \t\r\n");
    return space < len && data[space] == '{' ? CUT_JSON : CUT_ANY;
}

/* What it is, where it is nothing to be read here; NULL = who knows. */
static const char *name_stranger(const uint8_t *data, size_t len)
{
    static const struct {
        const char *octets, *what;
    } strangers[] = {
        {"L2HA", "this is a sealed link, which nobody reads without the keys of its stream"},
        {"L2TPHASG", "this is a segment of a store: give its directory as file:DIR"},
        {"\x0a\x0d\x0d\x0a", "this is a capture file: give one direction of the stream in it"},
        {"\xd4\xc3\xb2\xa1", "this is a capture file: give one direction of the stream in it"},
        {"\xa1\xb2\xc3\xd4", "this is a capture file: give one direction of the stream in it"},
    };
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        if (len >= strlen(strangers[i].octets) &&
            memcmp(data, strangers[i].octets, strlen(strangers[i].octets)) == 0)
            return strangers[i].what;
    return NULL;
}

/* --- the beginning --- */

static bool begin_link(struct cut *cut)
{
    const uint8_t *data = input_front(&cut->input);
    if (!is_link(data, input_len(&cut->input)))
        return blame(cut, "no HELLO of a replication link") == 0;
    cut->is_standby = input_len(&cut->input) > HELLO_SIDE && data[HELLO_SIDE] == SIDE_STANDBY;
    return true;
}

/* Whether the line says of the lines behind it what they are; then it is taken. */
static bool begin_json(struct cut *cut)
{
    const uint8_t *data = input_front(&cut->input);
    size_t len = input_len(&cut->input);
    const uint8_t *end = memchr(data, '\n', len < FIRST_LEN ? len : FIRST_LEN);
    size_t line = end != NULL ? (size_t)(end - data) + 1 : len < FIRST_LEN ? len : 0;
    bool hidden = false;
    switch (size_json_header(data, line, &hidden)) {
    case 0:
        return true;
    case 1:
        break;
    default:
        return blame(cut, "another release has written this, in another way") == 0;
    }
    if (hidden)
        return blame(cut, "its secrets are hidden: it is to be read, not to be loaded") == 0;
    input_step(&cut->input, line);
    return true;
}

bool cut_begin(struct cut *cut, int fd, enum cut_format format)
{
    *cut = (struct cut){.format = format};
    input_begin(&cut->input, fd);
    if (want(cut, FIRST_LEN) != 0)
        return false;
    size_t len = input_len(&cut->input);
    const uint8_t *data = input_front(&cut->input);
    if (len == 0)
        return blame(cut, "there is nothing in it") == 0;
    char look[LOOK + 1] = "";
    memcpy(look, data, len < LOOK ? len : LOOK);
    const char *stranger = name_stranger(data, len);
    if (stranger != NULL)
        return blame(cut, "%s", stranger) == 0;
    if (format == CUT_ANY)
        cut->format = recognise((const uint8_t *)look, len < LOOK ? len : LOOK);
    if (cut->format == CUT_ANY)
        return blame(cut, "this is nothing that has checkpoints") == 0;
    if (cut->format == CUT_LINK)
        return begin_link(cut);
    if (cut_serializer_of(cut->format) == NULL)
        return blame(cut, "its format is left out of this build") == 0;
    return cut->format != CUT_JSON || begin_json(cut);
}

void cut_end(struct cut *cut)
{
    input_end(&cut->input);
}

/* --- one after the other --- */

/* Until size() knows how long the item is that begins at the front. 1 = it is there, 0 = the file
 * ends, -1. */
static int find(struct cut *cut, size_t (*size)(const uint8_t *, size_t, bool), const char *bad)
{
    size_t have = 1;
    for (;;) {
        if (want(cut, have) != 0)
            return -1;
        size_t len = input_len(&cut->input);
        bool ended = len < have;
        if (len == 0)
            return 0;
        cut->size = size(input_front(&cut->input), len, ended);
        if (cut->size == SIZE_BAD || (cut->size == 0 && !ended && len >= CUT_MAX))
            return blame(cut, "%s", bad);
        if (cut->size > 0)
            return 1;
        if (ended)
            return blame(cut, "it ends in the middle of a checkpoint");
        have = len + 1;
        if (have < CUT_MAX && have > 65536) /* not octet by octet */
            have = len + len / 2;
    }
}

static int give(struct cut *cut, struct item *item, size_t head,
                const struct l2tpha_serializer *serializer)
{
    *item = (struct item){.data = input_front(&cut->input) + head,
                          .len = cut->size - head,
                          .serializer = serializer,
                          .number = ++cut->number,
                          .at = cut->input.at + head,
                          .in_file = true};
    return 1;
}

static size_t size_proto(const uint8_t *data, size_t len, bool ended)
{
    uint64_t size;
    size_t head = length_of(data, len, &size);
    (void)ended;
    if (head == 0)
        return len < 4 ? 0 : SIZE_BAD;
    if (size == 0 || size > L2TPHA_CHECKPOINT_MAX)
        return SIZE_BAD;
    return len - head >= size ? head + (size_t)size : 0;
}

static int next_proto(struct cut *cut, struct item *item)
{
    uint64_t size;
    int found = find(cut, size_proto, "no length of a checkpoint");
    if (found <= 0)
        return found;
    size_t head = length_of(input_front(&cut->input), cut->size, &size);
    return give(cut, item, head, l2tpha_serializer_proto());
}

static size_t size_frame(const uint8_t *data, size_t len, bool ended)
{
    (void)ended;
    if (len < FRAME_LENGTH)
        return 0;
    uint32_t size = get_u32(data);
    if (size < FRAME_HEADER - FRAME_LENGTH || size > FRAME_MAX - FRAME_LENGTH)
        return SIZE_BAD;
    return len - FRAME_LENGTH >= size ? FRAME_LENGTH + (size_t)size : 0;
}

static int next_frame(struct cut *cut, struct item *item)
{
    for (;;) {
        int found = find(cut, size_frame, "no frame of a replication link");
        if (found == 0 && cut->number == 0)
            return blame(cut, cut->is_standby ? "no checkpoints: this is what a standby has said"
                                              : "no checkpoints");
        if (found <= 0)
            return found;
        const uint8_t *frame = input_front(&cut->input);
        uint8_t type = frame[FRAME_LENGTH];
        if (type == FRAME_CHECKPOINT) {
            const struct l2tpha_serializer *serializer =
                cut_serializer(frame + FRAME_HEADER, cut->size - FRAME_HEADER);
            if (serializer == NULL)
                return blame(cut, "its format is left out of this build");
            return give(cut, item, FRAME_HEADER, serializer);
        }
        if (type == 0 || (type > FRAME_ANNOUNCE && !(type & FRAME_MAY_IGNORE)))
            return blame(cut, "no frame of a replication link");
        input_step(&cut->input, cut->size);
    }
}

static int next_line(struct cut *cut, struct item *item)
{
    for (;;) {
        int found = find(cut, size_line, "no line of JSON");
        if (found <= 0)
            return found;
        const uint8_t *line = input_front(&cut->input);
        size_t space = 0;
        while (space < cut->size && strchr(" \t\r\n", line[space]) != NULL && line[space] != '\0')
            space++;
        if (space < cut->size)
            return give(cut, item, 0, cut_serializer_of(CUT_JSON));
        input_step(&cut->input, cut->size);
    }
}

static int next_value(struct cut *cut, struct item *item)
{
    int found = find(cut, size_cbor, "no checkpoint in CBOR");
    return found <= 0 ? found : give(cut, item, 0, cut_serializer_of(CUT_CBOR));
}

int cut_next(struct cut *cut, struct item *item)
{
    input_step(&cut->input, cut->size);
    cut->size = 0;
    switch (cut->format) {
    case CUT_PROTO:
        return next_proto(cut, item);
    case CUT_CBOR:
        return next_value(cut, item);
    case CUT_JSON:
        return next_line(cut, item);
    default:
        return next_frame(cut, item);
    }
}
