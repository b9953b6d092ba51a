/* SPDX-License-Identifier: MIT */
/* What the engine calls in failover. */
#include "failover/hooks.h"

#include "control/session.h"
#include "failover/inactivity.h"
#include "failover/lazy.h"
#include "failover/recovery_input.h"
#include "failover/recovery_sign.h"
#include "failover/request.h"
#include "failover/response.h"
#include "failover/sync.h"
#include "failover/takeover.h"

static bool heed(void *user, const struct l2tpha_path *path, const struct l2tpha_message *sccrq)
{
    (void)path;
    return remote_heed(user, sccrq);
}

static bool judge(void *user, const struct l2tpha_path *path, const struct l2tpha_message *sccrq,
                  struct tunnel_input *input)
{
    return remote_judge(user, path, sccrq, input);
}

static bool equip(void *user, struct l2tpha_tunnel *recovery, struct tunnel_input *input)
{
    return remote_equip(user, recovery, input);
}

static void entered(void *user, struct l2tpha_tunnel *recovery, uint8_t before,
                    const struct tunnel_input *input)
{
    recovery_entered(user, recovery, before, input);
}

static bool heard(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    (void)user;
    return recovery_heard(tunnel, header);
}

static void answered_again(void *user, struct l2tpha_tunnel *recovery,
                           const struct l2tpha_message *sccrp)
{
    (void)user;
    recovery_answered_again(recovery, sccrp);
}

static void moved(void *user, struct l2tpha_tunnel *tunnel)
{
    if (tunnel_is_recovery(tunnel)) {
        recovery_said(user, tunnel);
        return;
    }
    recovery_moved(tunnel);
    sync_moved(user, tunnel);
}

static int states(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    return sync_states(user, tunnel, message);
}

static void passed(void *user, struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    lazy_heard(user, tunnel, header);
}

static void left(void *user, struct l2tpha_session *session)
{
    const struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (tunnel->sync)
        sync_left(user, session);
    if (tunnel->inactivity)
        inactivity_left(session);
}

static void gone(void *user, struct l2tpha_tunnel *tunnel)
{
    lazy_stop(user, tunnel);
    inactivity_stop(user, tunnel);
    sync_stop(user, tunnel);
    recovery_gone(user, tunnel);
}

static void wake(void *user, struct l2tpha_tunnel *tunnel)
{
    takeover_restore(user, tunnel);
}

static bool settled(void *user)
{
    return takeover_settle(user);
}

static void due(void *user, struct timer *timer)
{
    if (timer->kind == TIMER_RECOVERY)
        recovery_due(user, timer);
    else if (timer->kind == TIMER_LAZY)
        lazy_due(user, timer);
    else if (timer->kind == TIMER_INACTIVITY)
        inactivity_due(user, timer);
    else
        sync_due(user, timer);
}

void failover_attach(struct failover *failover, struct engine *engine,
                     const struct l2tpha_binding *binding)
{
    *failover = (struct failover){.engine = engine, .binding = binding};
    failover->waiting_end = &failover->waiting;
    engine->failover = (struct engine_failover){
        .user = failover,
        .heed = heed,
        .judge = judge,
        .equip = equip,
        .entered = entered,
        .heard = heard,
        .answered_again = answered_again,
        .moved = moved,
        .states = states,
        .passed = passed,
        .left = left,
        .gone = gone,
        .wake = wake,
        .settled = settled,
        .due = due,
    };
}
