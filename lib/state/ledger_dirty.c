/* SPDX-License-Identifier: MIT */
#include "state/ledger_dirty.h"

#include "base/assert.h"
#include "base/serial.h"
#include "state/ledger_private.h"
#include "state/record.h"
#include "state/table_session.h"
#include "state/table_tunnel.h"

#define LIST_FIRST 64
#define GONE_ENOUGH 4096 /* 40 KiB */

#define GONE_BYTES 16
#define TUNNEL_BYTES 256 /* strings and messages aside */
#define SESSION_BYTES 96

void ledger_unmark_tunnel(struct tunnel_entry *entry)
{
    table_tunnel_unlist(entry);
    entry->dirty = 0;
}

/* The last one takes its number. */
static void unlist_session(struct ledger *ledger, struct session_entry *entry)
{
    struct session_entry *last;

    if (entry->dirty == 0)
        return;
    ASSERT(ledger->options.log, entry->dirty <= ledger->dirty_count);
    ASSERT(ledger->options.log, ledger->dirty_sessions[entry->dirty - 1] == entry);
    last = ledger->dirty_sessions[--ledger->dirty_count];
    ledger->dirty_sessions[entry->dirty - 1] = last;
    last->dirty = entry->dirty;
    entry->dirty = 0;
}

/* Room for one more in a list that the ledger owns. A mark that finds none is lost, which the
 * commit will say. */
static void *list_room(struct ledger *ledger, void *list, size_t size, uint32_t count,
                       uint32_t *cap)
{
    if (count < *cap)
        return list;
    uint32_t more = *cap ? *cap * 2 : LIST_FIRST;
    void *longer = talloc_realloc_size(ledger, list, size * more);
    if (longer)
        *cap = more;
    else
        ledger->lost = true;
    return longer;
}

/* The lease is what goes out of hand when acknowledgements are slow to reach the standby. */
static bool is_short_of_lease(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;

    if (!ledger_is_ungated(ledger) || ledger->mode != LEDGER_GATED)
        return false;
    uint16_t lease = record_lease(record, ledger->options.resync_packets);
    return serial_diff((uint16_t)(entry->acked_committed + lease), record->ns) <= lease / 2;
}

static uint32_t tunnel_bytes(struct tunnel_entry *entry, uint8_t dirty)
{
    if (dirty & DIRTY_FULL)
        return TUNNEL_BYTES + (uint32_t)table_tunnel_bytes(entry);
    return SESSION_BYTES + (entry->queue_tail ? entry->queue_tail->len : 0);
}

void ledger_mark_tunnel(struct ledger *ledger, struct tunnel_entry *entry, uint8_t dirty)
{
    if (dirty == 0)
        return;
    if (dirty == DIRTY_ACKED && is_short_of_lease(ledger, entry))
        ledger->must_commit = true;
    if (dirty != DIRTY_ACKED) {
        ledger->must_commit = true;
        ledger->dirty_bytes += tunnel_bytes(entry, dirty);
    }
    ASSERT(ledger->options.log, !entry->gone);
    ASSERT(ledger->options.log, !entry->dirty == !entry->dirty_back);
    entry->dirty |= dirty;
    if (entry->dirty_back)
        return;
    entry->dirty_next = ledger->dirty_tunnels;
    entry->dirty_back = &ledger->dirty_tunnels;
    if (entry->dirty_next)
        entry->dirty_next->dirty_back = &entry->dirty_next;
    ledger->dirty_tunnels = entry;
}

void ledger_mark_session(struct ledger *ledger, struct session_entry *entry)
{
    ledger->must_commit = true;
    ledger->dirty_bytes += SESSION_BYTES + (uint32_t)table_session_bytes(entry);
    if (!ledger->writes || entry->dirty)
        return;
    struct session_entry **list = list_room(ledger, ledger->dirty_sessions, sizeof(*list),
                                            ledger->dirty_count, &ledger->dirty_cap);
    if (!list)
        return;
    ledger->dirty_sessions = list;
    list[ledger->dirty_count++] = entry;
    entry->dirty = ledger->dirty_count;
}

void ledger_mark_node(struct ledger *ledger)
{
    ledger->must_commit = true;
    ledger->dirty_node = ledger->writes;
}

static void note_gone(struct ledger *ledger, uint32_t tunnel_id, uint32_t session_id)
{
    if (!ledger->writes)
        return;
    ledger->must_commit = true;
    ledger->dirty_bytes += GONE_BYTES;
    struct gone *list =
        list_room(ledger, ledger->gone, sizeof(*list), ledger->gone_count, &ledger->gone_cap);
    if (!list)
        return;
    ledger->gone = list;
    list[ledger->gone_count++] = (struct gone){tunnel_id, session_id};
}

void ledger_gone_tunnel(struct ledger *ledger, struct tunnel_entry *entry)
{
    if (entry->dirty_back)
        ledger_unmark_tunnel(entry);
    for (struct session_entry *session = entry->sessions; session; session = session->next)
        unlist_session(ledger, session);
    note_gone(ledger, entry->record.local_id, 0);
    entry->gone = true;
}

void ledger_gone_session(struct ledger *ledger, struct session_entry *entry)
{
    unlist_session(ledger, entry);
    note_gone(ledger, entry->tunnel->record.local_id, entry->local_id);
}

/* What the standby has of one that is marked may be older than what its tunnel's record is about.
 */
void ledger_forget_session(struct ledger *ledger, struct session_entry *entry)
{
    if (entry->dirty)
        ledger_gone_session(ledger, entry);
}

bool ledger_is_full(const struct ledger *ledger)
{
    return ledger->gone_count >= GONE_ENOUGH;
}

void ledger_restart_tunnel(struct ledger *ledger, struct tunnel_entry *entry)
{
    entry->ns_safe = entry->ns_committed = entry->record.ns;
    entry->nr_safe = entry->record.nr;
    entry->acked_safe = entry->acked_committed = entry->record.acked;
    entry->born = 0; /* older marks are not about it */
    entry->ahead_from = 0;
    ledger_mark_tunnel(ledger, entry, DIRTY_FULL);
}
