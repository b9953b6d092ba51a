/* SPDX-License-Identifier: MIT */
/* How long a standby may confirm nothing: base/patience.h. No time counts while a copy goes on. */
#include "state/silence.h"

#include "state/ledger_private.h"
#include "state/ledger_stop.h"

/* Only the lease waits for a lagging standby in asynchronous commit: such a standby may lag longer
 * before it is given up. */
#define ASYNC_PATIENCE 10

/* Since when a confirmation is missing, in own time; false: none is. Until the copy is confirmed a
 * standby that confirms one thing after the other is not silent, however old what it has not come
 * to is by then. */
static bool waits_since(const struct ledger *ledger, uint64_t *since)
{
    const struct flight *oldest = outbox_head(ledger->flights);

    if (ledger->mode != LEDGER_GATED || !oldest)
        return false;
    *since = oldest->since;
    if (!ledger->in_sync && ledger->progress > *since)
        *since = ledger->progress;
    return true;
}

static uint64_t wait_us(const struct ledger *ledger)
{
    bool async = ledger->options.commit == L2TPHA_COMMIT_ASYNC;

    return ledger->options.timeout_us * (async ? ASYNC_PATIENCE : 1);
}

uint64_t silence_deadline(const struct ledger *ledger)
{
    uint64_t since;

    return waits_since(ledger, &since) ? patience_due(&ledger->patience, since, wait_us(ledger))
                                       : L2TPHA_NEVER;
}

void silence_check(struct ledger *ledger, uint64_t now)
{
    uint64_t since;

    if (!waits_since(ledger, &since) ||
        !patience_over(&ledger->patience, since, wait_us(ledger), now))
        return;
    ledger->options.counters->checkpoint_timeouts++;
    ledger_abandon(ledger, "standby silent", now);
}

void ledger_absent(struct ledger *ledger, uint64_t from, uint64_t now)
{
    patience_absent(&ledger->patience, from, now);
    if (!outbox_head(ledger->flights)) /* it owes no word */
        patience_heard(&ledger->patience);
}
