/* SPDX-License-Identifier: MIT */
/* Ordinary tunnels first, each by its effective method; then the recovery tunnels, which are about
 * them. */
#include "failover/takeover.h"

#include "engine/native.h"
#include "failover/inactivity.h"
#include "failover/lazy.h"
#include "failover/recovery.h"
#include "failover/silent.h"
#include "failover/sync.h"

#include <l2tpha/failover.h>
#include <stdio.h>

#define RESULT_GENERAL 2 /* StopCCN, RFC 2661 4.4.2: the error code says what */
#define ERROR_VENDOR 6   /* ... and what no other code says */

/* Its numbers may be others by now, on purpose or since its node has failed. */
#define INEXACT (L2TPHA_TUNNEL_LAZY | L2TPHA_TUNNEL_CLAIMED | L2TPHA_TUNNEL_DOUBTED)

/* Without a word the peer would keep the subscribers waiting until its own HELLO is not answered.
 */
static int stop(struct failover *failover, uint32_t tunnel_id, const char *why)
{
    const struct l2tpha_binding *binding = failover->binding;
    bool exact = failover->trust != TAKEOVER_STALE;
    char reason[INPUT_TEXT];

    snprintf(reason, sizeof(reason), "failed over: %s", why);
    return binding->stop_tunnel(binding->user, tunnel_id, exact, RESULT_GENERAL, ERROR_VENDOR,
                                reason);
}

static void clear(struct failover *failover, const struct tunnel_entry *tunnel, const char *why,
                  struct takeover_result *result)
{
    const struct l2tpha_binding *binding = failover->binding;
    const struct log *log = &failover->engine->log;
    bool told = failover->trust == TAKEOVER_STALE || !(tunnel->record.flags & INEXACT);
    uint32_t tunnel_id = tunnel->record.local_id;

    log_line(log, L2TPHA_LOG_RESYNC, tunnel_id, 0, "cleared at takeover: %s", why);
    result->cleared++;
    int error = told ? stop(failover, tunnel_id, why) : L2TPHA_ERR_STATE;
    if (error)
        error = binding->clear_tunnel(binding->user, tunnel_id);
    if (error)
        log_line(log, L2TPHA_LOG_ERROR, tunnel_id, 0, "clearing failed: %s",
                 l2tpha_strerror(error));
}

/* Nothing older than this message waits for its acknowledgement. */
static bool is_outstanding(const struct tunnel_entry *tunnel, uint16_t type)
{
    return tunnel->queue_head && channel_message_type(tunnel->queue_head) == type;
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

    if (record->state != L2TPHA_TUNNEL_ESTABLISHED || !(record->flags & INEXACT))
        return false;
    if (record->flags & (L2TPHA_TUNNEL_DOUBTED | L2TPHA_TUNNEL_CLAIMED))
        return failover_is_capable(record);
    return !is_new(tunnel) && (record->effective_method == L2TPHA_FAILOVER_PROTOCOL ||
                               record->effective_method == L2TPHA_FAILOVER_FALLBACK);
}

static int recover_by_protocol(struct failover *failover, struct tunnel_entry *tunnel,
                               struct silent_result *result)
{
    int error = silent_install(failover->binding, tunnel, true, result);

    return error ? error : recovery_start(failover, tunnel_of(tunnel));
}

static int recover_lazily(struct failover *failover, struct tunnel_entry *tunnel,
                          struct silent_result *result)
{
    int error = silent_install(failover->binding, tunnel, false, result);

    return error ? error : lazy_start(failover, tunnel_of(tunnel), result);
}

static int recover_silently(struct failover *failover, struct tunnel_entry *tunnel,
                            struct silent_result *result)
{
    struct l2tpha_tunnel_record *record = &tunnel->record;

    int error = silent_recover(failover->binding, tunnel, result);
    if (error)
        return error;
    if (record->flags & L2TPHA_TUNNEL_DOUBTED)
        inactivity_start(failover, tunnel_of(tunnel));
    record->flags &= ~(uint32_t)L2TPHA_TUNNEL_DOUBTED; /* nothing is left that could settle it */
    sync_resume(failover, tunnel_of(tunnel));
    return L2TPHA_OK;
}

static int recover_by_method(struct failover *failover, struct tunnel_entry *tunnel,
                             struct silent_result *result)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;

    if (uses_protocol(tunnel))
        return recover_by_protocol(failover, tunnel, result);
    if (record->state == L2TPHA_TUNNEL_ESTABLISHED && record->flags & L2TPHA_TUNNEL_LAZY)
        return recover_lazily(failover, tunnel, result);
    return recover_silently(failover, tunnel, result);
}

/* Whoever takes over from this node shall know it, too. */
static void doubt(const struct failover *failover, struct tunnel_entry *tunnel)
{
    if (failover->trust != TAKEOVER_EXACT)
        tunnel->record.flags |= L2TPHA_TUNNEL_DOUBTED;
    if (failover->trust == TAKEOVER_STALE)
        tunnel->record.flags |= L2TPHA_TUNNEL_CLAIMED;
}

/* NULL: it goes on. */
static const char *why_not(const struct failover *failover, const struct tunnel_entry *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->record;

    if (record->effective_method == L2TPHA_FAILOVER_DISABLE)
        return record->flags & L2TPHA_TUNNEL_INCAPABLE ? "no failover protocol at both ends"
                                                       : "failover is disabled";
    return failover->trust == TAKEOVER_STALE && !uses_protocol(tunnel)
               ? "its record is stale, and cannot be recovered"
               : NULL;
}

static void recover(struct failover *failover, struct tunnel_entry *tunnel,
                    struct takeover_result *result)
{
    const struct log *log = &failover->engine->log;
    uint32_t id = tunnel->record.local_id;
    struct silent_result silent = {0};

    if (!tunnel_is_over(tunnel_of(tunnel)))
        doubt(failover, tunnel);
    const char *why = why_not(failover, tunnel);
    if (why && !tunnel_is_over(tunnel_of(tunnel))) {
        clear(failover, tunnel, why, result);
        return;
    }
    /* Of a record in doubt every call is a suspect. */
    if (!(tunnel->record.flags & L2TPHA_TUNNEL_DOUBTED))
        sync_note_failure(tunnel_of(tunnel), failover->engine->now);
    int error = recover_by_method(failover, tunnel, &silent);
    if (error) {
        clear(failover, tunnel, l2tpha_strerror(error), result);
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
           (record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN && failover->trust == TAKEOVER_EXACT);
}

static void resume_recovery(struct failover *failover, struct tunnel_entry *tunnel)
{
    struct engine *engine = failover->engine;
    int error = goes_on(failover, tunnel) ? native_restore_tunnel(engine, &tunnel->record, false)
                                          : L2TPHA_ERR_STATE;

    if (!error)
        error = remote_adopt(failover, tunnel_of(tunnel));
    if (error)
        native_clear_tunnel(engine, tunnel->record.local_id);
}

/* Whether the node before may have run ahead of what is known here. */
static bool lags(const struct failover *failover)
{
    const struct engine *engine = failover->engine;
    const struct tunnel_entry *tunnel;
    uint32_t place = 0;
    bool lazy = failover->trust != TAKEOVER_EXACT || engine->config.commit != L2TPHA_COMMIT_GATED;

    while (!lazy && (tunnel = table_tunnel_next(engine->table, &place)))
        lazy = tunnel->record.flags & L2TPHA_TUNNEL_LAZY;
    return lazy;
}

/* The node before may have given out ids and serial numbers that only its peers know: a tunnel with
 * such an id would be taken for that one (RFC 2661 5.8: its SCCRQ for a duplicate). */
#define TUNNEL_IDS_PASSED 8192 /* what is opened while a standby is waited for is far less */
#define SERIALS_PASSED 65536

/* What the reign that begins here gives out is known to the next one, too. */
static void begin_record(struct failover *failover)
{
    struct engine *engine = failover->engine;
    struct l2tpha_node_record record = *engine_record(engine);

    if (lags(failover)) {
        record.tunnel_place = (uint16_t)((record.tunnel_place + TUNNEL_IDS_PASSED) % ID_SET_IDS);
        record.call_serial += SERIALS_PASSED;
    }
    engine_set_record(engine, &record);
}

void takeover_run(struct failover *failover, enum takeover_trust trust,
                  struct takeover_result *result)
{
    struct table *table = failover->engine->table;
    struct tunnel_entry *tunnel;
    uint32_t place = 0, last;

    *result = (struct takeover_result){0};
    failover->trust = trust;
    begin_record(failover);
    recovery_prepare(failover);
    while ((tunnel = table_tunnel_next(table, &place)))
        if (!tunnel->record.recovers)
            recover(failover, tunnel, result);
    last = place;
    place = 0;
    while (place < last && (tunnel = table_tunnel_next(table, &place)))
        if (tunnel->record.recovers && !tunnel_of(tunnel)->engine)
            resume_recovery(failover, tunnel);
}
