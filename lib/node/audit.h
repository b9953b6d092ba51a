/* SPDX-License-Identifier: MIT */
/* Checked builds: what holds of a node between entry calls. */
#ifndef NODE_AUDIT_H
#define NODE_AUDIT_H

#include "node/node.h"

#ifdef L2TPHA_CHECKED
/* At the end of an entry call: what it may have touched, the next tunnel in turn and, of a small
 * node, everything in each so many calls. */
void node_audit(struct engine *engine);
/* Everything. */
void node_audit_whole(const struct l2tpha_node *node);
#else
#define node_audit NULL
#endif

#endif
