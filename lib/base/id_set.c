/* SPDX-License-Identifier: MIT */
#include "base/id_set.h"

#include "base/bits.h"

#define END (ID_SET_IDS + 1)
#define WALK 64 /* ids looked at: nine tenths may be in use, and it hardly ever takes more */

bool id_set_make(TALLOC_CTX *parent, struct id_set *set)
{
    set->words = talloc_zero_array(parent, uint64_t, bits_words(END));
    if (set->words)
        bits_add(set->words, 0); /* no id, so never free */
    return set->words != NULL;
}

void id_set_drop(struct id_set *set)
{
    TALLOC_FREE(set->words);
}

void id_set_take(struct id_set *set, uint32_t id)
{
    if (set->words && id > 0 && id <= ID_SET_IDS)
        bits_add(set->words, id);
}

void id_set_give(struct id_set *set, uint32_t id)
{
    if (set->words && id > 0 && id <= ID_SET_IDS)
        bits_drop(set->words, id);
}

uint16_t id_set_free_from(const struct id_set *set, uint16_t id)
{
    uint32_t found = bits_next_clear(set->words, id, END);

    if (found == END)
        found = bits_next_clear(set->words, 0, END);
    return found < END ? (uint16_t)found : 0;
}

uint16_t id_set_next(const struct id_set *set, struct scramble *walk)
{
    for (unsigned i = 0; i < WALK; i++) {
        uint16_t id = scramble_next(walk);
        if (!bits_has(set->words, id))
            return id;
    }
    return id_set_free_from(set, scramble_next(walk));
}
