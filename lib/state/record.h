/* SPDX-License-Identifier: MIT */
/* What each record kind consists of, as tables to be walked: number, type, place and range of every
 * field. They are made of the rows of record_fields.h, of which serializers make their code too, so
 * that all refuse the same values. */
#ifndef STATE_RECORD_H
#define STATE_RECORD_H

#include "codec/wire.h"

#include <l2tpha/record.h>

enum record_type {
    RECORD_U8,
    RECORD_U16,
    RECORD_U32,
    RECORD_U64,
    RECORD_RAW8,    /* eight bytes; all zero = default */
    RECORD_ADDRESS, /* struct l2tpha_address */
    RECORD_BYTES    /* struct l2tpha_bytes */
};

/* Protocol buffers wire types (the only ones that proto3 uses). */
enum record_wire { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct record_field {
#ifndef __OPTIMIZE_SIZE__
    const char *name;
#endif
    uint16_t tag;    /* number << 3 | enum record_wire */
    uint8_t type;    /* enum record_type */
    uint8_t also;    /* one more value that is allowed beyond max; 0 = none */
    uint16_t offset; /* in the record of its kind */
    uint16_t min;    /* of the value, or of the length; > 0: the field is required */
    uint32_t max;
};

struct record_shape {
#ifndef __OPTIMIZE_SIZE__
    const char *name;
#endif
    const struct record_field *fields; /* the one with number n is at n - 1 */
    uint32_t count;
    uint64_t required; /* bit n: the field with number n must be there */
    uint32_t size;     /* of the record */
};

/* NULL for a kind that this release does not know. */
const struct record_shape *record_shape(uint32_t kind);

static inline bool record_in_range(uint64_t value, uint32_t low, uint32_t high, uint32_t more)
{
    return (value >= low && value <= high) || (more && value == more);
}

/* How its messages look on the wire. A record that names no version is one of L2TPv2. */
static inline const struct wire_format *record_wire(const struct l2tpha_tunnel_record *record)
{
    (void)record;
    return &wire_l2tpv2;
}

/* Its sessions have ended with it: none has a record of its own any more. */
static inline bool record_is_over(const struct l2tpha_tunnel_record *record)
{
    return record->state == L2TPHA_TUNNEL_STOPPING || record->state == L2TPHA_TUNNEL_STOPPED;
}

/* record.resets after one more; data = numbered data began at 0 again. */
static inline uint16_t record_next_resets(uint16_t resets, bool data)
{
    return (uint16_t)((resets & ~1u) + 2 + data);
}

static inline bool record_resets_data(const struct l2tpha_tunnel_record *record)
{
    return record->resets & 1;
}

/* The lease of ungated commit: how many numbers beyond the acknowledged one the standby may not
 * know of. The peer's window bounds it. node = what counts where the record says nothing. */
uint16_t record_lease(const struct l2tpha_tunnel_record *record, uint16_t node);

#endif
