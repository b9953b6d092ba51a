/* SPDX-License-Identifier: MIT */
/* Recoveries of ours that come to nothing: what becomes of the old tunnel. */
#include "failover/recovery_end.h"

#include "base/assert.h"
#include "control/restore.h"
#include "failover/lagging.h"
#include "failover/sync.h"

/* There is no way back to the old numbers, for whoever takes over from this end either. */
void recovery_set_reset_sent(struct recovery *recovery, bool sent)
{
    struct l2tpha_tunnel_record *record = &recovery->old->entry.record;

    if (sent)
        record->flags |= L2TPHA_TUNNEL_RESET_SENT;
    else
        record->flags &= ~(uint32_t)(L2TPHA_TUNNEL_RESET_SENT | L2TPHA_TUNNEL_UNCERTAIN);
    tunnel_mark(recovery->old, DIRTY_FULL);
}

static int go_on_silently(struct recovery *recovery, struct silent_result *result)
{
    struct l2tpha_tunnel *old = recovery->old;

    recovery_set_reset_sent(recovery, false);
    if (old->entry.record.flags & L2TPHA_TUNNEL_LAGGING)
        return lagging_start(recovery->failover, old, result);
    silent_dismiss(old, result);
    failover_confirm(recovery->failover, old);
    sync_resume(recovery->failover, old);
    return L2TPHA_OK;
}

/* The peer may rest the old tunnel for an SCCRQ whose answer was lost: it is told that it is over.
 */
static void withdraw(struct recovery *recovery)
{
    const struct machine_input end = {.result = RESULT_CLEAR, .reason = "recovered otherwise"};
    struct l2tpha_tunnel *tunnel = recovery->tunnel;

    if (!tunnel)
        return;
    ASSERT(&recovery->failover->engine->log, tunnel->recovery == recovery);
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    machine_of(tunnel)->stop(tunnel, &end);
}

static void clear(struct recovery *recovery, int status, const char *why)
{
    ASSERT(&recovery->failover->engine->log, recovery->old->recovery == recovery);
    recovery->failover->engine->counters.recoveries_failed++;
    recovery_say(recovery, L2TPHA_LOG_RESYNC, "failed, tunnel cleared");
    recovery_discard(recovery);
    recovery->old->recovery = NULL; /* its end is not to end this one under way */
    tunnel_forget(recovery->failover->engine, recovery->old, status, why);
}

/* RFC 4951 3.2.1. A refusal is an answer: whatever its reason, lack of resources and a shutdown
 * included, the peer will not have the tunnel recovered, and may have forgotten it. */
int clear_old(void *object, void *argument)
{
    (void)argument;
    clear(object, L2TPHA_ERR_REFUSED, "the peer has refused the recovery");
    return L2TPHA_OK;
}

/* Nobody has answered: silent recovery may be the policy's second choice, when nothing has been
 * given up for the first. */
int give_up(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct silent_result result = {0};
    uint32_t id = recovery->old->entry.record.local_id;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, recovery->ours);
    if (!recovery_may_be_silent(recovery)) {
        clear(recovery, L2TPHA_ERR_TIMEOUT, "not recovered in time");
        return L2TPHA_OK;
    }
    recovery_say(recovery, L2TPHA_LOG_RESYNC, "failed, silent recovery instead");
    withdraw(recovery);
    tunnel_suspend(recovery->old, false);
    int error = go_on_silently(recovery, &result);
    failover_note(recovery->failover, id, 0, "disconnecting calls without the host's half",
                  result.disconnect);
    if (error) {
        failover_note(recovery->failover, id, 0, "silent recovery", error);
        clear(recovery, error, "not recovered");
        return L2TPHA_OK;
    }
    recovery->failover->engine->counters.recoveries_failed++;
    return L2TPHA_OK;
}
