/* SPDX-License-Identifier: MIT */
/* Many objects of one size, in chunks that hang off the talloc tree: no header per object, stable
 * addresses, an index for each, and iteration by index that survives inserts and removals. */
#ifndef BASE_SLAB_H
#define BASE_SLAB_H

#include <l2tpha/types.h>
#include <talloc.h>

#define SLAB_NONE UINT32_MAX

struct slab;

/* Objects of `size` bytes, at most `limit` of them. Freed with its talloc parent. */
int slab_new(TALLOC_CTX *parent, size_t size, uint32_t limit, const char *name, struct slab **slab);
/* A zeroed object and its index; NULL when the limit is reached or memory is out (then *error tells
 * which: L2TPHA_ERR_LIMIT or L2TPHA_ERR_NOMEM; error may be NULL). */
void *slab_alloc(struct slab *slab, uint32_t *index, int *error);
/* An index that is free already or out of range does no harm. */
void slab_free(struct slab *slab, uint32_t index);
/* The object with this index, NULL when the index is free or out of range. */
void *slab_at(const struct slab *slab, uint32_t index);
/* Likewise for one known to be in use: looks at nothing but the object. */
void *slab_get(const struct slab *slab, uint32_t index);
/* ... and ask for its memory before it is looked at. */
void slab_prefetch(const struct slab *slab, uint32_t index);
/* The used object with the lowest index >= *index, which becomes its index; NULL at the end. Skips
 * a whole empty chunk at once. */
void *slab_next(const struct slab *slab, uint32_t *index);
uint32_t slab_count(const struct slab *slab); /* used objects */
uint32_t slab_limit(const struct slab *slab);
size_t slab_bytes(const struct slab *slab); /* memory held, for the figures */
/* Give chunks without a used object back to talloc. */
void slab_trim(struct slab *slab);

#endif
