/* SPDX-License-Identifier: MIT */
/* Tunnels live in a slab; a map of ids and, by the peer's address and id, a table lead to the place
 * there. Each tunnel has a
 * table of its sessions, so what one message touches lies close together. The peer index leads to
 * one tunnel for each (address, remote id), the one set last, and from there a list to those that
 * had them before: a peer that has restarted may use an id again while this end still has the old
 * tunnel. */
#include "state/table_tunnel.h"
#include "base/timing.h"

#include "state/digest.h"
#include "state/queue.h"
#include "state/record_fields.h"
#include "state/table_private.h"
#include "state/table_session.h"
#include "state/table_strings.h"

#include <l2tpha/failover.h>
#include <string.h>

#define STRING(member) offsetof(struct l2tpha_tunnel_record, member),
static const size_t string_places[] = {L2TPHA_TUNNEL_FIELDS(RECORD_STRING) STRING(unknown)};
#undef STRING
#define STRINGS (sizeof(string_places) / sizeof(string_places[0]))

static struct l2tpha_bytes *string_at(struct l2tpha_tunnel_record *record, size_t which)
{
    return (struct l2tpha_bytes *)(void *)((char *)record + string_places[which]);
}

static uint32_t peer_key(const struct table *table, const struct l2tpha_address *address,
                         uint32_t remote_id)
{
    return (uint32_t)digest_bytes(table->seed ^ remote_id, address->bytes, address->len);
}

int table_tunnel_set_bytes(struct table *table, struct l2tpha_bytes *field, const uint8_t *data,
                           size_t len)
{
    return table_replace_bytes(table, field, data, len);
}

static void drop_strings(struct table *table, struct l2tpha_tunnel_record *record)
{
    for (size_t i = 0; i < STRINGS; i++)
        table_drop_bytes(table, string_at(record, i));
}

size_t table_tunnel_bytes(struct tunnel_entry *entry)
{
    size_t bytes = 0;

    for (size_t i = 0; i < STRINGS; i++)
        bytes += string_at(&entry->record, i)->len;
    for (const struct buffer *message = entry->queue_head; message; message = message->next)
        bytes += message->len;
    return bytes;
}

/* --- by the peer's address and id --- */

bool address_is(const struct l2tpha_address *a, const struct l2tpha_address *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

_Static_assert(ID_MAP_NONE == SLAB_NONE, "no place");

static struct tunnel_entry *at_place(const struct table *table, uint32_t place)
{
    return place == SLAB_NONE ? NULL : slab_get(table->tunnels, place);
}

/* Whatever has the key: another address or id with the same is rare, and only makes the list
 * longer. */
static struct tunnel_entry *first_of_key(const struct table *table, uint32_t key)
{
    uint32_t place;

    return idtable_find(&table->tunnel_peers, key, 0, &place) ? at_place(table, place) : NULL;
}

/* Lists are short: tunnel_request.c has the limit. */
static void unindex(struct table *table, struct tunnel_entry *entry)
{
    uint32_t key = peer_key(table, &entry->record.path.remote, entry->record.remote_id);
    struct tunnel_entry *at = first_of_key(table, key);

    if (!entry->indexed)
        return;
    entry->indexed = false;
    if (at != entry) {
        while (at->older_duplicate != entry->place)
            at = at_place(table, at->older_duplicate);
        at->older_duplicate = entry->older_duplicate;
    } else if (entry->older_duplicate != SLAB_NONE) {
        idtable_replace(&table->tunnel_peers, key, entry->older_duplicate);
    } else {
        idtable_remove(&table->tunnel_peers, key, 0);
    }
}

/* The entry, whose record has the old ones still, gets another address and id, maybe with the same
 * key. Only a key that is new to the table can fail, and that comes first. */
static int reindex(struct table *table, struct tunnel_entry *entry,
                   const struct l2tpha_address *address, uint32_t remote_id)
{
    uint32_t key = peer_key(table, address, remote_id);
    bool is_known = remote_id && first_of_key(table, key);

    if (remote_id && !is_known) {
        int error = idtable_insert(&table->tunnel_peers, key, entry->place);
        if (error)
            return error;
    }
    unindex(table, entry);
    struct tunnel_entry *first = is_known ? first_of_key(table, key) : NULL;
    if (first)
        idtable_replace(&table->tunnel_peers, key, entry->place);
    else if (is_known) /* it was there alone, and has left room */
        idtable_insert(&table->tunnel_peers, key, entry->place);
    entry->older_duplicate = first ? first->place : SLAB_NONE;
    entry->indexed = remote_id != 0;
    return 0;
}

int table_tunnel_set_remote(struct table *table, struct tunnel_entry *entry,
                            const struct l2tpha_path *path, uint32_t remote_id)
{
    const struct l2tpha_tunnel_record *record = &entry->record;
    int error = 0;

    if (path->remote.len > L2TPHA_ADDRESS_MAX || path->local.len > L2TPHA_ADDRESS_MAX)
        return L2TPHA_ERR_INVALID;
    if (!entry->indexed || remote_id != record->remote_id ||
        !address_is(&path->remote, &record->path.remote))
        error = reindex(table, entry, &path->remote, remote_id);
    if (error)
        return error;
    entry->record.path = *path;
    entry->record.remote_id = remote_id;
    return 0;
}

static bool is_at(const struct tunnel_entry *entry, const struct l2tpha_address *address,
                  uint32_t remote_id)
{
    return entry->record.remote_id == remote_id && address_is(&entry->record.path.remote, address);
}

struct tunnel_entry *table_tunnel_find_remote(const struct table *table,
                                              const struct l2tpha_address *address,
                                              uint32_t remote_id)
{
    struct tunnel_entry *entry = NULL;

    if (address->len <= L2TPHA_ADDRESS_MAX)
        entry = first_of_key(table, peer_key(table, address, remote_id));
    while (entry && !is_at(entry, address, remote_id))
        entry = at_place(table, entry->older_duplicate);
    return entry;
}

struct tunnel_entry *table_tunnel_next_duplicate(const struct table *table,
                                                 const struct tunnel_entry *entry)
{
    struct tunnel_entry *next = entry->indexed ? at_place(table, entry->older_duplicate) : NULL;

    while (next && !is_at(next, &entry->record.path.remote, entry->record.remote_id))
        next = at_place(table, next->older_duplicate);
    return next;
}

/* --- what a takeover has to know of all of them, without looking at each --- */

uint32_t table_lagging_count(const struct table *table)
{
    return table->lagging_count;
}

uint32_t table_recovery_count(const struct table *table)
{
    return table->recovery_count;
}

struct tunnel_entry *table_first_pending(const struct table *table)
{
    return table->pending;
}

void table_tunnel_unlist(struct tunnel_entry *entry)
{
    if (!entry->dirty_back)
        return;
    *entry->dirty_back = entry->dirty_next;
    if (entry->dirty_next)
        entry->dirty_next->dirty_back = entry->dirty_back;
    entry->dirty_back = NULL;
}

static void forget_kind(struct table *table, struct tunnel_entry *entry)
{
    table_tunnel_unlist(entry);
    table->lagging_count -= entry->is_lagging;
    table->recovery_count -= entry->is_recovery;
    entry->is_lagging = entry->is_recovery = false;
}

static void note_kind(struct table *table, struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;

    forget_kind(table, entry);
    entry->is_lagging = record->flags & L2TPHA_TUNNEL_LAGGING;
    entry->is_recovery = record->recovers != 0;
    table->lagging_count += entry->is_lagging;
    table->recovery_count += entry->is_recovery;
    if (record->state == L2TPHA_TUNNEL_ESTABLISHED && !entry->is_recovery)
        return;
    entry->dirty_next = table->pending;
    entry->dirty_back = &table->pending;
    if (entry->dirty_next)
        entry->dirty_next->dirty_back = &entry->dirty_next;
    table->pending = entry;
}

static void set_ha(struct table *table, struct tunnel_entry *entry, bool on)
{
    if (entry->is_ha == on)
        return;
    entry->is_ha = on;
    table->ha_tunnels += on ? 1u : UINT32_MAX;
    table->ha_sessions += on ? entry->session_count : -entry->session_count;
}

void table_note_method(struct table *table, struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;

    set_ha(table, entry, record->effective_method != L2TPHA_FAILOVER_DISABLE && !record->recovers);
}

uint32_t table_ha_tunnels(const struct table *table)
{
    return table->ha_tunnels;
}

uint32_t table_ha_sessions(const struct table *table)
{
    return table->ha_sessions;
}

/* --- adding, finding, removing --- */

struct tunnel_entry *table_tunnel_add(struct table *table, uint32_t local_id, int *error)
{
    uint32_t place;
    struct tunnel_entry *entry = slab_alloc(table->tunnels, &place, error);
    if (!entry)
        return NULL;
    entry->place = place;
    entry->session_ids.kind = &table->by_session_id;
    *error =
        local_id == 0 ? L2TPHA_ERR_INVALID : id_map_insert(&table->tunnel_ids, local_id, place);
    if (*error) {
        slab_free(table->tunnels, entry->place);
        return NULL;
    }
    entry->record.size = sizeof(entry->record);
    entry->record.local_id = local_id;
    return entry;
}

void table_tunnel_remove(struct table *table, struct tunnel_entry *entry)
{
    while (entry->sessions)
        table_session_remove(table, entry->sessions);
    idtable_clear(&entry->session_ids);
    table_queue_trim(table, entry, entry->record.ns);
    forget_kind(table, entry);
    set_ha(table, entry, false);
    unindex(table, entry);
    drop_strings(table, &entry->record);
    id_map_remove(&table->tunnel_ids, entry->record.local_id);
    slab_free(table->tunnels, entry->place);
}

struct tunnel_entry *table_tunnel_find(const struct table *table, uint32_t local_id)
{
    return at_place(table, id_map_find(&table->tunnel_ids, local_id));
}

struct tunnel_entry *table_tunnel_next(const struct table *table, uint32_t *place)
{
    struct tunnel_entry *entry = slab_next(table->tunnels, place);
    if (entry)
        ++*place;
    return entry;
}

uint32_t table_tunnel_count(const struct table *table)
{
    return slab_count(table->tunnels);
}

/* --- loading a record --- */

static int copy_strings(struct table *table, struct l2tpha_tunnel_record *to,
                        const struct l2tpha_tunnel_record *from)
{
    struct l2tpha_tunnel_record views = *from;
    int error = 0;

    for (size_t i = 0; i < STRINGS; i++)
        *string_at(to, i) = (struct l2tpha_bytes){NULL, 0};
    for (size_t i = 0; i < STRINGS && !error; i++) {
        const struct l2tpha_bytes *view = string_at(&views, i);
        error = table_replace_bytes(table, string_at(to, i), view->data, view->len);
    }
    return error;
}

int table_tunnel_load(struct table *table, struct tunnel_entry *entry,
                      const struct l2tpha_tunnel_record *record)
{
    struct l2tpha_tunnel_record fresh = *record;

    if (record->local_id != entry->record.local_id)
        return L2TPHA_ERR_INVALID;
    int error = copy_strings(table, &fresh, record);
    if (!error)
        error = table_tunnel_set_remote(table, entry, &record->path, record->remote_id);
    if (error) {
        drop_strings(table, &fresh);
        return error;
    }
    drop_strings(table, &entry->record);
    entry->record = fresh;
    entry->record.size = sizeof(entry->record);
    note_kind(table, entry);
    table_note_method(table, entry);
    return 0;
}

void table_queue_trim(struct table *table, struct tunnel_entry *entry, uint16_t acked)
{
    queue_trim(table->pool, entry, acked);
}
