/* SPDX-License-Identifier: MIT */
/* Checkpoints out, back and in; switchover. */
#include "node/replication.h"

#include "control/event.h"
#include "control/transaction.h"
#include "node/role.h"
#include "node/sight.h"
#include "state/table_digest.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/consumer.h>
#include <string.h>

/* The consumer of a host that has one standby. */
static int own_consumer(struct l2tpha_node *node, uint64_t now)
{
    const struct l2tpha_consumer_options options = {
        .size = sizeof(options), .name = "standby", .gates = true};

    return node->consumer ? L2TPHA_OK : l2tpha_consumer_add(node, &options, now, &node->consumer);
}

int l2tpha_checkpoint_bulk(struct l2tpha_node *node, uint64_t now)
{
    int error = node ? own_consumer(node, now) : L2TPHA_ERR_INVALID;

    return error ? error : l2tpha_consumer_copy(node, node->consumer, now);
}

int l2tpha_checkpoint_done(struct l2tpha_node *node, uint64_t position, int status, uint64_t now)
{
    int error = l2tpha_consumer_done(node, node ? node->consumer : 0, position, status, now);

    return error == L2TPHA_ERR_NOT_FOUND ? L2TPHA_ERR_INVALID : error;
}

int l2tpha_checkpoint_stop(struct l2tpha_node *node, uint64_t now)
{
    int error = l2tpha_consumer_leave(node, node ? node->consumer : 0, now);

    return error == L2TPHA_ERR_NOT_FOUND ? L2TPHA_OK : error;
}

void node_follow_replica(struct l2tpha_node *node)
{
    uint64_t epoch = replica_epoch(node->replica);

    switch (replica_state(node->replica)) {
    case REPLICA_COLD:
    case REPLICA_CUT:
    case REPLICA_DIFFERS: /* node/digest.c */
        break;
    case REPLICA_BULK:
        node_note(node, ROLE_COPY_BEGINS, epoch, "bulk copy");
        break;
    case REPLICA_HOT:
        node_note(node, ROLE_COPY_COMPLETE, 0, "in sync");
        if (node->blind) /* a copy of before, perhaps */
            node_note(node, ROLE_UNHEARD, 0, "nothing is heard of the active");
        else
            node->unheard_since = 0;
        break;
    case REPLICA_OUT_OF_SYNC:
        node_note(node, ROLE_LOST_THREAD, epoch, replica_reason(node->replica));
        break;
    }
}

int l2tpha_checkpoint_apply(struct l2tpha_node *node, const uint8_t *data, size_t len, uint64_t now,
                            uint64_t *number)
{
    uint64_t applied = 0;

    if (!data && len)
        return L2TPHA_ERR_INVALID;
    int error = node_enter(node, now);
    if (error)
        return error;
    if (node->engine.serving || node->role.state == L2TPHA_ROLE_FENCED)
        return L2TPHA_ERR_ROLE;
    enum replica_state before = replica_state(node->replica);
    error = replica_apply(node->replica, data, len, &applied);
    if (replica_state(node->replica) != before || replica_epoch(node->replica) != node->role.epoch)
        node_follow_replica(node);
    if (error) {
        struct event_item *item =
            engine_event(&node->engine, L2TPHA_EVENT_STANDBY_REFUSED, NULL, NULL);
        if (item)
            item->status = error;
    } else if (number) {
        *number = applied;
    }
    return engine_leave(&node->engine, error);
}

uint64_t l2tpha_checkpoint_last(const struct l2tpha_node *node)
{
    if (!node)
        return 0;
    return node->engine.serving ? ledger_last(node->engine.ledger) : replica_last(node->replica);
}

uint64_t l2tpha_checkpoint_digest(const struct l2tpha_node *node)
{
    return node ? table_digest(node->engine.table, node->engine.config.serializer) : 0;
}

int l2tpha_fence(struct l2tpha_node *node, uint64_t epoch, uint64_t now)
{
    int error = node_enter(node, now);
    if (error)
        return error;
    error = role_step(&node->role, ROLE_FENCE, epoch, "a newer epoch serves");
    if (error)
        return error;
    return engine_leave(&node->engine, L2TPHA_OK);
}

int l2tpha_switchover(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    if (!ledger_in_sync(node->engine.ledger))
        return L2TPHA_ERR_NOT_IN_SYNC;
    node->engine.draining = true;
    return engine_leave(&node->engine, L2TPHA_OK);
}

bool l2tpha_switchover_ready(const struct l2tpha_node *node)
{
    if (!node || !node->engine.draining)
        return false;
    const struct engine *engine = &node->engine;
    return ledger_in_sync(engine->ledger) &&
           ledger_known(engine->ledger) == ledger_last(engine->ledger) && !engine->ready_head &&
           outbox_count(engine->events) == 0;
}

int l2tpha_switchover_cancel(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter(node, now);
    if (error)
        return error;
    if (!node->engine.draining)
        return L2TPHA_ERR_STATE;
    /* Over is the stream on which that standby was told to serve; others are what they were. */
    ledger_leave(node->engine.ledger, node->heir, "standby disconnected");
    node->heir = 0;
    node->engine.draining = node->engine.handed = false;
    return engine_leave(&node->engine, L2TPHA_OK);
}

int l2tpha_hold(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    node->engine.held = true;
    return engine_leave(&node->engine, L2TPHA_OK);
}

int l2tpha_release(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    if (!node->engine.held)
        return L2TPHA_ERR_STATE;
    node->engine.held = false;
    return engine_leave(&node->engine, L2TPHA_OK);
}

/* Recovery tunnels are about others, and are no tunnels of the host's. */
static uint32_t count_tunnels(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    bool live = engine->serving && !node->failover.takeover.restoring;

    return table_tunnel_count(engine->table) -
           (live ? engine->recovering : table_recovery_count(engine->table));
}

static struct l2tpha_redundancy_info describe(const struct l2tpha_node *node)
{
    const struct engine *engine = &node->engine;
    bool serving = engine->serving, in_sync = serving && ledger_in_sync(engine->ledger);
    struct l2tpha_redundancy_info now = {
        .role = node->role.state,
        .reason = node->role.reason,
        .epoch = serving || node->role.epoch > node->met ? node->role.epoch : node->met,
        .last_number = l2tpha_checkpoint_last(node),
        .confirmed =
            serving ? in_sync ? ledger_known(engine->ledger) : 0 : replica_last(node->replica),
        .tunnels = count_tunnels(node),
        .sessions = table_session_count(engine->table),
        .resynced = engine->resynced,
        .resyncing = engine->unconfirmed + engine->unrestored,
        .last_switchover = node->last_switchover,
        .since = node->unheard_since,
        .whole = !serving && replica_is_whole(node->replica),
        .handing_over = serving && engine->draining,
        .unsure = serving && engine_is_unsure(engine),
        .held = serving && engine->held,
        .tunnels_ha = table_ha_tunnels(engine->table),
        .sessions_ha = table_ha_sessions(engine->table),
    };

    if (in_sync)
        now.lag_records = now.last_number - now.confirmed;
    return now;
}

void l2tpha_redundancy_get(const struct l2tpha_node *node, struct l2tpha_redundancy_info *info)
{
    struct l2tpha_redundancy_info now = {0};

    if (!info)
        return;
    if (node)
        now = describe(node);
    now.size = info->size;
    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
}
