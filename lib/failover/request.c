/* SPDX-License-Identifier: MIT */
/* The peer asks for a recovery tunnel. The SCCRQ is the sign that it has failed, whatever the old
 * tunnel seems to be like. */
#include "failover/request.h"

#include "base/assert.h"
#include "codec/avp.h"
#include "codec/wire_id.h"
#include "control/find.h"
#include "control/opening.h"
#include "failover/takeover.h"

#include <string.h>

#define RESET_TRIES 2
#define STEP_MAX 16383u /* old numbers are in the half of the space that counts as received */

_Static_assert(STEP_MAX < 0x8000, "what is old is behind what is suggested");

/* The tunnel that a pair of ids names, in the sender's view: both must be of one tunnel of ours. */
static struct l2tpha_tunnel *find_pair(const struct failover *failover,
                                       const struct l2tpha_tunnel_recovery *pair)
{
    struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, pair->remote_tunnel_id);

    if (!pair->tunnel_id || !old || old->entry.record.remote_id != pair->tunnel_id)
        return NULL;
    return engine_wake(failover->engine, old);
}

static struct l2tpha_tunnel *find_named(const struct failover *failover,
                                        const struct l2tpha_message *sccrq)
{
    struct l2tpha_tunnel_recovery pair;

    return l2tpha_avp_tunnel_recovery(l2tpha_message_find(sccrq, L2TPHA_AVP_TUNNEL_RECOVERY), &pair)
               ? find_pair(failover, &pair)
               : NULL;
}

static bool is_admitted(struct engine *engine, uint32_t id, const struct l2tpha_path *path)
{
    if (!engine->host.admit_recovery)
        return false;
    engine_ask(engine);
    bool admitted = engine->host.admit_recovery(engine->host.user, id, path);
    engine_answered(engine);
    return admitted;
}

/* RFC 4951 8. Whoever may not is told what he would be told of ids that nobody has. */
static bool may_come_from(const struct failover *failover, const struct l2tpha_tunnel *old,
                          const struct l2tpha_path *path)
{
    struct engine *engine = failover->engine;
    uint32_t id = old->entry.record.local_id;

    if (address_is(&old->entry.record.path.remote, &path->remote) || is_admitted(engine, id, path))
        return true;
    engine->counters.wrong_peer++;
    log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0,
             "recovery of tunnel %u asked for from another address", id);
    return false;
}

/* What has won the tie is not acknowledged either: whoever answered it may be gone, and the loser
 * is still asking. */
static bool is_won_in_vain(const struct recovery *recovery)
{
    return recovery && recovery->state == RECOVERY_RESET_SENT &&
           recovery->tunnel->channel.tries >= RESET_TRIES;
}

/* RFC 4951 appendix B: the peer answered ours, so its own, which has the greater tie breaker, had
 * lost; the answer has overtaken it. One with a smaller tie breaker is of a peer that has failed
 * since. */
static bool is_overtaken(const struct recovery *recovery, const struct l2tpha_message *sccrq)
{
    struct l2tpha_bytes peers;

    if (!recovery || recovery->state != RECOVERY_RESET_SENT)
        return false;
    const struct l2tpha_tunnel_record *ours = &recovery->tunnel->entry.record;
    return !l2tpha_message_bytes(sccrq, L2TPHA_AVP_TIE_BREAKER, &peers) ||
           peers.len != sizeof(ours->tie_breaker) ||
           memcmp(ours->tie_breaker, peers.data, peers.len) < 0;
}

static bool lost_tie_is_over(const struct l2tpha_tunnel *old)
{
    uint32_t since = engine_now_ms(old->engine) - old->lost_tie_ms;

    return since * US_PER_MS >= channel_cycle_us(old->engine);
}

bool request_wanted(const struct failover *failover, const struct l2tpha_message *sccrq)
{
    struct l2tpha_tunnel *old = find_named(failover, sccrq);

    if (!old)
        return true; /* it is refused, with a word */
    if (is_overtaken(old->recovery, sccrq)) {
        tunnel_remember_lost_tie(old, sccrq);
        recovery_challenge(old->recovery);
    }
    return wire_tunnel_id(sccrq) != old->lost_tie_request || lost_tie_is_over(old) ||
           is_won_in_vain(old->recovery);
}

static bool refuse(struct failover *failover, struct machine_input *why, uint16_t result,
                   uint16_t error, const char *reason)
{
    failover->engine->counters.recoveries_refused++;
    why->result = result;
    why->error = error;
    why->reason = reason;
    return false;
}

static unsigned count_pairs(const struct l2tpha_message *sccrq)
{
    struct avp_walk walk = avp_walk_over(sccrq->body, sccrq->body_len);
    struct l2tpha_avp avp;
    unsigned count = 0;

    while (avp_next(&walk, &avp))
        count += avp.vendor == 0 && avp.type == L2TPHA_AVP_TUNNEL_RECOVERY;
    return count;
}

static bool is_same_name(const struct l2tpha_tunnel_record *old, const struct l2tpha_message *sccrq)
{
    struct l2tpha_bytes name = {0};

    l2tpha_message_bytes(sccrq, L2TPHA_AVP_HOST_NAME, &name);
    return name.len == old->peer_name.len &&
           (name.len == 0 || memcmp(name.data, old->peer_name.data, name.len) == 0);
}

/* Ahead of both old numbers by more than any window, so that what is still under way on the old
 * channel counts as received already, and by an amount that nobody can foretell. */
static int suggest(struct failover *failover, const struct l2tpha_tunnel_record *old,
                   struct l2tpha_tunnel_record *recovery)
{
    uint32_t least =
        1u + (old->local_window > old->remote_window ? old->local_window : old->remote_window);
    uint8_t drawn[4];

    if (least > STEP_MAX / 2)
        least = STEP_MAX / 2;
    int error = engine_random(failover->engine, drawn, sizeof(drawn));
    if (error)
        return error;
    recovery->suggested_ns = (uint16_t)(old->nr + least + get_drawn(drawn, 2) % (STEP_MAX - least));
    recovery->suggested_nr =
        (uint16_t)(old->ns + least + get_drawn(drawn + 2, 2) % (STEP_MAX - least));
    return L2TPHA_OK;
}

/* RFC 4951 1: neither a tunnel half set up nor one that closes is recovered. Its peer has failed,
 * so nobody will complete the one or acknowledge the other; upon the refusal it forgets what it has
 * of it (3.2.1). */
static void drop_incomplete(struct l2tpha_tunnel *old, const struct l2tpha_message *sccrq)
{
    uint8_t state = old->entry.record.state;

    if (tunnel_is_recovery(old) || !is_same_name(&old->entry.record, sccrq))
        return;
    if (state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        machine_clear(old, L2TPHA_ERR_REFUSED, "the peer has failed in the set-up");
    else if (state == L2TPHA_TUNNEL_STOPPING)
        old->channel.tries = old->engine->config.retries; /* it has been said often enough */
}

/* RFC 4951 3.2.1. One code for whatever is wrong with the ids tells a prober least. */
bool request_check(struct failover *failover, const struct l2tpha_path *path,
                   const struct l2tpha_message *sccrq, struct machine_input *why)
{
    static const char unknown[] = "no such tunnel to recover";
    struct engine *engine = failover->engine;
    struct l2tpha_tunnel *old = find_named(failover, sccrq);

    if (!engine->config.failover_capability)
        return refuse(failover, why, RESULT_GENERAL, ERROR_UNKNOWN_AVP,
                      "Tunnel Recovery (77) is switched off");
    if (!old || count_pairs(sccrq) != 1 || !may_come_from(failover, old, path))
        return refuse(failover, why, RESULT_GENERAL, ERROR_NO_CONNECTION, unknown);
    if (tunnel_is_recovery(old) || old->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED ||
        !failover_is_capable(&old->entry.record)) {
        drop_incomplete(old, sccrq);
        return refuse(failover, why, RESULT_GENERAL, ERROR_NO_CONNECTION, unknown);
    }
    if (!is_same_name(&old->entry.record, sccrq))
        return refuse(failover, why, RESULT_UNAUTHORIZED, 0, "another peer's tunnel");
    return true;
}

bool request_prepare(struct failover *failover, struct l2tpha_tunnel *recovery,
                     struct machine_input *why)
{
    struct engine *engine = failover->engine;
    struct l2tpha_tunnel_record *record = &recovery->entry.record;
    const struct l2tpha_tunnel *old = engine_tunnel_find(engine, record->recovers);

    ASSERT(&engine->log,
           tunnel_is_recovery(recovery) && !(record->flags & L2TPHA_TUNNEL_INITIATOR));
    if (!old)
        return refuse(failover, why, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    int error = table_tunnel_set_bytes(engine->table, &record->secret,
                                       old->entry.record.secret.data, old->entry.record.secret.len);
    if (!error)
        error = suggest(failover, &old->entry.record, record);
    if (error)
        return refuse(failover, why, RESULT_GENERAL, ERROR_RESOURCES, "failure at this end");
    return true;
}

int request_reserve(struct failover *failover, const struct l2tpha_tunnel *recovery)
{
    return engine_tunnel_find(failover->engine, recovery->entry.record.recovers)
               ? recovery_reserve(failover)
               : L2TPHA_ERR_NOT_FOUND;
}
