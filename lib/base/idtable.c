/* SPDX-License-Identifier: MIT */
/* Extendible hashing over small segments of linear probing. An entry has its key's hash in place of
 * the key: the hash is one-to-one, so it says as much. Its low end chooses the segment through a
 * directory, its high end the slot where probing starts. So nothing is hashed again when entries
 * move. A segment that is three quarters full is doubled up to SEGMENT_SLOTS and from then on split
 * in two; only its own entries move. Removal closes the gap behind it, so there are no tombstones.
 * A table with one segment, as most that belong to an object have, never looks at the segment's
 * head: that would cost a cache line. */
#include "base/idtable.h"

#include "base/bits.h"
#include "base/prefetch.h"

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
    uint32_t slot_count;
    uint32_t count; /* of its entries, where there are several segments */
    uint32_t depth; /* low bits of the hash that its entries share */
    struct entry slots[];
};

/* Of keys with the same tag no two have the same: each step can be undone. */
static uint32_t hash_of(const struct idtable *table, uint32_t key, uint32_t tag)
{
    uint64_t seed = table->kind->seed;

    return bits_mix32(bits_mix32(key ^ (uint32_t)seed) + (uint32_t)(seed >> 32) + tag);
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
    if (table->depth == 0)
        return table->top.only;
    return table->top.directory[hash & ((UINT32_C(1) << table->depth) - 1)];
}

static struct segment *segment_new(const struct idtable *table, uint32_t slots, uint32_t depth)
{
    struct segment *segment = talloc_size(table->kind->parent, bytes_of(slots));
    if (!segment)
        return NULL;
    segment->slot_count = slots;
    segment->count = 0;
    segment->depth = depth;
    memset(segment->slots, 0xff, slots * sizeof(struct entry));
    table->kind->bytes += bytes_of(slots);
    return segment;
}

static void segment_free(const struct idtable *table, struct segment *segment)
{
    if (segment)
        table->kind->bytes -= bytes_of(segment->slot_count);
    talloc_free(segment);
}

/* The key's slot, or the free one where it would go. */
static struct entry *probe(const struct idtable *table, struct segment *segment, uint32_t hash,
                           uint32_t tag)
{
    uint32_t at = home_of(table->mask, hash);
    struct entry *entry = &segment->slots[at];
    while (entry->value != EMPTY &&
           (entry->hash != hash || (entry->value & table->kind->tag) != tag)) {
        at = (at + 1) & table->mask;
        entry = &segment->slots[at];
    }
    return entry;
}

static void put(struct segment *segment, uint32_t mask, struct entry fresh)
{
    uint32_t at = home_of(mask, fresh.hash);
    while (segment->slots[at].value != EMPTY)
        at = (at + 1) & mask;
    segment->slots[at] = fresh;
}

/* Put each entry into the one of two segments that the hash bit says. */
static void distribute(const struct segment *from, uint32_t bit, struct segment *clear,
                       struct segment *set)
{
    for (uint32_t i = 0; i < from->slot_count; i++) {
        struct segment *to = from->slots[i].hash & bit ? set : clear;
        if (from->slots[i].value == EMPTY)
            continue;
        put(to, to->slot_count - 1, from->slots[i]);
        to->count++;
    }
}

/* Only the first segment is ever smaller than SEGMENT_SLOTS, while it is the only one. */
static int enlarge(struct idtable *table, struct segment *old)
{
    struct segment *fresh = segment_new(table, old ? old->slot_count * 2 : FIRST_SLOTS, 0);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    if (old)
        distribute(old, 0, fresh, NULL);
    table->top.only = fresh;
    table->mask = (uint16_t)(fresh->slot_count - 1);
    segment_free(table, old);
    return L2TPHA_OK;
}

static size_t directory_bytes(const struct idtable *table)
{
    return table->depth ? sizeof(struct segment *) << table->depth : 0;
}

static int double_directory(struct idtable *table)
{
    size_t places = (size_t)1 << table->depth;
    if (table->depth == DEPTH_MAX)
        return L2TPHA_ERR_LIMIT;

    struct segment **old = table->depth ? table->top.directory : &table->top.only;
    struct segment **directory = talloc_array(table->kind->parent, struct segment *, places * 2);
    if (!directory)
        return L2TPHA_ERR_NOMEM;
    memcpy(directory, old, places * sizeof(*old));
    memcpy(directory + places, old, places * sizeof(*old));
    table->kind->bytes -= directory_bytes(table);
    if (table->depth)
        talloc_free(old);
    else
        table->top.only->count = table->count;
    table->top.directory = directory;
    table->depth++;
    table->kind->bytes += directory_bytes(table);
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
        segment_free(table, clear);
        segment_free(table, set);
        return L2TPHA_ERR_NOMEM;
    }
    distribute(old, bit, clear, set);
    for (uint32_t i = hash & (bit - 1); i >> table->depth == 0; i += bit)
        table->top.directory[i] = i & bit ? set : clear;
    segment_free(table, old);
    return L2TPHA_OK;
}

static bool is_full(const struct idtable *table, const struct segment *segment)
{
    uint32_t count = table->depth ? segment->count : table->count;

    return !segment || count >= (table->mask + 1u) / 4 * 3;
}

int idtable_insert(struct idtable *table, uint32_t key, uint32_t value)
{
    uint32_t tag = value & table->kind->tag;
    uint32_t hash = hash_of(table, key, tag);
    struct segment *segment = segment_of(table, hash);

    if (value == EMPTY)
        return L2TPHA_ERR_INVALID;
    if (segment && probe(table, segment, hash, tag)->value != EMPTY)
        return L2TPHA_ERR_EXISTS;
    while (is_full(table, segment)) {
        bool is_small = !segment || table->mask + 1u < SEGMENT_SLOTS;
        int error = is_small ? enlarge(table, segment) : split(table, segment, hash);
        if (error < 0)
            return error;
        segment = segment_of(table, hash);
    }
    put(segment, table->mask, (struct entry){hash, value});
    table->count++;
    if (table->depth)
        segment->count++;
    return L2TPHA_OK;
}

bool idtable_find(const struct idtable *table, uint32_t key, uint32_t tag, uint32_t *value)
{
    uint32_t hash = hash_of(table, key, tag);
    struct segment *segment = segment_of(table, hash);
    if (!segment)
        return false;
    const struct entry *entry = probe(table, segment, hash, tag);

    if (entry->value == EMPTY)
        return false;
    *value = entry->value;
    return true;
}

void idtable_prefetch(const struct idtable *table, uint32_t key, uint32_t tag)
{
    uint32_t hash = hash_of(table, key, tag);
    const struct segment *segment = segment_of(table, hash);

    if (segment)
        prefetch(&segment->slots[home_of(table->mask, hash)], sizeof(struct entry));
}

void idtable_replace(struct idtable *table, uint32_t key, uint32_t value)
{
    uint32_t tag = value & table->kind->tag;
    uint32_t hash = hash_of(table, key, tag);
    struct segment *segment = segment_of(table, hash);
    struct entry *entry = segment ? probe(table, segment, hash, tag) : NULL;

    if (entry && entry->value != EMPTY)
        entry->value = value;
}

/* Move back each later entry of the run that probing would no longer reach across the gap. */
static void close_gap(struct segment *segment, uint32_t mask, uint32_t gap)
{
    for (uint32_t at = (gap + 1) & mask; segment->slots[at].value != EMPTY; at = (at + 1) & mask) {
        uint32_t home = home_of(mask, segment->slots[at].hash);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue;
        segment->slots[gap] = segment->slots[at];
        gap = at;
    }
    segment->slots[gap].value = EMPTY;
}

bool idtable_remove(struct idtable *table, uint32_t key, uint32_t tag)
{
    uint32_t hash = hash_of(table, key, tag);
    struct segment *segment = segment_of(table, hash);
    struct entry *entry = segment ? probe(table, segment, hash, tag) : NULL;

    if (!entry || entry->value == EMPTY)
        return false;
    close_gap(segment, table->mask, (uint32_t)(entry - segment->slots));
    table->count--;
    if (table->depth)
        segment->count--;
    return true;
}

void idtable_clear(struct idtable *table)
{
    for (uint32_t i = 0; table->depth && i >> table->depth == 0; i++) {
        struct segment *segment = table->top.directory[i];
        /* A segment is freed at the last of its places. */
        if (i >> segment->depth == (UINT32_C(1) << (table->depth - segment->depth)) - 1)
            segment_free(table, segment);
    }
    if (table->depth == 0)
        segment_free(table, table->top.only);
    else
        talloc_free(table->top.directory);
    table->kind->bytes -= directory_bytes(table);
    *table = (struct idtable){.kind = table->kind};
}
