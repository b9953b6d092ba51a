/* SPDX-License-Identifier: MIT */
/* The node owns it all: engine, replica, role. Every public entry goes through node_enter() and
 * engine_leave(), so that time, re-entry and the freeing of what died are handled in one place. */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "control/session.h"
#include "failover/failover.h"
#include "redundancy/role.h"
#include "state/replica.h"

struct l2tpha_node {
    struct engine engine;
    struct replica *replica;
    struct role role;
    struct failover failover;
    uint64_t last_switchover;
    uint64_t unheard_since; /* standby: when the active was heard last; 0 = it is heard */
    bool blind;             /* standby: on the stream that there is it is not heard */
    uint64_t absences;      /* of the engine's, those seen */
    uint32_t consumer;      /* of l2tpha_checkpoint_bulk(); 0 = none */
    uint32_t heir;          /* that was told to serve, and whose stream is over; 0 = none */
    uint32_t levels[LEDGER_CURSORS];   /* of the releases at their other ends; 0 = not known */
    const void *links[LEDGER_CURSORS]; /* whose a consumer is: a link's port; NULL = no link's */
    uint64_t met;                      /* newest epoch that was heard of on a link */
};

static inline struct l2tpha_node *node_of(struct engine *engine)
{
    return container_of(engine, struct l2tpha_node, engine);
}

#endif
