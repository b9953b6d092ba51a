/* SPDX-License-Identifier: MIT */
/* The sessions of the table: each tunnel's, by both ends' ids, and all of them. */
#ifndef STATE_TABLE_SESSION_H
#define STATE_TABLE_SESSION_H

#include "state/entry.h"

struct table;

struct session_entry *table_session_add(struct table *table, struct tunnel_entry *tunnel,
                                        uint32_t local_id, int *error);
void table_session_remove(struct table *table, struct session_entry *entry);
/* The first half of it: nobody finds the entry any more, walks and counts pass over it, and its
 * next is free for its owner's use; but its memory stays. */
void table_session_detach(struct table *table, struct session_entry *entry);
/* The second: of one detached. */
void table_session_free(struct table *table, struct session_entry *entry);
struct session_entry *table_session_find(const struct table *table,
                                         const struct tunnel_entry *tunnel, uint32_t local_id);
struct session_entry *table_session_next(const struct table *table, uint32_t *place);
uint32_t table_session_count(const struct table *table);
/* The peer's id for it, indexed. L2TPHA_ERR_EXISTS: another session of the tunnel has it. */
int table_session_set_remote(struct session_entry *entry, uint32_t remote_id);
struct session_entry *table_session_find_remote(const struct table *table,
                                                const struct tunnel_entry *tunnel,
                                                uint32_t remote_id);
/* One of the extra strings, by its place in struct session_extra. */
int table_session_set_bytes(struct table *table, struct session_entry *entry, size_t place,
                            const uint8_t *data, size_t len);
/* What an SLI has said; sets the flag as well. */
int table_session_set_accm(struct table *table, struct session_entry *entry, uint32_t send_accm,
                           uint32_t receive_accm);
/* Whether an entry has room for all that the record says: a record's numbers are as wide as L2TPv3
 * needs them, an entry's as L2TPv2 does. */
bool session_fits(const struct l2tpha_session_record *record);
int table_session_load(struct table *table, struct session_entry *entry,
                       const struct l2tpha_session_record *record);
void table_session_get(const struct session_entry *entry, struct l2tpha_session_record *record);
/* Of its strings, which are nearly all that makes a record long. */
size_t table_session_bytes(const struct session_entry *entry);

#endif
