/* SPDX-License-Identifier: MIT */
#include "node/role.h"

#include "base/assert.h"
#include "control/event.h"
#include "node/node.h"

#include <string.h>

void node_role_changed(void *user, const struct role *role, enum l2tpha_role from)
{
    struct l2tpha_node *node = user;
    struct engine *engine = &node->engine;

    ASSERT(&engine->log, role->state != L2TPHA_ROLE_ACTIVE || ledger_in_sync(engine->ledger));
    engine->serving = role_serves(role->state);
    if (role->state != L2TPHA_ROLE_ACTIVE) { /* nobody is there to hand over to */
        engine->draining = engine->handed = false;
        node->heir = 0;
    }
    log_line(&engine->log, L2TPHA_LOG_RF, 0, 0, "role %s -> %s: %s", l2tpha_role_name(from),
             l2tpha_role_name(role->state), role->reason);
    struct event_item *item = engine_event(engine, L2TPHA_EVENT_ROLE_CHANGED, NULL, NULL);
    if (!item)
        return;
    item->role = (uint8_t)role->state;
    event_set_text(item, (const uint8_t *)role->reason, strlen(role->reason));
}

void node_note(struct l2tpha_node *node, enum role_event event, uint64_t epoch, const char *reason)
{
    int error = role_step(&node->role, event, epoch, reason);
    if (error)
        log_line(&node->engine.log, L2TPHA_LOG_RF, 0, 0, "%s: %s in role %s", reason,
                 l2tpha_strerror(error), l2tpha_role_name(node->role.state));
}

void node_mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why)
{
    struct l2tpha_node *node = node_of(user);

    if (!node->engine.serving)
        return; /* told when it takes over */
    if (mode == LEDGER_GATED && in_sync)
        node_note(node, ROLE_IN_SYNC, 0, "in sync");
    else if (mode == LEDGER_OFF)
        node_note(node, ROLE_STANDBY_LOST, 0, why ? why : "no standby");
    else
        node_note(node, ROLE_COPY_STARTED, 0, why ? why : "copy started");
}
