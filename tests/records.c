/* SPDX-License-Identifier: MIT */
#include "records.h"

#include "fixture.h"

#include <string.h>

static const uint8_t long_string[RECORDS_STRING];

struct l2tpha_writing records_writing(uint8_t *data, size_t room)
{
    return (struct l2tpha_writing){data, data + room, data + room, 0};
}

struct l2tpha_record records_minimal(enum l2tpha_record_kind kind)
{
    struct l2tpha_record record;
    memset(&record, 0, sizeof(record));
    record.kind = kind;
    for (uint32_t i = 0; i < record_shape(kind)->count; i++) {
        const struct record_field *field = &record_shape(kind)->fields[i];
        void *at = (char *)&record.of + field->offset;
        if (field->type == RECORD_U32)
            *(uint32_t *)at = field->min;
        else if (field->type == RECORD_U8)
            *(uint8_t *)at = (uint8_t)field->min;
        else if (field->type == RECORD_BYTES && field->min > 0)
            *(struct l2tpha_bytes *)at = (struct l2tpha_bytes){long_string, field->min};
    }
    return record;
}

static bool same_field(const struct record_field *field, const void *a, const void *b)
{
    const struct l2tpha_bytes *x = a, *y = b;
    switch ((enum record_type)field->type) {
    case RECORD_U8:
        return *(const uint8_t *)a == *(const uint8_t *)b;
    case RECORD_U16:
        return *(const uint16_t *)a == *(const uint16_t *)b;
    case RECORD_U32:
        return *(const uint32_t *)a == *(const uint32_t *)b;
    case RECORD_U64:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case RECORD_RAW8:
        return memcmp(a, b, 8) == 0;
    case RECORD_ADDRESS:
        return memcmp(a, b, sizeof(struct l2tpha_address)) == 0;
    case RECORD_BYTES:
        return x->len == y->len && (x->len == 0 || memcmp(x->data, y->data, x->len) == 0);
    }
    return false;
}

void records_assert_same(const struct l2tpha_record *a, const struct l2tpha_record *b)
{
    const struct record_shape *shape = record_shape(a->kind);
    ck_assert_int_eq(a->kind, b->kind);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct record_field *field = &shape->fields[i];
        ck_assert_msg(same_field(field, (const char *)&a->of + field->offset,
                                 (const char *)&b->of + field->offset),
                      "kind %d, field %u", (int)a->kind, field->tag >> 3);
    }
}

void records_set(const struct record_field *field, void *at, uint64_t value)
{
    switch ((enum record_type)field->type) {
    case RECORD_U8:
        *(uint8_t *)at = (uint8_t)value;
        break;
    case RECORD_U16:
        *(uint16_t *)at = (uint16_t)value;
        break;
    case RECORD_U32:
        *(uint32_t *)at = (uint32_t)value;
        break;
    case RECORD_U64:
        *(uint64_t *)at = value;
        break;
    case RECORD_RAW8:
        memset(at, value ? 0xa5 : 0, 8);
        break;
    case RECORD_ADDRESS:
        memset(at, 0, sizeof(struct l2tpha_address));
        ((struct l2tpha_address *)at)->len = (uint8_t)value;
        memset(((struct l2tpha_address *)at)->bytes, 0x5a, value <= 28 ? value : 28);
        break;
    case RECORD_BYTES:
        *(struct l2tpha_bytes *)at = (struct l2tpha_bytes){long_string, (size_t)value};
    }
}

void records_random(struct l2tpha_record *record, uint32_t *seed)
{
    *record = records_minimal((enum l2tpha_record_kind)(1 + (*seed >> 16) % RECORDS_KINDS));
    const struct record_shape *shape = record_shape(record->kind);
    for (uint32_t i = 0; i < shape->count; i++) {
        const struct record_field *field = &shape->fields[i];
        *seed = *seed * 1664525 + 1013904223;
        uint32_t span = field->max < 300 || field->type <= RECORD_U64 ? field->max : 300;
        uint32_t value = (*seed >> 8) << (*seed & 7);
        if (*seed & 0x800 && span >= field->min)
            records_set(field, (char *)&record->of + field->offset,
                        field->min +
                            (span == UINT32_MAX ? value / 2 : value % (span - field->min + 1)));
    }
}
