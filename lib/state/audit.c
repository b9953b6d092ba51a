/* SPDX-License-Identifier: MIT */
#include "state/audit.h"

#include "base/assert.h"
#include "state/ledger_log.h"
#include "state/ledger_private.h"
#include "state/order.h"
#include "state/table_private.h"

static void audit_queue(const struct tunnel_entry *entry)
{
    const struct buffer *previous = NULL;
    uint32_t count = 0;

    AUDIT(entry_has_queue(entry));
    if (entry->queue_count > AUDIT_LONG)
        return;
    for (const struct buffer *at = entry->queue_head; at; previous = at, at = at->next, count++)
        AUDIT(at->prev == previous);
    AUDIT(entry->queue_tail == previous);
    AUDIT(entry->queue_count == count);
}

/* By the peer's address and id it is found, behind those that got them later. */
static void audit_peer_index(const struct table *table, const struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;
    const struct tunnel_entry *at =
        table_tunnel_find_remote(table, &record->path.remote, record->remote_id);

    AUDIT(entry->indexed == (record->remote_id != 0));
    if (!entry->indexed)
        return;
    for (uint32_t i = 0; at != entry && i < AUDIT_LONG; i++) {
        AUDIT(at);
        at = table_tunnel_next_duplicate(table, at);
    }
}

void table_audit_tunnel(const struct table *table, const struct tunnel_entry *entry,
                        struct tally *tally)
{
    AUDIT(entry->record.local_id != 0);
    AUDIT(table_tunnel_find(table, entry->record.local_id) == entry);
    AUDIT(slab_at(table->tunnels, entry->place) == entry);
    AUDIT(!entry->dirty_back || *entry->dirty_back == entry);
    AUDIT(!entry->dirty || entry->dirty_back);
    AUDIT(!entry->sessions == (entry->session_count == 0));
    AUDIT(entry->record.state <= L2TPHA_TUNNEL_STOPPED);
    audit_peer_index(table, entry);
    audit_queue(entry);
    tally->ha_tunnels += entry->is_ha;
    tally->ha_sessions += entry->is_ha ? entry->session_count : 0;
}

void table_audit_session(const struct table *table, const struct session_entry *entry,
                         struct tally *tally)
{
    AUDIT(entry->local_id != 0);
    AUDIT(entry->state != L2TPHA_SESSION_IDLE);
    AUDIT(*entry->back == entry);
    AUDIT(!entry->next || entry->next->back == &entry->next);
    AUDIT(entry->side == L2TPHA_LAC || entry->side == L2TPHA_LNS);
    AUDIT(slab_at(table->sessions, entry->place) == entry);
    AUDIT(table_session_find(table, entry->tunnel, entry->local_id) == entry);
    AUDIT(!entry->remote_id ||
          table_session_find_remote(table, entry->tunnel, entry->remote_id) == entry);
    tally->sessions++;
    tally->extras += entry->extra != NULL;
}

void table_audit_counts(const struct table *table, const struct tally *tally)
{
    AUDIT(table_session_count(table) == tally->sessions);
    AUDIT(slab_count(table->extras) == tally->extras);
    AUDIT(table->ha_tunnels == tally->ha_tunnels);
    AUDIT(table->ha_sessions == tally->ha_sessions);
}

/* --- the ledger --- */

static void audit_log(const struct ledger *ledger)
{
    const struct logged *oldest = outbox_head(ledger->log);
    uint32_t count = outbox_count(ledger->log);

    if (!oldest)
        return;
    const struct logged *newest = outbox_at(ledger->log, count - 1);
    AUDIT(ledger->writes);
    AUDIT(newest->number == ledger->last);
    AUDIT(newest->number - oldest->number == count - 1);
    AUDIT(oldest->blob && newest->blob);
}

static void audit_cursor(const struct ledger *ledger, const struct cursor *cursor)
{
    const struct flight *oldest = outbox_head(cursor->flights);
    uint32_t count = outbox_count(cursor->flights);

    AUDIT(cursor_of(ledger, cursor->id) == cursor);
    AUDIT(cursor->confirmed <= cursor->position);
    AUDIT(cursor->bulk.waiting <= BULK_PARTS);
    if (!cursor_is_in_stream(cursor)) {
        AUDIT(count == 0 && cursor->bulk.waiting == 0);
        return;
    }
    AUDIT(!cursor->word);
    AUDIT(cursor->acknowledged <= cursor->shipped && cursor->shipped <= ledger->last);
    AUDIT(cursor->ungated <= ledger->last);
    AUDIT(cursor->confirmed + count == cursor->position);
    AUDIT(!oldest || oldest->position == cursor->confirmed + 1);
    /* whatever it has not confirmed is there */
    AUDIT(cursor->acknowledged == ledger->last || ledger_log_at(ledger, cursor->acknowledged + 1));
}

static void audit_cursors(const struct ledger *ledger)
{
    const struct cursor *cursor;
    uint32_t walks = 0, reads = 0, holds = 0;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        audit_cursor(ledger, cursor);
        walks += cursor->state == CURSOR_COPYING && !cursor->resumes;
        reads += cursor_wants_log(cursor);
        holds += cursor->holds;
        AUDIT(!cursor_is_waited_for(cursor) || ledger->known <= cursor_known(cursor));
    }
    AUDIT(walks <= 1);
    AUDIT(ledger->writes == (reads + holds > 0));
}

static void audit_marks(const struct ledger *ledger)
{
    const struct mark *oldest = outbox_head(ledger->marks);

    AUDIT(!oldest || ledger->mode != LEDGER_OFF);
    AUDIT(!oldest || ledger->mode != LEDGER_GATED || oldest->number > ledger->known);
    AUDIT(!oldest || oldest->number <= ledger->last);
}

/* While no increment is open only acknowledgements wait for company. */
static void audit_dirty(const struct ledger *ledger)
{
    struct tunnel_entry *const *back = &ledger->dirty_tunnels;

    for (const struct tunnel_entry *at = *back; at; back = &at->dirty_next, at = at->dirty_next) {
        AUDIT(at->dirty_back == back);
        AUDIT(at->dirty == DIRTY_ACKED || ledger->increment_open);
    }
    for (uint32_t i = 0; i < ledger->dirty_count; i++)
        AUDIT(ledger->dirty_sessions[i]->dirty == i + 1);
    AUDIT(!ledger->must_commit);
    if (ledger->increment_open)
        return;
    AUDIT(ledger->dirty_count == 0);
    AUDIT(ledger->gone_count == 0);
    AUDIT(!ledger->lost && !ledger->dirty_node);
    AUDIT(!ledger->dirty_tunnels == (ledger->deferred_since == L2TPHA_NEVER));
}

void ledger_audit(const struct ledger *ledger)
{
    AUDIT(ledger->depends <= ledger_last(ledger));
    AUDIT(!ledger->increment_open || ledger->writes);
    AUDIT(!ledger->in_sync || ledger->mode == LEDGER_GATED);
    AUDIT(ledger->mode == LEDGER_GATED || !ledger->late);
    AUDIT(ledger->mode != LEDGER_GATED || ledger->writes);
    audit_log(ledger);
    audit_cursors(ledger);
    audit_marks(ledger);
    audit_dirty(ledger);
}
