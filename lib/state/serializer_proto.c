/* SPDX-License-Identifier: MIT */
/* The wire format of protocol buffers, version 3, as described by l2tpha.proto and
 * docs/checkpoint-format.md, driven by the field tables of record.c. A writer works from the end
 * of its buffer backwards, so that a length is known when it is written in front of its content;
 * what it writes is canonical. A reader takes whatever a protobuf encoder may produce. */
#include "state/record.h"

#include <l2tpha/serializer.h>
#include <string.h>

#define RECORD_FIELD 15 /* of message Checkpoint; the highest that one tag byte can name */
#define VARINT_MAX 10   /* bytes of a 64-bit varint */

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
static int put_frame(struct output *out, const uint8_t *end, uint32_t tag)
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

static int put_scalar(struct output *out, const struct record_field *field, uint32_t value)
{
    if (!record_allows(field, value))
        return L2TPHA_ERR_INVALID;
    if (value == 0)
        return 0;
    int error = put_varint(out, value);
    return error ? error : put_varint(out, field->tag);
}

static int put_bytes(struct output *out, const struct record_field *field, const void *data,
                     size_t len)
{
    if (!record_allows(field, len) || (len > 0 && !data))
        return L2TPHA_ERR_INVALID;
    return len == 0 ? 0 : put_string(out, field->tag, data, len);
}

static int put_field(struct output *out, const struct record_field *field, const uint8_t *place)
{
    static const uint8_t zeros[8];
    const void *at = place;

    switch ((enum record_type)field->type) {
    case RECORD_U8:
        return put_scalar(out, field, *place);
    case RECORD_U16:
        return put_scalar(out, field, *(const uint16_t *)at);
    case RECORD_U32:
        return put_scalar(out, field, *(const uint32_t *)at);
    case RECORD_RAW8:
        return put_bytes(out, field, at, memcmp(at, zeros, 8) == 0 ? 0 : 8);
    case RECORD_ADDRESS: {
        const struct l2tpha_address *address = at;
        return put_bytes(out, field, address->bytes, address->len);
    }
    case RECORD_BYTES: {
        const struct l2tpha_bytes *bytes = at;
        return put_bytes(out, field, bytes->data, bytes->len);
    }
    }
    return L2TPHA_ERR_INVALID;
}

static int put_record(const struct l2tpha_record *record, uint8_t **start, size_t room)
{
    const struct record_shape *shape = record_shape(record->kind);
    const uint8_t *base = (const uint8_t *)&record->of;
    struct output out = {*start, *start - room};
    const uint8_t *end = *start;
    int error = 0;

    if (!shape)
        return L2TPHA_ERR_INVALID;
    if (shape->unknown != RECORD_NO_UNKNOWN) {
        const struct l2tpha_bytes *unknown = (const void *)(base + shape->unknown);
        error = put_raw(&out, unknown->data, unknown->len);
    }
    for (uint32_t i = shape->count; i > 0 && !error; i--)
        error = put_field(&out, &shape->fields[i - 1], base + shape->fields[i - 1].offset);
    if (!error)
        error = put_frame(&out, end, (uint32_t)record->kind << 3 | WIRE_BYTES);
    if (!error)
        error = put_frame(&out, end, RECORD_FIELD << 3 | WIRE_BYTES);
    if (!error)
        *start = out.pos;
    return error;
}

/* --- reading --- */

struct input {
    const uint8_t *pos;
    const uint8_t *end;
};

static bool get_long_varint(struct input *in, uint64_t *value)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < VARINT_MAX; i++) {
        if (in->pos == in->end)
            return false;
        uint8_t byte = *in->pos++;
        if (i == VARINT_MAX - 1 && byte > 1)
            return false; /* does not fit 64 bits */
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *value = sum;
            return true;
        }
    }
    return false;
}

static inline bool get_varint(struct input *in, uint64_t *value)
{
    if (in->pos != in->end && *in->pos < 0x80) {
        *value = *in->pos++;
        return true;
    }
    return get_long_varint(in, value);
}

static bool get_view(struct input *in, size_t len, struct l2tpha_bytes *view)
{
    if (len > (size_t)(in->end - in->pos))
        return false;
    *view = (struct l2tpha_bytes){in->pos, len};
    in->pos += len;
    return true;
}

static bool get_string(struct input *in, struct l2tpha_bytes *view)
{
    uint64_t len;
    return get_varint(in, &len) && len <= SIZE_MAX && get_view(in, (size_t)len, view);
}

/* A field number is 1 to 2^29 - 1. */
static bool get_tag(struct input *in, uint32_t *tag)
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

static bool get_scalar(struct input *in, const struct record_field *field, void *place)
{
    uint64_t value;
    if (!get_varint(in, &value) || !record_allows(field, value))
        return false;
    if (field->type == RECORD_U8)
        *(uint8_t *)place = (uint8_t)value;
    else if (field->type == RECORD_U16)
        *(uint16_t *)place = (uint16_t)value;
    else
        *(uint32_t *)place = (uint32_t)value;
    return true;
}

static bool get_bytes(struct input *in, const struct record_field *field, void *place)
{
    struct l2tpha_bytes view;
    if (!get_string(in, &view) || !record_allows(field, view.len))
        return false;
    if (field->type == RECORD_BYTES) {
        *(struct l2tpha_bytes *)place = view;
    } else if (field->type == RECORD_ADDRESS) {
        struct l2tpha_address *address = place;
        memset(address, 0, sizeof(*address));
        address->len = (uint8_t)view.len;
        memcpy(address->bytes, view.data, view.len);
    } else {
        if (view.len != 8)
            return false;
        memcpy(place, view.data, 8);
    }
    return true;
}

/* Fields of a newer release follow those known, so they stand together and one view holds them. */
static bool get_unknown(struct input *in, const uint8_t *from, uint32_t tag,
                        struct l2tpha_bytes *unknown)
{
    if (!skip_value(in, tag))
        return false;
    if (!unknown)
        return true;
    if (unknown->len == 0)
        unknown->data = from;
    else if (unknown->data + unknown->len != from)
        return false;
    unknown->len = (size_t)(in->pos - unknown->data);
    return true;
}

static int get_fields(struct input in, const struct record_shape *shape, uint8_t *base)
{
    struct l2tpha_bytes *unknown = NULL;
    uint32_t seen = 0;

    memset(base, 0, shape->size);
    if (shape->sized)
        *(size_t *)(void *)base = shape->size;
    if (shape->unknown != RECORD_NO_UNKNOWN)
        unknown = (void *)(base + shape->unknown);
    while (in.pos != in.end) {
        const uint8_t *from = in.pos;
        uint32_t tag;
        if (!get_tag(&in, &tag))
            return L2TPHA_ERR_RECORD;
        uint32_t number = tag >> 3;
        if (number > shape->count) {
            if (!get_unknown(&in, from, tag, unknown))
                return L2TPHA_ERR_RECORD;
            continue;
        }
        const struct record_field *field = &shape->fields[number - 1];
        void *place = base + field->offset;
        bool scalar = (tag & 7) == WIRE_VARINT;
        if (tag != field->tag ||
            !(scalar ? get_scalar(&in, field, place) : get_bytes(&in, field, place)))
            return L2TPHA_ERR_RECORD;
        seen |= UINT32_C(1) << number;
    }
    return (seen & shape->required) == shape->required ? 0 : L2TPHA_ERR_RECORD;
}

/* The inside of one Record: of several kinds the last one counts, as in any oneof. */
static int get_kind(struct input in, struct l2tpha_record *record)
{
    struct l2tpha_bytes body = {NULL, 0};

    record->kind = L2TPHA_RECORD_UNKNOWN;
    while (in.pos != in.end) {
        uint32_t tag;
        if (!get_tag(&in, &tag))
            return L2TPHA_ERR_RECORD;
        if (!record_shape(tag >> 3)) {
            if (!skip_value(&in, tag))
                return L2TPHA_ERR_RECORD;
            continue;
        }
        if ((tag & 7) != WIRE_BYTES || !get_string(&in, &body))
            return L2TPHA_ERR_RECORD;
        record->kind = (enum l2tpha_record_kind)(tag >> 3);
    }
    if (record->kind == L2TPHA_RECORD_UNKNOWN)
        return 0;
    return get_fields((struct input){body.data, body.data + body.len}, record_shape(record->kind),
                      (uint8_t *)&record->of);
}

static int get_record(struct l2tpha_bytes *records, struct l2tpha_record *record)
{
    struct input in = {records->data, records->data};
    struct l2tpha_bytes inside;
    uint32_t tag;

    if (records->len > 0) /* nothing may be added to a NULL pointer, not even 0 */
        in.end += records->len;
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
        *records = (struct l2tpha_bytes){in.pos, (size_t)(in.end - in.pos)};
        return get_kind((struct input){inside.data, inside.data + inside.len}, record);
    }
    return L2TPHA_ERR_NOT_FOUND;
}

/* --- the header --- */

enum { VERSION = 1, EPOCH, NUMBER, KIND, GENERATION, COUNT, DIGEST, HEADER_FIELDS };

static int put_fixed64(struct output *out, uint32_t tag, uint64_t value)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    int error = put_raw(out, bytes, sizeof(bytes));
    return error ? error : put_varint(out, tag);
}

static int put_header(const struct l2tpha_checkpoint_header *header, uint8_t **start, size_t room)
{
    const uint64_t values[DIGEST] = {
        [VERSION] = header->version, [EPOCH] = header->epoch,           [NUMBER] = header->number,
        [KIND] = header->kind,       [GENERATION] = header->generation, [COUNT] = header->count,
    };
    struct output out = {*start, *start - room};
    int error = 0;

    if (header->version == 0 || header->kind > L2TPHA_CHECKPOINT_BULK_END)
        return L2TPHA_ERR_INVALID;
    if (header->digest)
        error = put_fixed64(&out, DIGEST << 3 | WIRE_FIXED64, header->digest);
    for (uint32_t number = DIGEST - 1; number >= VERSION && !error; number--) {
        if (values[number] == 0)
            continue;
        error = put_varint(&out, values[number]);
        if (!error)
            error = put_varint(&out, number << 3 | WIRE_VARINT);
    }
    if (!error)
        *start = out.pos;
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
                      struct l2tpha_bytes *records)
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
    if (values[KIND] > L2TPHA_CHECKPOINT_BULK_END)
        return L2TPHA_ERR_RECORD;
    *header = (struct l2tpha_checkpoint_header){
        .version = L2TPHA_CHECKPOINT_VERSION,
        .epoch = values[EPOCH],
        .number = values[NUMBER],
        .kind = (uint8_t)values[KIND],
        .generation = values[GENERATION],
        .count = values[COUNT],
        .digest = values[DIGEST],
    };
    *records = (struct l2tpha_bytes){in.pos, (size_t)(in.end - in.pos)};
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
