/* SPDX-License-Identifier: MIT */
#include "base/id_set.h"

#include "base/bits.h"

#define WALK 64 /* ids looked at: nine tenths may be in use, and it hardly ever takes more */

static uint64_t *bits_of(const struct id_set *set)
{
    return set->words + 1;
}

static bool has_place(const struct id_set *set, uint32_t id)
{
    return set->words && id > 0 && id <= set->words[0];
}

bool id_set_make(TALLOC_CTX *parent, struct id_set *set, uint32_t ids)
{
    set->words = talloc_zero_array(parent, uint64_t, 1 + bits_words(ids + 1));
    if (!set->words)
        return false;
    set->words[0] = ids;
    bits_add(bits_of(set), 0); /* no id, so never free */
    return true;
}

void id_set_drop(struct id_set *set)
{
    TALLOC_FREE(set->words);
}

void id_set_take(struct id_set *set, uint32_t id)
{
    if (has_place(set, id))
        bits_add(bits_of(set), id);
}

void id_set_give(struct id_set *set, uint32_t id)
{
    if (has_place(set, id))
        bits_drop(bits_of(set), id);
}

bool id_set_has(const struct id_set *set, uint32_t id)
{
    return has_place(set, id) && bits_has(bits_of(set), id);
}

uint16_t id_set_free_from(const struct id_set *set, uint16_t id)
{
    uint32_t end = (uint32_t)set->words[0] + 1, found = bits_next_clear(bits_of(set), id, end);

    if (found >= end) /* the last word has bits beyond */
        found = bits_next_clear(bits_of(set), 0, end);
    return found < end ? (uint16_t)found : 0;
}

uint16_t id_set_next(const struct id_set *set, struct scramble *walk)
{
    for (unsigned i = 0; i < WALK; i++) {
        uint16_t id = scramble_next(walk);
        if (!bits_has(bits_of(set), id))
            return id;
    }
    return id_set_free_from(set, scramble_next(walk));
}
