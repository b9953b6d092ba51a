/* SPDX-License-Identifier: MIT */
/* What begins a recovery and what moves it on: the takeover, its timer, its recovery tunnel. */
#include "failover/recovery_input.h"

#include "base/assert.h"
#include "control/find.h"
#include "control/place.h"
#include "control/restore.h"
#include "failover/recovery_fsm.h"
#include "failover/remote.h"

int recovery_start(struct failover *failover, struct l2tpha_tunnel *old)
{
    const struct engine *engine = failover->engine;
    uint64_t cycle = channel_cycle_us(engine);
    uint64_t granted = engine->config.recovery_ms * US_PER_MS;
    struct recovery *recovery;

    ASSERT(&engine->log, old->channel.suspended && !old->recovery);
    int error = recovery_of(failover, old, &recovery);
    if (error)
        return error;
    recovery->ours = true;
    recovery->deadline = failover->failed_at + (granted > cycle ? granted : cycle);
    recovery_join_line(recovery);
    failover_tell(failover, L2TPHA_EVENT_TUNNEL_RECOVERING, old);
    error = recovery_step(recovery, RECOVERY_OPEN);
    recovery_wake_line(failover);
    return error;
}

void recovery_timer(struct failover *failover, struct timer *timer)
{
    struct recovery *recovery = container_of(timer, struct recovery, timer);
    bool ripe = recovery->state == RECOVERY_WAITING;

    ASSERT(&failover->engine->log, recovery->old->recovery == recovery);
    if (recovery->state == RECOVERY_PEER_RECOVERED || recovery->state == RECOVERY_PEER_RECOVERING ||
        (recovery->ours && failover->engine->now >= recovery_limit(recovery))) {
        recovery_step(recovery, RECOVERY_EXPIRED);
        return;
    }
    if (recovery->state == RECOVERY_RESET_SENT && recovery->challenged) {
        recovery->meek = true; /* it may be asking already */
        recovery_step(recovery, RECOVERY_LOST);
        recovery->again = failover->engine->now;
        recovery_arm(recovery);
        return;
    }
    if (recovery_has_had_its_turn(recovery)) {
        recovery_step(recovery, RECOVERY_LOST);
        return;
    }
    if (ripe)
        recovery_join_line(recovery);
    if (ripe && failover->running < RECOVERY_PLACES && tunnel_make_place(failover->engine))
        recovery_step(recovery, RECOVERY_BEGIN);
    else
        recovery_arm(recovery);
    recovery_wake_line(failover);
}

/* --- what happens to the recovery tunnel --- */

/* Our SCCCN is acknowledged and the peer has closed in peace: done. Any other StopCCN, and a peer
 * that cannot prove who it is, are final; silence and a lost tie are not. One that is being shut
 * down acknowledges all that comes, and has not read it for that. */
static uint8_t ending(const struct recovery *recovery, const struct l2tpha_tunnel *tunnel,
                      int status)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (!(record->flags & L2TPHA_TUNNEL_INITIATOR))
        return RECOVERY_LOST;
    if (record->state == L2TPHA_TUNNEL_STOPPED) {
        bool peace = record->result == RESULT_CLEAR && channel_idle(&tunnel->channel);
        return recovery->state == RECOVERY_RESET_SENT && peace ? RECOVERY_SCCCN_ACKED
                                                               : RECOVERY_REFUSED;
    }
    return status == L2TPHA_ERR_AUTH ? RECOVERY_REFUSED : RECOVERY_LOST;
}

static void ended(struct recovery *recovery, struct l2tpha_tunnel *tunnel, int status)
{
    uint8_t event = ending(recovery, tunnel, status);

    ASSERT(&recovery->failover->engine->log, recovery->tunnel == tunnel);
    recovery->answered |= tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPED;
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    recovery_step(recovery, event);
}

/* What this needs was there before the step, request_reserve(). */
static void requested(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, tunnel->entry.record.recovers);
    struct recovery *recovery = NULL;
    int error = old ? recovery_of(failover, old, &recovery) : L2TPHA_ERR_NOT_FOUND;

    ASSERT(&failover->engine->log, !error);
    if (error)
        return; /* its time will be over */
    /* The peer that asks anew can complete this one only. */
    recovery_discard(recovery);
    recovery->tunnel = tunnel;
    tunnel->recovery = recovery;
    recovery_step(recovery, RECOVERY_REQUEST);
}

/* The peer had acknowledged our SCCCN, and says now that it is being shut down: where nothing has
 * come on the old tunnel since, it may not have read it, and nobody will answer there. */
static void disown(struct failover *failover, const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, record->recovers);
    uint32_t id = record->recovers;

    if (record->state != L2TPHA_TUNNEL_STOPPED || record->result != RESULT_SHUTDOWN || !old ||
        old->recovery || !old->unconfirmed)
        return;
    failover->engine->counters.recoveries_failed++;
    log_line(&failover->engine->log, L2TPHA_LOG_RESYNC, id, 0,
             "recovery: the peer is shut down, tunnel cleared");
    tunnel_forget(failover->engine, old, L2TPHA_ERR_REFUSED, "the peer is shut down");
}

void recovery_tunnel_changed(struct failover *failover, struct l2tpha_tunnel *tunnel, int status)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    bool ours = record->flags & L2TPHA_TUNNEL_INITIATOR;
    struct recovery *recovery = tunnel->recovery;

    if (record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        requested(failover, tunnel);
    else if (recovery && record->state == L2TPHA_TUNNEL_ESTABLISHED)
        recovery_step(recovery, ours ? RECOVERY_SCCRP : RECOVERY_CONNECTED);
    else if (recovery && record->state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        ended(recovery, tunnel, status);
    else if (!recovery && ours)
        disown(failover, tunnel);
    /* Those of a previous active have never been counted here. */
    if (tunnel->counted_running &&
        (record->state == L2TPHA_TUNNEL_IDLE || tunnel_is_over(tunnel))) {
        ASSERT(&failover->engine->log, failover->running > 0);
        tunnel->counted_running = false;
        failover->running--;
        recovery_wake_line(failover);
    }
}

void recovery_all_acknowledged(struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery = tunnel->recovery;

    if (recovery && recovery->state == RECOVERY_RESET_SENT)
        recovery_step(recovery, RECOVERY_SCCCN_ACKED);
}

/* RFC 4951 1: one that closes is not recovered. The peer may be at it all the same where its
 * attempt has taken so long that the old channel goes on (resume_unproven). A tunnel that is
 * cleared takes the attempt with it, without a word. */
void recovery_old_closed(struct l2tpha_tunnel *old)
{
    struct recovery *recovery = old->recovery;

    if (recovery && recovery->old == old && recovery->state == RECOVERY_PEER_RECOVERING &&
        !old->channel.suspended && tunnel_is_over(old))
        recovery_step(recovery, RECOVERY_CLOSED);
}

/* The old tunnel goes, for whatever reason: nothing is left to recover. */
void recovery_tunnel_removed(struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery = tunnel->recovery;

    if (recovery && recovery->old == tunnel)
        recovery_end(recovery);
}

/* --- after a takeover --- */

int remote_adopt(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, record->recovers);
    struct recovery *recovery;

    if (tunnel_is_over(tunnel))
        return L2TPHA_OK; /* whatever has become of the old one */
    if (!old || tunnel_is_recovery(old) || old->entry.record.state < L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_NOT_FOUND;
    if (tunnel_is_over(old) && record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        return remote_refuse(tunnel);
    if (old->recovery && old->recovery->state != RECOVERY_WAITING)
        return L2TPHA_ERR_EXISTS;
    int error = recovery_of(failover, old, &recovery);
    if (error)
        return error;
    recovery->tunnel = tunnel;
    tunnel->recovery = recovery;
    if (record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        return recovery_step(recovery, RECOVERY_REQUEST);
    recovery_enter(recovery, RECOVERY_PEER_RECOVERED, NULL);
    return L2TPHA_OK;
}
