/* SPDX-License-Identifier: MIT */
/* A tunnel's table of sessions has both their ids, ours and the peer's: an id's end is the low bit
 * of the value that it leads to, the tag of its key. */
#include "state/table_session.h"

#include "state/level.h"
#include "state/record_fields.h"
#include "state/table_private.h"
#include "state/table_strings.h"

#include <string.h>

/* Where a byte string is. */
#define STRING(member)                                                                             \
    {offsetof(struct session_extra, member), offsetof(struct l2tpha_session_record, member)},
static const struct {
    size_t in_extra;
    size_t in_record;
} strings[] = {L2TPHA_SESSION_FIELDS(RECORD_STRING) STRING(unknown)};
#undef STRING
#define STRINGS (sizeof(strings) / sizeof(strings[0]))

enum end { LOCAL = 0, REMOTE = 1 }; /* within TABLE_SESSION_TAG */

static uint32_t value_of(enum end end, const struct session_entry *entry)
{
    return entry->place << 1 | end;
}

static struct session_entry *lookup(const struct table *table, const struct tunnel_entry *tunnel,
                                    enum end end, uint32_t id)
{
    uint32_t value;
    return idtable_find(&tunnel->session_ids, id, end, &value)
               ? slab_get(table->sessions, value >> 1)
               : NULL;
}

static void link_to(struct table *table, struct session_entry *entry, struct tunnel_entry *tunnel)
{
    entry->tunnel = tunnel;
    entry->next = tunnel->sessions;
    entry->back = &tunnel->sessions;
    if (entry->next)
        entry->next->back = &entry->next;
    tunnel->sessions = entry;
    tunnel->session_count++;
    table->ha_sessions += tunnel->is_ha;
}

struct session_entry *table_session_add(struct table *table, struct tunnel_entry *tunnel,
                                        uint32_t local_id, int *error)
{
    uint32_t place;
    struct session_entry *entry = slab_alloc(table->sessions, &place, error);
    if (!entry)
        return NULL;
    entry->place = place;
    *error = local_id == 0 ? L2TPHA_ERR_INVALID
                           : idtable_insert(&tunnel->session_ids, local_id, value_of(LOCAL, entry));
    if (*error) {
        slab_free(table->sessions, entry->place);
        return NULL;
    }
    entry->local_id = local_id;
#ifdef L2TPHA_NEXT
    entry->next_mark = level_mark(local_id);
#endif
    link_to(table, entry, tunnel);
    return entry;
}

static struct l2tpha_bytes *string_at(struct session_extra *extra, size_t place)
{
    return (struct l2tpha_bytes *)(void *)((char *)extra + place);
}

static const struct l2tpha_bytes *string_in(const struct l2tpha_session_record *record,
                                            size_t which)
{
    return (const struct l2tpha_bytes *)(const void *)((const char *)record +
                                                       strings[which].in_record);
}

static void drop_extra(struct table *table, struct session_extra *extra)
{
    if (!extra)
        return;
    for (size_t i = 0; i < STRINGS; i++)
        table_drop_bytes(table, string_at(extra, strings[i].in_extra));
    slab_free(table->extras, extra->place);
}

void table_session_detach(struct table *table, struct session_entry *entry)
{
    struct tunnel_entry *tunnel = entry->tunnel;

    *entry->back = entry->next;
    if (entry->next)
        entry->next->back = entry->back;
    tunnel->session_count--;
    table->ha_sessions -= tunnel->is_ha;
    if (entry->remote_id != 0)
        idtable_remove(&tunnel->session_ids, entry->remote_id, REMOTE);
    idtable_remove(&tunnel->session_ids, entry->local_id, LOCAL);
    drop_extra(table, entry->extra);
    entry->extra = NULL;
    entry->next = NULL;
    entry->back = NULL;
    table->detached++;
}

void table_session_free(struct table *table, struct session_entry *entry)
{
    table->detached--;
    slab_free(table->sessions, entry->place);
}

void table_session_remove(struct table *table, struct session_entry *entry)
{
    table_session_detach(table, entry);
    table_session_free(table, entry);
}

struct session_entry *table_session_find(const struct table *table,
                                         const struct tunnel_entry *tunnel, uint32_t local_id)
{
    return lookup(table, tunnel, LOCAL, local_id);
}

struct session_entry *table_session_next(const struct table *table, uint32_t *place)
{
    struct session_entry *entry;

    while ((entry = slab_next(table->sessions, place))) {
        ++*place;
        if (entry->back)
            return entry;
    }
    return NULL;
}

uint32_t table_session_count(const struct table *table)
{
    return slab_count(table->sessions) - table->detached;
}

int table_session_set_remote(struct session_entry *entry, uint32_t remote_id)
{
    struct idtable *ids = &entry->tunnel->session_ids;

    if (remote_id == entry->remote_id)
        return 0;
    if (remote_id != 0) {
        int error = idtable_insert(ids, remote_id, value_of(REMOTE, entry));
        if (error)
            return error;
    }
    if (entry->remote_id != 0)
        idtable_remove(ids, entry->remote_id, REMOTE);
    entry->remote_id = remote_id;
    return 0;
}

struct session_entry *table_session_find_remote(const struct table *table,
                                                const struct tunnel_entry *tunnel,
                                                uint32_t remote_id)
{
    return lookup(table, tunnel, REMOTE, remote_id);
}

static bool is_empty(struct session_extra *extra)
{
    for (size_t i = 0; i < STRINGS; i++)
        if (string_at(extra, strings[i].in_extra)->len > 0)
            return false;
    return extra->send_accm == 0 && extra->receive_accm == 0;
}

static struct session_extra *new_extra(struct table *table, int *error)
{
    uint32_t place;
    struct session_extra *extra = slab_alloc(table->extras, &place, error);
    if (extra)
        extra->place = place;
    return extra;
}

static int make_extra(struct table *table, struct session_entry *entry)
{
    int error = 0;

    if (!entry->extra)
        entry->extra = new_extra(table, &error);
    return error;
}

static void drop_empty_extra(struct table *table, struct session_entry *entry)
{
    if (!is_empty(entry->extra))
        return;
    drop_extra(table, entry->extra);
    entry->extra = NULL;
}

int table_session_set_bytes(struct table *table, struct session_entry *entry, size_t place,
                            const uint8_t *data, size_t len)
{
    if (!entry->extra && len == 0)
        return 0;
    int error = make_extra(table, entry);
    if (error)
        return error;
    error = table_replace_bytes(table, string_at(entry->extra, place), data, len);
    drop_empty_extra(table, entry);
    return error;
}

int table_session_set_accm(struct table *table, struct session_entry *entry, uint32_t send_accm,
                           uint32_t receive_accm)
{
    int error = make_extra(table, entry);
    if (error)
        return error;
    entry->flags |= L2TPHA_SESSION_LINK_INFO;
    entry->extra->send_accm = send_accm;
    entry->extra->receive_accm = receive_accm;
    drop_empty_extra(table, entry);
    return 0;
}

static bool has_extra(const struct l2tpha_session_record *record)
{
    for (size_t i = 0; i < STRINGS; i++)
        if (string_in(record, i)->len > 0)
            return true;
    return record->send_accm || record->receive_accm;
}

/* *extra is NULL when the record has nothing of it. */
static int copy_extra(struct table *table, const struct l2tpha_session_record *record,
                      struct session_extra **extra)
{
    int error;

    *extra = NULL;
    if (!has_extra(record))
        return 0;
    struct session_extra *fresh = new_extra(table, &error);
    if (!fresh)
        return error;
    fresh->send_accm = record->send_accm;
    fresh->receive_accm = record->receive_accm;
    for (size_t i = 0; i < STRINGS; i++) {
        const struct l2tpha_bytes *from = string_in(record, i);
        error = table_replace_bytes(table, string_at(fresh, strings[i].in_extra), from->data,
                                    from->len);
        if (error) {
            drop_extra(table, fresh);
            return error;
        }
    }
    *extra = fresh;
    return 0;
}

bool session_fits(const struct l2tpha_session_record *record)
{
    return record->framing <= UINT8_MAX && record->bearer <= UINT8_MAX &&
           record->tx_speed <= UINT32_MAX && record->rx_speed <= UINT32_MAX &&
           record->data_ns <= UINT16_MAX && record->data_nr <= UINT16_MAX;
}

int table_session_load(struct table *table, struct session_entry *entry,
                       const struct l2tpha_session_record *record)
{
    struct session_extra *extra;

    if (record->local_id != entry->local_id ||
        record->tunnel_id != entry->tunnel->record.local_id || !session_fits(record))
        return L2TPHA_ERR_INVALID;
    int error = copy_extra(table, record, &extra);
    if (error)
        return error;
    error = table_session_set_remote(entry, record->remote_id);
    if (error) {
        drop_extra(table, extra);
        return error;
    }
    drop_extra(table, entry->extra);
    entry->extra = extra;
    entry->serial = record->serial;
    entry->tx_speed = (uint32_t)record->tx_speed;
    entry->rx_speed = (uint32_t)record->rx_speed;
    entry->data_ns = (uint16_t)record->data_ns;
    entry->data_nr = (uint16_t)record->data_nr;
    entry->framing = (uint8_t)record->framing;
    entry->bearer = (uint8_t)record->bearer;
    entry->state = record->state;
    entry->side = record->side & 0xf;
    entry->call = record->call & 0xf;
    entry->flags = record->flags;
#ifdef L2TPHA_NEXT
    entry->next_mark = record->next_mark;
#endif
    return 0;
}

size_t table_session_bytes(const struct session_entry *entry)
{
    size_t bytes = 0;

    for (size_t i = 0; entry->extra && i < STRINGS; i++)
        bytes += string_at(entry->extra, strings[i].in_extra)->len;
    return bytes;
}

static void get_extra(struct session_extra *extra, struct l2tpha_session_record *record)
{
    record->send_accm = extra->send_accm;
    record->receive_accm = extra->receive_accm;
    for (size_t i = 0; i < STRINGS; i++)
        memcpy((char *)record + strings[i].in_record, string_at(extra, strings[i].in_extra),
               sizeof(struct l2tpha_bytes));
}

void table_session_get(const struct session_entry *entry, struct l2tpha_session_record *record)
{
    *record = (struct l2tpha_session_record){
        .size = sizeof(*record),
        .tunnel_id = entry->tunnel->record.local_id,
        .local_id = entry->local_id,
        .remote_id = entry->remote_id,
        .state = entry->state,
        .side = entry->side,
        .call = entry->call,
        .flags = entry->flags,
        .serial = entry->serial,
        .framing = entry->framing,
        .bearer = entry->bearer,
        .tx_speed = entry->tx_speed,
        .rx_speed = entry->rx_speed,
        .data_ns = entry->data_ns,
        .data_nr = entry->data_nr,
    };
#ifdef L2TPHA_NEXT
    record->next_mark = entry->next_mark;
#endif
    if (entry->extra)
        get_extra(entry->extra, record);
}
