/* SPDX-License-Identifier: MIT */
/* As remote endpoint. The SCCRQ is the sign that the peer has failed, whatever the old tunnel seems
 * to be like. Nothing is proven before the SCCCN: until then the old channel only rests, and goes
 * on where it was when the attempt comes to nothing. */
#include "failover/remote.h"

#include "base/assert.h"
#include "control/reset.h"
#include "failover/lagging.h"
#include "failover/recovery_action.h"
#include "failover/sync.h"

static void set_suspended(const struct recovery *recovery, bool suspended)
{
    tunnel_suspend(recovery->old, suspended);
    lagging_suspend(recovery->old, suspended);
}

/* Whether a request may rest the channel now. A node that has taken over begins anew. */
static bool may_rest(struct recovery *recovery)
{
    const struct engine *engine = recovery->failover->engine;
    struct l2tpha_tunnel *old = recovery->old;
    uint64_t cycle = channel_cycle_us(engine);

    if (!old->rests_until || engine->now >= old->rests_until + cycle)
        old->rests_until = engine->now + cycle;
    return engine->now < old->rests_until;
}

/* The peer may have failed when it left the oldest message unanswered. */
static uint64_t first_unanswered(const struct l2tpha_tunnel *old)
{
    uint64_t since = old->channel.since;

    return since == L2TPHA_NEVER ? old->engine->now : since;
}

int suspend_old(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct failover *failover = recovery->failover;

    (void)argument;
    ASSERT(&failover->engine->log, recovery->tunnel && recovery->tunnel->recovery == recovery);
    if (!recovery->ours)
        sync_note_failure(recovery->old, first_unanswered(recovery->old));
    if (may_rest(recovery)) {
        set_suspended(recovery, true);
        recovery_arm(recovery);
    }
    struct event_item *event =
        failover_tell(failover, L2TPHA_EVENT_TUNNEL_RECOVERING, recovery->old);
    if (event)
        event->by_peer = true;
    return L2TPHA_OK;
}

/* The old tunnel goes on, and so does the attempt. The numbers suggested are beyond what it uses
 * meanwhile if the peer has failed: then it takes nothing. */
int resume_unproven(void *object, void *argument)
{
    const struct recovery *recovery = object;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, !recovery->ours); /* it would have no numbers */
    set_suspended(recovery, false);
    return L2TPHA_OK;
}

/* The attempt may have come between an earlier recovery and its queries. */
int resume_old(void *object, void *argument)
{
    struct recovery *recovery = object;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, !recovery->ours);
    recovery_discard(recovery);
    set_suspended(recovery, false);
    return !recovery->unasked ? L2TPHA_OK : ask_about_sessions(recovery, NULL);
}

/* The peer hears nothing on the old tunnel before its SCCCN is acknowledged. That it knows shows in
 * the end of its recovery tunnel; queries wait for that.
 * RFC 4951 3.2.2, 5.3: this end resets upon a valid SCCCN, to the suggested values as seen from
 * here: what the peer is to expect is what this end sends next. */
int reset_old(void *object, void *argument)
{
    struct recovery *recovery = object;
    const struct l2tpha_tunnel_record *record = &recovery->tunnel->entry.record;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, recovery->tunnel->recovery == recovery);
    int error = tunnel_reset(recovery->old, record->suggested_nr, record->suggested_ns,
                             &record->path, recovery->ours);
    if (error)
        return error;
    lagging_superseded(recovery->old);
    recovery->old->rests_until = 0;
    recovery->failover->engine->counters.recoveries_by_peer++;
    recovery_done(recovery);
    if (recovery->ours)
        failover_confirm(recovery->failover, recovery->old);
    recovery->ours = false;
    recovery->unasked = true;
    return L2TPHA_OK;
}

/* RFC 4951 3.2.1: upon the StopCCN it forgets what it has of the old tunnel. */
int remote_refuse(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input end = {.result = RESULT_GENERAL,
                                      .error = ERROR_NO_CONNECTION,
                                      .reason = "no such tunnel to recover"};

    tunnel->engine->counters.recoveries_refused++;
    return machine_of(tunnel)->stop(tunnel, &end);
}

int refuse_peer(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct l2tpha_tunnel *tunnel = recovery->tunnel;

    (void)argument;
    ASSERT(&recovery->failover->engine->log, !recovery->old->channel.suspended);
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    remote_refuse(tunnel);
    return L2TPHA_OK;
}

/* The peer has not closed it, as it should. */
int close_recovered(void *object, void *argument)
{
    struct recovery *recovery = object;
    const struct machine_input end = {.result = RESULT_CLEAR, .reason = "tunnel recovered"};
    struct l2tpha_tunnel *tunnel = recovery->tunnel;

    ASSERT(&recovery->failover->engine->log, tunnel && tunnel->recovery == recovery);
    recovery->tunnel = NULL;
    tunnel->recovery = NULL; /* its end is not to end this one, which is in the midst of a step */
    machine_of(tunnel)->stop(tunnel, &end);
    return ask_about_sessions(recovery, argument);
}
