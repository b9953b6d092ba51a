/* SPDX-License-Identifier: MIT */
/* Memory that is asked for before it is used. */
#ifndef NODE_AHEAD_H
#define NODE_AHEAD_H

#include "node/node.h"

#define AHEAD_MOST 16    /* at one time */
#define AHEAD_PLACES 128 /* what was asked for is still there when it is used */

/* Whether it pays: it costs a look at each of what comes. A tunnel and a call that nobody has used
 * for long are in no cache where there are about as many of them as these. */
#define AHEAD_TUNNELS 1000
#define AHEAD_SESSIONS 16000
static inline bool is_worth_a_look(const struct table *table)
{
    return table_tunnel_count(table) >= AHEAD_TUNNELS ||
           table_session_count(table) >= AHEAD_SESSIONS;
}

/* Standby: what these checkpoints are about, which are applied next, is on its way from memory.
 * They are not checked yet, and nothing but time depends on what they say. Returns for how many of
 * them that is so. */
size_t node_look_ahead(const struct l2tpha_node *node, const struct l2tpha_bytes *checkpoints,
                       size_t count);

#endif
