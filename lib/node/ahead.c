/* SPDX-License-Identifier: MIT */
/* A standby waits for memory more than for anything else: each checkpoint is about another tunnel
 * and another call, and leads from the one to the other. A build for size does without. */
#include "node/ahead.h"

#include "base/prefetch.h"
#include "control/find.h"

#ifndef __OPTIMIZE_SIZE__

struct place {
    uint32_t tunnel_id;
    uint32_t session_id;
};

static struct place place_of(const struct l2tpha_record *record)
{
    switch (record->kind) {
    case L2TPHA_RECORD_TUNNEL:
        return (struct place){record->of.tunnel.local_id, 0};
    case L2TPHA_RECORD_SEQUENCE:
        return (struct place){record->of.sequence.tunnel_id, 0};
    case L2TPHA_RECORD_SESSION:
        return (struct place){record->of.session.tunnel_id, record->of.session.local_id};
    case L2TPHA_RECORD_GONE:
        return (struct place){record->of.gone.tunnel_id, record->of.gone.session_id};
    default:
        return (struct place){0, 0};
    }
}

/* Of its first records, `max` at most. Returns how many. */
static size_t places_of(const struct l2tpha_serializer *serializer,
                        const struct l2tpha_bytes *checkpoint, struct place *places, size_t max)
{
    struct l2tpha_checkpoint_header header;
    struct l2tpha_reading reading = {.room = NULL};
    struct l2tpha_record record;
    size_t count = 0;

    if (serializer->get_header(checkpoint->data, checkpoint->len, &header, &reading) ||
        header.kind != L2TPHA_CHECKPOINT_INCREMENT)
        return 0;
    while (count < max && !serializer->get_record(&reading, &record))
        places[count++] = place_of(&record);
    return count;
}

static struct session_extra *extra_of(const struct engine *engine, const struct place *place)
{
    const struct l2tpha_session *session =
        engine_session_find(engine, place->tunnel_id, place->session_id);

    return session ? session->entry.extra : NULL;
}

/* Each step looks at what the one before has asked for. */
static void ask_for(const struct engine *engine, const struct place *places, size_t count)
{
    const struct session_extra *extra;

    for (size_t i = 0; i < count; i++)
        engine_prefetch_tunnel(engine, places[i].tunnel_id);
    for (size_t i = 0; i < count; i++)
        engine_prefetch_slot(engine, places[i].tunnel_id, places[i].session_id);
    for (size_t i = 0; i < count; i++)
        engine_prefetch_session(engine, places[i].tunnel_id, places[i].session_id);
    for (size_t i = 0; i < count; i++)
        if ((extra = extra_of(engine, &places[i])))
            prefetch(extra, sizeof(*extra));
    for (size_t i = 0; i < count; i++)
        if ((extra = extra_of(engine, &places[i])) && extra->app_state.len > 0)
            prefetch(buffer_of(extra->app_state.data), sizeof(struct buffer));
}

size_t node_look_ahead(const struct l2tpha_node *node, const struct l2tpha_bytes *checkpoints,
                       size_t count)
{
    const struct engine *engine = &node->engine;
    const struct l2tpha_serializer *serializer = engine->config.serializer;
    struct place places[AHEAD_PLACES];
    size_t records = 0, looked = 0;

    if (engine->serving || serializer->room > 0 || !is_worth_a_look(engine->table))
        return count;
    while (looked < count && records < AHEAD_PLACES)
        records +=
            places_of(serializer, &checkpoints[looked++], &places[records], AHEAD_PLACES - records);
    for (size_t i = 0; records > 1 && i < records; i += AHEAD_MOST)
        ask_for(engine, &places[i], records - i < AHEAD_MOST ? records - i : AHEAD_MOST);
    return looked;
}

#endif
