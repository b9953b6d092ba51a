/* SPDX-License-Identifier: MIT */
/* Writing CBOR, from the end of the buffer backwards, so that a map's size is known when its head
 * is written. The code of each record kind is made of its rows. */
#include "cbor_put.h"

#include "cbor_head.h"

static bool is_zero(const uint8_t bytes[8])
{
    static const uint8_t zeros[8];
    return memcmp(bytes, zeros, sizeof(zeros)) == 0;
}

struct output {
    uint8_t *pos;
    uint8_t *low;
    uint32_t pairs; /* of the map that is being written */
};

/* In front of pos, where there is room. */
static uint8_t *head_put(uint8_t *pos, enum major major, uint64_t value)
{
    uint8_t type = (uint8_t)(major << 5);

    if (value < 24) {
        *--pos = (uint8_t)(type | value);
        return pos;
    }
    size_t bytes = head_len(value) - 1;
    for (size_t i = 0; i < bytes; i++, value >>= 8)
        *--pos = (uint8_t)value;
    *--pos = (uint8_t)(type | (bytes == 1 ? 24 : bytes == 2 ? 25 : bytes == 4 ? 26 : 27));
    return pos;
}

static int put_head(struct output *out, enum major major, uint64_t value)
{
    if ((size_t)(out->pos - out->low) < head_len(value))
        return L2TPHA_ERR_TOO_SMALL;
    out->pos = head_put(out->pos, major, value);
    return L2TPHA_OK;
}

static inline uint8_t *number_put(uint8_t *pos, uint64_t value)
{
    if (value < 24) {
        *--pos = (uint8_t)value;
    } else if (value <= UINT8_MAX) {
        pos -= 2;
        pos[0] = 24;
        pos[1] = (uint8_t)value;
    } else if (value <= UINT16_MAX) {
        pos -= 3;
        pos[0] = 25;
        pos[1] = (uint8_t)(value >> 8);
        pos[2] = (uint8_t)value;
    } else if (value <= UINT32_MAX) {
        pos -= 5;
        pos[0] = 26;
        pos[1] = (uint8_t)(value >> 24);
        pos[2] = (uint8_t)(value >> 16);
        pos[3] = (uint8_t)(value >> 8);
        pos[4] = (uint8_t)value;
    } else {
        pos = head_put(pos, NUMBER, value);
    }
    return pos;
}

/* Key and value, by value as view_put(), so that the place of writing may stay in a register
 * between fields. NULL = there is too little room. */
static uint8_t *pair_put(uint8_t *pos, uint8_t *low, uint32_t key, uint64_t value)
{
    if ((size_t)(pos - low) < 2 * HEAD_MAX && (size_t)(pos - low) < head_len(key) + head_len(value))
        return NULL;
    return number_put(number_put(pos, value), key);
}

static uint8_t *view_put(uint8_t *pos, uint8_t *low, uint32_t key, const void *data, size_t len)
{
    size_t heads = head_len(key) + head_len(len);

    if ((size_t)(pos - low) < heads || (size_t)(pos - low) - heads < len)
        return NULL;
    pos -= len;
    memcpy(pos, data, len);
    return number_put(head_put(pos, STRING, len), key);
}

static inline int moved_to(struct output *out, uint8_t *pos)
{
    if (!pos)
        return L2TPHA_ERR_TOO_SMALL;
    out->pos = pos;
    out->pairs++;
    return L2TPHA_OK;
}

/* Most values are small: inline with all that is known of the field little is left of this. */
static ALWAYS_INLINE int put_number(struct output *out, uint32_t key, uint64_t value, uint64_t low,
                                    uint64_t high, uint64_t more)
{
    if (!is_in_range(value, low, high, more))
        return L2TPHA_ERR_INVALID;
    if (value == 0)
        return L2TPHA_OK;
    if (key >= 24 || value >= 24 || out->pos - out->low < 2)
        return moved_to(out, pair_put(out->pos, out->low, key, value));
    out->pos -= 2;
    out->pos[0] = (uint8_t)key;
    out->pos[1] = (uint8_t)value;
    out->pairs++;
    return L2TPHA_OK;
}

static ALWAYS_INLINE int put_string(struct output *out, uint32_t key, const void *data, size_t len,
                                    size_t low, size_t high)
{
    if (len < low || len > high || (len > 0 && !data))
        return L2TPHA_ERR_INVALID;
    return len == 0 ? L2TPHA_OK : moved_to(out, view_put(out->pos, out->low, key, data, len));
}

/* One for each type of field; the names are what PUT makes of the types. */
#define put_U8(out, key, at, ...) put_number(out, key, *(at), __VA_ARGS__)
#define put_U16(out, key, at, ...) put_number(out, key, *(at), __VA_ARGS__)
#define put_U32(out, key, at, ...) put_number(out, key, *(at), __VA_ARGS__)
#define put_U64(out, key, at, ...) put_number(out, key, *(at), __VA_ARGS__)
#define put_FIXED64(out, key, at, ...) put_number(out, key, *(at), __VA_ARGS__)
#define put_BYTES(out, key, at, low, high, more)                                                   \
    put_string(out, key, (at)->data, (at)->len, low, high)
#define put_ADDRESS(out, key, at, low, high, more)                                                 \
    put_string(out, key, (at)->bytes, (at)->len, low, high)
#define put_RAW8(out, key, at, low, high, more)                                                    \
    put_string(out, key, *(at), is_zero(*(at)) ? 0 : 8, low, high)

#define PUT(number, type, member, name, show, low, high, more, text)                               \
    if (!error)                                                                                    \
        error = put_##type(out, number, &fields->member, low, high, more);

#define DEFINE_PUT(noun, FIELDS, structure)                                                        \
    static int put_##noun(struct output *place, const struct structure *fields)                    \
    {                                                                                              \
        struct output copy = *place, *out = &copy;                                                 \
        int error = L2TPHA_OK;                                                                     \
        FIELDS(PUT)                                                                                \
        *place = copy;                                                                             \
        return error;                                                                              \
    }
#define DEFINE_PUT_RECORD(number, noun, FIELDS) DEFINE_PUT(noun, FIELDS, l2tpha_##noun##_record)

L2TPHA_RECORDS(DEFINE_PUT_RECORD)
DEFINE_PUT(checkpoint, L2TPHA_CHECKPOINT_FIELDS, l2tpha_checkpoint_header)

/* Their keys are the highest. */
static int put_plain(struct output *out, struct l2tpha_bytes unknown)
{
    struct l2tpha_bytes rest = unknown;
    struct unknown_field field;
    size_t len = 0;

    while (rest.len > 0 && unknown_next(&rest, &field)) {
        len += head_len(field.number) + head_len(field.value);
        len += field.type == UNKNOWN_STRING ? (size_t)field.value : 0;
    }
    if ((size_t)(out->pos - out->low) < len)
        return L2TPHA_ERR_TOO_SMALL;
    uint8_t *to = out->pos -= len;
    for (rest = unknown; rest.len > 0 && unknown_next(&rest, &field); out->pairs++) {
        to += head_len(field.number);
        head_put(to, NUMBER, field.number);
        to += head_len(field.value);
        head_put(to, (enum major)field.type, field.value);
        if (field.type != UNKNOWN_STRING || field.value == 0)
            continue;
        memcpy(to, field.data, (size_t)field.value);
        to += field.value;
    }
    return L2TPHA_OK;
}

/* Unknown fields as their own keys behind the known ones, or whole ahead of them. */
#define PUT_KEPT(noun, FIELDS)                                                                     \
    static int put_kept_##noun(struct output *out, const struct l2tpha_##noun##_record *record)    \
    {                                                                                              \
        struct l2tpha_bytes unknown = record->unknown;                                             \
        enum unknown_form form = unknown_form(unknown, LAST(FIELDS));                              \
        int error = form == UNKNOWN_BAD ? L2TPHA_ERR_INVALID : L2TPHA_OK;                          \
        if (form == UNKNOWN_PLAIN && unknown.len > 0)                                              \
            error = put_plain(out, unknown);                                                       \
        if (!error)                                                                                \
            error = put_##noun(out, record);                                                       \
        if (form == UNKNOWN_RAW && !error)                                                         \
            error = put_string(out, RAW, unknown.data, unknown.len, 0, SIZE_MAX);                  \
        return error;                                                                              \
    }
PUT_KEPT(tunnel, L2TPHA_TUNNEL_FIELDS)
PUT_KEPT(session, L2TPHA_SESSION_FIELDS)
PUT_KEPT(node, L2TPHA_NODE_FIELDS)

static int put_fields(struct output *out, const struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return put_kept_tunnel(out, &record->of.tunnel);
    case L2TPHA_RECORD_SESSION:
        return put_kept_session(out, &record->of.session);
    case L2TPHA_RECORD_SEQUENCE:
        return put_sequence(out, &record->of.sequence);
    case L2TPHA_RECORD_MESSAGE:
        return put_message(out, &record->of.message);
    case L2TPHA_RECORD_GONE:
        return put_gone(out, &record->of.gone);
    case L2TPHA_RECORD_NODE:
        return put_kept_node(out, &record->of.node);
    default:
        return L2TPHA_ERR_INVALID;
    }
}

int cbor_put_record(const struct l2tpha_record *record, struct l2tpha_writing *writing)
{
    struct output out = {writing->start, writing->low, 0};
    int error = put_fields(&out, record);

    if (!error)
        error = put_head(&out, MAP, out.pairs);
    if (!error)
        error = put_head(&out, NUMBER, record->kind);
    if (!error)
        error = put_head(&out, ARRAY, PAIR);
    if (!error)
        writing->start = out.pos;
    return error;
}

int cbor_put_header(const struct l2tpha_checkpoint_header *header, struct l2tpha_writing *writing)
{
    struct output out = {writing->start, writing->low, writing->records > 0};
    int error = L2TPHA_OK;

    if (writing->records > 0) {
        error = put_head(&out, ARRAY, writing->records);
        if (!error)
            error = put_head(&out, NUMBER, L2TPHA_FIELD_RECORDS);
    }
    if (!error)
        error = put_checkpoint(&out, header);
    if (!error)
        error = put_head(&out, MAP, out.pairs);
    if (!error)
        writing->start = out.pos;
    return error;
}
