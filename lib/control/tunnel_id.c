/* SPDX-License-Identifier: MIT */
/* Which id the next tunnel gets: no search takes longer than a fixed time. */
#include "control/tunnel_id.h"

/* The set of ids in use, once it is worth its memory. Ids that it lacks are found in the table. */
static const struct id_set *many(struct engine *engine)
{
    struct id_set *set = &engine->tunnel_ids;

    if (set->words)
        return set;
    if (table_tunnel_count(engine->table) < ID_SET_FEW || !id_set_make(engine->table, set))
        return NULL;
    return set;
}

/* After a takeover the set has not heard of all of them yet; what the table tells it stays. */
static uint16_t free_by_set(struct engine *engine, struct scramble *walk)
{
    uint16_t id = id_set_next(&engine->tunnel_ids, walk);

    while (id && table_tunnel_find(engine->table, id)) {
        id_set_take(&engine->tunnel_ids, id);
        id = id_set_next(&engine->tunnel_ids, walk);
    }
    return id;
}

/* The record's place moves on to behind the id. */
uint16_t tunnel_id_free(struct engine *engine, struct l2tpha_node_record *record)
{
    struct scramble walk = {get_u64(record->tunnel_key), record->tunnel_place};
    const struct id_set *set = many(engine);
    uint16_t id = 0;

    if (set)
        id = free_by_set(engine, &walk);
    for (uint32_t i = 0; !set && !id && i <= ID_SET_FEW; i++) {
        uint16_t next = scramble_next(&walk);
        if (!table_tunnel_find(engine->table, next))
            id = next;
    }
    record->tunnel_place = (uint16_t)walk.counter;
    return id;
}
