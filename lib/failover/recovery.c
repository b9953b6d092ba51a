/* SPDX-License-Identifier: MIT */
/* Recoveries as objects: making them, their line for a place, their time. */
#include "failover/recovery.h"

#include "base/assert.h"
#include "control/event.h"
#include "control/linger.h"

#define LOOK_US (10 * US_PER_MS)       /* for a place, while what is over is still unsaid */
#define CHALLENGE_US (200 * US_PER_MS) /* for an SCCCN to be acknowledged */

void recovery_say(const struct recovery *recovery, enum l2tpha_log_category category,
                  const char *text)
{
    log_line(&recovery->failover->engine->log, category, recovery->old->entry.record.local_id, 0,
             "recovery: %s", text);
}

int recovery_reserve(struct failover *failover)
{
    if (!failover->spare)
        failover->spare = talloc_zero(failover->engine->table, struct recovery);
    return failover->spare ? L2TPHA_OK : L2TPHA_ERR_NOMEM;
}

int recovery_of(struct failover *failover, struct l2tpha_tunnel *old, struct recovery **recovery)
{
    ASSERT(&failover->engine->log, !tunnel_is_recovery(old) && !old->dying);
    if (!old->recovery) {
        int error = recovery_reserve(failover);
        if (error)
            return error;
        struct recovery *fresh = failover->spare;
        failover->spare = NULL;
        fresh->failover = failover;
        fresh->old = old;
        fresh->timer.kind = TIMER_RECOVERY;
        old->recovery = fresh;
    }
    *recovery = old->recovery;
    ASSERT(&failover->engine->log, (*recovery)->old == old);
    return L2TPHA_OK;
}

/* --- the line of those that wait for a place --- */

void recovery_join_line(struct recovery *recovery)
{
    struct failover *failover = recovery->failover;

    if (recovery->back)
        return;
    ASSERT(&failover->engine->log, recovery->ours && !recovery->tunnel);
    if (recovery->asked_at)
        recovery->asked_us += failover->engine->now - recovery->asked_at;
    recovery->next = NULL;
    recovery->back = failover->waiting_end;
    *failover->waiting_end = recovery;
    failover->waiting_end = &recovery->next;
    failover->waiting_count++;
}

void recovery_leave_line(struct recovery *recovery)
{
    if (!recovery->back)
        return;
    ASSERT(&recovery->failover->engine->log, *recovery->back == recovery);
    ASSERT(&recovery->failover->engine->log, recovery->failover->waiting_count > 0);
    *recovery->back = recovery->next;
    if (recovery->next)
        recovery->next->back = recovery->back;
    else
        recovery->failover->waiting_end = recovery->back;
    recovery->back = NULL;
    recovery->failover->waiting_count--;
}

void recovery_wake_line(struct failover *failover)
{
    struct engine *engine = failover->engine;
    struct recovery *first = failover->waiting;

    ASSERT(&engine->log, !first || first->state == RECOVERY_WAITING);
    if (first && failover->running < RECOVERY_PLACES)
        wheel_arm(engine->wheel, &first->timer,
                  engine->now + (tunnel_has_place(engine) ? 0 : LOOK_US));
}

void recovery_discard(struct recovery *recovery)
{
    struct l2tpha_tunnel *tunnel = recovery->tunnel;

    if (!tunnel)
        return;
    ASSERT(&recovery->failover->engine->log, tunnel->recovery == recovery);
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    machine_clear(tunnel, L2TPHA_OK, "recovery is over");
}

void recovery_end(struct recovery *recovery)
{
    ASSERT(&recovery->failover->engine->log, !recovery->over);
    recovery_leave_line(recovery);
    wheel_disarm(recovery->failover->engine->wheel, &recovery->timer);
    recovery_discard(recovery);
    ASSERT(&recovery->failover->engine->log,
           !recovery->old->recovery || recovery->old->recovery == recovery);
    recovery->old->recovery = NULL;
    recovery->over = true;
    engine_bury_part(recovery->failover->engine, recovery);
}

/* Where there is silent recovery to turn to, a peer that does not answer is not asked for ever.
 * Nobody is recovered so who has not been asked for that long: the time in line does not count. */
static uint64_t patience_end(const struct recovery *recovery)
{
    uint64_t most = recovery->failover->engine->config.recovery_answer_ms * US_PER_MS;

    return recovery->asked_at + (recovery->asked_us < most ? most - recovery->asked_us : 0);
}

uint64_t recovery_limit(const struct recovery *recovery)
{
    uint64_t limit = recovery->deadline;

    if (recovery->state == RECOVERY_BOTH_FAILED && recovery->old->rests_until > limit)
        return recovery->old->rests_until; /* the peer's turn, which may have begun late */
    if (recovery->state == RECOVERY_SCCRQ_SENT && !recovery->answered &&
        recovery_may_be_silent(recovery) && patience_end(recovery) < limit)
        return patience_end(recovery);
    return limit;
}

/* Peers that are gone must not keep the places from those in line: each attempt has its share of
 * the time that is left, but time enough for an answer, also to what either end repeats once. */
static uint64_t turn_end(const struct recovery *recovery)
{
    const struct engine *engine = recovery->failover->engine;
    uint64_t limit = recovery_limit(recovery),
             least = engine->config.retransmit_ms * US_PER_MS / 2 * 3;
    uint64_t turn = limit > engine->now ? limit - engine->now : 0;

    turn /= recovery->failover->waiting_count / RECOVERY_PLACES + 2;
    return engine->now + (turn > least ? turn : least);
}

bool recovery_has_had_its_turn(const struct recovery *recovery)
{
    const struct failover *failover = recovery->failover;

    return recovery->state == RECOVERY_SCCRQ_SENT && failover->waiting &&
           failover->engine->now >= recovery->turn;
}

void recovery_arm(struct recovery *recovery)
{
    struct engine *engine = recovery->failover->engine;
    uint64_t at = L2TPHA_NEVER;

    switch (recovery->state) {
    case RECOVERY_WAITING:
        at = recovery->back ? recovery_limit(recovery) : recovery->again;
        break;
    case RECOVERY_SCCRQ_SENT:
        at = recovery_limit(recovery);
        recovery->turn = turn_end(recovery);
        if (recovery->turn < at)
            at = recovery->turn;
        break;
    case RECOVERY_RESET_SENT:
        at = recovery_limit(recovery);
        if (recovery->challenged && recovery->challenged + CHALLENGE_US < at)
            at = recovery->challenged + CHALLENGE_US;
        break;
    case RECOVERY_BOTH_FAILED:
        at = recovery_limit(recovery);
        break;
    case RECOVERY_PEER_RECOVERING:
        if (recovery->old->channel.suspended)
            at = recovery->old->rests_until;
        break;
    case RECOVERY_PEER_RECOVERED:
        at = engine->now + engine->config.setup_ms * US_PER_MS;
        break;
    default:
        break;
    }
    wheel_arm(engine->wheel, &recovery->timer, at);
}

/* --- beginning --- */

/* RFC 4951 5.1, read the shortest way: what the peer grants runs from its first unanswered
 * message, which may have left just when this end failed. */
void recovery_prepare(struct failover *failover)
{
    failover->failed_at = failover->engine->now;
}

/* The second choice; a tunnel whose method is silent has it when RFC 4951 was used for an uncertain
 * record alone. */
bool recovery_may_be_silent(const struct recovery *recovery)
{
    const struct l2tpha_tunnel_record *old = &recovery->old->entry.record;

    return !(old->flags & L2TPHA_TUNNEL_RESET_SENT) &&
           (old->effective_method == L2TPHA_FAILOVER_FALLBACK ||
            old->effective_method == L2TPHA_FAILOVER_SILENT);
}

/* A peer that is still the one that answered acknowledges the SCCCN at once; whoever has taken its
 * place does not know it, and is asked anew. */
void recovery_challenge(struct recovery *recovery)
{
    struct engine *engine = recovery->failover->engine;

    ASSERT(&engine->log, recovery->state == RECOVERY_RESET_SENT && recovery->tunnel);
    if (recovery->challenged)
        return;
    recovery->challenged = engine->now;
    channel_nudge(engine, &recovery->tunnel->channel);
    recovery_arm(recovery);
}
