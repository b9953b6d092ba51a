/* SPDX-License-Identifier: MIT */
/* What the peer shows, by what it says on either tunnel, of how far a recovery has come. */
#include "failover/recovery_sign.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "failover/recovery_fsm.h"

#define RECOVERED_US (1000 * US_PER_MS) /* for the StopCCN of a peer that goes on already */

/* The peer speaks on the old tunnel again, so it closes the recovery tunnel. If its StopCCN is lost
 * nobody may repeat it, for the place may be another's already; and ours is needed, too. */
void recovery_old_input(struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery = tunnel->recovery;

    if (!recovery || recovery->old != tunnel || recovery->state != RECOVERY_PEER_RECOVERED ||
        !recovery->tunnel || tunnel->entry.record.nr == recovery->tunnel->entry.record.suggested_ns)
        return;
    struct engine *engine = recovery->failover->engine;
    bool scarce = engine->recovering > ENGINE_RECOVERIES / 2;
    if (scarce && recovery->timer.at > engine->now + RECOVERED_US)
        wheel_arm(engine->wheel, &recovery->timer, engine->now + RECOVERED_US);
}

/* Another tunnel of the peer's answers: the SCCRP that the reset rests on was made by a node that
 * has failed since, or is the answer to another request, of ours that we have given up, under the
 * same id. */
void recovery_answered_again(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrp)
{
    struct recovery *recovery = tunnel->recovery;
    uint32_t id = wire_tunnel_id(sccrp);

    if (recovery && recovery->state == RECOVERY_RESET_SENT && id &&
        id != tunnel->entry.record.remote_id)
        recovery_challenge(recovery);
}

/* The peer is there, and speaks as before the recovery: if it has failed as well, what we have
 * asked may have met nobody. */
static void remind(struct recovery *recovery)
{
    if (recovery->state == RECOVERY_SCCRQ_SENT && recovery->tunnel)
        channel_nudge(recovery->failover->engine, &recovery->tunnel->channel);
}

/* The peer goes on where our SCCCN has told it to, so it has our SCCCN: its first message may well
 * be here before the acknowledgement, and would be lost. Only both numbers together say so. */
bool recovery_suspended_input(struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct recovery *recovery = tunnel->recovery;

    ASSERT(&tunnel->engine->log, tunnel->channel.suspended);
    if (!recovery || recovery->old != tunnel)
        return false;
    if (recovery->state != RECOVERY_RESET_SENT || header->ns != record->nr ||
        header->nr != record->ns) {
        remind(recovery);
        return false;
    }
    return recovery_step(recovery, RECOVERY_SCCCN_ACKED) == L2TPHA_OK && !tunnel->channel.suspended;
}
