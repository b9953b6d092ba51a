/* SPDX-License-Identifier: MIT */
/* A consumer that comes back: apart from the others, for programs that have no use for it. */
#include "control/transaction.h"
#include "node/sight.h"
#include "state/ledger_resume.h"

#include <l2tpha/consumer.h>

int l2tpha_consumer_resume(struct l2tpha_node *node, uint32_t id, uint64_t copy, uint64_t last,
                           uint64_t now)
{
    int error = node_enter_serving(node, now);
    if (error)
        return error;
    return engine_leave(&node->engine, ledger_resume(node->engine.ledger, id, copy, last));
}
