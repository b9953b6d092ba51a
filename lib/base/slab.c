/* SPDX-License-Identifier: MIT */
/* A chunk holds a power of two of objects behind one bitmap of those in use, so an object costs a
 * bit beside itself and its share of the chunk's head. Index = chunk number, then place in the
 * chunk. Chunks with a free place form a list; a chunk's number is taken again when the chunk was
 * given back. The places of what would be the first chunk are those of several small ones, so that
 * few objects need little memory. */
#include "base/slab.h"

#include "base/bits.h"
#include "base/poison.h"
#include "base/prefetch.h"

#include <l2tpha/error.h>
#include <string.h>

#define SMALL_BYTES 2048       /* of the first chunks, aimed at */
#define CHUNK_BYTES 32768      /* of others, aimed at ... */
#define CHUNK_BYTES_MAX 262144 /* ... and up to this, to have no more than ... */
#define CHUNKS 1024            /* ... so many, whose addresses fit the nearest cache */
#define FIRST_CAPACITY 64      /* chunk numbers; a multiple of 64 */
#define LINE 64                /* of the cache: a chunk's first object begins one ... */
#define LARGE (8 * LINE)       /* ... and so does each object of this size or more */
#define SIZE_LIMIT (1 << 24)   /* of an object: what is added to it and doubled fits 32 bits */

struct chunk {
    struct chunk *next_roomy;
    uint32_t number;
    uint32_t places;
    uint32_t count;  /* used objects */
    uint64_t used[]; /* then the objects */
};

struct slab {
    size_t size;
    uint32_t limit;
    uint32_t count;
    uint32_t shift;       /* a chunk holds 1 << shift objects, */
    uint32_t small_shift; /* ... each of the small ones 1 << small_shift */
    uint32_t smalls;      /* so many small ones */
    size_t head;          /* bytes of a chunk's head, */
    size_t small_head;    /* ... and of a small one's */
    uint32_t capacity;    /* of the two tables */
    uint32_t numbers;     /* chunk numbers ever taken */
    size_t bytes;         /* of the chunks present */
    uint32_t held;        /* so many */
    struct chunk *roomy;
    struct chunk **chunks; /* by number; NULL = given back */
    uint64_t *live;        /* numbers of chunks with used objects */
};

/* Number and place of an index. */
static uint32_t number_of(const struct slab *slab, uint32_t index)
{
    uint32_t number = index >> slab->shift;

    return number ? number - 1 + slab->smalls : index >> slab->small_shift;
}

static uint32_t place_of(const struct slab *slab, uint32_t index)
{
    uint32_t shift = index >> slab->shift ? slab->shift : slab->small_shift;

    return index & ((UINT32_C(1) << shift) - 1);
}

static uint32_t index_of(const struct slab *slab, uint32_t number, uint32_t place)
{
    if (number < slab->smalls)
        return number << slab->small_shift | place;
    return (number + 1 - slab->smalls) << slab->shift | place;
}

static uint32_t places_of(const struct slab *slab, uint32_t number)
{
    return UINT32_C(1) << (number < slab->smalls ? slab->small_shift : slab->shift);
}

/* Bytes of a chunk's head: objects begin at the next line. */
static size_t objects_at(uint32_t places)
{
    return sizeof(struct chunk) + bits_words(places) * sizeof(uint64_t);
}

static size_t chunk_bytes(const struct slab *slab, uint32_t places)
{
    return objects_at(places) + LINE + slab->size * places;
}

static void *object_behind(const struct slab *slab, const struct chunk *chunk, size_t head,
                           uint32_t place)
{
    uintptr_t first = ((uintptr_t)chunk + head + LINE - 1) / LINE * LINE;

    return (uint8_t *)chunk + (first - (uintptr_t)chunk) + place * slab->size;
}

static void *object_at(const struct slab *slab, const struct chunk *chunk, uint32_t place)
{
    return object_behind(slab, chunk, objects_at(chunk->places), place);
}

static uint32_t choose_shift(size_t size, uint32_t limit)
{
    uint32_t shift = 0;

    while (limit > UINT32_C(1) << shift) {
        size_t doubled = size << (shift + 1);
        size_t bytes = limit >> shift > CHUNKS ? CHUNK_BYTES_MAX : CHUNK_BYTES;
        if (doubled > bytes)
            break;
        shift++;
    }
    return shift;
}

static void lay_out(struct slab *slab)
{
    slab->shift = choose_shift(slab->size, slab->limit);
    slab->small_shift = slab->shift;
    while (slab->small_shift > 0 && slab->size << slab->small_shift > SMALL_BYTES)
        slab->small_shift--;
    slab->head = objects_at(UINT32_C(1) << slab->shift);
    slab->small_head = objects_at(UINT32_C(1) << slab->small_shift);
    slab->smalls = UINT32_C(1) << (slab->shift - slab->small_shift);
}

int slab_new(TALLOC_CTX *parent, size_t size, uint32_t limit, const char *name, struct slab **slab)
{
    if (size == 0 || size > SIZE_LIMIT || limit == 0)
        return L2TPHA_ERR_INVALID;

    struct slab *fresh = talloc_zero(parent, struct slab);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    talloc_set_name_const(fresh, name);
    fresh->size = size < LARGE ? size : (size + LINE - 1) / LINE * LINE;
    fresh->limit = limit < SLAB_NONE / 2 ? limit : SLAB_NONE / 2; /* an index is never SLAB_NONE */
    lay_out(fresh);
    *slab = fresh;
    return L2TPHA_OK;
}

/* Copy of a table in twice the room, the rest zero. The old one stays until all have grown. */
static void *enlarged(struct slab *slab, const void *table, size_t bytes)
{
    uint8_t *fresh = talloc_zero_size(slab, bytes * 2);
    if (fresh && table)
        memcpy(fresh, table, bytes);
    return fresh;
}

static int grow_tables(struct slab *slab)
{
    uint32_t capacity = slab->capacity ? slab->capacity : FIRST_CAPACITY / 2;
    size_t pointers = capacity * sizeof(struct chunk *);
    struct chunk **chunks = enlarged(slab, slab->chunks, pointers);
    uint64_t *live = talloc_zero_array(slab, uint64_t, bits_words(capacity * 2));

    if (!chunks || !live) {
        talloc_free(chunks);
        talloc_free(live);
        return L2TPHA_ERR_NOMEM;
    }
    if (slab->live)
        memcpy(live, slab->live, bits_words(capacity) * sizeof(*live));
    talloc_free(slab->chunks);
    talloc_free(slab->live);
    slab->chunks = chunks;
    slab->live = live;
    slab->capacity = capacity * 2;
    return L2TPHA_OK;
}

static uint32_t free_number(const struct slab *slab)
{
    uint32_t number = slab->numbers;
    if (slab->held < slab->numbers)
        for (number = 0; slab->chunks[number]; number++)
            ;
    return number;
}

static struct chunk *add_chunk(struct slab *slab)
{
    uint32_t number = free_number(slab);
    if (number == slab->capacity && grow_tables(slab) < 0)
        return NULL;
    uint32_t places = places_of(slab, number);
    size_t head = objects_at(places), bytes = chunk_bytes(slab, places);
    struct chunk *chunk = talloc_size(slab, bytes);
    if (!chunk)
        return NULL;

    memset(chunk, 0, head);
    poison((uint8_t *)chunk + head, bytes - head);
    chunk->number = number;
    chunk->places = places;
    slab->bytes += bytes;
    slab->chunks[number] = chunk;
    slab->held++;
    if (number == slab->numbers)
        slab->numbers++;
    chunk->next_roomy = slab->roomy;
    slab->roomy = chunk;
    return chunk;
}

static void *refuse(int *error, int why)
{
    if (error)
        *error = why;
    return NULL;
}

static uint32_t free_place(const struct chunk *chunk)
{
    uint32_t word = 0;
    while (chunk->used[word] == UINT64_MAX)
        word++;
    return word * 64 + bits_lowest(~chunk->used[word]);
}

void *slab_alloc(struct slab *slab, uint32_t *index, int *error)
{
    if (slab->count >= slab->limit)
        return refuse(error, L2TPHA_ERR_LIMIT);
    struct chunk *chunk = slab->roomy ? slab->roomy : add_chunk(slab);
    if (!chunk)
        return refuse(error, L2TPHA_ERR_NOMEM);

    uint32_t place = free_place(chunk);
    bits_add(chunk->used, place);
    bits_add(slab->live, chunk->number);
    slab->count++;
    if (++chunk->count == chunk->places)
        slab->roomy = chunk->next_roomy;
    *index = index_of(slab, chunk->number, place);
    void *object = object_at(slab, chunk, place);
    unpoison(object, slab->size);
    return memset(object, 0, slab->size);
}

void slab_free(struct slab *slab, uint32_t index)
{
    if (!slab_at(slab, index))
        return;

    struct chunk *chunk = slab->chunks[number_of(slab, index)];
    poison(object_at(slab, chunk, place_of(slab, index)), slab->size);
    bits_drop(chunk->used, place_of(slab, index));
    slab->count--;
    if (chunk->count-- == chunk->places) {
        chunk->next_roomy = slab->roomy;
        slab->roomy = chunk;
    }
    if (chunk->count == 0)
        bits_drop(slab->live, chunk->number);
}

void *slab_at(const struct slab *slab, uint32_t index)
{
    uint32_t number = number_of(slab, index), place = place_of(slab, index);
    if (number >= slab->numbers)
        return NULL;

    const struct chunk *chunk = slab->chunks[number];
    return chunk && bits_has(chunk->used, place) ? object_at(slab, chunk, place) : NULL;
}

void *slab_get(const struct slab *slab, uint32_t index)
{
    /* The chunk's own line is not looked at: it may be in no cache. */
    uint32_t number = index >> slab->shift;

    if (number == 0)
        return object_behind(slab, slab->chunks[index >> slab->small_shift], slab->small_head,
                             index & ((UINT32_C(1) << slab->small_shift) - 1));
    return object_behind(slab, slab->chunks[number - 1 + slab->smalls], slab->head,
                         index & ((UINT32_C(1) << slab->shift) - 1));
}

void slab_prefetch(const struct slab *slab, uint32_t index)
{
    prefetch(slab_get(slab, index), slab->size);
}

void *slab_next(const struct slab *slab, uint32_t *index)
{
    uint32_t first = number_of(slab, *index), number = first, place = place_of(slab, *index);

    while ((number = bits_next(slab->live, number, slab->numbers)) < slab->numbers) {
        const struct chunk *chunk = slab->chunks[number];
        if (number != first)
            place = 0;
        place = bits_next(chunk->used, place, chunk->places);
        if (place < chunk->places) {
            *index = index_of(slab, number, place);
            return object_at(slab, chunk, place);
        }
        number++;
    }
    return NULL;
}

uint32_t slab_count(const struct slab *slab)
{
    return slab->count;
}

uint32_t slab_limit(const struct slab *slab)
{
    return slab->limit;
}

size_t slab_bytes(const struct slab *slab)
{
    return sizeof(*slab) + slab->bytes + slab->capacity * sizeof(struct chunk *) +
           bits_words(slab->capacity) * sizeof(uint64_t);
}

void slab_trim(struct slab *slab)
{
    struct chunk **link = &slab->roomy;
    while (*link) {
        if ((*link)->count == 0)
            *link = (*link)->next_roomy;
        else
            link = &(*link)->next_roomy;
    }

    for (uint32_t number = 0; number < slab->numbers; number++) {
        struct chunk *chunk = slab->chunks[number];
        if (!chunk || chunk->count > 0)
            continue;
        slab->chunks[number] = NULL;
        slab->held--;
        slab->bytes -= chunk_bytes(slab, chunk->places);
        unpoison(chunk, chunk_bytes(slab, chunk->places));
        talloc_free(chunk);
    }
}
