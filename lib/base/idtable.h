/* SPDX-License-Identifier: MIT */
/* 64-bit key -> 32-bit value, open addressing. The keys are not kept: whoever finds the object by
 * the value reads its key there, so an entry is eight bytes. The table grows by splitting one small
 * segment at a time, so no single call pays for the whole. An empty one holds no memory: an object
 * may have a table of its own. */
#ifndef BASE_IDTABLE_H
#define BASE_IDTABLE_H

#include <l2tpha/types.h>
#include <talloc.h>

struct segment;

/* The key under which value stands in the table; the same from its insertion to its removal. */
typedef uint64_t (*idtable_key)(const void *user, uint32_t value);

/* What all tables of one kind share. */
struct idtable_kind {
    TALLOC_CTX *parent; /* of their memory */
    uint64_t seed;      /* spreads keys that a peer may choose; from the host's random source */
    idtable_key key_of;
    const void *user;
    size_t bytes; /* that the tables of this kind hold; the tables keep it */
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
int idtable_insert(struct idtable *table, uint64_t key, uint32_t value);
bool idtable_find(const struct idtable *table, uint64_t key, uint32_t *value);
/* Another value for a key that is there; its key is the same. */
void idtable_replace(struct idtable *table, uint64_t key, uint32_t value);
/* Whether the key was there. */
bool idtable_remove(struct idtable *table, uint64_t key);
/* Drop all entries and give the memory back. */
void idtable_clear(struct idtable *table);

#endif
