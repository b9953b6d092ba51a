/* SPDX-License-Identifier: MIT */
/* The wire format of protocol buffers, version 3, as described by l2tpha.proto and
 * docs/checkpoint-format.md. The code of each record kind is made of its field table. A writer
 * works from the end of its buffer backwards, so that a length is known when it is written in front
 * of its content; what it writes is canonical. A reader takes whatever a protobuf encoder may
 * produce. */
#include "state/record.h"
#include "state/record_fields.h"
#include "state/varint.h"

#include <l2tpha/serializer.h>
#include <string.h>

#define RECORD_FIELD L2TPHA_FIELD_RECORDS /* the highest that one tag byte can name */

/* A compiler that counts the places of use would make it a function, as it should for size. */
#if defined(__OPTIMIZE_SIZE__) && defined(__GNUC__)
#define ALWAYS_INLINE __attribute__((noinline))
#elif defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

/* --- writing, backwards --- */

struct output {
    uint8_t *pos;
    uint8_t *low;
};

static int put_varint(struct output *out, uint64_t value)
{
    if (value < 0x80) {
        if (out->pos == out->low)
            return L2TPHA_ERR_TOO_SMALL;
        *--out->pos = (uint8_t)value;
        return 0;
    }
    size_t len = 1;
    for (uint64_t rest = value >> 7; rest; rest >>= 7)
        len++;
    if ((size_t)(out->pos - out->low) < len)
        return L2TPHA_ERR_TOO_SMALL;
    out->pos -= len;
    for (size_t i = 0; i < len - 1; i++, value >>= 7)
        out->pos[i] = (uint8_t)(value | 0x80);
    out->pos[len - 1] = (uint8_t)value;
    return 0;
}

static int put_raw(struct output *out, const void *data, size_t len)
{
    if ((size_t)(out->pos - out->low) < len)
        return L2TPHA_ERR_TOO_SMALL;
    if (len == 0)
        return 0;
    out->pos -= len;
    memcpy(out->pos, data, len);
    return 0;
}

/* Length and tag in front of what has been written down from end. */
static inline int put_frame(struct output *out, const uint8_t *end, uint32_t tag)
{
    int error = put_varint(out, (uint64_t)(end - out->pos));
    return error ? error : put_varint(out, tag);
}

static int put_string(struct output *out, uint32_t tag, const void *data, size_t len)
{
    const uint8_t *end = out->pos;
    int error = put_raw(out, data, len);
    return error ? error : put_frame(out, end, tag);
}

/* Tag and value, by value as put_view(), so that the place of writing may stay in a register
 * between fields. NULL = there is too little room. */
static uint8_t *put_number(struct output out, uint32_t tag, uint32_t value)
{
    if (out.pos - out.low < 10) /* five bytes of 32 bits, five of the tag */
        return put_varint(&out, value) || put_varint(&out, tag) ? NULL : out.pos;
    return varint_put(varint_put(out.pos, value), tag);
}

static uint8_t *put_view(struct output out, uint32_t tag, const void *data, size_t len)
{
    return put_string(&out, tag, data, len) ? NULL : out.pos;
}

static inline int moved_to(struct output *out, uint8_t *pos)
{
    if (!pos)
        return L2TPHA_ERR_TOO_SMALL;
    out->pos = pos;
    return 0;
}

/* Most values are small: inline with all that is known of the field little is left of this. */
static ALWAYS_INLINE int put_scalar(struct output *out, uint32_t tag, uint32_t value, uint32_t low,
                                    uint32_t high, uint32_t more)
{
    if (!record_in_range(value, low, high, more))
        return L2TPHA_ERR_INVALID;
    if (value == 0)
        return 0;
    if (tag >= 0x80 || value >= 0x80 || out->pos - out->low < 2)
        return moved_to(out, put_number(*out, tag, value));
    out->pos -= 2;
    out->pos[0] = (uint8_t)tag;
    out->pos[1] = (uint8_t)value;
    return 0;
}

/* No field goes beyond 32 bits yet. */
static ALWAYS_INLINE int put_wide(struct output *out, uint32_t tag, uint64_t value, uint32_t low,
                                  uint32_t high, uint32_t more)
{
    return value > UINT32_MAX ? L2TPHA_ERR_INVALID
                              : put_scalar(out, tag, (uint32_t)value, low, high, more);
}

static inline int put_bytes(struct output *out, uint32_t tag, const void *data, size_t len,
                            uint32_t low, uint32_t high)
{
    if (!record_in_range(len, low, high, 0) || (len > 0 && !data))
        return L2TPHA_ERR_INVALID;
    return len == 0 ? 0 : moved_to(out, put_view(*out, tag, data, len));
}

static bool is_zero(const uint8_t bytes[8])
{
    static const uint8_t zeros[8];
    return memcmp(bytes, zeros, 8) == 0;
}

#ifndef __OPTIMIZE_SIZE__
/* One for each type of field; the names are what PUT makes of the types. */
#define put_U8(out, tag, at, ...) put_scalar(out, tag, *(at), __VA_ARGS__)
#define put_U16(out, tag, at, ...) put_scalar(out, tag, *(at), __VA_ARGS__)
#define put_U32(out, tag, at, ...) put_scalar(out, tag, *(at), __VA_ARGS__)
#define put_U64(out, tag, at, ...) put_wide(out, tag, *(at), __VA_ARGS__)
#define put_BYTES(out, tag, at, low, high, more)                                                   \
    put_bytes(out, tag, (at)->data, (at)->len, low, high)
#define put_ADDRESS(out, tag, at, low, high, more)                                                 \
    put_bytes(out, tag, (at)->bytes, (at)->len, low, high)
#define put_RAW8(out, tag, at, low, high, more)                                                    \
    put_bytes(out, tag, *(at), is_zero(*(at)) ? 0 : 8, low, high)

#define PUT(number, type, member, name, show, low, high, more, text)                               \
    if (!error)                                                                                    \
        error = put_##type(out, RECORD_TAG(number, type), &record->member, low, high, more);

#define DEFINE_PUT(noun, FIELDS)                                                                   \
    static int put_##noun(struct output *place, const struct l2tpha_##noun##_record *record)       \
    {                                                                                              \
        struct output copy = {place->pos, place->low}, *out = &copy;                               \
        int error = 0;                                                                             \
        FIELDS(PUT)                                                                                \
        place->pos = copy.pos;                                                                     \
        return error;                                                                              \
    }

DEFINE_PUT(tunnel, L2TPHA_TUNNEL_FIELDS)
DEFINE_PUT(session, L2TPHA_SESSION_FIELDS)
DEFINE_PUT(sequence, L2TPHA_SEQUENCE_FIELDS)
DEFINE_PUT(message, L2TPHA_MESSAGE_FIELDS)
DEFINE_PUT(gone, L2TPHA_GONE_FIELDS)
DEFINE_PUT(node, L2TPHA_NODE_FIELDS)

static int put_body(struct output *out, const struct l2tpha_record *record)
{
    const struct l2tpha_bytes *unknown;
    int error;

    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        unknown = &record->of.tunnel.unknown;
        error = put_raw(out, unknown->data, unknown->len);
        return error ? error : put_tunnel(out, &record->of.tunnel);
    case L2TPHA_RECORD_SESSION:
        unknown = &record->of.session.unknown;
        error = put_raw(out, unknown->data, unknown->len);
        return error ? error : put_session(out, &record->of.session);
    case L2TPHA_RECORD_SEQUENCE:
        return put_sequence(out, &record->of.sequence);
    case L2TPHA_RECORD_MESSAGE:
        return put_message(out, &record->of.message);
    case L2TPHA_RECORD_GONE:
        return put_gone(out, &record->of.gone);
    case L2TPHA_RECORD_NODE:
        unknown = &record->of.node.unknown;
        error = put_raw(out, unknown->data, unknown->len);
        return error ? error : put_node(out, &record->of.node);
    default:
        return L2TPHA_ERR_INVALID;
    }
}
#else
static int put_body(struct output *out, const struct l2tpha_record *record);
#endif

static int put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing)
{
    struct output out = {writing->start, writing->low};
    const uint8_t *end = writing->start;
    int error = put_body(&out, record);

    if (!error)
        error = put_frame(&out, end, (uint32_t)record->kind << 3 | WIRE_BYTES);
    if (!error)
        error = put_frame(&out, end, RECORD_FIELD << 3 | WIRE_BYTES);
    if (!error)
        writing->start = out.pos;
    return error;
}

/* --- reading --- */

struct input {
    const uint8_t *pos;
    const uint8_t *end;
};

static struct input input_over(struct l2tpha_bytes bytes)
{
    /* nothing may be added to a NULL pointer, not even 0 */
    return (struct input){bytes.data, bytes.len > 0 ? bytes.data + bytes.len : bytes.data};
}

static inline bool get_varint(struct input *in, uint64_t *value)
{
    struct varint varint;
    if (in->pos != in->end && *in->pos < 0x80) {
        *value = *in->pos++;
        return true;
    }
    varint = varint_get_long(in->pos, in->end);
    if (!varint.next)
        return false;
    in->pos = varint.next;
    *value = varint.value;
    return true;
}

static inline bool get_view(struct input *in, size_t len, struct l2tpha_bytes *view)
{
    if (len > (size_t)(in->end - in->pos))
        return false;
    *view = (struct l2tpha_bytes){in->pos, len};
    in->pos += len;
    return true;
}

static inline bool get_string(struct input *in, struct l2tpha_bytes *view)
{
    uint64_t len;
    return get_varint(in, &len) && len <= SIZE_MAX && get_view(in, (size_t)len, view);
}

/* A field number is 1 to 2^29 - 1. */
static inline bool get_tag(struct input *in, uint32_t *tag)
{
    uint64_t value;
    if (!get_varint(in, &value) || value > UINT32_MAX || value < 1 << 3)
        return false;
    *tag = (uint32_t)value;
    return true;
}

static bool skip_value(struct input *in, uint32_t tag)
{
    uint64_t value;
    struct l2tpha_bytes view;

    switch (tag & 7) {
    case WIRE_VARINT:
        return get_varint(in, &value);
    case WIRE_FIXED64:
        return get_view(in, 8, &view);
    case WIRE_BYTES:
        return get_string(in, &view);
    case WIRE_FIXED32:
        return get_view(in, 4, &view);
    default:
        return false; /* groups are no part of proto3 */
    }
}

static inline bool get_scalar(struct input *in, uint32_t *value, uint32_t low, uint32_t high,
                              uint32_t more)
{
    uint64_t wide;
    if (!get_varint(in, &wide) || !record_in_range(wide, low, high, more))
        return false;
    *value = (uint32_t)wide;
    return true;
}

static inline bool get_BYTES(struct input *in, struct l2tpha_bytes *at, uint32_t low, uint32_t high,
                             uint32_t more)
{
    return get_string(in, at) && record_in_range(at->len, low, high, more);
}

static inline bool get_ADDRESS(struct input *in, struct l2tpha_address *at, uint32_t low,
                               uint32_t high, uint32_t more)
{
    struct l2tpha_bytes view;
    if (!get_BYTES(in, &view, low, high, more))
        return false;
    memset(at, 0, sizeof(*at));
    at->len = (uint8_t)view.len;
    memcpy(at->bytes, view.data, view.len);
    return true;
}

static inline bool get_RAW8(struct input *in, uint8_t (*at)[8], uint32_t low, uint32_t high,
                            uint32_t more)
{
    struct l2tpha_bytes view;
    if (!get_BYTES(in, &view, low, high, more) || view.len != 8)
        return false;
    memcpy(*at, view.data, 8);
    return true;
}

/* Fields of a newer release follow those known, so they stand together and one view holds them. */
static const uint8_t *get_unknown(struct input in, const uint8_t *from, uint32_t tag,
                                  struct l2tpha_bytes *unknown)
{
    if (!skip_value(&in, tag))
        return NULL;
    if (!unknown)
        return in.pos;
    if (unknown->len == 0)
        unknown->data = from;
    else if (unknown->data + unknown->len != from)
        return NULL;
    unknown->len = (size_t)(in.pos - unknown->data);
    return in.pos;
}

#ifndef __OPTIMIZE_SIZE__
#define DEFINE_GET_SCALAR(name, integer)                                                           \
    static inline bool get_##name(struct input *in, integer *at, uint32_t low, uint32_t high,      \
                                  uint32_t more)                                                   \
    {                                                                                              \
        uint32_t value;                                                                            \
        if (!get_scalar(in, &value, low, high, more))                                              \
            return false;                                                                          \
        *at = (integer)value;                                                                      \
        return true;                                                                               \
    }

DEFINE_GET_SCALAR(U8, uint8_t)
DEFINE_GET_SCALAR(U16, uint16_t)
DEFINE_GET_SCALAR(U32, uint32_t)
DEFINE_GET_SCALAR(U64, uint64_t)

#define GET(number, type, member, name, show, low, high, more, text)                               \
    case RECORD_TAG(number, type):                                                                 \
        good = get_##type(&in, &record->member, low, high, more);                                  \
        seen |= 0 RECORD_REQUIRED(number, type, member, name, show, low, );                        \
        break;
#define ONE(...) +1

/* A tag that is no case is that of an unknown field, or a known one of another wire type. */
#define DEFINE_GET(noun, FIELDS, keep)                                                             \
    static int get_##noun(struct input in, struct l2tpha_##noun##_record *record)                  \
    {                                                                                              \
        const record_set required = 0 FIELDS(RECORD_REQUIRED);                                     \
        record_set seen = 0; /* of these */                                                        \
        bool good = true;                                                                          \
                                                                                                   \
        while (in.pos != in.end && good) {                                                         \
            const uint8_t *from = in.pos;                                                          \
            uint32_t tag;                                                                          \
            if (!get_tag(&in, &tag))                                                               \
                return L2TPHA_ERR_RECORD;                                                          \
            switch (tag) {                                                                         \
                FIELDS(GET)                                                                        \
            default:                                                                               \
                if (tag >> 3 <= (0 FIELDS(ONE)) || !(in.pos = get_unknown(in, from, tag, keep)))   \
                    return L2TPHA_ERR_RECORD;                                                      \
            }                                                                                      \
        }                                                                                          \
        return good && (seen & required) == required ? 0 : L2TPHA_ERR_RECORD;                      \
    }

DEFINE_GET(tunnel, L2TPHA_TUNNEL_FIELDS, &record->unknown)
DEFINE_GET(session, L2TPHA_SESSION_FIELDS, &record->unknown)
DEFINE_GET(sequence, L2TPHA_SEQUENCE_FIELDS, NULL)
DEFINE_GET(message, L2TPHA_MESSAGE_FIELDS, NULL)
DEFINE_GET(gone, L2TPHA_GONE_FIELDS, NULL)
DEFINE_GET(node, L2TPHA_NODE_FIELDS, &record->unknown)

/* In two pieces, each short enough to be written out: one loop over both would take a third of the
 * time that the fields take. */
static void clear_session(struct l2tpha_session_record *session)
{
    const size_t strings = offsetof(struct l2tpha_session_record, request);

    memset(session, 0, strings);
    memset((char *)session + strings, 0, sizeof(*session) - strings);
    session->size = sizeof(*session);
}

static int get_body(struct input in, struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        record->of.tunnel = (struct l2tpha_tunnel_record){.size = sizeof(record->of.tunnel)};
        return get_tunnel(in, &record->of.tunnel);
    case L2TPHA_RECORD_SESSION:
        clear_session(&record->of.session);
        return get_session(in, &record->of.session);
    case L2TPHA_RECORD_SEQUENCE:
        record->of.sequence = (struct l2tpha_sequence_record){0};
        return get_sequence(in, &record->of.sequence);
    case L2TPHA_RECORD_MESSAGE:
        record->of.message = (struct l2tpha_message_record){0};
        return get_message(in, &record->of.message);
    case L2TPHA_RECORD_GONE:
        record->of.gone = (struct l2tpha_gone_record){0};
        return get_gone(in, &record->of.gone);
    case L2TPHA_RECORD_NODE:
        record->of.node = (struct l2tpha_node_record){.size = sizeof(record->of.node)};
        return get_node(in, &record->of.node);
    default:
        return 0;
    }
}
#else
#include "state/proto_table.h"
#endif

/* The inside of one Record: of several kinds the last one counts, as in any oneof. */
static int get_kind(struct input in, struct l2tpha_record *record)
{
    struct l2tpha_bytes body = {NULL, 0};

    record->kind = L2TPHA_RECORD_UNKNOWN;
    while (in.pos != in.end) {
        uint32_t tag;
        if (!get_tag(&in, &tag))
            return L2TPHA_ERR_RECORD;
        if (tag >> 3 > L2TPHA_RECORD_NODE) {
            if (!skip_value(&in, tag))
                return L2TPHA_ERR_RECORD;
            continue;
        }
        if ((tag & 7) != WIRE_BYTES || !get_string(&in, &body))
            return L2TPHA_ERR_RECORD;
        record->kind = (enum l2tpha_record_kind)(tag >> 3);
    }
    return get_body(input_over(body), record);
}

static int get_record(struct l2tpha_reading *reading, struct l2tpha_record *record)
{
    struct input in = input_over((struct l2tpha_bytes){reading->data, reading->len});
    struct l2tpha_bytes inside;
    uint32_t tag;

    while (in.pos != in.end) {
        if (!get_tag(&in, &tag))
            return L2TPHA_ERR_RECORD;
        if (tag >> 3 < RECORD_FIELD)
            return L2TPHA_ERR_RECORD; /* the header is read already */
        if (tag != (RECORD_FIELD << 3 | WIRE_BYTES)) {
            if (tag >> 3 == RECORD_FIELD || !skip_value(&in, tag))
                return L2TPHA_ERR_RECORD;
            continue;
        }
        if (!get_string(&in, &inside))
            return L2TPHA_ERR_RECORD;
        reading->data = in.pos;
        reading->len = (size_t)(in.end - in.pos);
        return get_kind(input_over(inside), record);
    }
    return L2TPHA_ERR_NOT_FOUND;
}

/* --- the header --- */

enum { VERSION = 1, KIND = 4, DIGEST = 7, PART = 9, HEADER_FIELDS };
#define HEADER_VALUE(number, type, member, ...) [number] = header->member,
#define HEADER_MEMBER(number, type, member, ...) .member = values[number],

static int put_fixed64(struct output *out, uint32_t tag, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    int error = put_raw(out, bytes, sizeof(bytes));
    return error ? error : put_varint(out, tag);
}

static int put_header_field(struct output *out, uint32_t number, uint64_t value)
{
    if (number == DIGEST)
        return put_fixed64(out, DIGEST << 3 | WIRE_FIXED64, value);
    int error = put_varint(out, value);
    return error ? error : put_varint(out, number << 3 | WIRE_VARINT);
}

static int put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing)
{
    const uint64_t values[HEADER_FIELDS] = {L2TPHA_CHECKPOINT_FIELDS(HEADER_VALUE)};
    struct output out = {writing->start, writing->low};
    int error = 0;

    if (header->version == 0 || header->kind > L2TPHA_CHECKPOINT_RESUME)
        return L2TPHA_ERR_INVALID;
    for (uint32_t number = HEADER_FIELDS - 1; number >= VERSION && !error; number--)
        if (values[number])
            error = put_header_field(&out, number, values[number]);
    if (!error)
        writing->start = out.pos;
    return error;
}

static bool get_fixed64(struct input *in, uint64_t *value)
{
    struct l2tpha_bytes view;
    if (!get_view(in, 8, &view))
        return false;
    *value = 0;
    for (unsigned i = 0; i < 8; i++)
        *value |= (uint64_t)view.data[i] << (8 * i);
    return true;
}

static bool get_header_field(struct input *in, uint32_t tag, uint64_t values[HEADER_FIELDS])
{
    uint32_t number = tag >> 3;
    if (number >= HEADER_FIELDS)
        return number != RECORD_FIELD && skip_value(in, tag);
    if ((tag & 7) != (number == DIGEST ? WIRE_FIXED64 : WIRE_VARINT))
        return false;
    return number == DIGEST ? get_fixed64(in, &values[number]) : get_varint(in, &values[number]);
}

static int get_header(const uint8_t *data, size_t len, struct l2tpha_checkpoint_header *header,
                      struct l2tpha_reading *reading)
{
    uint64_t values[HEADER_FIELDS] = {0};
    struct input in = {data, data};

    if (len > 0)
        in.end += len;
    while (in.pos != in.end && *in.pos != (RECORD_FIELD << 3 | WIRE_BYTES)) {
        uint32_t tag;
        if (!get_tag(&in, &tag) || !get_header_field(&in, tag, values))
            return L2TPHA_ERR_RECORD;
    }
    if (values[VERSION] != L2TPHA_CHECKPOINT_VERSION)
        return L2TPHA_ERR_RECORD_VERSION;
    if (values[KIND] > L2TPHA_CHECKPOINT_RESUME)
        return L2TPHA_ERR_RECORD;
    *header = (struct l2tpha_checkpoint_header){L2TPHA_CHECKPOINT_FIELDS(HEADER_MEMBER)};
    reading->data = in.pos;
    reading->len = (size_t)(in.end - in.pos);
    return 0;
}

const struct l2tpha_serializer *l2tpha_serializer_proto(void)
{
    static const struct l2tpha_serializer proto = {
        .size = sizeof(struct l2tpha_serializer),
        .name = "proto",
        .put_record = put_record,
        .put_header = put_header,
        .get_header = get_header,
        .get_record = get_record,
    };
    return &proto;
}
