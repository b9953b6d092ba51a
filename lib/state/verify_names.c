/* SPDX-License-Identifier: MIT */
#include "state/verify_names.h"

#include "base/bits.h"

#include <l2tpha/error.h>

#define SLOTS_FIRST 64

static struct slot *slot_for(const struct names *names, enum member member, uint64_t ids)
{
    uint32_t mask = names->size - 1;
    uint32_t place = (uint32_t)bits_mix(ids ^ ((uint64_t)member << 61)) & mask;
    struct slot *slot = &names->slots[place];
    while (slot->stamp == names->stamp && (slot->ids != ids || slot->member != member)) {
        place = (place + 1) & mask;
        slot = &names->slots[place];
    }
    return slot;
}

bool names_have(const struct names *names, enum member member, uint32_t tunnel_id, uint32_t id)
{
    return names->used > 0 &&
           slot_for(names, member, (uint64_t)tunnel_id << 32 | id)->stamp == names->stamp;
}

struct slot *names_find(const struct names *names, enum member member, uint32_t tunnel_id)
{
    return slot_for(names, member, (uint64_t)tunnel_id << 32);
}

static int enlarge(struct names *names)
{
    struct slot *old = names->slots;
    uint32_t old_size = names->size;
    uint32_t size = old_size ? old_size * 2 : SLOTS_FIRST;
    struct slot *slots = talloc_zero_array(names->owner, struct slot, size);

    if (!slots)
        return L2TPHA_ERR_NOMEM;
    names->slots = slots;
    names->size = size;
    for (uint32_t i = 0; i < old_size; i++)
        if (old[i].stamp == names->stamp)
            *slot_for(names, (enum member)old[i].member, old[i].ids) = old[i];
    talloc_free(old);
    return 0;
}

int names_add(struct names *names, enum member member, uint32_t tunnel_id, uint32_t id)
{
    uint64_t ids = (uint64_t)tunnel_id << 32 | id;

    if (names->used >= names->size / 2) {
        int error = enlarge(names);
        if (error)
            return error;
    }
    struct slot *slot = slot_for(names, member, ids);
    if (slot->stamp == names->stamp)
        return L2TPHA_ERR_EXISTS;
    *slot = (struct slot){.ids = ids, .stamp = names->stamp, .member = member};
    names->used++;
    return 0;
}

void names_empty(struct names *names)
{
    names->used = 0;
    if (++names->stamp != 0)
        return;
    talloc_free(names->slots); /* once in 2^32 checkpoints: old stamps must not come to life */
    names->slots = NULL;
    names->size = 0;
    names->stamp = 1;
}
