/* SPDX-License-Identifier: MIT */
#include "failover/audit.h"

#include "base/assert.h"
#include "base/serial.h"
#include "failover/inactivity.h"
#include "failover/lagging.h"
#include "failover/recovery.h"
#include "failover/sync_private.h"

/* The end that has failed is silent on the old channel until that is recovered. */
static void audit_endpoint(const struct recovery *recovery)
{
    const struct l2tpha_tunnel *old = recovery->old;
    bool peers =
        recovery->state == RECOVERY_PEER_RECOVERING || recovery->state == RECOVERY_PEER_RECOVERED;

    AUDIT(recovery->ours == !peers);
    AUDIT(!recovery->ours || old->channel.suspended);
    AUDIT(recovery->state != RECOVERY_PEER_RECOVERED || !old->channel.suspended);
    AUDIT(recovery->state != RECOVERY_RESET_SENT ||
          old->entry.record.flags & L2TPHA_TUNNEL_RESET_SENT);
}

/* Old and recovery tunnel point at each other by way of it, and somebody is at it: its timer is
 * set, or its recovery tunnel's is. */
static void audit_recovery(const struct l2tpha_tunnel *tunnel, struct tally *tally)
{
    const struct recovery *recovery = tunnel->recovery;

    AUDIT(recovery->old == tunnel || recovery->tunnel == tunnel);
    AUDIT(recovery->old->recovery == recovery);
    AUDIT(!tunnel_is_recovery(recovery->old));
    if (recovery->tunnel) {
        AUDIT(recovery->tunnel->recovery == recovery);
        AUDIT(recovery->tunnel->entry.record.recovers == recovery->old->entry.record.local_id);
    }
    if (recovery->old != tunnel)
        return;
    AUDIT(recovery->state != RECOVERY_IDLE && recovery->state < RECOVERY_STATE_COUNT);
    AUDIT(recovery->tunnel || timer_armed(&recovery->timer));
    AUDIT(!recovery->tunnel == (recovery->state == RECOVERY_WAITING));
    AUDIT(!recovery->back || recovery->state == RECOVERY_WAITING);
    AUDIT(!recovery->back || *recovery->back == recovery);
    audit_endpoint(recovery);
    tally->in_line += recovery->back != NULL;
}

static void audit_line(const struct line *line, uint8_t query)
{
    struct l2tpha_session *const *back = &line->first;
    uint32_t count = 0;

    for (const struct l2tpha_session *at = *back; at; back = &at->query_next, at = at->query_next) {
        AUDIT(at->query_back == back);
        AUDIT(at->query == query);
        if (count++ == AUDIT_LONG)
            return;
    }
    AUDIT(line->end == back);
}

static void audit_sync(const struct l2tpha_tunnel *tunnel)
{
    const struct sync *sync = tunnel->sync;

    AUDIT(sync->tunnel == tunnel);
    AUDIT(!sync->cursor || sync->cursor->tunnel == &tunnel->entry);
    AUDIT(timer_armed(&sync->timer));
    audit_line(&sync->asked, QUERY_ASKED);
    audit_line(&sync->stale, QUERY_STALE);
}

static void audit_lagging(const struct l2tpha_tunnel *tunnel)
{
    const struct lagging *lagging = tunnel->lagging;

    AUDIT(lagging->tunnel == tunnel);
    AUDIT(lagging->state <= LAGGING_WATCHING);
    AUDIT(serial_in_order(lagging->first, lagging->lease_end, lagging->ceiling));
    AUDIT(!lagging->rests || !timer_armed(&lagging->timer));
    AUDIT(tunnel->channel.lagging == (lagging->state != LAGGING_WATCHING));
}

void failover_audit_tunnel(const struct l2tpha_tunnel *tunnel, struct tally *tally)
{
    if (tunnel->recovery)
        audit_recovery(tunnel, tally);
    if (tunnel->sync)
        audit_sync(tunnel);
    if (tunnel->lagging)
        audit_lagging(tunnel);
    AUDIT(tunnel->lagging || tunnel->dying || !tunnel->channel.lagging);
    if (tunnel->inactivity) {
        AUDIT(tunnel->inactivity->tunnel == tunnel);
        AUDIT(timer_armed(&tunnel->inactivity->timer));
        AUDIT(!tunnel->inactivity->cursor || tunnel->inactivity->cursor->tunnel == &tunnel->entry);
    }
    AUDIT(!tunnel->counted_running || tunnel_is_recovery(tunnel));
    tally->running += tunnel->counted_running;
}

void failover_audit_session(const struct l2tpha_session *session)
{
    bool asked = session->query == QUERY_ASKED || session->query == QUERY_STALE;

    AUDIT(session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL || asked == !!session->query_back);
    AUDIT(session->entry.state == L2TPHA_SESSION_ESTABLISHED || !asked);
}

void failover_audit_counts(const struct failover *failover, const struct tally *tally)
{
    AUDIT(failover->running == tally->running);
    AUDIT(failover->waiting_count == tally->in_line);
    AUDIT(!failover->waiting == (failover->waiting_count == 0));
    AUDIT(failover->running <= RECOVERY_PLACES);
    AUDIT(*failover->waiting_end == NULL);
}
