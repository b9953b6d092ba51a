/* SPDX-License-Identifier: MIT */
/* Making a node, and the entries that drive it. */
#include "node/node.h"

#include "base/bits.h"
#include "control/absence.h"
#include "control/transaction.h"
#include "dispatch/input.h"
#include "dispatch/timers.h"
#include "engine/machine.h"
#include "engine/session_fsm.h"
#include "failover/failover.h"
#include "failover/takeover.h"
#include "node/role.h"
#include "node/sight.h"

#include <l2tpha/policy.h>
#include <string.h>

#define MIN_CAP_MS                                                                                 \
    8000 /* RFC 2661 5.8: a cap on the retransmission interval is never below 8 s                  \
          */
#define MAX_NAME 255
#define RECOVERY_MAX_MS 3600000
#define QUERY_MAX_MS 3600000
#define DAY_MS (24u * 3600 * 1000)

_Static_assert(L2TPHA_TUNNELS_MAX + ENGINE_RECOVERIES == UINT16_MAX, "an id for each tunnel");

void l2tpha_config_init(struct l2tpha_config *config)
{
    *config = (struct l2tpha_config){
        .size = sizeof(*config),
        .framing_caps = 3,
        .window = 128,
        .tie_breaker = true,
        .hello_ms = 60000,
        .retransmit_ms = 1000,
        .retransmit_cap_ms = 16000,
        .retries = 5,
        .ack_delay_ms = 50,
        .setup_ms = 60000,
        .answer_ms = 60000,
        .max_tunnels = L2TPHA_TUNNELS_MAX,
        .max_half_open = 4096,
        .max_half_open_per_source = 512,
        .max_sessions = 1u << 20,
        .max_queue = 32000,
        .max_events = 1u << 20,
        .max_checkpoints = 65536,
        .max_buffer_bytes = (size_t)1 << 30,
        .commit = L2TPHA_COMMIT_GATED,
        .commit_lag_ms = 50,
        .resync_packets = 8,
        .resync_observe_ms = 16000,
        .failover = L2TPHA_FAILOVER_FALLBACK,
        .ha = true,
        .failover_capability = true,
        .recovery_ms = 60000,
        .recovery_max_ms = 300000,
        .recovery_answer_ms = 10000,
        .data_reset_frames = 5,
        .query_ms = 10000,
        .query_tries = 3,
        .query = L2TPHA_QUERY_ALL,
        .suspect_ms = 60000,
        .commit_timeout_ms = 200,
        .unsure_ms = 1000,
        .fresh_ms = 10000,
        .rank = L2TPHA_RANK_NONE,
        .epoch = 1,
        .takeover_batch = 256,
    };
}

/* The first setting out of range, by name; NULL when all are well. */
static const char *refused_setting(const struct l2tpha_config *config)
{
    const struct {
        bool bad;
        const char *name;
    } checks[] = {
        {!config->name || !config->name[0] || strlen(config->name) > MAX_NAME, "name"},
        {config->vendor_name && strlen(config->vendor_name) > MAX_NAME, "vendor_name"},
        {config->framing_caps > 3, "framing_caps"},
        {config->bearer_caps > 3, "bearer_caps"},
        {config->window == 0, "window"},
        {config->retransmit_ms == 0, "retransmit_ms"},
        {config->retransmit_cap_ms < MIN_CAP_MS, "retransmit_cap_ms"},
        {config->retransmit_cap_ms < config->retransmit_ms, "retransmit_cap_ms"},
        {config->retries == 0 || config->retries > 100, "retries"},
        {config->setup_ms == 0, "setup_ms"},
        {config->answer_ms == 0, "answer_ms"},
        {config->max_tunnels == 0 || config->max_tunnels > L2TPHA_TUNNELS_MAX, "max_tunnels"},
        {config->max_half_open == 0, "max_half_open"},
        {config->max_sessions == 0, "max_sessions"},
        /* Differences of sequence numbers must stay below 32768. */
        {config->max_queue < CHANNEL_QUEUE_MIN || config->max_queue > 32000, "max_queue"},
        {config->max_events == 0, "max_events"},
        {config->max_checkpoints == 0, "max_checkpoints"},
        {config->max_buffer_bytes < ENGINE_SCRATCH, "max_buffer_bytes"},
        {(unsigned)config->commit > L2TPHA_COMMIT_ASYNC, "commit"},
        {config->commit_lag_ms == 0, "commit_lag_ms"},
        {config->resync_packets == 0 || config->resync_packets > L2TPHA_RESYNC_PACKETS_MAX,
         "resync_packets"},
        {config->resync_observe_ms == 0, "resync_observe_ms"},
        {config->inactivity_ms > DAY_MS, "inactivity_ms"},
        {config->failover > L2TPHA_FAILOVER_FALLBACK, "failover"},
        {config->recovery_ms > RECOVERY_MAX_MS, "recovery_ms"},
        {config->recovery_max_ms > RECOVERY_MAX_MS, "recovery_max_ms"},
        {config->recovery_answer_ms == 0, "recovery_answer_ms"},
        {config->data_reset_frames > 255, "data_reset_frames"},
        {config->query_ms == 0 || config->query_ms > QUERY_MAX_MS, "query_ms"},
        {config->query_tries == 0 || config->query_tries > 31, "query_tries"},
        {(unsigned)config->query > L2TPHA_QUERY_NONE, "query"},
        {config->commit_timeout_ms == 0, "commit_timeout_ms"},
        {config->unsure_ms == 0, "unsure_ms"},
        {config->rank > ROLE_RANK_MAX && config->rank != L2TPHA_RANK_NONE, "rank"},
        {config->epoch == 0, "epoch"},
        {config->takeover_batch == 0 || config->takeover_batch > L2TPHA_TUNNELS_MAX,
         "takeover_batch"},
        {config->hide_avps && !config->crypto, "hide_avps"},
    };
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        if (checks[i].bad)
            return checks[i].name;
    return NULL;
}

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
    if (!own->serializer)
        own->serializer = l2tpha_serializer_proto();
    if (!own->standby && own->rank != L2TPHA_RANK_NONE)
        own->epoch = l2tpha_epoch_next(own->epoch - 1, own->rank);
    return L2TPHA_OK;
}

static int make_state(struct l2tpha_node *node, uint64_t seed)
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
        .max_in_flight = config->max_checkpoints,
        .timeout_us = config->commit_timeout_ms * UINT64_C(1000),
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
    };
    error = ledger_new(node, &ledger, &engine->ledger);
    if (!error)
        error = replica_new(node, &replica, &node->replica);
    return error;
}

static int make_engine(struct l2tpha_node *node, uint64_t now)
{
    struct engine *engine = &node->engine;
    struct {
        uint64_t ids;
        uint64_t table;
        uint32_t serial;
    } seed;

    if (engine->host.random(engine->host.user, (uint8_t *)&seed, sizeof(seed)))
        return L2TPHA_ERR_HOST;
    engine->now = now;
    engine->expected = L2TPHA_NEVER;
    engine->log = (struct log){
        .host = &engine->host, .mask = engine->config.debug, .now = now, .asking = &engine->asking};
    engine->serving = !engine->config.standby;
    engine->beginning =
        (struct l2tpha_node_record){.size = sizeof(engine->beginning), .call_serial = seed.serial};
    engine->strangers.seed = bits_mix(seed.table);
    put_u64(engine->beginning.tunnel_key, seed.ids ? seed.ids : 1); /* 0 would be none */
    engine->scratch = talloc_size(node, ENGINE_SCRATCH);
    engine->build = talloc_size(node, ENGINE_SCRATCH);
    if (!engine->scratch || !engine->build)
        return L2TPHA_ERR_NOMEM;
    int error = wheel_new(node, now, &engine->wheel);
    if (!error)
        error =
            outbox_new(node, sizeof(struct event_item), engine->config.max_events, &engine->events);
    if (!error)
        error = make_state(node, seed.table);
    return error;
}

int l2tpha_node_new(TALLOC_CTX *parent, const struct l2tpha_config *config,
                    const struct l2tpha_host *host, uint64_t now, struct l2tpha_node **node)
{
    if (!config || config->size != sizeof(*config) || !host || host->size != sizeof(*host) ||
        !host->random || !node || now > ENGINE_TIME_MAX)
        return L2TPHA_ERR_INVALID;
    const char *refused = refused_setting(config);
    if (refused) {
        struct log log = {.host = host, .mask = config->debug | L2TPHA_LOG_ERROR, .now = now};
        log_line(&log, L2TPHA_LOG_ERROR, 0, 0, "configuration: %s is out of range", refused);
        return L2TPHA_ERR_INVALID;
    }
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
    fresh->engine.machine = fresh->engine.recovery_machine = &builtin_machine;
    failover_attach(&fresh->failover, &fresh->engine);
    role_init(&fresh->role, config->standby ? L2TPHA_ROLE_STANDBY_COLD : L2TPHA_ROLE_ACTIVE_SOLO,
              fresh->engine.config.epoch);
    fresh->role.changed = node_role_changed;
    fresh->role.user = fresh;
    *node = fresh;
    return L2TPHA_OK;
}

void l2tpha_node_free(struct l2tpha_node *node)
{
    talloc_free(node);
}

int l2tpha_feed(struct l2tpha_node *node, const struct l2tpha_path *path, const uint8_t *data,
                size_t len, uint64_t now)
{
    if (!path || (!data && len))
        return L2TPHA_ERR_INVALID;
    int error = node_enter(node, now);
    if (error)
        return error;
    if (node->engine.draining || node->engine.held) {
        /* The peer sends it again, to the node that takes over. */
        node->engine.counters.fenced_drops++;
        return L2TPHA_ERR_STATE;
    }
    return engine_leave(&node->engine, engine_receive(&node->engine, path, data, len));
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
