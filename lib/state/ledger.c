/* SPDX-License-Identifier: MIT */
/* The ledger. What is marked stands in two lists; a seal turns them into one checkpoint, which
 * waits in a ring of flights until a standby has confirmed it. In gated mode each tunnel in it
 * leaves a mark in a second ring, with what it may send once the number is confirmed. So the work
 * of a seal and of a confirmation is that of what has changed. Anything that would break the stream
 * ends it: the node goes on alone and says why. */
#include "state/ledger_private.h"

#include "base/serial.h"
#include "state/record.h"

#define MARKS_MAX (1u << 20)
#define LIST_FIRST 64
#define GONE_ENOUGH 4096 /* 40 KiB */

static void log_cf(const struct ledger *ledger, const char *text, const char *why)
{
    const struct log *log = ledger->options.log;
    if (log && log_wanted(log, L2TPHA_LOG_CF))
        log_line(log, L2TPHA_LOG_CF, 0, 0, "%s: %s, last %llu, confirmed %llu", text, why,
                 (unsigned long long)ledger->last, (unsigned long long)ledger->acknowledged);
}

int ledger_new(TALLOC_CTX *parent, const struct ledger_options *options, struct ledger **ledger)
{
    struct ledger *fresh = talloc_zero(parent, struct ledger);
    if (!fresh)
        return L2TPHA_ERR_NOMEM;
    fresh->options = *options;
    fresh->epoch = options->epoch;
    fresh->lazy_since = L2TPHA_NEVER;
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

/* --- marking --- */

static void unlink_tunnel(struct tunnel_entry *entry)
{
    table_tunnel_unlist(entry);
    entry->dirty = 0;
}

/* The last one takes its number. */
static void unlist_session(struct ledger *ledger, struct session_entry *entry)
{
    struct session_entry *last;

    if (entry->dirty == 0)
        return;
    last = ledger->dirty_sessions[--ledger->dirty_count];
    ledger->dirty_sessions[entry->dirty - 1] = last;
    last->dirty = entry->dirty;
    entry->dirty = 0;
}

/* Room for one more in a list that the ledger owns. A mark that finds none is lost, which the seal
 * will say. */
static void *list_room(struct ledger *ledger, void *list, size_t size, uint32_t count,
                       uint32_t *cap)
{
    if (count < *cap)
        return list;
    uint32_t more = *cap ? *cap * 2 : LIST_FIRST;
    void *longer = talloc_realloc_size(ledger, list, size * more);
    if (longer)
        *cap = more;
    else
        ledger->lost = true;
    return longer;
}

/* The lease is what goes out of hand when acknowledgements are slow to reach the standby. */
static bool is_short_of_lease(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;

    if (!ledger_is_lazy(ledger) || ledger->mode != LEDGER_GATED)
        return false;
    uint16_t lease = record_lease(record, ledger->options.resync_packets);
    return serial_diff((uint16_t)(entry->acked_sealed + lease), record->ns) <= lease / 2;
}

void ledger_mark_tunnel(struct ledger *ledger, struct tunnel_entry *entry, uint8_t dirty)
{
    if (dirty == 0)
        return;
    if (dirty == DIRTY_ACKED && is_short_of_lease(ledger, entry))
        ledger->weighty = true;
    if (dirty != DIRTY_ACKED) {
        ledger->weighty = true;
        if (ledger->mode != LEDGER_OFF && entry->generation != ledger->generation) {
            dirty |= DIRTY_FULL; /* the copy under way has not carried it and need not any more */
            entry->generation = ledger->generation;
        }
    }
    entry->dirty |= dirty;
    if (entry->dirty_back)
        return;
    entry->dirty_next = ledger->dirty_tunnels;
    entry->dirty_back = &ledger->dirty_tunnels;
    if (entry->dirty_next)
        entry->dirty_next->dirty_back = &entry->dirty_next;
    ledger->dirty_tunnels = entry;
}

void ledger_mark_session(struct ledger *ledger, struct session_entry *entry)
{
    ledger->weighty = true;
    if (ledger->mode == LEDGER_OFF)
        return;
    if (entry->tunnel->generation != ledger->generation)
        ledger_mark_tunnel(ledger, entry->tunnel, DIRTY_FULL);
    entry->generation = ledger->generation;
    if (entry->dirty)
        return;
    struct session_entry **list = list_room(ledger, ledger->dirty_sessions, sizeof(*list),
                                            ledger->dirty_count, &ledger->dirty_cap);
    if (!list)
        return;
    ledger->dirty_sessions = list;
    list[ledger->dirty_count++] = entry;
    entry->dirty = ledger->dirty_count;
}

void ledger_mark_node(struct ledger *ledger)
{
    ledger->weighty = true;
    if (ledger->mode == LEDGER_OFF)
        return;
    ledger->dirty_node = true;
    table_node(ledger->options.table)->generation = ledger->generation;
}

static void note_gone(struct ledger *ledger, uint32_t tunnel_id, uint32_t session_id)
{
    if (ledger->mode == LEDGER_OFF)
        return;
    struct gone *list =
        list_room(ledger, ledger->gone, sizeof(*list), ledger->gone_count, &ledger->gone_cap);
    if (!list)
        return;
    ledger->gone = list;
    list[ledger->gone_count++] = (struct gone){tunnel_id, session_id};
}

void ledger_gone_tunnel(struct ledger *ledger, struct tunnel_entry *entry)
{
    if (entry->dirty_back)
        unlink_tunnel(entry);
    for (struct session_entry *session = entry->sessions; session; session = session->next)
        unlist_session(ledger, session);
    note_gone(ledger, entry->record.local_id, 0);
    entry->gone = true;
}

void ledger_gone_session(struct ledger *ledger, struct session_entry *entry)
{
    ledger_forget_session(ledger, entry);
    note_gone(ledger, entry->tunnel->record.local_id, entry->local_id);
}

void ledger_forget_session(struct ledger *ledger, struct session_entry *entry)
{
    unlist_session(ledger, entry);
}

bool ledger_is_full(const struct ledger *ledger)
{
    return ledger->gone_count >= GONE_ENOUGH;
}

void ledger_restart_tunnel(struct ledger *ledger, struct tunnel_entry *entry)
{
    entry->ns_safe = entry->ns_sealed = entry->record.ns;
    entry->nr_safe = entry->record.nr;
    entry->acked_safe = entry->acked_sealed = entry->record.acked;
    entry->born = 0; /* older marks are not about it */
    entry->ahead_from = 0;
    ledger_mark_tunnel(ledger, entry, DIRTY_FULL);
}

/* --- what may be sent --- */

static void set_safe(struct ledger *ledger, struct tunnel_entry *entry, uint16_t ns, uint16_t nr)
{
    entry->ns_safe = ns;
    entry->nr_safe = nr;
    ledger->options.confirmed(ledger->options.user, entry);
}

/* Lazy commit (docs/architecture.md, "Running ahead"): what leaves is in some checkpoint and within
 * the lease, which runs from what the standby knows to be acknowledged. Whatever may leave once may
 * leave again. */
static void run_ahead(struct ledger *ledger, struct tunnel_entry *entry)
{
    uint16_t lease = record_lease(&entry->record, ledger->options.resync_packets);
    uint16_t end = (uint16_t)(entry->acked_safe + lease);

    if (ledger->mode != LEDGER_GATED || serial_after(end, entry->ns_sealed))
        end = entry->ns_sealed;
    if (serial_before(end, entry->ns_safe))
        end = entry->ns_safe;
    set_safe(ledger, entry, end, entry->nr_safe);
}

/* A lease is of numbers of an established tunnel that the standby knows as one: of another, or of
 * one that it knows by numbers of before a restart, nothing could be settled. So set-up waits in
 * every mode, and what follows a restart, and a recovery tunnel, which tells the peer of it. */
static bool may_run_ahead(const struct ledger *ledger, const struct tunnel_entry *entry)
{
    return ledger_is_lazy(ledger) && entry->ahead_from > 0 &&
           entry->ahead_from <= ledger_known(ledger) && !entry->record.recovers;
}

static uint16_t later(uint16_t a, uint16_t b)
{
    return serial_after(a, b) ? a : b;
}

static void pop_mark(struct ledger *ledger)
{
    const struct mark mark = *(const struct mark *)outbox_head(ledger->marks);
    outbox_pop(ledger->marks);
    struct tunnel_entry *entry = table_tunnel_find(ledger->options.table, mark.tunnel_id);
    if (!entry || entry->born == 0 || mark.number < entry->born)
        return;
    if (!may_run_ahead(ledger, entry)) {
        /* In lazy commit a copy under way has marks as well, which nothing has waited for. */
        set_safe(ledger, entry, later(mark.ns, entry->ns_safe), later(mark.nr, entry->nr_safe));
        return;
    }
    entry->nr_safe = entry->record.nr;
    entry->acked_safe = mark.acked;
    run_ahead(ledger, entry);
}

/* Nothing is marked any more. number = checkpoint that has it, 0 = none was written. The lists are
 * taken off first: what the callback marks belongs to the next transaction. */
static void clean(struct ledger *ledger, uint64_t number)
{
    struct tunnel_entry *tunnels = ledger->dirty_tunnels;
    bool lazy = ledger_is_lazy(ledger);

    ledger->dirty_tunnels = NULL;
    while (ledger->dirty_count > 0)
        ledger->dirty_sessions[--ledger->dirty_count]->dirty = 0;
    ledger->gone_count = 0;
    ledger->weighty = ledger->lost = ledger->dirty_node = false;
    ledger->lazy_since = L2TPHA_NEVER;
    if (tunnels)
        tunnels->dirty_back = &tunnels;
    while (tunnels) {
        struct tunnel_entry *entry = tunnels;
        bool moved = entry->dirty != DIRTY_ACKED;
        unlink_tunnel(entry);
        entry->acked_sealed = entry->record.acked;
        if (!moved) {
            if (lazy && number == 0)
                run_ahead(ledger, entry); /* nobody is there to lease from */
            continue;
        }
        entry->ns_sealed = entry->record.ns;
        if (entry->born == 0)
            entry->born = number ? number : ledger->last + 1;
        ledger_note_known(entry, number);
        if (number > 0 && ledger->mode == LEDGER_GATED && !may_run_ahead(ledger, entry))
            continue;
        entry->nr_safe = entry->record.nr;
        if (lazy) {
            entry->moved = number;
            run_ahead(ledger, entry);
        } else {
            set_safe(ledger, entry, entry->record.ns, entry->record.nr);
        }
    }
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
        pop_mark(ledger);
    clean(ledger, 0);
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

/* --- sealing --- */

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

int ledger_push_mark(struct ledger *ledger, struct tunnel_entry *entry)
{
    const struct l2tpha_tunnel_record *record = &entry->record;
    int error;
    struct mark *mark = outbox_push(ledger->marks, &error);

    if (!mark)
        return error;
    *mark = (struct mark){ledger->last, record->local_id, record->ns, record->nr, record->acked};
    return 0;
}

static int push_marks(struct ledger *ledger)
{
    bool lazy = ledger_is_lazy(ledger);
    int error = 0;

    for (struct tunnel_entry *entry = ledger->dirty_tunnels; entry && !error;
         entry = entry->dirty_next)
        if (lazy || entry->dirty != DIRTY_ACKED)
            error = ledger_push_mark(ledger, entry);
    return error;
}

static void commit(struct ledger *ledger, uint64_t now)
{
    struct l2tpha_checkpoint_header header = {.kind = L2TPHA_CHECKPOINT_INCREMENT};
    bool weighty = ledger->weighty || ledger->gone_count > 0;
    int error =
        ledger->lost ? L2TPHA_ERR_NOMEM : ledger_write(ledger, &header, fill_increment, NULL, now);
    if (!error && (ledger->mode == LEDGER_GATED || ledger_is_lazy(ledger)))
        error = push_marks(ledger);
    if (error) {
        ledger_fail(ledger, error, now);
        return;
    }
    if (weighty)
        ledger->depends = ledger->last;
    clean(ledger, ledger->last);
}

static void drop_shipped(struct ledger *ledger)
{
    buffer_put(table_pool(ledger->options.table), ledger->shipping);
    ledger->shipping = NULL;
}

static void judge_lag(struct ledger *ledger, uint64_t now)
{
    const struct flight *oldest = outbox_head(ledger->flights);

    ledger->late = ledger->options.commit == L2TPHA_COMMIT_BOUNDED &&
                   ledger->mode == LEDGER_GATED && oldest &&
                   now >= ledger_after(oldest->made, ledger->options.lag_us);
}

uint64_t ledger_seal(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    judge_lag(ledger, now);
    if (ledger->mode == LEDGER_OFF)
        clean(ledger, 0);
    else if (ledger->weighty || ledger->gone_count > 0 || ledger->lost)
        commit(ledger, now);
    else if (ledger->dirty_tunnels && ledger->lazy_since == L2TPHA_NEVER)
        ledger->lazy_since = now;
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
    ledger->acknowledged = number;
    ledger->progress = patience_own(&ledger->patience, now);
    patience_heard(&ledger->patience);
    while ((flight = outbox_head(ledger->flights)) && flight->number <= number)
        outbox_pop(ledger->flights); /* handed out: its blob is gone already */
    while ((mark = outbox_head(ledger->marks)) && mark->number <= number)
        pop_mark(ledger);
    bulk_done(ledger, number);
    bulk_turn(ledger);
    judge_lag(ledger, now);
    return 0;
}

/* --- towards the standby --- */

bool ledger_poll(struct ledger *ledger, uint64_t now, uint64_t *number, const uint8_t **data,
                 size_t *len)
{
    drop_shipped(ledger);
    judge_lag(ledger, now);
    if (ledger->shipped == ledger->last && !ledger->weighty && ledger->gone_count == 0)
        bulk_advance(ledger, now); /* never with half a transaction in the table */
    const struct flight *oldest = outbox_head(ledger->flights);
    if (!oldest || ledger->shipped == ledger->last)
        return false;
    struct flight *next =
        outbox_at(ledger->flights, (uint32_t)(ledger->shipped + 1 - oldest->number));
    ledger->shipping = next->blob;
    ledger->shipped = next->number;
    next->blob = NULL;
    next->since = patience_own(&ledger->patience, now);
    *number = next->number;
    *data = ledger->shipping->data;
    *len = ledger->shipping->len;
    return true;
}

/* Until the copy is confirmed a standby that confirms one thing after the other is not silent,
 * however old what it has not come to is by then. */
static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t ledger_deadline(const struct ledger *ledger)
{
    uint64_t lazy = ledger_after(ledger->lazy_since, LEDGER_LAZY_US);
    uint64_t silence = silence_deadline(ledger);
    return sooner(sooner(lazy, silence), bulk_deadline(ledger));
}

void ledger_expire(struct ledger *ledger, uint64_t now)
{
    drop_shipped(ledger);
    bulk_turn(ledger);
    silence_judge(ledger, now);
    if (ledger->mode != LEDGER_OFF && now >= ledger_after(ledger->lazy_since, LEDGER_LAZY_US))
        commit(ledger, now);
}
