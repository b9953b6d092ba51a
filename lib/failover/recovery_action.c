/* SPDX-License-Identifier: MIT */
/* As recovery endpoint. The old tunnel rests from the takeover until our SCCCN on the recovery
 * tunnel is acknowledged: before, the remote endpoint would drop what is sent on it (RFC 4951
 * 3.2.1). Until the channel is reset nothing of it is lost, and an attempt that comes to nothing
 * may be followed by another one, or by silent recovery where the policy says so. */
#include "failover/recovery_action.h"

#include "base/assert.h"
#include "control/reset.h"
#include "failover/recovery_end.h"
#include "failover/silent.h"
#include "failover/sync.h"

#define PAUSE_US (500 * US_PER_MS) /* between attempts */

/* RFC 4951 3.2.1: a fresh id, the old tunnel's secret, and its address. */
static int make_tunnel(struct recovery *recovery, struct l2tpha_tunnel **tunnel)
{
    struct engine *engine = recovery->failover->engine;
    const struct l2tpha_tunnel_record *old = &recovery->old->entry.record;
    struct l2tpha_node_record after;

    int error = tunnel_new(engine, &old->path, old->local_id, &after, tunnel);
    if (error)
        return error;
    recovery->failover->running++;
    (*tunnel)->counted_running = true;
    (*tunnel)->meek = recovery->meek;
    struct l2tpha_tunnel_record *record = &(*tunnel)->entry.record;
    record->flags |= L2TPHA_TUNNEL_INITIATOR;
    error =
        table_tunnel_set_bytes(engine->table, &record->secret, old->secret.data, old->secret.len);
    if (error) {
        machine_clear(*tunnel, error, "no memory");
        return error;
    }
    engine_set_record(engine, &after);
    return L2TPHA_OK;
}

int call_peer(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct engine *engine = recovery->failover->engine;
    struct l2tpha_tunnel *tunnel;

    (void)argument;
    ASSERT(&engine->log, recovery->ours && !recovery->tunnel);
    ASSERT(&engine->log, recovery->old->channel.suspended);
    int error = make_tunnel(recovery, &tunnel);
    if (error)
        return error;
    recovery->asked_at = engine->now;
    engine->counters.recovery_attempts++;
    error = machine_of(tunnel)->open(tunnel);
    if (error) {
        machine_clear(tunnel, error, "not opened");
        return error;
    }
    recovery->tunnel = tunnel;
    tunnel->recovery = recovery;
    return L2TPHA_OK;
}

/* RFC 4951 3.2.2: this end resets upon a valid SCCRP, to the values suggested. */
int reset_to_suggestion(void *object, void *argument)
{
    struct recovery *recovery = object;
    const struct l2tpha_tunnel_record *record = &recovery->tunnel->entry.record;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, recovery->tunnel->recovery == recovery);
    ASSERT(&recovery->failover->engine->log, recovery->old->channel.suspended);
    recovery->answered = true;
    recovery_set_reset_sent(recovery, true);
    return tunnel_reset(recovery->old, record->suggested_ns, record->suggested_nr, &record->path,
                        true);
}

/* RFC 4951 3.2.3: data that either end numbers and one cannot reset is not recoverable. */
static bool is_lost(const struct recovery *recovery, const struct session_entry *session)
{
    const struct l2tpha_tunnel_record *old = &recovery->old->entry.record;

    return session->flags & (L2TPHA_SESSION_SEQUENCING | L2TPHA_SESSION_PEER_SEQUENCING) &&
           (!(old->remote_failover & CAPABLE_DATA) ||
            recovery->failover->engine->config.data_reset_frames == 0);
}

static void end_lost_sessions(struct recovery *recovery)
{
    const struct machine_input end = {.result = RESULT_GENERAL,
                                      .reason = "data numbers cannot be reset"};
    uint32_t tunnel_id = recovery->old->entry.record.local_id;

    for (struct session_entry *session = recovery->old->entry.sessions, *next; session;
         session = next) {
        next = session->next;
        if (session->state != L2TPHA_SESSION_ESTABLISHED || !is_lost(recovery, session))
            continue;
        uint32_t id = session->local_id;
        int error = machine_of(recovery->old)->stop_session(session_of(session), &end);
        failover_note(recovery->failover, tunnel_id, id, "disconnecting", error);
    }
}

void recovery_done(struct recovery *recovery)
{
    struct failover *failover = recovery->failover;
    struct l2tpha_tunnel *old = recovery->old;
    struct silent_result result = {0};

    recovery_set_reset_sent(recovery, false);
    sync_owe(failover, old);
    tunnel_suspend(old, false);
    struct event_item *event = failover_tell(failover, L2TPHA_EVENT_TUNNEL_RECOVERED, old);
    if (event)
        event->by_peer = !recovery->ours;
    if (recovery->ours) {
        silent_dismiss(old, &result);
        failover_note(failover, old->entry.record.local_id, 0,
                      "disconnecting calls without the host's half", result.disconnect);
        end_lost_sessions(recovery);
    }
}

int ask_about_sessions(void *object, void *argument)
{
    const struct recovery *recovery = object;
    struct failover *failover = recovery->failover;

    (void)argument;
    ASSERT(&failover->engine->log, !recovery->old->channel.suspended);
    sync_start(failover, recovery->old, true);
    if (recovery->ours) /* an FSQ under way needs no HELLO before it */
        failover_confirm(failover, recovery->old);
    return L2TPHA_OK;
}

int finish_recovery(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct l2tpha_tunnel *tunnel = recovery->tunnel;
    const struct machine_input end = {.result = RESULT_CLEAR, .reason = "tunnel recovered"};

    (void)argument;
    recovery->failover->engine->counters.recoveries++;
    recovery_say(recovery, L2TPHA_LOG_RESYNC, "done");
    recovery_done(recovery);
    ask_about_sessions(recovery, NULL);
    if (!tunnel)
        return L2TPHA_OK;
    /* It goes its own way from here. */
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    machine_of(tunnel)->stop(tunnel, &end);
    return L2TPHA_OK;
}

int try_again(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct engine *engine = recovery->failover->engine;
    uint8_t drawn[2] = {0};

    (void)argument;
    ASSERT(&engine->log, recovery->ours && recovery->old->channel.suspended);
    recovery_leave_line(recovery);
    recovery_discard(recovery);
    recovery->old->lost_tie_request = 0; /* what has lost to this attempt may have its turn */
    /* Both ends that have discarded theirs shall not meet again at the same instant. */
    engine_random(engine, drawn, sizeof(drawn));
    recovery->again = engine->now + PAUSE_US + get_drawn(drawn, sizeof(drawn)) * UINT64_C(8);
    if (recovery->again > recovery_limit(recovery))
        recovery->again = recovery_limit(recovery);
    recovery_say(recovery, L2TPHA_LOG_RESYNC, "attempt failed, tried again");
    return L2TPHA_OK;
}
