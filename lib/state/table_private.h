/* SPDX-License-Identifier: MIT */
/* What the files of the table share. */
#ifndef STATE_TABLE_PRIVATE_H
#define STATE_TABLE_PRIVATE_H

#include "base/id_map.h"
#include "state/entry.h"

struct table {
    struct buffer_pool *pool;
    struct node_entry *node;
    struct slab *tunnels;
    struct slab *sessions;
    struct slab *extras;         /* struct session_extra */
    uint32_t detached;           /* of the sessions */
    struct id_map tunnel_ids;    /* local id -> place in tunnels */
    struct idtable tunnel_peers; /* digest of peer address and remote id -> place in tunnels */
    struct idtable_kind by_peer;
    struct idtable_kind by_session_id; /* of the tables in the tunnels */
    uint64_t seed;
    void *user;
    struct tunnel_entry *pending; /* linked by dirty_next */
    uint32_t lagging_count;
    uint32_t recovery_count;
    uint32_t ha_tunnels;
    uint32_t ha_sessions;
};

#define TABLE_SESSION_TAG 1u /* whose id leads to a session: ours or the peer's */

#endif
