/* SPDX-License-Identifier: MIT */
/* What is made of the rows of l2tpha/fields.h: record.c makes the tables of record.h of them, the
 * proto serializer straight code. */
#ifndef STATE_RECORD_FIELDS_H
#define STATE_RECORD_FIELDS_H

#include <l2tpha/fields.h>

#define WIRE_OF_U8 WIRE_VARINT
#define WIRE_OF_U16 WIRE_VARINT
#define WIRE_OF_U32 WIRE_VARINT
#define WIRE_OF_U64 WIRE_VARINT
#define WIRE_OF_RAW8 WIRE_BYTES
#define WIRE_OF_ADDRESS WIRE_BYTES
#define WIRE_OF_BYTES WIRE_BYTES

/* A field's tag on the wire. */
#define RECORD_TAG(number, type) ((number) << 3 | WIRE_OF_##type)

/* The byte strings among the fields: FIELDS(RECORD_STRING) is a STRING(member) of each, which
 * whoever wants them defines. */
#define RECORD_STRING(number, type, member, ...) RECORD_STRING_##type(member)
#define RECORD_STRING_U8(member)
#define RECORD_STRING_U16(member)
#define RECORD_STRING_U32(member)
#define RECORD_STRING_U64(member)
#define RECORD_STRING_RAW8(member)
#define RECORD_STRING_ADDRESS(member)
#define RECORD_STRING_BYTES(member) STRING(member)

/* A set of fields of one kind. Each number has a bit in it. */
typedef uint64_t record_set;
#define RECORD_BIT(number) (UINT64_C(1) << (number))
#define RECORD_HAS_BIT(number, ...) &&(number) < 64
#define RECORD_FITS(number, noun, FIELDS)                                                          \
    _Static_assert(1 FIELDS(RECORD_HAS_BIT), "a bit for each field");
L2TPHA_RECORDS(RECORD_FITS)

/* Terms of the set of required fields. */
#define RECORD_REQUIRED(number, type, member, name, show, low, ...)                                \
    | ((low) > 0 ? RECORD_BIT(number) : 0)

#endif
