/* SPDX-License-Identifier: MIT */
/* Time, chance and the node's own record, as every part of the control plane has them. */
#include "control/context.h"

#include "base/assert.h"
#include "control/absence.h"

int engine_tick(struct engine *engine, uint64_t now)
{
    if (engine->asking)
        return L2TPHA_ERR_REENTERED;
    if (now > ENGINE_TIME_MAX)
        return L2TPHA_ERR_INVALID;
    engine_move_on(engine, now);
    return L2TPHA_OK;
}

int engine_enter(struct engine *engine, uint64_t now)
{
    int error = engine_tick(engine, now);
    if (error)
        return error;
    if (!engine->serving)
        return L2TPHA_ERR_ROLE;
    return engine->draining || engine->held ? L2TPHA_ERR_STATE : L2TPHA_OK;
}

/* Powers of two, so that few messages of a node make it grow. The old area stays to the end of the
 * transaction: the message in it may be one that has led to this. */
static int make_area(struct engine *engine, uint8_t **area, size_t *size, size_t len)
{
    size_t larger = *size ? *size : 1;

    while (larger < len && larger < ENGINE_LONGEST)
        larger *= 2;
    if (larger == *size)
        return L2TPHA_OK;
    uint8_t *fresh = talloc_size(engine->owner, larger);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    if (*area) {
        (void)__extension__ talloc_steal(engine->gone_parts, *area); /* a macro of GNU C */
        engine->parts_gone = true;
    }
    *area = fresh;
    *size = larger;
    return L2TPHA_OK;
}

int engine_make_room(struct engine *engine, size_t len)
{
    const struct l2tpha_crypto *crypto = engine->config.crypto;
    uint8_t *clear = engine->scratch;
    size_t clear_size = engine->scratch_size;

    int error = make_area(engine, &engine->scratch, &engine->scratch_size, len);
    if (crypto && clear && engine->scratch != clear)
        crypto->wipe(crypto->user, clear, clear_size);
    if (error)
        return error;
    return make_area(engine, &engine->build, &engine->build_size,
                     len > ENGINE_BUILD ? len : ENGINE_BUILD);
}

void engine_ask(struct engine *engine)
{
    ASSERT(&engine->log, !engine->asking);
    engine->asking = true;
}

void engine_answered(struct engine *engine)
{
    ASSERT(&engine->log, engine->asking);
    engine->asking = false;
}

int engine_random(struct engine *engine, uint8_t *dst, size_t len)
{
    engine_ask(engine);
    int error = engine->host.random(engine->host.user, dst, len);
    engine_answered(engine);
    if (!error)
        return L2TPHA_OK;
    engine->counters.callback_errors++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0, "the host has no random bytes: %d", error);
    return L2TPHA_ERR_HOST;
}

const struct l2tpha_node_record *engine_record(const struct engine *engine)
{
    const struct node_entry *entry = table_node(engine->table);

    return node_is_set(entry) ? &entry->record : &engine->beginning;
}

void engine_set_record(struct engine *engine, const struct l2tpha_node_record *record)
{
    struct l2tpha_node_record *own = &table_node(engine->table)->record;
    struct l2tpha_bytes unknown = own->unknown; /* the table's, whatever the rest comes from */

    *own = *record;
    own->unknown = unknown;
    ledger_mark_node(engine->ledger);
}
