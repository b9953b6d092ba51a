/* SPDX-License-Identifier: MIT */
/* What changes the role of a node, and who is told. */
#ifndef NODE_ROLE_H
#define NODE_ROLE_H

#include "redundancy/role.h"
#include "state/ledger.h"

struct l2tpha_node;

/* struct role's changed: the host is told. */
void node_role_changed(void *user, const struct role *role, enum l2tpha_role from);
/* An event that the present role has no use for is told and changes nothing. */
void node_note(struct l2tpha_node *node, enum role_event event, uint64_t epoch, const char *reason);
/* ledger_options.mode_changed */
void node_mode_changed(void *user, enum ledger_mode mode, bool in_sync, const char *why);

#endif
