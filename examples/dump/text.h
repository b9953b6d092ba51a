/* SPDX-License-Identifier: MIT */
/* Checkpoints and records for people: a line for each, with what it has that is not 0 or empty. */
#ifndef DUMP_TEXT_H
#define DUMP_TEXT_H

#include "serializers/json_table.h"

#include <l2tpha/record.h>

#include <stdio.h>

void text_header(const struct l2tpha_checkpoint_header *header, uint64_t number, FILE *out);
void text_record(const struct l2tpha_record *record, bool secrets, FILE *out);
/* A field's value; "-" where it is 0 or empty. */
void text_value(const struct json_kind *kind, const struct json_field *field, const void *record,
                bool secrets, FILE *out);

#endif
