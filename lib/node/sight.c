/* SPDX-License-Identifier: MIT */
/* Whether the other node is seen: what the link tells of it, and what that makes of the role. */
#include "node/node.h"

/* Of a node that serves it is the standby that was heard. */
void node_see_again(struct l2tpha_node *node, uint64_t now)
{
    if (node_enter(node, now))
        return;
    node->engine.unsure_until = 0;
    node->unheard_since = 0;
    if (node->role.state == L2TPHA_ROLE_UNHEARD)
        node_note(node, ROLE_HEARD, 0, "the active is heard again");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}

/* What was heard before this node was away may be old; and an active of which nothing is heard may
 * be doing what nobody here knows of. */
void node_lose_sight(struct l2tpha_node *node, uint64_t since, uint64_t now)
{
    if (node_enter(node, now) || !role_follows(node->role.state))
        return;
    node->unheard_since = since;
    if (node->role.state == L2TPHA_ROLE_STANDBY_HOT)
        node_note(node, ROLE_UNHEARD, 0, "nothing is heard of the active");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}

void node_cut_off(struct l2tpha_node *node, uint64_t since, uint64_t now)
{
    enum l2tpha_role role = node->role.state;

    if (node_enter(node, now) || !role_follows(role))
        return;
    if (!node->unheard_since)
        node->unheard_since = since;
    if (role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD)
        node_note(node, ROLE_CUT_OFF, 0, "the stream has ended");
    (void)engine_leave(&node->engine, L2TPHA_OK);
}
