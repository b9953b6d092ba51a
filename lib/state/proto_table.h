/* SPDX-License-Identifier: MIT */
/* Part of serializer_proto.c where the library is made for size (-Os): records are written and read
 * by the tables of record.h, not by code that is made of each field. Canonical in the same way. */
#ifndef STATE_PROTO_TABLE_H
#define STATE_PROTO_TABLE_H

/* Where a record keeps what it does not know; NULL = it keeps nothing. */
static struct l2tpha_bytes *unknown_of(struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return &record->of.tunnel.unknown;
    case L2TPHA_RECORD_SESSION:
        return &record->of.session.unknown;
    case L2TPHA_RECORD_NODE:
        return &record->of.node.unknown;
    default:
        return NULL;
    }
}

static uint64_t number_at(uint8_t type, const void *at)
{
    switch (type) {
    case RECORD_U8:
        return *(const uint8_t *)at;
    case RECORD_U16:
        return *(const uint16_t *)at;
    case RECORD_U32:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

static struct l2tpha_bytes string_at(uint8_t type, const void *at)
{
    const struct l2tpha_address *address = at;

    switch (type) {
    case RECORD_BYTES:
        return *(const struct l2tpha_bytes *)at;
    case RECORD_ADDRESS:
        return (struct l2tpha_bytes){address->bytes, address->len};
    default:
        return (struct l2tpha_bytes){at, is_zero(at) ? 0 : 8};
    }
}

static int put_field(struct output *out, const struct record_field *field, const uint8_t *at)
{
    if (field->type <= RECORD_U64)
        return put_wide(out, field->tag, number_at(field->type, at), field->min, field->max,
                        field->also);
    struct l2tpha_bytes bytes = string_at(field->type, at);
    return put_bytes(out, field->tag, bytes.data, bytes.len, field->min, field->max);
}

static int put_body(struct output *out, const struct l2tpha_record *record)
{
    const struct record_shape *shape = record_shape((uint32_t)record->kind);
    struct l2tpha_record *same = (void *)(uintptr_t)record; /* nothing is written there */
    int error = L2TPHA_OK;

    if (!shape)
        return L2TPHA_ERR_INVALID;
    const struct l2tpha_bytes *unknown = unknown_of(same);
    if (unknown)
        error = put_raw(out, unknown->data, unknown->len);
    for (uint32_t i = shape->count; i-- > 0 && !error;)
        error = put_field(out, &shape->fields[i],
                          (const uint8_t *)&record->of + shape->fields[i].offset);
    return error;
}

static bool get_number(struct input *in, const struct record_field *field, uint8_t *at)
{
    uint32_t value;

    if (!get_scalar(in, &value, field->min, field->max, field->also))
        return false;
    switch (field->type) {
    case RECORD_U8:
        *at = (uint8_t)value;
        break;
    case RECORD_U16:
        *(uint16_t *)(void *)at = (uint16_t)value;
        break;
    case RECORD_U32:
        *(uint32_t *)(void *)at = value;
        break;
    default:
        *(uint64_t *)(void *)at = value;
        break;
    }
    return true;
}

static bool get_field(struct input *in, const struct record_field *field, uint8_t *at)
{
    switch (field->type) {
    case RECORD_BYTES:
        return get_BYTES(in, (void *)at, field->min, field->max, 0);
    case RECORD_ADDRESS:
        return get_ADDRESS(in, (void *)at, field->min, field->max, 0);
    case RECORD_RAW8:
        return get_RAW8(in, (void *)at, field->min, field->max, 0);
    default:
        return get_number(in, field, at);
    }
}

static int get_body(struct input in, struct l2tpha_record *record)
{
    const struct record_shape *shape = record_shape((uint32_t)record->kind);
    record_set seen = 0;

    if (!shape)
        return L2TPHA_OK;
    struct l2tpha_bytes *keep = unknown_of(record);
    memset(&record->of, 0, shape->size);
    if (keep) /* these begin with their size */
        *(size_t *)(void *)&record->of = shape->size;
    while (in.pos != in.end) {
        const uint8_t *from = in.pos;
        uint32_t tag, number;
        if (!get_tag(&in, &tag))
            return L2TPHA_ERR_RECORD;
        number = tag >> 3;
        if (number > shape->count) {
            if (!(in.pos = get_unknown(in, from, tag, keep)))
                return L2TPHA_ERR_RECORD;
            continue;
        }
        const struct record_field *field = &shape->fields[number - 1];
        if (field->tag != tag || !get_field(&in, field, (uint8_t *)&record->of + field->offset))
            return L2TPHA_ERR_RECORD;
        seen |= RECORD_BIT(number);
    }
    return (seen & shape->required) == shape->required ? L2TPHA_OK : L2TPHA_ERR_RECORD;
}

_Static_assert(offsetof(struct l2tpha_tunnel_record, size) == 0 &&
                   offsetof(struct l2tpha_session_record, size) == 0 &&
                   offsetof(struct l2tpha_node_record, size) == 0,
               "records that are kept begin with their size");

#endif
