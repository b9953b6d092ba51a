/* SPDX-License-Identifier: MIT */
/* The replicated truth: every tunnel and session, the same on active and standby. An entry is the
 * front part of the engine's own object, so that turning a replica into a live tunnel copies
 * nothing: the table allocates objects of the size it is told and knows only their front. */
#ifndef STATE_TABLE_H
#define STATE_TABLE_H

#include "state/table_session.h"
#include "state/table_tunnel.h"

struct table_options {
    size_t tunnel_size; /* of the engine's object, whose front is the entry */
    size_t session_size;
    uint32_t max_tunnels;
    uint32_t max_sessions;
    uint64_t seed; /* of the id tables */
    void *user;    /* table_user() */
};

int table_new(TALLOC_CTX *parent, const struct table_options *options, struct buffer_pool *pool,
              struct table **table);
struct node_entry *table_node(const struct table *table);
/* Whose the table is that an entry stands in. */
void *table_user(const struct tunnel_entry *entry);
/* From a record, its string copied. All or nothing. */
int table_node_load(struct table *table, const struct l2tpha_node_record *record);

/* Everything: a standby that starts afresh. */
void table_clear(struct table *table);
/* Remove what does not carry this generation: the end of a verified bulk copy. Sessions are looked
 * at only where some of a tunnel may not. */
void table_sweep(struct table *table, uint32_t generation);
size_t table_bytes(const struct table *table);
struct buffer_pool *table_pool(const struct table *table);

/* Begin the loads for a session before they are waited for: of the slot that its id is in, and,
 * which looks at the slot, of the session. An id that leads nowhere does no harm; 0 asks for
 * nothing. */
void table_prefetch_slot(const struct tunnel_entry *tunnel, uint32_t session_id);
void table_prefetch_session(const struct table *table, const struct tunnel_entry *tunnel,
                            uint32_t session_id);

#endif
