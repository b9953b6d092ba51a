/* SPDX-License-Identifier: MIT */
/* Whether the other node is seen: what the link tells of it, and what that makes of the role. */
#include "node/sight.h"

#include "node/role.h"

#include "control/inbox.h"
#include "control/transaction.h"

/* What was heard before this node was away may be old; and an active of which nothing is heard may
 * be doing what nobody here knows of. */
static void lose_sight(struct l2tpha_node *node, uint64_t since)
{
    if (!node->blind && node->role.state != L2TPHA_ROLE_CUT_OFF)
        node->unheard_since = since;
    node->blind = true;
    if (node->role.state == L2TPHA_ROLE_STANDBY_HOT)
        node_note(node, ROLE_UNHEARD, 0, "nothing is heard of the active");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}

int node_enter(struct l2tpha_node *node, uint64_t now)
{
    int error = node_enter_within(node, now);

    if (!error)
        inbox_finish(&node->engine);
    return error;
}

int node_enter_within(struct l2tpha_node *node, uint64_t now)
{
    if (!node)
        return L2TPHA_ERR_INVALID;
    uint64_t before = node->engine.now;
    int error = engine_tick(&node->engine, now);
    if (error || node->absences == node->engine.absences)
        return error;
    node->absences = node->engine.absences;
    if (role_follows(node->role.state))
        lose_sight(node, before);
    return L2TPHA_OK;
}

/* Of a node that serves it is the standby that was heard. */
void node_see_again(struct l2tpha_node *node, uint64_t now)
{
    if (node_enter(node, now))
        return;
    node->engine.unsure_until = 0;
    if (node->role.state != L2TPHA_ROLE_CUT_OFF) /* its copy is as old as it was */
        node->unheard_since = 0;
    node->blind = false;
    if (node->role.state == L2TPHA_ROLE_UNHEARD)
        node_note(node, ROLE_HEARD, 0, "the active is heard again");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}

void node_lose_sight(struct l2tpha_node *node, uint64_t since, uint64_t now)
{
    if (node_enter(node, now) || !role_follows(node->role.state))
        return;
    lose_sight(node, since);
}

void node_cut_off(struct l2tpha_node *node, uint64_t since, uint64_t now)
{
    if (node_enter(node, now) || !role_follows(node->role.state))
        return;
    enum l2tpha_role role = node->role.state;
    replica_cut(node->replica);
    node->blind = false;
    if (role == L2TPHA_ROLE_STANDBY_HOT)
        node->unheard_since = since;
    if (role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD)
        node_note(node, ROLE_CUT_OFF, 0, "the stream has ended");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}
