/* SPDX-License-Identifier: MIT */
/* The rows of l2tpha/fields.h as tables to be walked, with what a person calls each field. */
#ifndef SERIALIZERS_JSON_TABLE_H
#define SERIALIZERS_JSON_TABLE_H

#include <l2tpha/fields.h>

enum json_type { JSON_U8, JSON_U16, JSON_U32, JSON_U64, JSON_BYTES, JSON_ADDRESS, JSON_RAW8 };
enum json_show { JSON_NUMBER, JSON_HEX, JSON_SECRET, JSON_TEXT };

struct json_field {
    const char *name;
    uint32_t number;
    uint8_t type; /* enum json_type */
    uint8_t show; /* enum json_show */
    uint8_t also; /* one more value that is allowed beyond max; 0 = none */
    uint16_t offset;
    uint64_t min; /* of the value, or of the length; > 0: the field is required */
    uint64_t max;
};

struct json_kind {
    const char *name;
    const struct json_field *fields; /* the highest number stands first */
    size_t count;
    size_t size;    /* of the record */
    size_t unknown; /* where it keeps what is not known; 0 = nowhere */
};

#define JSON_RECORDS "records" /* the last member of a checkpoint */
#define JSON_RAW "#raw"        /* unknown fields that have no other form */

/* Of the header. */
extern const struct json_kind json_header;
/* Of a record; NULL for a kind that this release does not know. */
const struct json_kind *json_kind(uint32_t kind);

static inline uint32_t json_last(const struct json_kind *kind)
{
    return kind->fields[0].number;
}

static inline bool json_in_range(const struct json_field *field, uint64_t value)
{
    return (value >= field->min && value <= field->max) || (field->also && value == field->also);
}

#endif
