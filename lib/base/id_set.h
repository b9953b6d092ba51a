/* SPDX-License-Identifier: MIT */
/* Which of the ids 1..65535, or of fewer, are in use, a bit for each: finds a free one in a fixed
 * time however many are taken. All zero = not made yet: its eight kilobytes are for those who have
 * many ids. */
#ifndef BASE_ID_SET_H
#define BASE_ID_SET_H

#include "base/scramble.h"

#include <l2tpha/types.h>
#include <talloc.h>

#define ID_SET_IDS SCRAMBLE_IDS
#define ID_SET_FEW 512u /* with fewer in use a walk past them is short: no set is needed */

struct id_set {
    uint64_t *words; /* the first is how many ids there are */
};

/* Empty, of so many ids, at most ID_SET_IDS, its memory under parent; false = no memory. */
bool id_set_make(TALLOC_CTX *parent, struct id_set *set, uint32_t ids);
void id_set_drop(struct id_set *set);
/* Both do nothing with an id that is out of range or a set that is not made. */
void id_set_take(struct id_set *set, uint32_t id);
void id_set_give(struct id_set *set, uint32_t id);
/* Whether it is taken. */
bool id_set_has(const struct id_set *set, uint32_t id);
/* id itself or the next free one above it, past the last from 1 again; 0 = all are taken. */
uint16_t id_set_free_from(const struct id_set *set, uint16_t id);
/* The next free id of the walk, which stops behind it. Where many in a row are in use, any free
 * one; 0 = all are taken. */
uint16_t id_set_next(const struct id_set *set, struct scramble *walk);

#endif
