/* SPDX-License-Identifier: MIT */
/* Tunnels and sessions by their ids, and one after the other. */
#include "control/find.h"

struct l2tpha_session *engine_session_find(const struct engine *engine, uint32_t tunnel_id,
                                           uint32_t session_id)
{
    struct tunnel_entry *tunnel = table_tunnel_find(engine->table, tunnel_id);
    struct session_entry *entry =
        tunnel ? table_session_find(engine->table, tunnel, session_id) : NULL;

    return entry ? session_of(entry) : NULL;
}

struct l2tpha_session *engine_session_walk(const struct engine *engine, uint32_t *place)
{
    struct session_entry *entry = table_session_next(engine->table, place);

    return entry ? session_of(entry) : NULL;
}

struct l2tpha_tunnel *engine_tunnel_find(const struct engine *engine, uint32_t local_id)
{
    struct tunnel_entry *entry = table_tunnel_find(engine->table, local_id);

    return entry && !tunnel_of(entry)->dying ? tunnel_of(entry) : NULL;
}

struct l2tpha_tunnel *engine_tunnel_walk(const struct engine *engine, uint32_t *place)
{
    struct tunnel_entry *entry;

    while ((entry = table_tunnel_next(engine->table, place)))
        if (!tunnel_of(entry)->dying)
            return tunnel_of(entry);
    return NULL;
}

struct l2tpha_tunnel *engine_tunnel_next(const struct engine *engine,
                                         const struct l2tpha_tunnel *previous)
{
    uint32_t place = previous ? previous->entry.place + 1 : 0;

    return engine_tunnel_walk(engine, &place);
}

void engine_prefetch_tunnel(const struct engine *engine, uint32_t tunnel_id)
{
    const struct tunnel_entry *entry = table_tunnel_find(engine->table, tunnel_id);

    if (entry)
        tunnel_prefetch((const struct l2tpha_tunnel *)(const void *)entry);
}

void engine_prefetch_slot(const struct engine *engine, uint32_t tunnel_id, uint32_t session_id)
{
    const struct tunnel_entry *entry = table_tunnel_find(engine->table, tunnel_id);

    if (entry)
        table_prefetch_slot(entry, session_id);
}

void engine_prefetch_session(const struct engine *engine, uint32_t tunnel_id, uint32_t session_id)
{
    const struct tunnel_entry *entry = table_tunnel_find(engine->table, tunnel_id);

    if (entry)
        table_prefetch_session(engine->table, entry, session_id);
}
