/* SPDX-License-Identifier: MIT */
/* How long a cursor may confirm nothing: base/patience.h. No time counts while a copy goes on, nor
 * for one that nobody waits for. */
#include "state/silence.h"

#include "state/ledger_log.h"
#include "state/ledger_private.h"
#include "state/ledger_stop.h"

/* Only the lease waits for a lagging standby in asynchronous commit: such a standby may lag longer
 * before it is given up. */
#define ASYNC_PATIENCE 10

/* Since when a confirmation is missing, in own time; false: none is. Until the copy is confirmed
 * one that confirms one thing after the other is not silent, however old what it has not come to is
 * by then. What was not handed out yet counts from when it was made. */
static bool waits_since(const struct ledger *ledger, const struct cursor *cursor, uint64_t *since)
{
    const struct flight *oldest = outbox_head(cursor->flights);
    const struct logged *next = ledger_log_at(ledger, cursor->shipped + 1);

    if (!cursor_is_waited_for(cursor) || cursor->state <= CURSOR_WAITING || !(oldest || next))
        return false;
    *since = oldest ? oldest->since : patience_own(&cursor->patience, next->made);
    if (cursor->state != CURSOR_IN_SYNC && cursor->progress > *since)
        *since = cursor->progress;
    return true;
}

static uint64_t wait_us(const struct ledger *ledger, const struct cursor *cursor)
{
    bool async = ledger->options.commit == L2TPHA_COMMIT_ASYNC;

    return cursor->options.timeout_us * (async ? ASYNC_PATIENCE : 1);
}

uint64_t silence_deadline(const struct ledger *ledger)
{
    uint64_t since, due, soonest = L2TPHA_NEVER;
    const struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        if (!waits_since(ledger, cursor, &since))
            continue;
        due = patience_due(&cursor->patience, since, wait_us(ledger, cursor));
        if (due < soonest)
            soonest = due;
    }
    return soonest;
}

void silence_check(struct ledger *ledger, uint64_t now)
{
    struct cursor *cursor;
    uint64_t since;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        if (!waits_since(ledger, cursor, &since) ||
            !patience_over(&cursor->patience, since, wait_us(ledger, cursor), now))
            continue;
        ledger->options.counters->checkpoint_timeouts++;
        ledger_abandon(ledger, cursor, "standby silent");
        ledger_follow(ledger, "standby silent");
    }
}

void ledger_absent(struct ledger *ledger, uint64_t from, uint64_t now)
{
    struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        patience_absent(&cursor->patience, from, now);
        if (!outbox_head(cursor->flights)) /* it owes no word */
            patience_heard(&cursor->patience);
    }
}
