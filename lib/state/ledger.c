/* SPDX-License-Identifier: MIT */
/* The ledger. What is marked stands in two lists; a commit turns them into one checkpoint, which
 * waits in a ring of flights until a standby has confirmed it. In gated mode each tunnel in it
 * leaves a mark in a second ring, with what it may send once the number is confirmed. So the work
 * of a commit and of a confirmation is that of what has changed. Anything that would break the
 * stream ends it: the node goes on alone and says why. */
#include "state/ledger.h"

#include "base/assert.h"
#include "state/ledger_gate.h"
#include "state/ledger_private.h"
#include "state/ledger_write.h"

#define MARKS_MAX (1u << 20)

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger)
{
    struct ledger *fresh = talloc_zero(parent, struct ledger);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->options = *options;
    fresh->epoch = options->epoch;
    fresh->deferred_since = L2TPHA_NEVER;
    int error = outbox_new(fresh, sizeof(struct flight), options->max_in_flight, &fresh->flights);
    if (!error)
        error = outbox_new(fresh, sizeof(struct mark), MARKS_MAX, &fresh->marks);
    if (error) {
        talloc_free(fresh);
        return error;
    }
    *ledger = fresh;
    return 0;
}

/* --- commit --- */

static int put_gone(struct draft *draft, const struct gone *gone)
{
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_GONE};
    record.of.gone = (struct l2tpha_gone_record){gone->tunnel_id, gone->session_id};
    return draft_put(draft, &record);
}

/* Read in order: what is gone, so that its ids are free again; the node; tunnels, each with its
 * messages; sessions. Written the other way round. */
static int fill_increment(struct draft *draft, struct ledger *ledger, void *argument)
{
    int error = 0;
    (void)argument;

    for (uint32_t i = ledger->dirty_count; i > 0 && !error; i--)
        error = draft_put_session(draft, ledger->dirty_sessions[i - 1]);
    for (const struct tunnel_entry *entry = ledger->dirty_tunnels; entry && !error;
         entry = entry->dirty_next)
        if (entry->generation == ledger->generation) /* else the copy has yet to carry it */
            error = draft_put_tunnel(draft, entry, entry->dirty & DIRTY_FULL);
    if (ledger->dirty_node && !error)
        error = draft_put_node(draft, table_node(ledger->options.table));
    for (uint32_t i = ledger->gone_count; i > 0 && !error; i--)
        error = put_gone(draft, &ledger->gone[i - 1]);
    return error;
}

static int push_marks(struct ledger *ledger)
{
    bool ungated = ledger_is_ungated(ledger);
    int error = 0;

    for (struct tunnel_entry *entry = ledger->dirty_tunnels; entry && !error;
         entry = entry->dirty_next)
        if (ungated || entry->dirty != DIRTY_ACKED)
            error = ledger_push_mark(ledger, entry);
    return error;
}

static void commit(struct ledger *ledger, uint64_t now)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_INCREMENT};
    bool must_commit = ledger->must_commit || ledger->gone_count > 0;
    int error =
        ledger->lost ? L2TPHA_ERR_NOMEM : ledger_write(ledger, &header, fill_increment, NULL, now);
    if (!error && (ledger->mode == LEDGER_GATED || ledger_is_ungated(ledger)))
        error = push_marks(ledger);
    if (error) {
        ledger_fail(ledger, error, now);
        return;
    }
    if (must_commit)
        ledger->depends = ledger->last;
    ledger_clean(ledger, ledger->last);
}

static void drop_shipped(struct ledger *ledger)
{
    buffer_put(table_pool(ledger->options.table), ledger->shipping);
    ledger->shipping = NULL;
}

static void check_lag(struct ledger *ledger, uint64_t now)
{
    const struct flight *oldest = outbox_head(ledger->flights);

    ledger->late = ledger->options.commit == L2TPHA_COMMIT_BOUNDED &&
                   ledger->mode == LEDGER_GATED && oldest &&
                   now >= ledger_after(oldest->made, ledger->options.lag_us);
}

uint64_t ledger_commit(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    check_lag(ledger, now);
    if (ledger->mode == LEDGER_OFF)
        ledger_clean(ledger, 0);
    else if (ledger->must_commit || ledger->gone_count > 0 || ledger->lost)
        commit(ledger, now);
    else if (ledger->dirty_tunnels && ledger->deferred_since == L2TPHA_NEVER)
        ledger->deferred_since = now;
    ASSERT(ledger->options.log, ledger->depends <= ledger->last);
    ASSERT(ledger->options.log, !ledger->must_commit && ledger->dirty_count == 0);
    return ledger->depends;
}

/* --- confirmation --- */

int ledger_done(struct ledger *ledger, uint64_t number, int status, uint64_t now)
{
    const struct flight *flight;
    const struct mark *mark;

    drop_shipped(ledger);
    if (number > ledger->shipped)
        return L2TPHA_ERR_INVALID;
    if (ledger->mode == LEDGER_OFF)
        return 0;
    if (status != 0) {
        ledger_stop(ledger, "standby refused", now);
        return 0;
    }
    if (number <= ledger->acknowledged)
        return 0;
    ASSERT(ledger->options.log, ledger->acknowledged <= ledger->shipped);
    ASSERT(ledger->options.log, ledger->shipped <= ledger->last);
    ledger->acknowledged = number;
    ledger->progress = patience_own(&ledger->patience, now);
    patience_heard(&ledger->patience);
    while ((flight = outbox_head(ledger->flights)) && flight->number <= number)
        outbox_pop(ledger->flights); /* handed out: its blob is gone already */
    while ((mark = outbox_head(ledger->marks)) && mark->number <= number)
        ledger_pop_mark(ledger);
    bulk_done(ledger, number);
    bulk_turn(ledger);
    check_lag(ledger, now);
    return 0;
}

/* --- towards the standby --- */

bool ledger_poll(struct ledger *ledger, uint64_t now, uint64_t *number, const uint8_t **data,
                 size_t *len)
{
    drop_shipped(ledger);
    check_lag(ledger, now);
    if (ledger->shipped == ledger->last && !ledger->must_commit && ledger->gone_count == 0)
        bulk_advance(ledger, now); /* never with half a transaction in the table */
    const struct flight *oldest = outbox_head(ledger->flights);
    if (!oldest || ledger->shipped == ledger->last)
        return false;
    struct flight *next =
        outbox_at(ledger->flights, (uint32_t)(ledger->shipped + 1 - oldest->number));
    ASSERT(ledger->options.log, next->number == ledger->shipped + 1 && next->blob);
    ledger->shipping = next->blob;
    ledger->shipped = next->number;
    next->blob = NULL;
    next->since = patience_own(&ledger->patience, now);
    *number = next->number;
    *data = ledger->shipping->data;
    *len = ledger->shipping->len;
    return true;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ledger_deadline(const struct ledger *ledger)
{
    uint64_t lagging = ledger_after(ledger->deferred_since, LEDGER_DEFERRED_US);
    uint64_t silence = silence_deadline(ledger);
    return sooner(sooner(lagging, silence), bulk_deadline(ledger));
}

void ledger_expire(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    bulk_turn(ledger);
    silence_check(ledger, now);
    if (ledger->mode != LEDGER_OFF &&
        now >= ledger_after(ledger->deferred_since, LEDGER_DEFERRED_US))
        commit(ledger, now);
}
