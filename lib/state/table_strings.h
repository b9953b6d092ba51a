/* SPDX-License-Identifier: MIT */
/* Byte strings that the entries of a table own: each is in a buffer of the table's pool. */
#ifndef STATE_TABLE_STRINGS_H
#define STATE_TABLE_STRINGS_H

#include "state/entry.h"

struct table;

/* Give *field a copy of its own, in a buffer of the pool. The same length re-uses the memory. */
int table_replace_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                        size_t len);
/* Wipe and give back: what is dropped may be a secret. */
void table_drop_bytes(struct table *table, struct l2tpha_bytes *field);

#endif
