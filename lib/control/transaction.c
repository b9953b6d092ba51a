/* SPDX-License-Identifier: MIT */
/* Where a transaction ends: its checkpoint, its events, and the objects that died in it. */
#include "control/transaction.h"

#include "base/assert.h"
#include "base/fsm.h"
#include "control/event.h"
#include "control/ready.h"
#include "control/tunnel.h"

int engine_leave(struct engine *engine, int error)
{
    if (error && engine->inbox.fresh)
        engine->inbox.open = false; /* what is refused begins no transaction */
    engine->inbox.fresh = false;
    if (engine->inbox.open)
        return error; /* the host has more to say */
    engine_commit(engine);
    engine_reap(engine);
    ASSERT(&engine->log, engine->open_events == 0);
    engine_audited(engine);
    return error;
}

void engine_audited(struct engine *engine)
{
    if (engine->audit)
        engine->audit(engine);
}

/* What is told of the node itself depends on no checkpoint. */
void engine_close_events(struct engine *engine, uint64_t number)
{
    uint32_t count = outbox_count(engine->events);

    ASSERT_CHECKED(engine->open_events <= count);
    while (engine->open_events > 0) {
        struct event_item *event = outbox_at(engine->events, count - engine->open_events);
        event->depends = event->tunnel_id ? number : 0;
        engine->open_events--;
    }
}

static void reap_ended(struct engine *engine)
{
    if (engine->parts_gone || engine->gone.head || engine->buried.head)
        engine_reap_parts(engine);
}

void engine_commit(struct engine *engine)
{
    if (engine->inbox.open)
        return;
    engine_close_events(engine, ledger_commit(engine->ledger, engine->now));
    reap_ended(engine);
}

void engine_reap(struct engine *engine)
{
    reap_ended(engine);
    while (engine->dead) {
        struct l2tpha_tunnel *tunnel = engine->dead;
        ASSERT(&engine->log, tunnel->dying && !tunnel->channel.ready);
        ASSERT(&engine->log, !fsm_is_running(tunnel));
        engine->dead = tunnel->dead_next;
        tunnel_remove(engine, tunnel);
    }
}

/* --- what channels tell of the records that they work on --- */

static void changed(struct engine *engine, struct tunnel_entry *entry, uint8_t dirty)
{
    ledger_mark_tunnel(engine->ledger, entry, dirty);
}

static void restarted(struct engine *engine, struct tunnel_entry *entry)
{
    ledger_restart_tunnel(engine->ledger, entry);
}

static bool holds(const struct engine *engine, const struct tunnel_entry *entry)
{
    return ledger_holds(engine->ledger, entry);
}

const struct channel_port channel_port_ledger = {
    .changed = changed, .restarted = restarted, .holds = holds};

void engine_confirmed(void *user, struct tunnel_entry *entry)
{
    engine_ready(user, &tunnel_of(entry)->channel);
}
