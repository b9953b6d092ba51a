/* SPDX-License-Identifier: MIT */
/* Each tunnel by its effective method; recovery tunnels after those that they are about. What is no
 * ordinary established tunnel comes first, since others depend on it: ties, limits, and whether a
 * channel rests. The rest is paced by the peers' answers: so many HELLOs are out at one time, which
 * become more with each answer, and some more every few milliseconds, for peers that do not answer.
 */
#include "failover/takeover.h"

#include "base/assert.h"
#include "control/find.h"
#include "control/restore.h"
#include "control/transaction.h"
#include "failover/inactivity.h"
#include "failover/lagging.h"
#include "failover/recovery_input.h"
#include "failover/sync.h"

#include <stdio.h>

#define REASON 160 /* bytes of the text of a StopCCN */

/* Its numbers may be others by now, on purpose or since its node has failed. */
#define INEXACT (L2TPHA_TUNNEL_LAGGING | L2TPHA_TUNNEL_RESET_SENT | L2TPHA_TUNNEL_UNCERTAIN)

/* Without a word the peer would keep the subscribers waiting until its own HELLO is not answered.
 */
static int stop(struct failover *failover, struct l2tpha_tunnel *tunnel, const char *why)
{
    bool exact = failover->trust != L2TPHA_TRUST_STALE;
    char reason[REASON];
    const struct machine_input end = {
        .result = RESULT_GENERAL, .error = ERROR_VENDOR, .reason = reason};

    snprintf(reason, sizeof(reason), "failed over: %s", why);
    return tunnel_stop(failover->engine, tunnel, exact, &end);
}

/* Status 0: that is how it is configured. */
static void clear(struct failover *failover, struct tunnel_entry *tunnel, int status,
                  const char *why, struct takeover_result *result)
{
    const struct log *log = &failover->engine->log;
    bool told = failover->trust == L2TPHA_TRUST_STALE || !(tunnel->record.flags & INEXACT);
    uint32_t tunnel_id = tunnel->record.local_id;

    log_line(log, L2TPHA_LOG_RESYNC, tunnel_id, 0, "cleared at takeover: %s", why);
    result->cleared++;
    if (!told || stop(failover, tunnel_of(tunnel), why))
        tunnel_forget(failover->engine, tunnel_of(tunnel), status, why);
}

/* Nothing older than this message waits for its acknowledgement. */
static bool is_outstanding(const struct tunnel_entry *tunnel, uint16_t type)
{
    return tunnel->queue_head && wire_type(record_wire(&tunnel->record), tunnel->queue_head->data,
                                           tunnel->queue_head->len) == type;
}

/* It is over, or will be when it is live: a daemon had sent a StopCCN, and said no more. */
static bool is_ending(const struct tunnel_entry *tunnel)
{
    return record_is_over(&tunnel->record) || tunnel->record.result;
}

/* Its SCCCN is not acknowledged: the peer may be waiting for it, and has nothing to recover. */
static bool is_new(const struct tunnel_entry *tunnel)
{
    return is_outstanding(tunnel, L2TPHA_MESSAGE_SCCCN);
}

/* RFC 4951 is for a control channel whose state is lost (section 2). From an exact record every
 * method but disable goes on silently: there is nothing to agree on, and a reset would cost the
 * calls half set up (3.3, Step I). A tunnel being set up is exact in any mode. */
static bool uses_protocol(const struct tunnel_entry *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;

    if (record->state != L2TPHA_TUNNEL_ESTABLISHED || is_ending(tunnel) ||
        !(record->flags & INEXACT))
        return false;
    if (record->flags & (L2TPHA_TUNNEL_UNCERTAIN | L2TPHA_TUNNEL_RESET_SENT))
        return failover_is_capable(record);
    return !is_new(tunnel) && (record->effective_method == L2TPHA_FAILOVER_PROTOCOL ||
                               record->effective_method == L2TPHA_FAILOVER_FALLBACK);
}

static int recover_by_protocol(struct failover *failover, struct tunnel_entry *tunnel,
                               struct silent_result *result)
{
    int error = silent_install(failover->engine, tunnel_of(tunnel), true, result);

    return error ? error : recovery_start(failover, tunnel_of(tunnel));
}

static int recover_lagging(struct failover *failover, struct tunnel_entry *tunnel,
                           struct silent_result *result)
{
    int error = silent_install(failover->engine, tunnel_of(tunnel), false, result);

    return error ? error : lagging_start(failover, tunnel_of(tunnel), result);
}

static int recover_silently(struct failover *failover, struct tunnel_entry *tunnel,
                            struct silent_result *result)
{
    struct l2tpha_tunnel_record *record = &tunnel->record;

    int error = silent_recover(failover->engine, tunnel_of(tunnel), result);
    if (error)
        return error;
    if (record->flags & L2TPHA_TUNNEL_UNCERTAIN)
        inactivity_start(failover, tunnel_of(tunnel));
    record->flags &= ~(uint32_t)L2TPHA_TUNNEL_UNCERTAIN; /* nothing can resynchronise it any more */
    sync_resume(failover, tunnel_of(tunnel));
    return L2TPHA_OK;
}

static int recover_by_method(struct failover *failover, struct tunnel_entry *tunnel,
                             struct silent_result *result)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;

    if (uses_protocol(tunnel))
        return recover_by_protocol(failover, tunnel, result);
    if (record->state == L2TPHA_TUNNEL_ESTABLISHED && !is_ending(tunnel) &&
        record->flags & L2TPHA_TUNNEL_LAGGING)
        return recover_lagging(failover, tunnel, result);
    return recover_silently(failover, tunnel, result);
}

/* Whoever takes over from this node shall know it, too. */
static void mark_uncertain(const struct failover *failover, struct tunnel_entry *tunnel)
{
    if (failover->trust != L2TPHA_TRUST_EXACT)
        tunnel->record.flags |= L2TPHA_TUNNEL_UNCERTAIN;
    if (failover->trust == L2TPHA_TRUST_STALE)
        tunnel->record.flags |= L2TPHA_TUNNEL_RESET_SENT;
}

/* NULL: it goes on. */
static const char *why_not(const struct failover *failover, const struct tunnel_entry *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;

    if (record->effective_method == L2TPHA_FAILOVER_DISABLE)
        return record->flags & L2TPHA_TUNNEL_INCAPABLE ? "no failover protocol at both ends"
                                                       : "failover is disabled";
    return failover->trust == L2TPHA_TRUST_STALE && !uses_protocol(tunnel)
               ? "its record is stale, and cannot be recovered"
               : NULL;
}

static void recover(struct failover *failover, struct tunnel_entry *tunnel,
                    struct takeover_result *result)
{
    const struct log *log = &failover->engine->log;
    uint32_t id = tunnel->record.local_id;
    struct silent_result silent = {0};

    ASSERT(log, !tunnel->record.recovers);
    if (!is_ending(tunnel))
        mark_uncertain(failover, tunnel);
    const char *why = why_not(failover, tunnel);
    if (why && !is_ending(tunnel)) {
        clear(failover, tunnel, L2TPHA_OK, why, result);
        return;
    }
    /* Of an uncertain record every call is a suspect. */
    if (!(tunnel->record.flags & L2TPHA_TUNNEL_UNCERTAIN))
        sync_note_failure(tunnel_of(tunnel), failover->failed_at);
    int error = recover_by_method(failover, tunnel, &silent);
    if (error) {
        clear(failover, tunnel, error, l2tpha_strerror(error), result);
        return;
    }
    if (silent.confirm)
        log_line(log, L2TPHA_LOG_ERROR, id, 0, "peer not asked to confirm: %s",
                 l2tpha_strerror(silent.confirm));
    if (silent.disconnect)
        log_line(log, L2TPHA_LOG_ERROR, id, 0, "ending %u calls without the host's half: %s",
                 silent.halved, l2tpha_strerror(silent.disconnect));
    result->tunnels++;
    result->sessions += silent.sessions;
    result->disconnected += silent.disconnected;
}

/* Own recovery tunnels go without a word: the tunnels that they were for are recovered anew. So do
 * the peer's when this end is now a recovery endpoint itself, but for one that waits for its SCCCN:
 * by a record in step the peer is at it, and what it resets needs no other recovery. What closes
 * goes on, but for one that would ask again for what is asked for anew: its StopCCN waits behind
 * its SCCRQ. */
static bool goes_on(struct failover *failover, const struct tunnel_entry *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;
    const struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, record->recovers);

    if (record->state == L2TPHA_TUNNEL_STOPPING || record->state == L2TPHA_TUNNEL_STOPPED)
        return !is_outstanding(tunnel, L2TPHA_MESSAGE_SCCRQ) || !old || !old->recovery;
    if (record->flags & L2TPHA_TUNNEL_INITIATOR || !old)
        return false;
    return !old->recovery ||
           (record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN && failover->trust == L2TPHA_TRUST_EXACT);
}

static void resume_recovery(struct failover *failover, struct tunnel_entry *tunnel)
{
    struct engine *engine = failover->engine;
    int error = goes_on(failover, tunnel) ? tunnel_restore(engine, tunnel_of(tunnel), false)
                                          : L2TPHA_ERR_STATE;

    if (!error)
        error = remote_adopt(failover, tunnel_of(tunnel));
    if (error)
        tunnel_forget(engine, tunnel_of(tunnel), error, l2tpha_strerror(error));
}

/* Whether outputs of the previous active may have left that are not known here. */
static bool may_lag(const struct failover *failover)
{
    return failover->trust != L2TPHA_TRUST_EXACT ||
           failover->engine->config.commit != L2TPHA_COMMIT_GATED ||
           table_lagging_count(failover->engine->table) > 0;
}

/* The previous active may have given out ids and serial numbers that only its peers know: a tunnel
 * with such an id would be taken for that one (RFC 2661 5.8: its SCCRQ for a duplicate). */
#define TUNNEL_IDS_PASSED(ids)                                                                     \
    (((ids) + 7) / 8) /* what is opened while a standby is waited for is far less */
#define SERIALS_PASSED 65536

/* What this active gives out from here on is known to the next one, too. */
static void begin_record(struct failover *failover)
{
    struct engine *engine = failover->engine;
    struct l2tpha_node_record record = *engine_record(engine);

    uint32_t ids = engine_tunnel_ids(engine);
    if (may_lag(failover)) {
        record.tunnel_place = (uint16_t)((record.tunnel_place + TUNNEL_IDS_PASSED(ids)) % ids);
        record.call_serial += SERIALS_PASSED;
    }
    engine_set_record(engine, &record);
}

/* --- one --- */

static bool is_live(struct tunnel_entry *entry)
{
    return tunnel_of(entry)->engine != NULL;
}

static void restore_ordinary(struct failover *failover, struct tunnel_entry *entry)
{
    struct engine *engine = failover->engine;

    ASSERT(&engine->log, engine->unrestored > 0 && !is_live(entry));
    ledger_adopt(engine->ledger, entry);
    recover(failover, entry, &failover->takeover.result);
    engine->unrestored--;
}

static void restore_recovery(struct failover *failover, struct tunnel_entry *entry)
{
    ASSERT(&failover->engine->log, entry->record.recovers && !is_live(entry));
    ledger_adopt(failover->engine->ledger, entry);
    resume_recovery(failover, entry);
}

/* Whether the channel of an old tunnel rests is for its recovery tunnel to say: both at once. */
static void restore_pair(struct failover *failover, struct tunnel_entry *old)
{
    struct tunnel_entry *attempt =
        old->recovered_by ? table_tunnel_find(failover->engine->table, old->recovered_by) : NULL;
    uint32_t id = old->record.local_id;

    restore_ordinary(failover, old);
    if (attempt && attempt->record.recovers == id && !is_live(attempt))
        restore_recovery(failover, attempt);
}

static void finish(struct failover *failover)
{
    struct engine *engine = failover->engine;
    const struct takeover_result *result = &failover->takeover.result;

    if (!failover->takeover.restoring || engine->unrestored || table_first_pending(engine->table))
        return;
    failover->takeover.restoring = false;
    log_line(
        &engine->log, L2TPHA_LOG_RESYNC, 0, 0,
        "takeover: %u tunnels, %u sessions restored, %u tunnels cleared, %u calls disconnected",
        result->tunnels, result->sessions, result->cleared, result->disconnected);
    engine_check_takeover(engine);
    engine_commit(engine);
    ledger_hold(engine->ledger, false);
}

void takeover_restore(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct tunnel_entry *entry = &tunnel->entry;
    struct tunnel_entry *old = entry;

    ASSERT(&failover->engine->log, failover->takeover.restoring && !is_live(entry));
    if (entry->record.recovers)
        old = table_tunnel_find(failover->engine->table, entry->record.recovers);
    if (old && !old->record.recovers && !is_live(old))
        restore_pair(failover, old);
    if (!is_live(entry))
        restore_recovery(failover, entry);
    engine_commit(failover->engine);
    finish(failover);
}

/* --- slices --- */

#define TUNNEL_STEPS 16         /* a tunnel's work as a multiple of a session's */
#define PAUSE_US UINT64_C(8000) /* until a batch more is restored, whoever has answered */
/* Most tunnels whose peers have not answered: these may take their time. */
#define WINDOW_BATCHES 8

static struct tunnel_entry *next_unrestored(struct failover *failover, uint32_t *steps)
{
    struct table *table = failover->engine->table;
    struct tunnel_entry *entry = table_first_pending(table);

    while (!entry && *steps > 0) {
        entry = table_tunnel_next(table, &failover->takeover.place);
        if (!entry)
            return NULL;
        --*steps;
        if (is_live(entry))
            entry = NULL;
    }
    return entry;
}

static uint32_t cost_of(const struct tunnel_entry *entry)
{
    return TUNNEL_STEPS + entry->session_count;
}

/* Bounded by the work: one tunnel at least, and no more after a large one. */
static void restore_slice(struct failover *failover, uint32_t most)
{
    uint32_t steps = most * TUNNEL_STEPS;
    struct tunnel_entry *entry;

    while (steps > 0 && (entry = next_unrestored(failover, &steps))) {
        uint32_t cost = cost_of(entry);
        takeover_restore(failover, tunnel_of(entry));
        steps -= cost < steps ? cost : steps;
    }
}

/* Those that are recovered by RFC 4951 have a pace of their own. */
static uint32_t unanswered(const struct failover *failover)
{
    uint32_t count = failover->engine->unconfirmed;
    uint32_t others = failover->waiting_count + failover->running;

    return count > others ? count - others : 0;
}

/* How many more peers may be asked now. */
static uint32_t room(const struct failover *failover)
{
    const struct engine *engine = failover->engine;
    uint32_t batch = engine->config.takeover_batch;
    /* For somebody whose copy begins when all are restored. No HELLO leaves before. */
    if (ledger_mode(engine->ledger) == LEDGER_GATED)
        return batch;
    uint32_t grown = engine->resynced - failover->takeover.resynced;
    uint32_t most = (WINDOW_BATCHES - 1) * batch;
    uint32_t window = batch + (grown < most ? grown : most), out = unanswered(failover);

    if (out >= window)
        return 0;
    return window - out < batch ? window - out : batch;
}

void takeover_go_on(struct failover *failover)
{
    struct engine *engine = failover->engine;
    struct takeover *takeover = &failover->takeover;
    uint32_t most = takeover->restoring ? room(failover) : 0;

    if (takeover->restoring && engine->now >= takeover->due) {
        takeover->due = engine->now + PAUSE_US;
        most = engine->config.takeover_batch;
    }
    if (most > 0)
        restore_slice(failover, most);
}

uint64_t takeover_deadline(const struct failover *failover)
{
    if (!failover->takeover.restoring)
        return L2TPHA_NEVER;
    return room(failover) ? failover->engine->now : failover->takeover.due;
}

bool takeover_restore_pending(struct failover *failover)
{
    const struct engine *engine = failover->engine;

    for (uint32_t i = 0; i < engine->config.takeover_batch && table_first_pending(engine->table);
         i++)
        takeover_restore(failover, tunnel_of(table_first_pending(engine->table)));
    return !table_first_pending(engine->table);
}

void takeover_run(struct failover *failover, enum l2tpha_trust trust)
{
    struct engine *engine = failover->engine;

    ASSERT(&engine->log, engine->serving);
    failover->trust = trust;
    begin_record(failover);
    recovery_prepare(failover);
    failover->takeover = (struct takeover){.restoring = true, .resynced = engine->resynced};
    engine->unrestored = table_tunnel_count(engine->table) - table_recovery_count(engine->table);
    engine->taking_over = true;
    ledger_hold(engine->ledger, true);
    engine_commit(engine);
    finish(failover); /* there may be none */
    takeover_go_on(failover);
}

struct l2tpha_tunnel *engine_wake(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    if (tunnel && !tunnel->engine)
        takeover_restore(engine->failover, tunnel);
    return tunnel && !tunnel->dying ? tunnel : NULL;
}
