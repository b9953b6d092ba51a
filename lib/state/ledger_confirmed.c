/* SPDX-License-Identifier: MIT */
/* How far the standby is known to be. */
#include "state/ledger_confirmed.h"

#include "state/ledger_private.h"

uint64_t ledger_last(const struct ledger *ledger)
{
    return ledger->last + ledger->increment_open;
}

uint64_t ledger_next(const struct ledger *ledger)
{
    return ledger->last + 1;
}

uint64_t ledger_confirmed(const struct ledger *ledger)
{
    return ledger_is_ungated(ledger) && !ledger->late ? ledger_last(ledger) : ledger_known(ledger);
}

bool ledger_holds(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    return ledger->late && entry->moved > ledger_known(ledger);
}

uint64_t ledger_known(const struct ledger *ledger)
{
    return ledger->mode == LEDGER_GATED ? ledger->known : ledger_last(ledger);
}

enum ledger_mode ledger_mode(const struct ledger *ledger)
{
    return ledger->mode;
}

bool ledger_in_sync(const struct ledger *ledger)
{
    return ledger->in_sync;
}
