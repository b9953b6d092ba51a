/* SPDX-License-Identifier: MIT */
#include "state/ledger_stop.h"

#include "base/assert.h"
#include "state/ledger_gate.h"
#include "state/ledger_log.h"
#include "state/ledger_private.h"
#include "state/ledger_write.h"

static void log_cf(const struct ledger *ledger, const struct cursor *cursor, const char *text,
                   const char *why)
{
    const struct log *log = ledger->options.log;
    if (log && log_wanted(log, L2TPHA_LOG_CF))
        log_line(log, L2TPHA_LOG_CF, 0, 0, "%s: %s: %s, last %llu, confirmed %llu",
                 cursor->options.name, text, why, (unsigned long long)ledger->last,
                 (unsigned long long)cursor->acknowledged);
}

/* What the cursors are together. */
struct sum {
    enum ledger_mode mode;
    bool in_sync;
    bool writes;
    uint64_t held;  /* newest number that all in the stream have confirmed */
    uint64_t known; /* ... and that all hold who are waited for */
};

static struct sum add_up(const struct ledger *ledger)
{
    struct sum sum = {.held = ledger->last, .known = ledger->last};
    const struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        if (cursor_wants_log(cursor)) {
            sum.writes = true;
            if (cursor->acknowledged < sum.held)
                sum.held = cursor->acknowledged;
        }
        sum.writes |= cursor->holds; /* numbers are what outputs wait for */
        if (cursor->options.gates && cursor->state != CURSOR_OUT && sum.mode == LEDGER_OFF)
            sum.mode = LEDGER_BULK;
        if (!cursor_is_waited_for(cursor))
            continue;
        sum.mode = LEDGER_GATED;
        sum.in_sync |= cursor->state == CURSOR_IN_SYNC;
        if (cursor_known(cursor) < sum.known)
            sum.known = cursor_known(cursor);
    }
    return sum;
}

/* Nothing waits any more. What is marked just now belongs to no checkpoint, if none is written; the
 * number of the open increment has been said to outputs, and is not given again. */
static void open_wide(struct ledger *ledger)
{
    ledger->late = false;
    ledger->depends = ledger_last(ledger);
    if (ledger->writes)
        return;
    ledger->last = ledger->depends;
    ledger_clean(ledger, 0);
}

void ledger_follow(struct ledger *ledger, const char *why)
{
    struct sum sum = add_up(ledger);
    bool changes = ledger->mode != sum.mode || ledger->in_sync != sum.in_sync;

    ledger->mode = sum.mode;
    ledger->in_sync = sum.in_sync;
    ledger->writes = sum.writes;
    ledger_log_trim(ledger, sum.held);
    ledger_open_gate(ledger, sum.known);
    if (ledger->mode != LEDGER_GATED)
        open_wide(ledger);
    ASSERT(ledger->options.log, !ledger->in_sync || ledger->mode == LEDGER_GATED);
    ASSERT(ledger->options.log, ledger->writes || outbox_count(ledger->log) == 0);
    if (changes)
        ledger->options.mode_changed(ledger->options.user, ledger->mode, ledger->in_sync, why);
}

void ledger_drop(struct ledger *ledger, struct cursor *cursor, const char *why)
{
    cursor->copy_at = L2TPHA_NEVER;
    cursor->kept = false;
    if (cursor->state == CURSOR_OUT)
        return;
    log_cf(ledger, cursor, "gets nothing more", why);
    cursor->state = CURSOR_OUT;
    cursor->why = why;
    cursor->confirmed = cursor->position;
    cursor->bulk.waiting = 0;
    cursor->bulk.bytes = 0;
    while (outbox_head(cursor->flights))
        outbox_pop(cursor->flights);
    buffer_put(table_pool(ledger->options.table), cursor->word);
    cursor->word = NULL;
}

void ledger_stop_one(struct ledger *ledger, uint32_t id, const char *why)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return;
    ledger_drop(ledger, cursor, why);
    ledger_follow(ledger, why);
}

void ledger_leave(struct ledger *ledger, uint32_t id, const char *why)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return;
    bool kept = cursor->kept || (cursor->options.returns && cursor->state >= CURSOR_ENDED);
    ledger_drop(ledger, cursor, why);
    cursor->kept = kept;
    ledger_follow(ledger, why);
}

void ledger_remove(struct ledger *ledger, uint32_t id, const char *why)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return;
    ledger_drop(ledger, cursor, why);
    buffer_put(table_pool(ledger->options.table), cursor->word);
    cursor_remove(ledger, cursor);
    ledger_follow(ledger, why);
}

/* It may still believe that it holds everything. What it reads last of this stream tells it better,
 * whenever it gets to it: poll hands this out ahead of the outputs that are free now. */
static void tell(struct ledger *ledger, struct cursor *cursor)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_ABANDON,
                                              .number = ledger_last(ledger)};

    int error = ledger_write(ledger, &header, NULL, NULL, &cursor->word);
    if (error)
        log_cf(ledger, cursor, "not told", l2tpha_strerror(error));
}

void ledger_abandon(struct ledger *ledger, struct cursor *cursor, const char *why)
{
    bool listens = cursor_is_in_stream(cursor);

    ledger_drop(ledger, cursor, why);
    if (listens)
        tell(ledger, cursor);
}

const char *ledger_reason(int error)
{
    switch (error) {
    case L2TPHA_ERR_TOO_SMALL:
        return "checkpoint too large";
    case L2TPHA_ERR_LIMIT:
        return "checkpoint backlog";
    default:
        return l2tpha_strerror(error);
    }
}

void ledger_fail(struct ledger *ledger, int error)
{
    struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        cursor->kept = false; /* who is away would miss it */
        if (cursor_is_in_stream(cursor))
            ledger_abandon(ledger, cursor, ledger_reason(error));
    }
    ledger_follow(ledger, ledger_reason(error));
}
