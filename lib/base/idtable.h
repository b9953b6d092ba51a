/* SPDX-License-Identifier: MIT */
/* 64-bit key -> 32-bit value, open addressing. The keys are not kept: whoever finds the object by
 * the value reads its key there, so an entry is eight bytes. The table grows by splitting one small
 * segment at a time, so no single call pays for the whole. */
#ifndef BASE_IDTABLE_H
#define BASE_IDTABLE_H

#include <l2tpha/types.h>
#include <talloc.h>

struct idtable;

/* The key under which value stands in the table; the same from its insertion to its removal. */
typedef uint64_t (*idtable_key)(const void *user, uint32_t value);

/* seed spreads keys that a peer may choose; take it from the host's random source. */
int idtable_new(TALLOC_CTX *parent, uint64_t seed, idtable_key key_of, const void *user,
                struct idtable **table);
/* L2TPHA_ERR_EXISTS leaves the present value alone. L2TPHA_ERR_INVALID for the value UINT32_MAX,
 * which marks free slots; L2TPHA_ERR_NOMEM, or L2TPHA_ERR_LIMIT beyond all sizes that memory
 * allows; each changes nothing. */
int idtable_insert(struct idtable *table, uint64_t key, uint32_t value);
bool idtable_find(const struct idtable *table, uint64_t key, uint32_t *value);
/* Whether the key was there. */
bool idtable_remove(struct idtable *table, uint64_t key);
size_t idtable_count(const struct idtable *table);
size_t idtable_bytes(const struct idtable *table);

#endif
