/* SPDX-License-Identifier: MIT */
/* The tunnels of the table: by id, by the peer's address and id, and what is known of all. */
#ifndef STATE_TABLE_TUNNEL_H
#define STATE_TABLE_TUNNEL_H

#include "state/entry.h"

struct table;

/* A zeroed object with this local id; NULL with *error = L2TPHA_ERR_EXISTS, _LIMIT or _NOMEM, or
 * L2TPHA_ERR_INVALID: it is 0 or has more than 16 bits. */
struct tunnel_entry *table_tunnel_add(struct table *table, uint32_t local_id, int *error);
/* With its sessions, messages and strings. */
void table_tunnel_remove(struct table *table, struct tunnel_entry *entry);
struct tunnel_entry *table_tunnel_find(const struct table *table, uint32_t local_id);
/* The first one with a place >= *place, which moves past it. NULL at the end. */
struct tunnel_entry *table_tunnel_next(const struct table *table, uint32_t *place);
uint32_t table_tunnel_count(const struct table *table);
/* Of those loaded from records: how many have the flag LAGGING, and how many are recovery
 * tunnels. */
uint32_t table_lagging_count(const struct table *table);
uint32_t table_recovery_count(const struct table *table);
/* Its effective method may have changed. */
void table_note_method(struct table *table, struct tunnel_entry *entry);
/* Tunnels with a failover method, recovery tunnels apart, and the sessions of these. */
uint32_t table_ha_tunnels(const struct table *table);
uint32_t table_ha_sessions(const struct table *table);
/* Of those loaded from records, one that is no ordinary established tunnel; NULL = there is none.
 * A takeover looks at these first. */
struct tunnel_entry *table_first_pending(const struct table *table);
/* It is looked at: it is not among them any more. Harmless when it was not. */
void table_tunnel_unlist(struct tunnel_entry *entry);
/* Copy bytes into one of an entry's own strings; len 0 empties it. */
int table_tunnel_set_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                           size_t len);
/* Set path and remote id and index them, so that a repeated SCCRQ finds its tunnel. Several tunnels
 * may have the same ones: a peer that begins anew uses its id again. */
int table_tunnel_set_remote(struct table *table, struct tunnel_entry *entry,
                            const struct l2tpha_path *path, uint32_t remote_id);
bool address_is(const struct l2tpha_address *a, const struct l2tpha_address *b);
/* By the peer's address and its id for the tunnel: the one that got them last, and then, given the
 * previous one, the others. NULL = none, or no more. */
struct tunnel_entry *table_tunnel_find_remote(const struct table *table,
                                              const struct l2tpha_address *address,
                                              uint32_t remote_id);
struct tunnel_entry *table_tunnel_next_duplicate(const struct table *table,
                                                 const struct tunnel_entry *entry);
/* Everything from a record, strings copied, queue untouched. All or nothing. */
int table_tunnel_load(struct table *table, struct tunnel_entry *entry,
                      const struct l2tpha_tunnel_record *record);
/* Of its strings and messages, which are nearly all that a record of it is long by. */
size_t table_tunnel_bytes(struct tunnel_entry *entry);
/* Drop messages below acked, which must lie in [record.acked, record.ns]. */
void table_queue_trim(struct table *table, struct tunnel_entry *entry, uint16_t acked);

#endif
