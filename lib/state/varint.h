/* SPDX-License-Identifier: MIT */
/* Variable-length numbers of the protobuf wire format: seven bits in a byte, the lowest first, a
 * mark on all but the last. Most in a record have one byte, ids and speeds three or four. */
#ifndef STATE_VARINT_H
#define STATE_VARINT_H

#include <l2tpha/types.h>

#define VARINT_MAX 10 /* bytes of a 64-bit one */

/* In front of pos, where there is room for five bytes. */
static inline uint8_t *varint_put(uint8_t *pos, uint32_t value)
{
    if (value < 1u << 7) {
        *--pos = (uint8_t)value;
        return pos;
    }
    if (value < 1u << 14) {
        *--pos = (uint8_t)(value >> 7);
    } else if (value < 1u << 21) {
        *--pos = (uint8_t)(value >> 14);
        *--pos = (uint8_t)(value >> 7 | 0x80);
    } else {
        if (value >= 1u << 28)
            *--pos = (uint8_t)(value >> 28);
        *--pos = (uint8_t)(value >> 21 | (value >= 1u << 28 ? 0x80 : 0));
        *--pos = (uint8_t)(value >> 14 | 0x80);
        *--pos = (uint8_t)(value >> 7 | 0x80);
    }
    *--pos = (uint8_t)(value | 0x80);
    return pos;
}

/* A varint and what follows it; next is NULL for a bad one. By value, so that the place of reading
 * may stay in a register. */
struct varint {
    const uint8_t *next;
    uint64_t value;
};

static inline struct varint varint_get_any(const uint8_t *pos, const uint8_t *end)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < VARINT_MAX && pos != end; i++) {
        uint8_t byte = *pos++;
        if (i == VARINT_MAX - 1 && byte > 1)
            break; /* does not fit 64 bits */
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80)
            return (struct varint){pos, sum};
    }
    return (struct varint){NULL, 0};
}

/* The first byte says that there are more; most have three or four. */
static inline struct varint varint_get_long(const uint8_t *pos, const uint8_t *end)
{
    if (end - pos < 4)
        return varint_get_any(pos, end);
    uint32_t sum = (pos[0] & 0x7fu) | (pos[1] & 0x7fu) << 7;
    if (pos[1] < 0x80)
        return (struct varint){pos + 2, sum};
    sum |= (pos[2] & 0x7fu) << 14;
    if (pos[2] < 0x80)
        return (struct varint){pos + 3, sum};
    sum |= (pos[3] & 0x7fu) << 21;
    if (pos[3] < 0x80)
        return (struct varint){pos + 4, sum};
    return varint_get_any(pos, end);
}

#endif
