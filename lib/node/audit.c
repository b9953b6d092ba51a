/* SPDX-License-Identifier: MIT */
#include "node/audit.h"

#include "base/assert.h"
#include "control/audit.h"
#include "engine/session_fsm.h"
#include "failover/audit.h"

#define SMALL 64   /* tunnels and sessions that are all looked at */
#define EACH 16    /* ... once in so many calls */
#define TOUCHED 2  /* tunnels in the line of those that may send: with each call */
#define SESSIONS 4 /* of such a tunnel, newest first */

/* The role says what the ledger is. */
static void audit_role(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    enum l2tpha_role role = node->role.state;

    AUDIT(engine->serving == role_serves(role));
    if (!engine->serving)
        return;
    AUDIT((role == L2TPHA_ROLE_ACTIVE) == ledger_in_sync(engine->ledger));
    AUDIT(role != L2TPHA_ROLE_ACTIVE_SOLO || ledger_mode(engine->ledger) == LEDGER_OFF);
    AUDIT(ledger_epoch(engine->ledger) == node->role.epoch);
    AUDIT(!engine->draining || role == L2TPHA_ROLE_ACTIVE);
}

/* What is not live is a record in the table, which nobody else looks at. */
static void audit_tunnel(const struct engine *engine, struct tunnel_entry *entry, uint32_t most,
                         struct tally *tally)
{
    const struct l2tpha_tunnel *tunnel = tunnel_of(entry);
    bool live = engine->serving && tunnel->engine;
    uint32_t count = 0;

    table_audit_tunnel(engine->table, entry, tally);
    if (live) {
        AUDIT(tunnel->engine == engine);
        tunnel_audit(tunnel, tally);
        failover_audit_tunnel(tunnel, tally);
    }
    for (struct session_entry *at = entry->sessions; at && count < most; at = at->next, count++) {
        AUDIT(at->tunnel == entry);
        table_audit_session(engine->table, at, tally);
        if (!live)
            continue;
        AUDIT(session_has_state(at->side, at->call, at->state));
        session_audit(session_of(at), tally);
        failover_audit_session(session_of(at));
    }
    AUDIT(count == entry->session_count || count == most);
}

void node_audit_whole(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    struct tally tally = {0};
    struct tunnel_entry *entry;
    uint32_t place = 0;

    while ((entry = table_tunnel_next(engine->table, &place))) {
        audit_tunnel(engine, entry, UINT32_MAX, &tally);
        if (engine->serving && tunnel_of(entry)->engine && outbox_count(engine->events) <= SMALL)
            tunnel_audit_events(tunnel_of(entry));
    }
    table_audit_counts(engine->table, &tally);
    if (!engine->serving)
        return;
    engine_audit_counts(engine, &tally);
    failover_audit_counts(&node->failover, &tally);
}

/* A round of its own for each place, so that every tunnel of a large node is met in time. */
static void audit_next(struct engine *engine)
{
    struct tunnel_entry *entry = table_tunnel_next(engine->table, &engine->audit_place);
    struct tally tally = {0};

    if (entry)
        audit_tunnel(engine, entry, SESSIONS, &tally);
    else
        engine->audit_place = 0;
}

void node_audit(struct engine *engine)
{
    const struct l2tpha_node *node = node_of(engine);
    const struct channel *ready = engine->serving ? engine->ready_tail : NULL;
    struct tally tally = {0};

    engine_audit(engine);
    ledger_audit(engine->ledger);
    audit_role(node);
    for (uint32_t i = 0; ready && i < TOUCHED; i++, ready = ready->ready_prev)
        audit_tunnel(engine, ready->entry, SESSIONS, &tally);
    audit_next(engine);
    if (engine->audits++ % EACH == 0 &&
        table_tunnel_count(engine->table) + table_session_count(engine->table) <= SMALL)
        node_audit_whole(node);
}
