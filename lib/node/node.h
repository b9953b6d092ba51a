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
    uint64_t met;           /* newest epoch that was heard of on a link */
};

/* struct role's changed: the host is told. */
void node_role_changed(void *user, const struct role *role, enum l2tpha_role from);
/* An event that the present role has no use for is told and changes nothing. */
void node_note(struct l2tpha_node *node, enum role_event event, uint64_t epoch, const char *reason);
/* ledger_options.mode_changed */
void node_mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why);

/* --- replication.c --- */
int node_checkpoint_done(struct l2tpha_node *node, uint64_t number, int status, uint64_t now);

/* --- sight.c --- */
/* Standby: the active is not heard, since then; is heard again; the stream is over. */
void node_lose_sight(struct l2tpha_node *node, uint64_t since, uint64_t now);
void node_see_again(struct l2tpha_node *node, uint64_t now);
void node_cut_off(struct l2tpha_node *node, uint64_t since, uint64_t now);
/* L2TPHA_ERR_INVALID: there is none. A standby that was away has lost sight of the active. */
int node_enter(struct l2tpha_node *node, uint64_t now);

/* For what only an active does. */
static inline int node_enter_serving(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter(node, now);

    if (!error && !node->engine.serving)
        error = L2TPHA_ERR_ROLE;
    return error;
}

static inline struct l2tpha_node *node_of(struct engine *engine)
{
    return container_of(engine, struct l2tpha_node, engine);
}

#endif
