/* SPDX-License-Identifier: MIT */
/* 32-bit key -> 32-bit value, open addressing. An entry is eight bytes and has its key in it, so
 * nothing but the table is read to find it. The table grows by splitting one small segment at a
 * time, so no single call pays for the whole. An empty one holds no memory: an object may have a
 * table of its own. */
#ifndef BASE_IDTABLE_H
#define BASE_IDTABLE_H

#include <l2tpha/types.h>
#include <talloc.h>

struct segment;

/* What all tables of one kind share. */
struct idtable_kind {
    TALLOC_CTX *parent; /* of their memory */
    uint64_t seed;      /* spreads keys that a peer may choose; from the host's random source */
    uint32_t tag;       /* low bits of a value that belong to its key: several kinds of key may lead
                           to one object; a mask, 0 = none */
    size_t bytes;       /* that the tables of this kind hold; the tables keep it */
};

/* All zero but for the kind = empty. */
struct idtable {
    struct idtable_kind *kind;
    union {
        struct segment *only;       /* depth 0; NULL = no entry yet */
        struct segment **directory; /* else; a segment of less depth stands in several places */
    } top;
    uint32_t count; /* entries */
    uint16_t mask;  /* slots of a segment - 1 */
    uint8_t depth;  /* the directory has 1 << depth places */
};

/* L2TPHA_ERR_EXISTS leaves the present value alone. L2TPHA_ERR_INVALID for the value UINT32_MAX,
 * which marks free slots; L2TPHA_ERR_NOMEM, or L2TPHA_ERR_LIMIT beyond all sizes that memory
 * allows; each changes nothing. */
int idtable_insert(struct idtable *table, uint32_t key, uint32_t value);
/* By the key and its tag, 0 where the kind has none. */
bool idtable_find(const struct idtable *table, uint32_t key, uint32_t tag, uint32_t *value);
/* Ask for the memory that this will look at. */
void idtable_prefetch(const struct idtable *table, uint32_t key, uint32_t tag);
/* Another value, with the same tag, for a key; nothing when the key is not there. */
void idtable_replace(struct idtable *table, uint32_t key, uint32_t value);
/* Whether the key was there. */
bool idtable_remove(struct idtable *table, uint32_t key, uint32_t tag);
/* Drop all entries and give the memory back. */
void idtable_clear(struct idtable *table);

#endif
