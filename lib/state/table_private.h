/* SPDX-License-Identifier: MIT */
/* What table.c and table_session.c share. */
#ifndef STATE_TABLE_PRIVATE_H
#define STATE_TABLE_PRIVATE_H

#include "state/table.h"

struct table {
    struct buffer_pool *pool;
    struct node_entry *node;
    struct slab *tunnels;
    struct slab *sessions;
    struct slab *extras;             /* struct session_extra */
    struct idtable *tunnel_ids;      /* local id -> place in tunnels */
    struct idtable *tunnel_peers;    /* hash of peer address and remote id -> place in tunnels */
    struct idtable *session_ids;     /* tunnel's and session's local ids -> place in sessions */
    struct idtable *session_remotes; /* tunnel's local id, remote id -> place in sessions */
    uint64_t seed;
};

/* The session's keys in session_ids and session_remotes; idtable_key. */
uint64_t table_key_of_session(const void *user, uint32_t place);
uint64_t table_key_of_remote(const void *user, uint32_t place);
/* Give *field a copy of its own, in a buffer of the pool. The same length re-uses the memory. */
int table_replace_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                        size_t len);
/* Wipe and give back: what is dropped may be a secret. */
void table_drop_bytes(struct table *table, struct l2tpha_bytes *field);

#endif
