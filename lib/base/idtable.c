/* SPDX-License-Identifier: MIT */
/* Extendible hashing over small segments of linear probing. An entry has 32 bits of its key's hash
 * in place of the key: their low end chooses the segment through a directory, their high end the
 * slot where probing starts, and only an entry with all of them alike is asked for its key. So
 * nothing is hashed again when entries move. A segment that is three
 * quarters full is doubled up to SEGMENT_SLOTS and from then on split in two; only its own entries
 * move. Removal closes the gap behind it, so there are no tombstones. */
#include "base/idtable.h"

#include "base/bits.h"

#include <l2tpha/error.h>
#include <string.h>

#define FIRST_SLOTS 8
#define SEGMENT_BITS 9
#define SEGMENT_SLOTS (1u << SEGMENT_BITS)
#define HASH_BITS 32
#define DEPTH_MAX (HASH_BITS - SEGMENT_BITS) /* of the directory: 8 M segments */
#define EMPTY UINT32_MAX

struct entry {
    uint32_t hash;
    uint32_t value; /* EMPTY = free slot */
};

struct segment {
    uint32_t mask; /* slots - 1 */
    uint32_t count;
    uint32_t depth; /* low bits of the hash that its entries share */
    struct entry slots[];
};

struct idtable {
    uint64_t seed;
    idtable_key key_of;
    const void *user;
    size_t count;
    size_t segment_bytes;
    uint32_t depth;             /* the directory has 1 << depth places */
    struct segment **directory; /* a segment of less depth stands in several places */
};

static uint32_t hash_of(const struct idtable *table, uint64_t key)
{
    return (uint32_t)bits_mix(bits_mix(key ^ table->seed) + table->seed);
}

static size_t bytes_of(uint32_t slots)
{
    return sizeof(struct segment) + slots * sizeof(struct entry);
}

static uint32_t home_of(uint32_t mask, uint32_t hash)
{
    return hash >> (HASH_BITS - SEGMENT_BITS) & mask;
}

static struct segment *segment_of(const struct idtable *table, uint32_t hash)
{
    return table->directory[hash & ((UINT32_C(1) << table->depth) - 1)];
}

static struct segment *segment_new(struct idtable *table, uint32_t slots, uint32_t depth)
{
    struct segment *segment = talloc_size(table, bytes_of(slots));
    if (!segment)
        return NULL;
    segment->mask = slots - 1;
    segment->count = 0;
    segment->depth = depth;
    memset(segment->slots, 0xff, slots * sizeof(struct entry));
    return segment;
}

int idtable_new(TALLOC_CTX *parent, uint64_t seed, idtable_key key_of, const void *user,
                struct idtable **table)
{
    struct idtable *fresh = talloc_zero(parent, struct idtable);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->seed = seed;
    fresh->key_of = key_of;
    fresh->user = user;
    fresh->directory = talloc_array(fresh, struct segment *, 1);
    struct segment *first = segment_new(fresh, FIRST_SLOTS, 0);
    if (!fresh->directory || !first) {
        talloc_free(fresh);
        return L2TPHA_ERR_NOMEM;
    }
    fresh->directory[0] = first;
    fresh->segment_bytes = bytes_of(FIRST_SLOTS);
    *table = fresh;
    return L2TPHA_OK;
}

/* The key's slot, or the free one where it would go. */
static struct entry *probe_under(const struct idtable *table, struct segment *segment,
                                 uint32_t mask, uint32_t hash, uint64_t key)
{
    uint32_t at = home_of(mask, hash);
    struct entry *entry = &segment->slots[at];
    while (entry->value != EMPTY &&
           (entry->hash != hash || table->key_of(table->user, entry->value) != key)) {
        at = (at + 1) & mask;
        entry = &segment->slots[at];
    }
    return entry;
}

static struct entry *probe(const struct idtable *table, struct segment *segment, uint32_t hash,
                           uint64_t key)
{
    return probe_under(table, segment, segment->mask, hash, key);
}

static void put(struct segment *segment, struct entry fresh)
{
    uint32_t at = home_of(segment->mask, fresh.hash);
    while (segment->slots[at].value != EMPTY)
        at = (at + 1) & segment->mask;
    segment->slots[at] = fresh;
    segment->count++;
}

/* Put each entry into the one of two segments that the hash bit says. */
static void distribute(const struct segment *from, uint32_t bit, struct segment *clear,
                       struct segment *set)
{
    for (uint32_t i = 0; i <= from->mask; i++)
        if (from->slots[i].value != EMPTY)
            put(from->slots[i].hash & bit ? set : clear, from->slots[i]);
}

/* Only the first segment is ever smaller than SEGMENT_SLOTS, while it is the only one. */
static int enlarge(struct idtable *table, struct segment *old)
{
    struct segment *fresh = segment_new(table, (old->mask + 1) * 2, 0);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    distribute(old, 0, fresh, NULL);
    table->directory[0] = fresh;
    table->segment_bytes = bytes_of(fresh->mask + 1);
    talloc_free(old);
    return L2TPHA_OK;
}

static int double_directory(struct idtable *table)
{
    size_t places = (size_t)1 << table->depth;
    if (table->depth == DEPTH_MAX)
        return L2TPHA_ERR_LIMIT;

    struct segment **directory =
        talloc_realloc(table, table->directory, struct segment *, places * 2);
    if (!directory)
        return L2TPHA_ERR_NOMEM;
    memcpy(directory + places, directory, places * sizeof(*directory));
    table->directory = directory;
    table->depth++;
    return L2TPHA_OK;
}

static int split(struct idtable *table, struct segment *old, uint32_t hash)
{
    uint32_t bit = UINT32_C(1) << old->depth;
    if (old->depth == table->depth) {
        int error = double_directory(table);
        if (error < 0)
            return error;
    }
    struct segment *clear = segment_new(table, SEGMENT_SLOTS, old->depth + 1);
    struct segment *set = segment_new(table, SEGMENT_SLOTS, old->depth + 1);
    if (!clear || !set) {
        talloc_free(clear);
        talloc_free(set);
        return L2TPHA_ERR_NOMEM;
    }
    distribute(old, bit, clear, set);
    for (uint32_t i = hash & (bit - 1); i >> table->depth == 0; i += bit)
        table->directory[i] = i & bit ? set : clear;
    table->segment_bytes += bytes_of(SEGMENT_SLOTS);
    talloc_free(old);
    return L2TPHA_OK;
}

int idtable_insert(struct idtable *table, uint64_t key, uint32_t value)
{
    uint32_t hash = hash_of(table, key);
    struct segment *segment = segment_of(table, hash);

    if (value == EMPTY)
        return L2TPHA_ERR_INVALID;
    if (probe(table, segment, hash, key)->value != EMPTY)
        return L2TPHA_ERR_EXISTS;
    while (segment->count >= (segment->mask + 1) / 4 * 3) {
        int error = segment->mask + 1 < SEGMENT_SLOTS ? enlarge(table, segment)
                                                      : split(table, segment, hash);
        if (error < 0)
            return error;
        segment = segment_of(table, hash);
    }
    put(segment, (struct entry){hash, value});
    table->count++;
    return L2TPHA_OK;
}

bool idtable_find(const struct idtable *table, uint64_t key, uint32_t *value)
{
    uint32_t hash = hash_of(table, key);
    struct segment *segment = segment_of(table, hash);
    /* Among several segments all have the full size: looking it up would cost a cache line. */
    uint32_t mask = table->depth ? SEGMENT_SLOTS - 1 : segment->mask;
    const struct entry *entry = probe_under(table, segment, mask, hash, key);

    if (entry->value == EMPTY)
        return false;
    *value = entry->value;
    return true;
}

/* Move back each later entry of the run that probing would no longer reach across the gap. */
static void close_gap(struct segment *segment, uint32_t gap)
{
    for (uint32_t at = (gap + 1) & segment->mask; segment->slots[at].value != EMPTY;
         at = (at + 1) & segment->mask) {
        uint32_t home = home_of(segment->mask, segment->slots[at].hash);
        if (((at - home) & segment->mask) < ((at - gap) & segment->mask))
            continue;
        segment->slots[gap] = segment->slots[at];
        gap = at;
    }
    segment->slots[gap].value = EMPTY;
}

bool idtable_remove(struct idtable *table, uint64_t key)
{
    uint32_t hash = hash_of(table, key);
    struct segment *segment = segment_of(table, hash);
    struct entry *entry = probe(table, segment, hash, key);

    if (entry->value == EMPTY)
        return false;
    close_gap(segment, (uint32_t)(entry - segment->slots));
    segment->count--;
    table->count--;
    return true;
}

size_t idtable_count(const struct idtable *table)
{
    return table->count;
}

size_t idtable_bytes(const struct idtable *table)
{
    return sizeof(*table) + table->segment_bytes +
           ((size_t)1 << table->depth) * sizeof(struct segment *);
}
