/* SPDX-License-Identifier: MIT */
/* The digest over a whole table. */
#ifndef STATE_TABLE_DIGEST_H
#define STATE_TABLE_DIGEST_H

#include "state/table.h"

#include <l2tpha/serializer.h>

/* Digest over the whole table, independent of order. */
uint64_t table_digest(const struct table *table, const struct l2tpha_serializer *serializer);

#endif
