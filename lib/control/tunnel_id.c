/* SPDX-License-Identifier: MIT */
/* Which id the next tunnel gets: no search takes longer than a fixed time. The order of tunnel ids,
 * and the set of those in use, count from the first of the node's range. */
#include "control/tunnel_id.h"

#include "base/assert.h"

static uint32_t number_of(const struct engine *engine, uint32_t id)
{
    return id - engine->config.tunnel_id_first + 1;
}

static uint32_t id_of(const struct engine *engine, uint16_t number)
{
    return number ? engine->config.tunnel_id_first + number - 1 : 0;
}

/* A standby has refused what is out of the range, and no other id was given out. */
void tunnel_id_take(struct engine *engine, uint32_t id)
{
    ASSERT(&engine->log,
           id >= engine->config.tunnel_id_first && id <= engine->config.tunnel_id_last);
    id_set_take(&engine->tunnel_ids, number_of(engine, id));
}

void tunnel_id_give(struct engine *engine, uint32_t id)
{
    id_set_give(&engine->tunnel_ids, number_of(engine, id));
}

/* The set of ids in use, once it is worth its memory. Ids that it lacks are found in the table. */
static const struct id_set *many(struct engine *engine)
{
    struct id_set *set = &engine->tunnel_ids;

    if (set->words)
        return set;
    if (table_tunnel_count(engine->table) < ID_SET_FEW ||
        !id_set_make(engine->table, set, engine_tunnel_ids(engine)))
        return NULL;
    return set;
}

/* After a takeover the set has not heard of all of them yet; what the table tells it stays. */
static uint32_t free_by_set(struct engine *engine, struct scramble *walk)
{
    uint16_t number = id_set_next(&engine->tunnel_ids, walk);

    while (number && table_tunnel_find(engine->table, id_of(engine, number))) {
        id_set_take(&engine->tunnel_ids, number);
        number = id_set_next(&engine->tunnel_ids, walk);
    }
    return id_of(engine, number);
}

uint32_t tunnel_id_free(struct engine *engine, struct l2tpha_node_record *record)
{
    struct scramble walk = {get_u64(record->tunnel_key), record->tunnel_place,
                            engine_tunnel_ids(engine)};
    const struct id_set *set = many(engine);
    uint32_t id = 0;

    if (set)
        id = free_by_set(engine, &walk);
    for (uint32_t i = 0; !set && !id && i <= ID_SET_FEW; i++) {
        uint32_t next = id_of(engine, scramble_next(&walk));
        if (!table_tunnel_find(engine->table, next))
            id = next;
    }
    record->tunnel_place = (uint16_t)walk.counter;
    return id;
}
