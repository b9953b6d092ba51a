/* SPDX-License-Identifier: MIT */
/* Fields that this release does not know are kept as the bytes that proto has for them. One that is
 * a number or a string in the one form that a writer gives it is plain: another serializer can say
 * it in its own way and give the same bytes back. Where others are among them, or the order is
 * another one, the bytes travel as they are. */
#ifndef SERIALIZERS_UNKNOWN_H
#define SERIALIZERS_UNKNOWN_H

#include <l2tpha/types.h>
#include <string.h>

#define UNKNOWN_HEADS 15                    /* bytes of a field's tag and number, at most */
#define UNKNOWN_NUMBER_MAX ((1u << 29) - 1) /* as proto has it */

enum unknown_type { UNKNOWN_NUMBER = 0, UNKNOWN_STRING = 2 };

struct unknown_field {
    uint32_t number;
    uint8_t type;        /* enum unknown_type, or another wire type of proto */
    bool shortest;       /* its numbers are no longer than they need be */
    uint64_t value;      /* or length */
    const uint8_t *data; /* of a string */
};

/* What a whole piece of them is. */
enum unknown_form {
    UNKNOWN_PLAIN,
    UNKNOWN_RAW, /* well formed, but not plain */
    UNKNOWN_BAD  /* no fields, or some that this release knows */
};

static inline bool unknown_varint(struct l2tpha_bytes *rest, uint64_t *value, bool *shortest)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < 10 && i < rest->len; i++) {
        uint8_t byte = rest->data[i];
        if (i == 9 && byte > 1)
            return false;
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte >= 0x80)
            continue;
        *shortest = *shortest && (byte > 0 || i == 0);
        rest->data += i + 1;
        rest->len -= i + 1;
        *value = sum;
        return true;
    }
    return false;
}

/* Take the field at the front of what is left, which is not empty; false: it is none. */
static inline bool unknown_next(struct l2tpha_bytes *rest, struct unknown_field *field)
{
    uint64_t tag, len = 0;

    field->shortest = true;
    if (!unknown_varint(rest, &tag, &field->shortest) || tag > UINT32_MAX || tag >> 3 == 0)
        return false;
    field->number = (uint32_t)tag >> 3;
    field->type = tag & 7;
    switch (field->type) {
    case UNKNOWN_NUMBER:
        return unknown_varint(rest, &field->value, &field->shortest);
    case UNKNOWN_STRING:
        if (!unknown_varint(rest, &len, &field->shortest))
            return false;
        break;
    case 1: /* 64 bits */
        len = 8;
        break;
    case 5: /* 32 bits */
        len = 4;
        break;
    default:
        return false;
    }
    if (len > rest->len)
        return false;
    field->value = len;
    field->data = rest->data;
    rest->data += len;
    rest->len -= (size_t)len;
    return true;
}

/* last = the highest number that is known. */
static inline enum unknown_form unknown_form(struct l2tpha_bytes rest, uint32_t last)
{
    enum unknown_form form = UNKNOWN_PLAIN;
    struct unknown_field field;
    uint32_t previous = last;

    while (rest.len > 0) {
        if (!unknown_next(&rest, &field) || field.number <= last)
            return UNKNOWN_BAD;
        if (!field.shortest || field.number <= previous ||
            (field.type != UNKNOWN_NUMBER && field.type != UNKNOWN_STRING))
            form = UNKNOWN_RAW;
        previous = field.number;
    }
    return form;
}

static inline uint8_t *unknown_put_varint(uint8_t *to, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to++ = (uint8_t)value;
    return to;
}

/* A plain field behind the others, which take len bytes of the room; false: it does not fit. What
 * is in it may be in the room by now, UNKNOWN_HEADS behind them. */
static inline bool unknown_put(uint8_t *room, size_t size, size_t *len,
                               const struct unknown_field *field)
{
    size_t string = field->type == UNKNOWN_STRING ? (size_t)field->value : 0;
    uint8_t *to = room + *len;

    if (size - *len < UNKNOWN_HEADS || size - *len - UNKNOWN_HEADS < string)
        return false;
    to = unknown_put_varint(to, (uint64_t)field->number << 3 | field->type);
    to = unknown_put_varint(to, field->value);
    if (string > 0)
        memmove(to, field->data, string);
    *len = (size_t)(to - room) + string;
    return true;
}

#endif
