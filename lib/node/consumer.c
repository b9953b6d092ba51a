/* SPDX-License-Identifier: MIT */
/* Consumers of the node's checkpoints. */
#include "node/consumer.h"

#include "control/transaction.h"
#include "node/sight.h"
#include "state/ledger_log.h"

#include <l2tpha/consumer.h>
#include <string.h>

_Static_assert(L2TPHA_CONSUMERS_MAX == LEDGER_CURSORS, "each consumer is a cursor");
_Static_assert((int)L2TPHA_CONSUMER_OUT == CURSOR_OUT &&
                   (int)L2TPHA_CONSUMER_WAITING == CURSOR_WAITING &&
                   (int)L2TPHA_CONSUMER_COPYING == CURSOR_COPYING &&
                   (int)L2TPHA_CONSUMER_ENDED == CURSOR_ENDED &&
                   (int)L2TPHA_CONSUMER_IN_SYNC == CURSOR_IN_SYNC,
               "they have the same states");

int l2tpha_consumer_add(struct l2tpha_node *node, const struct l2tpha_consumer_options *options,
                        uint64_t now, uint32_t *id)
{
    if (!options || options->size != sizeof(*options) || !id)
        return L2TPHA_ERR_INVALID;
    int error = node_enter(node, now);
    if (error)
        return error;
    const struct l2tpha_config *config = &node->engine.config;
    uint32_t ms = options->timeout_ms ? options->timeout_ms : config->commit_timeout_ms;
    const struct cursor_options cursor = {.name = options->name,
                                          .gates = options->gates,
                                          .timeout_us = ms * UINT64_C(1000),
                                          .returns = options->returns};
    return engine_leave(&node->engine, cursor_add(node->engine.ledger, &cursor, id));
}

int l2tpha_consumer_hold(struct l2tpha_node *node, uint32_t id, bool hold, uint64_t now)
{
    int error = node_enter(node, now);
    if (error)
        return error;
    error = cursor_hold(node->engine.ledger, id, hold);
    if (!error)
        ledger_follow(node->engine.ledger, NULL);
    return engine_leave(&node->engine, error);
}

int l2tpha_consumer_copy(struct l2tpha_node *node, uint32_t id, uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    return engine_leave(&node->engine, ledger_copy(node->engine.ledger, id, node->engine.now));
}

int node_consumer_done(struct l2tpha_node *node, uint32_t id, uint64_t position, int status,
                       uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    struct engine *engine = &node->engine;
    return engine_leave(engine, ledger_done(engine->ledger, id, position, status, engine->now));
}

/* From a host without a link: what confirms has been heard. A link knows better, for what it reads
 * first after an absence may be old. */
int l2tpha_consumer_done(struct l2tpha_node *node, uint32_t id, uint64_t position, int status,
                         uint64_t now)
{
    int error = node_consumer_done(node, id, position, status, now);
    if (!error)
        node->engine.unsure_until = 0;
    return error;
}

static int end_consumer(struct l2tpha_node *node, uint32_t id, uint64_t now,
                        void (*end)(struct ledger *ledger, uint32_t id, const char *why))
{
    struct cursor_info info;
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    if (!cursor_get(node->engine.ledger, id, &info))
        return engine_leave(&node->engine, L2TPHA_ERR_NOT_FOUND);
    node->links[id - 1] = NULL; /* whoever has the id next is no link's */
    end(node->engine.ledger, id, "standby disconnected");
    return engine_leave(&node->engine, L2TPHA_OK);
}

int l2tpha_consumer_leave(struct l2tpha_node *node, uint32_t id, uint64_t now)
{
    return end_consumer(node, id, now, ledger_leave);
}

int l2tpha_consumer_remove(struct l2tpha_node *node, uint32_t id, uint64_t now)
{
    return end_consumer(node, id, now, ledger_remove);
}

int l2tpha_consumer_get(const struct l2tpha_node *node, uint32_t id,
                        struct l2tpha_consumer_info *info)
{
    struct cursor_info cursor;

    if (!node || !info)
        return L2TPHA_ERR_INVALID;
    if (!cursor_get(node->engine.ledger, id, &cursor))
        return L2TPHA_ERR_NOT_FOUND;
    struct l2tpha_consumer_info now = {.size = info->size,
                                       .name = cursor.name,
                                       .gates = cursor.gates,
                                       .state = (enum l2tpha_consumer_state)cursor.state,
                                       .reason = cursor.why,
                                       .status = cursor.status,
                                       .confirmed = cursor.whole,
                                       .level = node->levels[id - 1]};
    bool asked = info->size > offsetof(struct l2tpha_consumer_info, lag);
    if (asked && (cursor.state >= CURSOR_COPYING || cursor.kept)) {
        now.lag = ledger_last(node->engine.ledger) - cursor.acknowledged;
        now.lag_bytes = ledger_log_behind(node->engine.ledger, cursor.acknowledged, &now.lag_since);
        now.returns = cursor.state == CURSOR_OUT;
    }
    memcpy(info, &now, info->size < sizeof(now) ? info->size : sizeof(now));
    return L2TPHA_OK;
}
