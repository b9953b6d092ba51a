/* SPDX-License-Identifier: MIT */
/* Records made of the table of fields, for the tests of serializers. */
#ifndef TESTS_RECORDS_H
#define TESTS_RECORDS_H

#include "state/record.h"

#include <l2tpha/serializer.h>

#define RECORDS_KINDS 6           /* known ones */
#define RECORDS_STRING (1u << 17) /* longest string that records_set() gives */

struct l2tpha_writing records_writing(uint8_t *data, size_t room);
/* With what is required, each at its least. */
struct l2tpha_record records_minimal(enum l2tpha_record_kind kind);
/* Of a string the length. */
void records_set(const struct record_field *field, void *at, uint64_t value);
void records_random(struct l2tpha_record *record, uint32_t *seed);
/* All fields that are known. */
void records_assert_same(const struct l2tpha_record *a, const struct l2tpha_record *b);

#endif
