/* SPDX-License-Identifier: MIT */
/* Whether a standby may serve, and how far its copy is to be believed. A stream that has ended, or
 * on which nothing is heard, may mean that the active is dead, and then the copy is the newest
 * there is; or that it serves on alone, and then the copy falls behind from that moment. The node
 * cannot tell; for a while the first is what has happened as a rule, later nobody can say. */
#include "failover/takeover.h"
#include "control/transaction.h"
#include "node/node.h"
#include "node/sight.h"

#include <l2tpha/failover.h>

/* What the node itself knows of its copy. */
static enum l2tpha_trust own_trust(const struct l2tpha_node *node)
{
    uint64_t fresh_us = node->engine.config.fresh_ms * UINT64_C(1000);

    switch (node->role.state) {
    case L2TPHA_ROLE_UNHEARD:
    case L2TPHA_ROLE_CUT_OFF:
        return node->engine.now - node->unheard_since <= fresh_us ? L2TPHA_TRUST_UNCERTAIN
                                                                  : L2TPHA_TRUST_STALE;
    case L2TPHA_ROLE_STANDBY_BULK:
    case L2TPHA_ROLE_OUT_OF_SYNC:
        return replica_is_whole(node->replica) ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EMPTY;
    case L2TPHA_ROLE_STANDBY_COLD:
        return L2TPHA_TRUST_EMPTY;
    default:
        return L2TPHA_TRUST_EXACT;
    }
}

/* The role's event of a takeover that the host trusts so far. Nobody takes more for true than the
 * copy can be: what has lost the thread is stale at best. */
static int event_of(const struct l2tpha_node *node, enum l2tpha_trust *trust,
                    enum role_event *event)
{
    enum l2tpha_trust own = own_trust(node);
    bool lost =
        node->role.state == L2TPHA_ROLE_STANDBY_BULK || node->role.state == L2TPHA_ROLE_OUT_OF_SYNC;

    if (*trust == L2TPHA_TRUST_AUTO && own == L2TPHA_TRUST_STALE)
        return L2TPHA_ERR_STALE;
    if (*trust == L2TPHA_TRUST_AUTO)
        *trust = own == L2TPHA_TRUST_EMPTY ? L2TPHA_TRUST_EXACT : own; /* the role refuses */
    if (lost && *trust != L2TPHA_TRUST_STALE && *trust != L2TPHA_TRUST_EMPTY)
        return own == L2TPHA_TRUST_STALE ? L2TPHA_ERR_STALE : L2TPHA_ERR_NOT_IN_SYNC;
    if (*trust == L2TPHA_TRUST_STALE && own == L2TPHA_TRUST_EMPTY)
        return role_follows(node->role.state) ? L2TPHA_ERR_NOT_IN_SYNC : L2TPHA_ERR_ROLE;
    *event = *trust == L2TPHA_TRUST_STALE   ? ROLE_TAKEOVER_STALE
             : *trust == L2TPHA_TRUST_EMPTY ? ROLE_TAKEOVER_EMPTY
                                            : ROLE_TAKEOVER;
    return L2TPHA_OK;
}

static const char *const reasons[] = {
    [L2TPHA_TRUST_EXACT] = "took over",
    [L2TPHA_TRUST_UNCERTAIN] = "took over, from a copy that may be behind",
    [L2TPHA_TRUST_STALE] = "took over, from a stale copy",
    [L2TPHA_TRUST_EMPTY] = "took over, from nothing",
};

static int begin_epoch(struct l2tpha_node *node, uint64_t epoch, enum l2tpha_trust trust)
{
    struct engine *engine = &node->engine;
    enum role_event event;

    int error = event_of(node, &trust, &event);
    if (!error)
        error = role_step(&node->role, event, epoch, reasons[trust]);
    if (error)
        return error;
    if (trust == L2TPHA_TRUST_EMPTY)
        replica_empty(node->replica);
    node->unheard_since = 0;
    ledger_begin_epoch(engine->ledger, epoch, replica_last(node->replica));
    engine->counters.takeovers++;
    node->last_switchover = engine->now;
    takeover_run(&node->failover, trust);
    return L2TPHA_OK;
}

int l2tpha_takeover_as(struct l2tpha_node *node, uint64_t epoch, enum l2tpha_trust trust,
                       uint64_t now)
{
    if ((unsigned)trust > L2TPHA_TRUST_EMPTY)
        return L2TPHA_ERR_INVALID;
    int error = node_enter(node, now);
    if (error)
        return error;
    uint32_t rank = node->engine.config.rank;
    uint64_t newest = node->met > node->role.epoch ? node->met : node->role.epoch;
    if (epoch == 0)
        epoch = l2tpha_epoch_next(newest, rank);
    if (epoch < node->met && role_follows(node->role.state))
        return L2TPHA_ERR_STALE_EPOCH;
    if (rank != L2TPHA_RANK_NONE && (epoch & ROLE_RANK_MAX) != rank)
        return L2TPHA_ERR_INVALID;
    error = begin_epoch(node, epoch, trust);
    return error ? error : engine_leave(&node->engine, L2TPHA_OK);
}

int l2tpha_takeover(struct l2tpha_node *node, uint64_t epoch, uint64_t now)
{
    return l2tpha_takeover_as(node, epoch, L2TPHA_TRUST_AUTO, now);
}
