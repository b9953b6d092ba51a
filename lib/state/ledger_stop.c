/* SPDX-License-Identifier: MIT */
#include "state/ledger_stop.h"

#include "base/assert.h"
#include "state/ledger_gate.h"
#include "state/ledger_private.h"
#include "state/ledger_write.h"

static void log_cf(const struct ledger *ledger, const char *text, const char *why)
{
    const struct log *log = ledger->options.log;
    if (log && log_wanted(log, L2TPHA_LOG_CF))
        log_line(log, L2TPHA_LOG_CF, 0, 0, "%s: %s, last %llu, confirmed %llu", text, why,
                 (unsigned long long)ledger->last, (unsigned long long)ledger->acknowledged);
}

void ledger_reset(struct ledger *ledger)
{
    struct flight *flight;

    while ((flight = outbox_head(ledger->flights))) {
        buffer_put(table_pool(ledger->options.table), flight->blob);
        outbox_pop(ledger->flights);
    }
    buffer_put(table_pool(ledger->options.table), ledger->shipping);
    ledger->shipping = NULL;
    ledger->mode = LEDGER_OFF;
    ledger->in_sync = ledger->late = ledger->wanted = false;
    ledger->bulk.phase = BULK_NONE;
    ledger->depends = ledger->shipped = ledger->last;
    while (outbox_count(ledger->marks) > 0)
        ledger_pop_mark(ledger);
    ledger_clean(ledger, 0);
    ASSERT(ledger->options.log, !ledger->dirty_tunnels || ledger->must_commit);
    ASSERT(ledger->options.log, ledger->acknowledged <= ledger->shipped);
}

void ledger_stop(struct ledger *ledger, const char *why, uint64_t now)
{
    (void)now;
    if (ledger_mode(ledger) == LEDGER_OFF)
        return;
    log_cf(ledger, "going on alone", why);
    ledger_reset(ledger);
    ledger->options.mode_changed(ledger->options.user, LEDGER_OFF, false, why);
}

/* The standby may still believe that it holds everything. What it reads last of this stream tells
 * it better, whenever it gets to it: poll hands this out ahead of the outputs that are free now. */
void ledger_abandon(struct ledger *ledger, const char *why, uint64_t now)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_ABANDON};

    if (ledger->mode == LEDGER_OFF)
        return;
    ledger_stop(ledger, why, now);
    int error = ledger_write(ledger, &header, NULL, NULL, now);
    if (error)
        log_cf(ledger, "standby not told", l2tpha_strerror(error));
}

void ledger_fail(struct ledger *ledger, int error, uint64_t now)
{
    static const struct {
        int error;
        const char *why;
    } reasons[] = {
        {L2TPHA_ERR_TOO_SMALL, "checkpoint too large"},
        {L2TPHA_ERR_LIMIT, "checkpoint backlog"},
    };
    const char *why = l2tpha_strerror(error);

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].error == error)
            why = reasons[i].why;
    ledger_abandon(ledger, why, now);
}
