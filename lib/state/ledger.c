/* SPDX-License-Identifier: MIT */
/* The ledger. What is marked stands in two lists. A commit ends the transaction, and the increment
 * that it is in stays open until somebody asks for what there is: what is marked by then is
 * written, once, and stands in the log until all cursors have confirmed it. In gated mode each
 * tunnel in it leaves a mark in a ring, with what it may send once the number is confirmed. So the
 * work of a commit and of a confirmation is that of what has changed. Anything that would break a
 * stream ends it, and says why. */
#include "state/ledger.h"

#include "base/assert.h"
#include "base/timing.h"
#include "state/bulk.h"
#include "state/ledger_gate.h"
#include "state/ledger_log.h"
#include "state/ledger_private.h"
#include "state/ledger_write.h"

#define MARKS_MAX (1u << 20)
#define REFUSALS_MAX 3
#define REFUSED_PAUSE_US (UINT64_C(60) * US_PER_S)

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger)
{
    struct ledger *fresh = talloc_zero(parent, struct ledger);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->options = *options;
    fresh->epoch = options->epoch;
    fresh->generation = options->generation;
    fresh->deferred_since = L2TPHA_NEVER;
    int error = outbox_new(fresh, sizeof(struct logged), options->max_in_flight, &fresh->log);
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

/* Of those that nobody waits for so much is kept at most: outputs are few while they wait. */
static size_t most_kept(const struct ledger *ledger)
{
    size_t share = buffer_pool_limit(table_pool(ledger->options.table)) / LOG_SHARE;

    return share < LOG_BYTES ? share : LOG_BYTES;
}

static bool is_behind(const struct ledger *ledger, const struct cursor *cursor)
{
    uint64_t behind = ledger->last - cursor->acknowledged;

    if (behind >= ledger->options.max_in_flight)
        return true;
    return !cursor_is_waited_for(cursor) && ledger->log_bytes > most_kept(ledger) &&
           behind == outbox_count(ledger->log);
}

/* Whoever has left so much unconfirmed gets nothing more; who was away comes back too late. */
static void drop_laggards(struct ledger *ledger)
{
    const char *why = ledger_reason(L2TPHA_ERR_LIMIT);
    struct cursor *cursor;
    bool wanted = false;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        wanted |= cursor_wants_log(cursor);
        if (!cursor_wants_log(cursor) || !is_behind(ledger, cursor))
            continue;
        cursor->kept = false;
        if (cursor->state != CURSOR_OUT)
            ledger_abandon(ledger, cursor, why);
        ledger_follow(ledger, why);
    }
    if (!wanted) /* outputs wait all the same, for who holds them */
        ledger_log_trim(ledger, ledger->last);
}

static int write_increment(struct ledger *ledger, uint64_t now)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_INCREMENT,
                                              .number = ledger->last + 1};
    struct buffer *blob;
    int error = ledger->lost ? L2TPHA_ERR_NOMEM
                             : ledger_write(ledger, &header, fill_increment, NULL, &blob);

    if (!error)
        error = ledger_log_add(ledger, blob, now);
    if (!error && (ledger->mode == LEDGER_GATED ||
                   (ledger->mode == LEDGER_BULK && ledger_is_ungated(ledger))))
        error = push_marks(ledger);
    return error;
}

/* Write the open increment. When that fails nobody is in the stream any more: copies bring what is
 * in it, and who is held for waits for one. */
static void close_increment(struct ledger *ledger, uint64_t now)
{
    drop_laggards(ledger);
    if (!ledger->writes)
        return; /* nobody is left, and nothing is marked */
    int error = write_increment(ledger, now);
    if (error) {
        ledger_fail(ledger, error);
        ledger->last = ledger_last(ledger);
        (void)push_marks(ledger);
    }
    ledger_clean(ledger, ledger->last);
}

static void drop_shipped(struct ledger *ledger)
{
    buffer_put(table_pool(ledger->options.table), ledger->shipping);
    ledger->shipping = NULL;
}

static void check_lag(struct ledger *ledger, uint64_t now)
{
    const struct logged *oldest = ledger_log_at(ledger, ledger_known(ledger) + 1);

    ledger->late = ledger->options.commit == L2TPHA_COMMIT_BOUNDED &&
                   ledger->mode == LEDGER_GATED && oldest &&
                   now >= ledger_after(oldest->made, ledger->options.lag_us);
}

static void end_transaction(struct ledger *ledger, uint64_t now)
{
    ledger->must_commit = false;
    ledger->increment_open = true;
    ledger->depends = ledger_last(ledger);
    if (ledger->dirty_bytes >= LEDGER_OPEN_BYTES)
        close_increment(ledger, now);
}

uint64_t ledger_commit(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    check_lag(ledger, now);
    if (!ledger->writes)
        ledger_clean(ledger, 0);
    else if (ledger->must_commit)
        end_transaction(ledger, now);
    else if (ledger->dirty_tunnels && ledger->deferred_since == L2TPHA_NEVER)
        ledger->deferred_since = now;
    ASSERT(ledger->options.log, ledger->depends <= ledger_last(ledger));
    ASSERT(ledger->options.log, !ledger->must_commit);
    return ledger->depends;
}

void ledger_close(struct ledger *ledger, uint64_t now)
{
    if (ledger->increment_open && !ledger->must_commit)
        close_increment(ledger, now);
}

/* --- towards the consumers --- */

/* Who has refused a few copies refuses the next one as well, most likely, and each is the whole
 * state. */
static uint64_t copy_due(const struct cursor *cursor, uint64_t now)
{
    uint64_t due = ledger_after(cursor->refused_at, REFUSED_PAUSE_US);

    return cursor->refusals < REFUSALS_MAX || due < now ? now : due;
}

static void begin_copies(struct ledger *ledger, uint64_t now)
{
    struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next) {
        if (now < cursor->copy_at)
            continue;
        cursor->copy_at = L2TPHA_NEVER;
        cursor->state = CURSOR_WAITING;
        ledger_follow(ledger, NULL);
    }
}

int ledger_copy(struct ledger *ledger, uint32_t id, uint64_t now)
{
    struct cursor *cursor = cursor_of(ledger, id);

    if (!cursor)
        return L2TPHA_ERR_NOT_FOUND;
    drop_shipped(ledger);
    uint64_t due = copy_due(cursor, now);
    ledger_drop(ledger, cursor, "new copy");
    cursor->copy_at = due;
    if (due > now)
        ledger_follow(ledger, cursor->why);
    begin_copies(ledger, now);
    return L2TPHA_OK;
}

static void refuse(struct ledger *ledger, struct cursor *cursor, int status, uint64_t now)
{
    cursor->status = status;
    cursor->refusals++;
    cursor->refused_at = now;
    ledger_stop_one(ledger, cursor->id, "standby refused");
}

/* Up to here it is confirmed. */
static void confirm(struct cursor *cursor, uint64_t position)
{
    const struct flight *flight;

    while ((flight = outbox_head(cursor->flights)) && flight->position <= position) {
        cursor->acknowledged = flight->number;
        if (flight->part) {
            cursor->bulk.waiting--;
            cursor->bulk.bytes -= flight->part;
        }
        if (flight->end) {
            cursor->state = CURSOR_IN_SYNC;
            cursor->refusals = 0;
            cursor->status = 0;
        }
        outbox_pop(cursor->flights);
    }
    if (cursor->state == CURSOR_IN_SYNC || cursor->resumes)
        cursor->whole = cursor->acknowledged;
    cursor->confirmed = position;
}

int ledger_done(struct ledger *ledger, uint32_t id, uint64_t position, int status, uint64_t now)
{
    struct cursor *cursor = cursor_of(ledger, id);

    drop_shipped(ledger);
    if (!cursor)
        return L2TPHA_ERR_NOT_FOUND;
    if (position > cursor->position)
        return L2TPHA_ERR_INVALID;
    if (!cursor_is_in_stream(cursor))
        return 0;
    if (status != 0) {
        refuse(ledger, cursor, status, now);
        return 0;
    }
    if (position <= cursor->confirmed)
        return 0;
    ASSERT(ledger->options.log, cursor->acknowledged <= cursor->shipped);
    ASSERT(ledger->options.log, cursor->shipped <= ledger->last);
    cursor->progress = patience_own(&cursor->patience, now);
    patience_heard(&cursor->patience);
    confirm(cursor, position);
    ledger_follow(ledger, NULL);
    bulk_turn(ledger);
    check_lag(ledger, now);
    return 0;
}

static void hand_out(const struct cursor *cursor, uint64_t number, const struct buffer *blob,
                     struct ledger_item *item)
{
    *item = (struct ledger_item){.consumer = cursor->id,
                                 .position = cursor->position,
                                 .number = number,
                                 .data = blob->data,
                                 .len = blob->len};
}

/* The last thing that it gets. */
static bool poll_word(struct ledger *ledger, struct cursor *cursor, struct ledger_item *item)
{
    if (!cursor->word)
        return false;
    ledger->shipping = cursor->word;
    cursor->word = NULL;
    cursor->confirmed = ++cursor->position; /* nobody waits for an answer */
    hand_out(cursor, ledger->last, ledger->shipping, item);
    return true;
}

static bool poll_increment(struct ledger *ledger, struct cursor *cursor, uint64_t now,
                           struct ledger_item *item)
{
    if (!cursor_is_in_stream(cursor) || cursor->shipped == ledger->last || !cursor_has_room(cursor))
        return false;
    const struct logged *next = ledger_log_at(ledger, cursor->shipped + 1);
    ASSERT(ledger->options.log, next && next->number == cursor->shipped + 1);
    int error = cursor_note(cursor, next->number, 0, false, now);
    if (error) {
        ledger_abandon(ledger, cursor, ledger_reason(error));
        ledger_follow(ledger, ledger_reason(error));
        return poll_word(ledger, cursor, item);
    }
    hand_out(cursor, next->number, next->blob, item);
    return true;
}

/* What a copy says is the state after an increment, so what waits for company has to be in one. */
static bool poll_copy(struct ledger *ledger, struct cursor *cursor, uint64_t now,
                      struct ledger_item *item)
{
    if (!bulk_is_due(ledger, cursor))
        return false;
    if (ledger->dirty_tunnels && cursor_is_in_stream(cursor)) {
        close_increment(ledger, now);
        return poll_increment(ledger, cursor, now, item);
    }
    ledger->shipping = bulk_make(ledger, cursor, now);
    if (!ledger->shipping)
        return poll_word(ledger, cursor, item);
    hand_out(cursor, ledger->last, ledger->shipping, item);
    return true;
}

static bool poll_cursor(struct ledger *ledger, struct cursor *cursor, uint64_t now,
                        struct ledger_item *item)
{
    return poll_increment(ledger, cursor, now, item) || poll_copy(ledger, cursor, now, item);
}

/* Who is stale is told before anything else, since outputs that have waited for it are free now. */
static bool poll_words(struct ledger *ledger, struct ledger_item *item)
{
    struct cursor *cursor;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        if (poll_word(ledger, cursor, item))
            return true;
    return false;
}

bool ledger_poll(struct ledger *ledger, uint64_t now, struct ledger_item *item)
{
    drop_shipped(ledger);
    ledger_close(ledger, now);
    check_lag(ledger, now);
    if (poll_words(ledger, item))
        return true;
    struct cursor *cursor =
        item->consumer ? cursor_of(ledger, item->consumer)->next : ledger->cursors;
    for (; cursor; cursor = cursor->next)
        if (poll_cursor(ledger, cursor, now, item))
            return true;
    return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t copies_due(const struct ledger *ledger)
{
    const struct cursor *cursor;
    uint64_t due = L2TPHA_NEVER;

    for (cursor = ledger->cursors; cursor; cursor = cursor->next)
        due = sooner(due, cursor->copy_at);
    return due;
}

uint64_t ledger_deadline(const struct ledger *ledger)
{
    uint64_t lagging = ledger_after(ledger->deferred_since, LEDGER_DEFERRED_US);
    uint64_t silence = silence_deadline(ledger);
    return sooner(sooner(lagging, silence), sooner(bulk_deadline(ledger), copies_due(ledger)));
}

void ledger_expire(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    bulk_turn(ledger);
    silence_check(ledger, now);
    begin_copies(ledger, now);
    if (ledger->writes && now >= ledger_after(ledger->deferred_since, LEDGER_DEFERRED_US))
        close_increment(ledger, now);
}
