/* SPDX-License-Identifier: MIT */
/* What the writer and the reader of CBOR share (RFC 8949 3): a head is the type and a number, which
 * is a value, a length or a count. */
#ifndef SERIALIZERS_CBOR_HEAD_H
#define SERIALIZERS_CBOR_HEAD_H

#include "unknown.h"

#include <l2tpha/fields.h>
#include <l2tpha/serializer.h>

#if defined(__GNUC__)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#else
#define ALWAYS_INLINE inline
#endif

enum major { NUMBER = 0, STRING = 2, ARRAY = 4, MAP = 5 };

#define HEAD_MAX 9 /* bytes */
#define RAW 0      /* key of unknown fields that have no other form */
#define PAIR 2     /* elements of a record's array */

/* The highest number among the fields of a kind. */
#define PLACE(number, ...) [number] = 0,
#define LAST(FIELDS) ((uint32_t)sizeof((const char[]){FIELDS(PLACE)}) - 1)

static inline size_t head_len(uint64_t value)
{
    if (value < 24)
        return 1;
    return value <= UINT8_MAX ? 2 : value <= UINT16_MAX ? 3 : value <= UINT32_MAX ? 5 : HEAD_MAX;
}

static inline bool is_in_range(uint64_t value, uint64_t low, uint64_t high, uint64_t more)
{
    return (value >= low && value <= high) || (more > 0 && value == more);
}

#endif
