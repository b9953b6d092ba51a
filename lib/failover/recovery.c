/* SPDX-License-Identifier: MIT */
/* As recovery endpoint. The old tunnel rests from the takeover until our SCCCN on the recovery
 * tunnel is acknowledged: before, the remote endpoint would drop what is sent on it (RFC 4951
 * 3.2.1). Until the channel is reset nothing of it is lost, and an attempt that comes to nothing
 * may be followed by another one, or by silent recovery where the policy says so. */
#include "failover/recovery.h"

#include "failover/silent.h"
#include "failover/sync.h"

#include <l2tpha/failover.h>

#define US_PER_MS UINT64_C(1000)
#define PLACES (ENGINE_RECOVERIES / 4 * 3) /* of ours at one time; the rest is for peers */
#define PAUSE_US (500 * US_PER_MS)         /* between attempts */
#define LOOK_US (10 * US_PER_MS)           /* for a place, while what is over is still unsaid */
#define CHALLENGE_US (200 * US_PER_MS)     /* for an SCCCN to be acknowledged */
#define RESULT_CLEAR 1                     /* StopCCN, RFC 2661 4.4.2: general request to clear */
#define RESULT_SHUTDOWN 6                  /* ... the sender is being shut down */

void recovery_say(const struct recovery *recovery, enum l2tpha_log_category category,
                  const char *text)
{
    log_line(&recovery->failover->engine->log, category, recovery->old->entry.record.local_id, 0,
             "recovery: %s", text);
}

int recovery_of(struct failover *failover, struct l2tpha_tunnel *old, struct recovery **recovery)
{
    if (!old->recovery) {
        struct recovery *fresh = talloc_zero(failover->engine->table, struct recovery);
        if (!fresh)
            return L2TPHA_ERR_NOMEM;
        fresh->failover = failover;
        fresh->old = old;
        fresh->timer.kind = TIMER_RECOVERY;
        old->recovery = fresh;
    }
    *recovery = old->recovery;
    return L2TPHA_OK;
}

/* --- the line of those that wait for a place --- */

static void join_line(struct recovery *recovery)
{
    struct failover *failover = recovery->failover;

    if (recovery->back)
        return;
    if (recovery->asked_at)
        recovery->asked_us += failover->engine->now - recovery->asked_at;
    recovery->next = NULL;
    recovery->back = failover->waiting_end;
    *failover->waiting_end = recovery;
    failover->waiting_end = &recovery->next;
    failover->waiting_count++;
}

static void leave_line(struct recovery *recovery)
{
    if (!recovery->back)
        return;
    *recovery->back = recovery->next;
    if (recovery->next)
        recovery->next->back = recovery->back;
    else
        recovery->failover->waiting_end = recovery->back;
    recovery->back = NULL;
    recovery->failover->waiting_count--;
}

static void wake_line(struct failover *failover)
{
    struct engine *engine = failover->engine;
    struct recovery *first = failover->waiting;

    if (first && failover->running < PLACES)
        wheel_arm(engine->wheel, &first->timer,
                  engine->now + (tunnel_has_place(engine) ? 0 : LOOK_US));
}

/* --- the machine --- */

int recovery_step(struct recovery *recovery, uint8_t event)
{
    int error = fsm_step(&recovery_fsm, recovery->state, event, recovery, NULL);

    if (error == L2TPHA_ERR_UNEXPECTED)
        log_line(&recovery->failover->engine->log, L2TPHA_LOG_ERROR,
                 recovery->old->entry.record.local_id, 0, "recovery: %s is improper in %s",
                 recovery_fsm.event_names[event], recovery_fsm.state_names[recovery->state]);
    return error;
}

void recovery_discard(struct recovery *recovery)
{
    struct l2tpha_tunnel *tunnel = recovery->tunnel;

    if (!tunnel)
        return;
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    tunnel_clear(tunnel, L2TPHA_OK, "recovery is over");
}

static void end(struct recovery *recovery)
{
    leave_line(recovery);
    wheel_disarm(recovery->failover->engine->wheel, &recovery->timer);
    recovery_discard(recovery);
    recovery->old->recovery = NULL;
    talloc_free(recovery);
}

/* Where there is silent recovery to turn to, a peer that does not answer is not asked for ever.
 * Nobody is recovered so who has not been asked for that long: the time in line does not count. */
static uint64_t patience_end(const struct recovery *recovery)
{
    uint64_t most = recovery->failover->engine->config.recovery_answer_ms * US_PER_MS;

    return recovery->asked_at + (recovery->asked_us < most ? most - recovery->asked_us : 0);
}

static uint64_t limit_of(const struct recovery *recovery)
{
    uint64_t limit = recovery->deadline;

    if (recovery->state == RECOVERY_YIELDED && recovery->old->rests_until > limit)
        return recovery->old->rests_until; /* the peer's turn, which may have begun late */
    if (recovery->state == RECOVERY_CALLING && !recovery->answered &&
        recovery_may_be_silent(recovery) && patience_end(recovery) < limit)
        return patience_end(recovery);
    return limit;
}

/* Peers that are gone must not keep the places from those in line: each attempt has its share of
 * the time that is left, but time enough for an answer, also to what either end repeats once. */
static uint64_t turn_end(const struct recovery *recovery)
{
    const struct engine *engine = recovery->failover->engine;
    uint64_t limit = limit_of(recovery), least = engine->config.retransmit_ms * US_PER_MS / 2 * 3;
    uint64_t turn = limit > engine->now ? limit - engine->now : 0;

    turn /= recovery->failover->waiting_count / PLACES + 2;
    return engine->now + (turn > least ? turn : least);
}

static bool has_had_its_turn(const struct recovery *recovery)
{
    const struct failover *failover = recovery->failover;

    return recovery->state == RECOVERY_CALLING && failover->waiting &&
           failover->engine->now >= recovery->turn;
}

void recovery_arm(struct recovery *recovery)
{
    struct engine *engine = recovery->failover->engine;
    uint64_t at = L2TPHA_NEVER;

    switch (recovery->state) {
    case RECOVERY_WAITING:
        at = recovery->back ? limit_of(recovery) : recovery->again;
        break;
    case RECOVERY_CALLING:
        at = limit_of(recovery);
        recovery->turn = turn_end(recovery);
        if (recovery->turn < at)
            at = recovery->turn;
        break;
    case RECOVERY_CLAIMING:
        at = limit_of(recovery);
        if (recovery->challenged && recovery->challenged + CHALLENGE_US < at)
            at = recovery->challenged + CHALLENGE_US;
        break;
    case RECOVERY_YIELDED:
        at = limit_of(recovery);
        break;
    case RECOVERY_LENT:
        if (recovery->old->channel.suspended)
            at = recovery->old->rests_until;
        break;
    case RECOVERY_RETURNED:
        at = engine->now + engine->config.setup_ms * US_PER_MS;
        break;
    default:
        break;
    }
    wheel_arm(engine->wheel, &recovery->timer, at);
}

void recovery_enter(void *object, uint8_t next)
{
    struct recovery *recovery = object;
    struct failover *failover = recovery->failover;

    log_line(&failover->engine->log, L2TPHA_LOG_FSM, recovery->old->entry.record.local_id, 0,
             "recovery: %s -> %s", recovery_fsm.state_names[recovery->state],
             recovery_fsm.state_names[next]);
    recovery->state = next;
    recovery->challenged = 0;
    if (next == RECOVERY_IDLE) {
        end(recovery);
        wake_line(failover);
        return;
    }
    if (next != RECOVERY_WAITING)
        leave_line(recovery);
    recovery_arm(recovery);
}

/* --- beginning --- */

/* RFC 4951 5.1, read the shortest way: what the peer grants runs from its first unanswered
 * message, which may have left just when this end failed. */
void recovery_prepare(struct failover *failover)
{
    failover->failed_at = failover->engine->now;
}

int recovery_start(struct failover *failover, struct l2tpha_tunnel *old)
{
    const struct engine *engine = failover->engine;
    uint64_t cycle = channel_cycle_us(engine);
    uint64_t granted = engine->config.recovery_ms * US_PER_MS;
    struct recovery *recovery;

    int error = recovery_of(failover, old, &recovery);
    if (error)
        return error;
    recovery->ours = true;
    recovery->deadline = failover->failed_at + (granted > cycle ? granted : cycle);
    join_line(recovery);
    failover_tell(failover, L2TPHA_EVENT_TUNNEL_RECOVERING, old);
    error = recovery_step(recovery, RECOVERY_OPEN);
    wake_line(failover);
    return error;
}

void recovery_due(struct failover *failover, struct timer *timer)
{
    struct recovery *recovery = container_of(timer, struct recovery, timer);
    bool ripe = recovery->state == RECOVERY_WAITING;

    if (recovery->state == RECOVERY_RETURNED || recovery->state == RECOVERY_LENT ||
        (recovery->ours && failover->engine->now >= limit_of(recovery))) {
        recovery_step(recovery, RECOVERY_EXPIRED);
        return;
    }
    if (recovery->state == RECOVERY_CLAIMING && recovery->challenged) {
        recovery->meek = true; /* it may be asking already */
        recovery_step(recovery, RECOVERY_LOST);
        recovery->again = failover->engine->now;
        recovery_arm(recovery);
        return;
    }
    if (has_had_its_turn(recovery)) {
        recovery_step(recovery, RECOVERY_LOST);
        return;
    }
    if (ripe)
        join_line(recovery);
    if (ripe && failover->running < PLACES && tunnel_make_place(failover->engine))
        recovery_step(recovery, RECOVERY_BEGIN);
    else
        recovery_arm(recovery);
    wake_line(failover);
}

/* --- actions --- */

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
        tunnel_clear(*tunnel, error, "no memory");
        return error;
    }
    engine_set_record(engine, &after);
    return L2TPHA_OK;
}

int call_peer(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct engine *engine = recovery->failover->engine;
    struct tunnel_input input = {0};
    struct l2tpha_tunnel *tunnel;

    (void)argument;
    int error = make_tunnel(recovery, &tunnel);
    if (error)
        return error;
    recovery->asked_at = engine->now;
    engine->counters.recovery_attempts++;
    error = tunnel_step(tunnel, TUNNEL_OPEN, &input);
    if (error) {
        tunnel_clear(tunnel, error, "not opened");
        return error;
    }
    recovery->tunnel = tunnel;
    tunnel->recovery = recovery;
    return L2TPHA_OK;
}

/* RFC 4951 3.2.2: this end resets upon a valid SCCRP, to the values suggested. */
int claim_channel(void *object, void *argument)
{
    struct recovery *recovery = object;
    const struct l2tpha_binding *binding = recovery->failover->binding;
    const struct l2tpha_tunnel_record *record = &recovery->tunnel->entry.record;

    (void)argument;
    recovery->answered = true;
    recovery_set_claimed(recovery, true);
    return binding->reset_tunnel(binding->user, record->recovers, record->suggested_ns,
                                 record->suggested_nr, &record->path, true);
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
    const struct l2tpha_binding *binding = recovery->failover->binding;
    uint32_t tunnel_id = recovery->old->entry.record.local_id;

    for (struct session_entry *session = recovery->old->entry.sessions, *next; session;
         session = next) {
        next = session->next;
        if (session->state != L2TPHA_SESSION_ESTABLISHED || !is_lost(recovery, session))
            continue;
        uint32_t id = session->local_id;
        int error = binding->disconnect_session(binding->user, tunnel_id, id, SILENT_RESULT_GENERAL,
                                                "data numbers cannot be reset");
        failover_note(recovery->failover, tunnel_id, id, "disconnecting", error);
    }
}

void recovery_done(struct recovery *recovery)
{
    struct failover *failover = recovery->failover;
    const struct l2tpha_binding *binding = failover->binding;
    struct l2tpha_tunnel *old = recovery->old;
    struct silent_result result = {0};

    recovery_set_claimed(recovery, false);
    sync_owe(failover, old);
    uint32_t id = old->entry.record.local_id;
    failover_note(failover, id, 0, "resuming", binding->suspend_tunnel(binding->user, id, false));
    struct event_item *event = failover_tell(failover, L2TPHA_EVENT_TUNNEL_RECOVERED, old);
    if (event)
        event->by_peer = !recovery->ours;
    if (recovery->ours) {
        silent_dismiss(binding, &old->entry, &result);
        failover_note(failover, id, 0, "disconnecting calls without the host's half",
                      result.disconnect);
        end_lost_sessions(recovery);
    }
}

int ask_about_sessions(void *object, void *argument)
{
    const struct recovery *recovery = object;
    struct failover *failover = recovery->failover;

    (void)argument;
    sync_start(failover, recovery->old, true);
    if (recovery->ours) /* an FSQ under way needs no HELLO before it */
        failover_confirm(failover, recovery->old);
    return L2TPHA_OK;
}

int finish_claim(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct l2tpha_tunnel *tunnel = recovery->tunnel;
    struct tunnel_input input = {.result = RESULT_CLEAR, .reason = "tunnel recovered"};

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
    tunnel_step(tunnel, TUNNEL_CLOSE, &input);
    return L2TPHA_OK;
}

int try_again(void *object, void *argument)
{
    struct recovery *recovery = object;
    struct engine *engine = recovery->failover->engine;
    uint16_t random = 0;

    (void)argument;
    leave_line(recovery);
    recovery_discard(recovery);
    recovery->old->beaten_until = 0; /* what has lost to this attempt may have its turn */
    /* Both ends that have discarded theirs shall not meet again at the same instant. */
    engine_random(engine, &random, sizeof(random));
    recovery->again = engine->now + PAUSE_US + random * UINT64_C(8);
    if (recovery->again > limit_of(recovery))
        recovery->again = limit_of(recovery);
    recovery_say(recovery, L2TPHA_LOG_RESYNC, "attempt failed, tried again");
    return L2TPHA_OK;
}

/* --- what happens to the recovery tunnel --- */

/* Our SCCCN is acknowledged and the peer has closed in peace: done. Any other StopCCN, and a peer
 * that cannot prove who it is, are final; silence and a lost tie are not. One that is being shut
 * down acknowledges all that comes, and has not read it for that. */
static uint8_t ending(const struct recovery *recovery, const struct l2tpha_tunnel *tunnel,
                      const struct tunnel_input *input)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (!(record->flags & L2TPHA_TUNNEL_INITIATOR))
        return RECOVERY_LOST;
    if (record->state == L2TPHA_TUNNEL_STOPPED) {
        bool peace = record->result == RESULT_CLEAR && channel_idle(&tunnel->channel);
        return recovery->state == RECOVERY_CLAIMING && peace ? RECOVERY_SAID : RECOVERY_REFUSED;
    }
    return input->status == L2TPHA_ERR_AUTH ? RECOVERY_REFUSED : RECOVERY_LOST;
}

static void ended(struct recovery *recovery, struct l2tpha_tunnel *tunnel,
                  const struct tunnel_input *input)
{
    uint8_t event = ending(recovery, tunnel, input);

    recovery->answered |= tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPED;
    recovery->tunnel = NULL;
    tunnel->recovery = NULL;
    recovery_step(recovery, event);
}

static void requested(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, tunnel->entry.record.recovers);
    struct recovery *recovery;

    if (!old || recovery_of(failover, old, &recovery)) {
        tunnel_clear(tunnel, L2TPHA_ERR_NOMEM, "no memory");
        return;
    }
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
    const struct l2tpha_binding *binding = failover->binding;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_tunnel *old = engine_tunnel_find(failover->engine, record->recovers);
    uint32_t id = record->recovers;

    if (record->state != L2TPHA_TUNNEL_STOPPED || record->result != RESULT_SHUTDOWN || !old ||
        old->recovery || !old->resyncing)
        return;
    failover->engine->counters.recoveries_failed++;
    log_line(&failover->engine->log, L2TPHA_LOG_RESYNC, id, 0,
             "recovery: the peer is shut down, tunnel cleared");
    failover_note(
        failover, id, 0, "clearing",
        binding->clear_tunnel(binding->user, id, L2TPHA_ERR_REFUSED, "the peer is shut down"));
}

void recovery_entered(struct failover *failover, struct l2tpha_tunnel *tunnel, uint8_t before,
                      const struct tunnel_input *input)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    bool ours = record->flags & L2TPHA_TUNNEL_INITIATOR;
    struct recovery *recovery = tunnel->recovery;

    (void)before;
    if (record->state == L2TPHA_TUNNEL_WAIT_CTL_CONN)
        requested(failover, tunnel);
    else if (recovery && record->state == L2TPHA_TUNNEL_ESTABLISHED)
        recovery_step(recovery, ours ? RECOVERY_REPLY : RECOVERY_CONNECTED);
    else if (recovery && record->state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        ended(recovery, tunnel, input);
    else if (!recovery && ours)
        disown(failover, tunnel);
    /* Those of an earlier reign have never been counted here. */
    if (tunnel->counted_running &&
        (record->state == L2TPHA_TUNNEL_IDLE || tunnel_is_over(tunnel))) {
        tunnel->counted_running = false;
        failover->running--;
        wake_line(failover);
    }
}

void recovery_said(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery = tunnel->recovery;

    (void)failover;
    if (recovery && recovery->state == RECOVERY_CLAIMING)
        recovery_step(recovery, RECOVERY_SAID);
}

/* The old tunnel goes, for whatever reason: nothing is left to recover. */
void recovery_gone(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct recovery *recovery = tunnel->recovery;

    (void)failover;
    if (recovery && recovery->old == tunnel)
        end(recovery);
}
