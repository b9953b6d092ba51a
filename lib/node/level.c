/* SPDX-License-Identifier: MIT */
/* The level in force. */
#include "control/transaction.h"
#include "node/node.h"
#include "node/sight.h"

#include <l2tpha/checkpoint.h>

uint32_t l2tpha_level(const struct l2tpha_node *node)
{
    uint32_t level = node ? engine_record(&node->engine)->level : 0;

    return level ? level : 1;
}

static bool is_above_a_standby(const struct l2tpha_node *node, uint32_t level)
{
    for (unsigned i = 0; i < LEDGER_CURSORS; i++)
        if (node->levels[i] && node->levels[i] < level)
            return true;
    return false;
}

int l2tpha_level_commit(struct l2tpha_node *node, uint32_t level, uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    struct engine *engine = &node->engine;
    struct l2tpha_node_record record = *engine_record(engine);
    if (level > L2TPHA_LEVEL || is_above_a_standby(node, level))
        error = L2TPHA_ERR_LEVEL;
    else if (level < l2tpha_level(node))
        error = L2TPHA_ERR_INVALID;
    record.level = level;
    if (!error)
        engine_set_record(engine, &record);
    return engine_leave(engine, error);
}
