/* SPDX-License-Identifier: MIT */
/* Making a node, and the entries that drive it. */
#include "node/node.h"

#include "attach/machine.h"
#include "base/bits.h"
#include "control/absence.h"
#include "control/inbox.h"
#include "control/transaction.h"
#include "dispatch/input.h"
#include "dispatch/timers.h"
#include "engine/machine.h"
#include "engine/session_fsm.h"
#include "failover/failover.h"
#include "failover/set_up.h"
#include "failover/takeover.h"
#include "node/audit.h"
#include "node/role.h"
#include "node/settings.h"
#include "node/sight.h"

#include <l2tpha/policy.h>
#include <string.h>

_Static_assert(L2TPHA_TUNNELS_MAX + ENGINE_RECOVERIES == UINT16_MAX, "an id for each tunnel");

static int copy_config(struct l2tpha_node *node, const struct l2tpha_config *config)
{
    struct l2tpha_config *own = &node->engine.config;

    *own = *config;
    own->name = talloc_strdup(node, config->name);
    if (!own->name)
        return L2TPHA_ERR_NOMEM;
    if (config->vendor_name) {
        own->vendor_name = talloc_strdup(node, config->vendor_name);
        if (!own->vendor_name)
            return L2TPHA_ERR_NOMEM;
    }
    if (!own->tunnel_id_last) {
        own->tunnel_id_first = 1;
        own->tunnel_id_last = UINT16_MAX;
    }
    if (!own->serializer)
        own->serializer = l2tpha_serializer_proto();
    if (!own->standby && own->rank != L2TPHA_RANK_NONE)
        own->epoch = l2tpha_epoch_next(own->epoch - 1, own->rank);
    return L2TPHA_OK;
}

static int make_state(struct l2tpha_node *node, uint64_t seed, uint64_t copies)
{
    struct engine *engine = &node->engine;
    const struct l2tpha_config *config = &engine->config;
    struct table_options table = {
        .tunnel_size = sizeof(struct l2tpha_tunnel),
        .session_size = sizeof(struct l2tpha_session),
        .max_tunnels = config->max_tunnels + ENGINE_RECOVERIES,
        .max_sessions = config->max_sessions,
        .seed = seed,
        .user = engine,
    };
    int error = buffer_pool_new(node, config->max_buffer_bytes, &engine->pool);
    if (!error)
        error = table_new(node, &table, engine->pool, &engine->table);
    if (error)
        return error;
    struct ledger_options ledger = {
        .table = engine->table,
        .serializer = config->serializer,
        .counters = &engine->counters,
        .log = &engine->log,
        .epoch = config->epoch,
        .generation = (uint32_t)copies,
        .max_in_flight = config->max_checkpoints,
        .commit = config->commit,
        .lag_us = config->commit_lag_ms * UINT64_C(1000),
        .resync_packets = (uint16_t)config->resync_packets,
        .user = engine,
        .confirmed = engine_confirmed,
        .mode_changed = node_mode_changed,
    };
    struct replica_options replica = {
        .table = engine->table,
        .serializer = config->serializer,
        .counters = &engine->counters,
        .log = &engine->log,
        .epoch = config->epoch,
        .now = &engine->now,
        .has_state = session_has_state,
        .tunnel_ids = {(uint16_t)config->tunnel_id_first, (uint16_t)config->tunnel_id_last},
        .attached = config->attach,
    };
    error = ledger_new(node, &ledger, &engine->ledger);
    if (!error)
        error = replica_new(node, &replica, &node->replica);
    return error;
}

static int make_engine(struct l2tpha_node *node, uint64_t now)
{
    struct engine *engine = &node->engine;
    uint8_t drawn[24];

    if (engine->host.random(engine->host.user, drawn, sizeof(drawn)))
        return L2TPHA_ERR_HOST;
    uint64_t ids = get_drawn(drawn, 8), table = get_drawn(drawn + 8, 8);
    uint64_t copies = get_drawn(drawn + 20, 4);
    engine->now = now;
    engine->expected = L2TPHA_NEVER;
    engine->log = (struct log){.host = &engine->host,
                               .mask = engine->config.debug,
                               .now = now,
                               .asking = &engine->asking,
                               .failed = &engine->counters.assertions_failed};
    engine->serving = !engine->config.standby;
    engine->beginning = (struct l2tpha_node_record){
        .size = sizeof(engine->beginning), .call_serial = (uint32_t)get_drawn(drawn + 16, 4)};
    if (engine_tunnel_ids(engine) < UINT16_MAX) {
        engine->beginning.tunnel_id_first = (uint16_t)engine->config.tunnel_id_first;
        engine->beginning.tunnel_id_last = (uint16_t)engine->config.tunnel_id_last;
    }
    engine->strangers.seed = bits_mix(table);
    put_u64(engine->beginning.tunnel_key, ids ? ids : 1); /* 0 would be none */
    engine->owner = node;
    engine->gone_parts = talloc_new(node);
    if (!engine->gone_parts || engine_make_room(engine, ENGINE_ANSWER))
        return L2TPHA_ERR_NOMEM;
    int error = wheel_new(node, now, &engine->wheel);
    if (!error)
        error =
            outbox_new(node, sizeof(struct event_item), engine->config.max_events, &engine->events);
    if (!error)
        error = inbox_new(node, engine->config.max_tunnels, &engine->inbox);
    if (!error)
        error = make_state(node, table, copies);
    return error;
}

/* Whether this library can do what the method promises at least. */
static bool has_method(uint8_t method)
{
    return method != L2TPHA_FAILOVER_PROTOCOL || failover_has_protocol();
}

int l2tpha_node_new(TALLOC_CTX *parent, const struct l2tpha_config *config,
                    const struct l2tpha_host *host, uint64_t now, struct l2tpha_node **node)
{
    if (!config || config->size != sizeof(*config) || !host || host->size != sizeof(*host) ||
        !host->random || !node || now > ENGINE_TIME_MAX)
        return L2TPHA_ERR_INVALID;
    const char *refused = settings_refused(config);
    if (refused) {
        struct log log = {.host = host, .mask = config->debug | L2TPHA_LOG_ERROR, .now = now};
        log_line(&log, L2TPHA_LOG_ERROR, 0, 0, "configuration: %s is out of range", refused);
        return L2TPHA_ERR_INVALID;
    }
    const struct machine_ops *machine = config->attach ? &attached_machine : &builtin_machine;
    if (!has_method(config->failover) || !machine->open)
        return L2TPHA_ERR_UNSUPPORTED;
    struct l2tpha_node *fresh = talloc_zero(parent, struct l2tpha_node);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->engine.host = *host;
    int error = copy_config(fresh, config);
    if (!error)
        error = make_engine(fresh, now);
    if (error) {
        talloc_free(fresh);
        return error;
    }
    fresh->engine.port = &channel_port_ledger;
    fresh->engine.recovery_machine = &builtin_machine;
    engine_set_machine(&fresh->engine, machine);
    fresh->engine.audit = node_audit;
    failover_attach(&fresh->failover, &fresh->engine);
    role_init(&fresh->role, config->standby ? L2TPHA_ROLE_STANDBY_COLD : L2TPHA_ROLE_ACTIVE_SOLO,
              fresh->engine.config.epoch);
    fresh->role.changed = node_role_changed;
    fresh->role.user = fresh;
    fresh->role.log = &fresh->engine.log;
    *node = fresh;
    return L2TPHA_OK;
}

void l2tpha_node_free(struct l2tpha_node *node)
{
    talloc_free(node);
}

int l2tpha_expire(struct l2tpha_node *node, uint64_t now)
{
    struct timer *timer;

    int error = node_enter(node, now);
    if (error)
        return error;
    if (node->engine.serving && !node->engine.handed) {
        ledger_expire(node->engine.ledger, node->engine.now);
        if (!engine_is_unsure(&node->engine))
            takeover_go_on(&node->failover);
        while (engine_may_run_timers(&node->engine) &&
               (timer = wheel_pop(node->engine.wheel, node->engine.now)))
            engine_timer(&node->engine, timer);
    }
    return engine_leave(&node->engine, L2TPHA_OK);
}

uint64_t l2tpha_deadline(const struct l2tpha_node *node)
{
    if (!node || !node->engine.serving)
        return L2TPHA_NEVER;
    if (node->engine.inbox.open)
        return node->engine.now; /* what the host has said waits for the end of its transaction */
    uint64_t engine = engine_deadline(&node->engine);
    uint64_t takeover = takeover_deadline(&node->failover);
    return engine < takeover || engine_is_unsure(&node->engine) ? engine : takeover;
}

const struct l2tpha_config *l2tpha_node_config(const struct l2tpha_node *node)
{
    return &node->engine.config;
}

void l2tpha_node_set_debug(struct l2tpha_node *node, uint32_t mask)
{
    node->engine.config.debug = mask;
    node->engine.log.mask = mask;
}

int l2tpha_node_set_failover(struct l2tpha_node *node, uint8_t method)
{
    if (!node || method > L2TPHA_FAILOVER_FALLBACK)
        return L2TPHA_ERR_INVALID;
    if (!has_method(method))
        return L2TPHA_ERR_UNSUPPORTED;
    if (node->engine.asking)
        return L2TPHA_ERR_REENTERED;
    node->engine.config.failover = method;
    return L2TPHA_OK;
}

int l2tpha_node_set_ha(struct l2tpha_node *node, bool on)
{
    if (!node)
        return L2TPHA_ERR_INVALID;
    if (node->engine.asking)
        return L2TPHA_ERR_REENTERED;
    node->engine.config.ha = on;
    return L2TPHA_OK;
}

int l2tpha_node_set_resync(struct l2tpha_node *node, uint32_t packets)
{
    if (!node || packets == 0 || packets > L2TPHA_RESYNC_PACKETS_MAX)
        return L2TPHA_ERR_INVALID;
    if (node->engine.asking)
        return L2TPHA_ERR_REENTERED;
    node->engine.config.resync_packets = packets;
    return L2TPHA_OK;
}

const struct l2tpha_counters *l2tpha_counters(const struct l2tpha_node *node)
{
    return &node->engine.counters;
}
