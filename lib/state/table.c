/* SPDX-License-Identifier: MIT */
#include "state/table.h"

#include "base/bits.h"
#include "base/timing.h"
#include "state/table_private.h"
#include "state/table_strings.h"

static int make_slabs(struct table *table, const struct table_options *options)
{
    /* There are no more ids; and so no place is beyond what the map of ids can lead to. */
    uint32_t tunnels = options->max_tunnels < UINT16_MAX ? options->max_tunnels : UINT16_MAX;
    int error = slab_new(table, options->tunnel_size, tunnels, "tunnels", &table->tunnels);
    if (!error)
        error = slab_new(table, options->session_size, options->max_sessions, "sessions",
                         &table->sessions);
    if (!error)
        error = slab_new(table, sizeof(struct session_extra), options->max_sessions, "extras",
                         &table->extras);
    return error;
}

static void make_indexes(struct table *table)
{
    table->tunnel_ids.parent = table;
    table->by_peer = (struct idtable_kind){.parent = table, .seed = bits_mix(table->seed)};
    table->by_session_id = (struct idtable_kind){
        .parent = table, .seed = bits_mix(table->seed + 1), .tag = TABLE_SESSION_TAG};
    table->tunnel_peers.kind = &table->by_peer;
}

int table_new(TALLOC_CTX *parent, const struct table_options *options, struct buffer_pool *pool,
              struct table **table)
{
    if (options->tunnel_size < sizeof(struct tunnel_entry) ||
        options->session_size < sizeof(struct session_entry))
        return L2TPHA_ERR_INVALID;
    struct table *fresh = talloc_zero(parent, struct table);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->node = talloc_zero(fresh, struct node_entry);
    if (!fresh->node) {
        talloc_free(fresh);
        return L2TPHA_ERR_NOMEM;
    }
    fresh->node->record.size = sizeof(fresh->node->record);
    fresh->pool = pool;
    fresh->seed = options->seed;
    fresh->user = options->user;
    make_indexes(fresh);
    int error = make_slabs(fresh, options);
    if (error) {
        talloc_free(fresh);
        return error;
    }
    *table = fresh;
    return 0;
}

void *table_user(const struct tunnel_entry *entry)
{
    const struct table *table = container_of(entry->session_ids.kind, struct table, by_session_id);
    return table->user;
}

/* --- the node --- */

struct node_entry *table_node(const struct table *table)
{
    return table->node;
}

int table_node_load(struct table *table, const struct l2tpha_node_record *record)
{
    struct l2tpha_node_record *own = &table->node->record;
    struct l2tpha_bytes unknown = own->unknown;

    int error = table_replace_bytes(table, &unknown, record->unknown.data, record->unknown.len);
    if (error)
        return error;
    *own = *record;
    own->size = sizeof(*own);
    own->unknown = unknown;
    return 0;
}

static void reset_node(struct table *table)
{
    table_drop_bytes(table, &table->node->record.unknown);
    *table->node = (struct node_entry){.record.size = sizeof(table->node->record)};
}

/* --- the whole --- */

void table_clear(struct table *table)
{
    struct tunnel_entry *entry;
    uint32_t place = 0;
    while ((entry = table_tunnel_next(table, &place)))
        table_tunnel_remove(table, entry);
    reset_node(table);
    slab_trim(table->tunnels);
    slab_trim(table->sessions);
    slab_trim(table->extras);
}

static void sweep_sessions(struct table *table, struct tunnel_entry *tunnel, uint32_t generation)
{
    for (struct session_entry *session = tunnel->sessions, *next; session; session = next) {
        next = session->next;
        if (session->generation != generation)
            table_session_remove(table, session);
    }
    tunnel->refreshed = tunnel->session_count;
}

void table_sweep(struct table *table, uint32_t generation)
{
    struct tunnel_entry *tunnel;
    uint32_t place = 0;

    if (table->node->generation != generation)
        reset_node(table);
    while ((tunnel = table_tunnel_next(table, &place)))
        if (tunnel->generation != generation)
            table_tunnel_remove(table, tunnel);
        else if (tunnel->refreshed != tunnel->session_count)
            sweep_sessions(table, tunnel, generation);
}

size_t table_bytes(const struct table *table)
{
    return slab_bytes(table->tunnels) + slab_bytes(table->sessions) + slab_bytes(table->extras) +
           id_map_bytes(&table->tunnel_ids) + table->by_peer.bytes + table->by_session_id.bytes;
}

struct buffer_pool *table_pool(const struct table *table)
{
    return table->pool;
}

/* --- loads that begin before they are waited for --- */

void table_prefetch_slot(const struct tunnel_entry *tunnel, uint32_t session_id)
{
    if (session_id)
        idtable_prefetch(&tunnel->session_ids, session_id, 0);
}

void table_prefetch_session(const struct table *table, const struct tunnel_entry *tunnel,
                            uint32_t session_id)
{
    uint32_t value;

    if (session_id && idtable_find(&tunnel->session_ids, session_id, 0, &value))
        slab_prefetch(table->sessions, value >> 1);
}
