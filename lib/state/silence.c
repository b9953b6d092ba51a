/* SPDX-License-Identifier: MIT */
/* How long a standby may confirm nothing. Time in which this node was away does not count, nor does
 * any while a copy goes on; and what is overdue is looked at several times, so that a host that
 * runs its timers before it reads has had a turn to read. */
#include "state/ledger.h"

/* Only the lease waits for a standby that lags in asynchronous commit: it may lag longer before it
 * is given up. */
#define ASYNC_PATIENCE 10
#define LOOKS 3                 /* before a silence counts: between the first and */
#define LOOK_US UINT64_C(10000) /* the last lies a whole turn of the host, in whatever order */

static uint64_t due(const struct ledger *ledger)
{
    const struct flight *oldest = outbox_head(ledger->flights);
    bool async = ledger->options.commit == L2TPHA_COMMIT_ASYNC;

    if (ledger->mode != LEDGER_GATED || !oldest)
        return L2TPHA_NEVER;
    uint64_t since = oldest->since > ledger->awake_since ? oldest->since : ledger->awake_since;
    if (!ledger->in_sync && ledger->progress > since)
        since = ledger->progress;
    return ledger_after(since, ledger->options.timeout_us * (async ? ASYNC_PATIENCE : 1));
}

uint64_t silence_deadline(const struct ledger *ledger)
{
    uint64_t at = due(ledger);

    return at != L2TPHA_NEVER && ledger->doubt != L2TPHA_NEVER
               ? ledger_after(ledger->doubt, LOOK_US)
               : at;
}

void silence_judge(struct ledger *ledger, uint64_t now)
{
    if (now < due(ledger)) {
        ledger->doubt = L2TPHA_NEVER;
        return;
    }
    if (ledger->doubt != L2TPHA_NEVER && now < ledger_after(ledger->doubt, LOOK_US))
        return;
    ledger->looks = ledger->doubt == L2TPHA_NEVER ? 1 : ledger->looks + 1;
    ledger->doubt = now;
    if (ledger->looks < LOOKS)
        return;
    ledger->options.counters->checkpoint_timeouts++;
    ledger_abandon(ledger, "standby silent", now);
    ledger->doubt = L2TPHA_NEVER;
}

void ledger_wake(struct ledger *ledger, uint64_t now)
{
    ledger->awake_since = now;
    ledger->doubt = L2TPHA_NEVER;
}
