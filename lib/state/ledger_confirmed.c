/* SPDX-License-Identifier: MIT */
/* How far the standby is known to be. */
#include "state/ledger_confirmed.h"

#include "state/ledger_private.h"

uint64_t ledger_last(const struct ledger *ledger)
{
    return ledger->last;
}

uint64_t ledger_confirmed(const struct ledger *ledger)
{
    return ledger_is_ungated(ledger) && !ledger->late ? ledger->last : ledger_known(ledger);
}

bool ledger_holds(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    return ledger->late && entry->moved > ledger_known(ledger);
}

uint64_t ledger_known(const struct ledger *ledger)
{
    return ledger->mode == LEDGER_GATED ? ledger->known : ledger->last;
}

/* Of those that are waited for the one that has least; else the one that has most. */
uint64_t ledger_acknowledged(const struct ledger *ledger, bool whole)
{
    const struct cursor *cursor;
    uint64_t least = L2TPHA_NEVER, most = ledger->inherited;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        uint64_t number = whole ? cursor->whole : cursor->acknowledged;
        if (number > most)
            most = number;
        if (cursor_is_waited_for(cursor) && number < least)
            least = number;
    }
    return least == L2TPHA_NEVER ? most : least;
}

enum ledger_mode ledger_mode(const struct ledger *ledger)
{
    return ledger->mode;
}

bool ledger_in_sync(const struct ledger *ledger)
{
    return ledger->in_sync;
}
