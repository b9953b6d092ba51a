/* SPDX-License-Identifier: MIT */
/* The ledger of a node that takes over. What a replica has left is adopted tunnel by tunnel, and
 * nothing of it is in a checkpoint before all of it is. */
#include "state/ledger_takeover.h"

#include "base/assert.h"
#include "state/ledger_private.h"
#include "state/ledger_stop.h"
#include "state/order.h"

void ledger_begin_epoch(struct ledger *ledger, uint64_t epoch, uint64_t last)
{
    struct cursor *cursor;

    ledger->last = last;
    ledger->epoch = epoch;
    ledger->inherited = ledger->known = ledger->depends = last;
    for (cursor = ledger->cursors; cursor; cursor = cursor->next) /* added by a standby */
        cursor->ungated = last;
    ledger->mode = LEDGER_OFF;
    ledger_follow(ledger, "takeover");
}

void ledger_adopt(const struct ledger *ledger, struct tunnel_entry *entry)
{
    table_tunnel_unlist(entry);
    entry->moved = 0;
    entry->ns_safe = entry->ns_committed = entry->record.ns;
    entry->nr_safe = entry->record.nr;
    entry->acked_safe = entry->acked_committed = entry->record.acked;
    ASSERT(ledger->options.log, !entry->dirty && !entry->dirty_back);
    ASSERT(ledger->options.log, entry_is_in_order(entry) && entry_has_queue(entry));
    entry->born = ledger->inherited + 1;
}

void ledger_hold(struct ledger *ledger, bool held)
{
    ledger->held = held;
}

uint64_t ledger_epoch(const struct ledger *ledger)
{
    return ledger->epoch;
}
