/* SPDX-License-Identifier: MIT */
/* Takeover from a record that lags. The node before did not wait for its standby: it may have used
 * any number from A, what the standby knew to be acknowledged, to its lease's end, and the peer may
 * have more messages acknowledged than the record says.
 *
 *         A                 Ns of the record      ceiling, most often the lease's end
 *     ----+------------------+---------------------+---------------------> Ns
 *         | messages that    | numbers that may    | what the node before has
 *         | the record has   | have been used      | never used
 *
 *     new active                                              peer
 *      | READ     HELLO, Ns A - 1: a certain duplicate          |
 *      |------------------------------------------------------->|
 *      |          ZLB, Nr: at most what it expects              |
 *      |<-------------------------------------------------------|
 *      | SEAL     what the record has, HELLOs to the ceiling    |
 *      |------------------------------------------------------->| takes those that it lacks
 *      |          ZLB, Nr past the ceiling                      |
 *      |<-------------------------------------------------------|
 *      | WATCH    what the peer repeats, if anything            |
 *      |<-------------------------------------------------------|
 *      |          ZLB: that is what nobody has acknowledged     |
 *      |------------------------------------------------------->|
 *
 * Sending: READ asks with a HELLO at A - 1, a certain duplicate, which every peer answers without
 * taking it. What it answers with is at most what it expects. Some answer with the probe's number
 * plus one whatever they expect, so an answer of A proves nothing, and SEAL goes one message at a
 * time then. SEAL fills all numbers up to the ceiling, and one more: its acknowledgement cannot be
 * older than this reign, and no straggler of the node before is taken for something new.
 *
 * Receiving: nothing beyond the record is acknowledged. The Ns of a ZLB is the next one of the peer
 * (RFC 2661 5.8); when that is what the record expects, nothing is missing. Otherwise the peer is
 * listened to for as long as its longest pause between retransmissions: the lowest number that it
 * repeats is its oldest that nobody has acknowledged. What was acknowledged and is not in the
 * record is lost to this end, and its sessions are found out about later.
 *
 * - The record keeps its A, its lease and the flag LAZY until the numbers are settled: whoever
 *   takes over from this node meanwhile begins the same way.
 * - Until then no call is placed, one of the peer's is refused, one half set up is ended.
 * - While the channel rests for a recovery of the peer's no time counts; its reset settles all.
 * - It ends in time: settled, overtaken by the peer's recovery, or the tunnel is cleared. */
#include "failover/lazy.h"

#include "base/serial.h"
#include "control/reorder.h"
#include "control/resync.h"
#include "failover/inactivity.h"
#include "failover/sync.h"
#include "state/record.h"

#define PROBE_TRIES 3
#define REPEATED 2 /* times that a message has to be heard to be taken for the oldest one */
#define PROBE_FIRST_US (1000 * US_PER_MS) /* doubled each time */

static const struct l2tpha_tunnel_record *record_of(const struct lazy *lazy)
{
    return &lazy->tunnel->entry.record;
}

static void say(const struct lazy *lazy, const char *text)
{
    const struct l2tpha_tunnel_record *record = record_of(lazy);

    log_line(&lazy->failover->engine->log, L2TPHA_LOG_RESYNC, record->local_id, 0,
             "lazy record: %s, A %u, ceiling %u, Nr %u, end %u", text, record->acked, lazy->ceiling,
             record->nr, lazy->end);
}

static uint64_t observe_us(const struct lazy *lazy)
{
    return lazy->failover->engine->config.resync_observe_ms * US_PER_MS;
}

/* Every number that may have been used for what the record does not know is taken. */
static bool is_sealed(const struct lazy *lazy)
{
    return serial_after(record_of(lazy)->acked, lazy->lease_end);
}

/* Something that left in this reign alone is acknowledged. */
static bool is_fresh(const struct lazy *lazy, uint16_t nr)
{
    return serial_after(nr, lazy->ceiling);
}

static void end(struct lazy *lazy)
{
    wheel_disarm(lazy->failover->engine->wheel, &lazy->timer);
    lazy->tunnel->lazy = NULL;
    talloc_free(lazy);
}

void lazy_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover;
    if (tunnel->lazy)
        end(tunnel->lazy);
}

/* --- asking --- */

static void probe(struct lazy *lazy, uint16_t ns)
{
    struct engine *engine = lazy->failover->engine;

    int error = tunnel_probe(lazy->tunnel, ns);
    if (error)
        log_line(&engine->log, L2TPHA_LOG_ERROR, record_of(lazy)->local_id, 0, "not probed: %s",
                 l2tpha_strerror(error));
    lazy->probe_at = engine->now + (PROBE_FIRST_US << lazy->tries);
    lazy->tries++;
}

static void seal(struct lazy *lazy, bool careful)
{
    say(lazy, careful ? "filled one by one" : "filled");
    lazy->state = LAZY_SEALING;
    lazy->tries = 0;
    lazy->probe_at = 0;
    tunnel_fill(lazy->tunnel, careful);
}

/* Sealed, but only by what came along with messages of the peer: a ZLB says what they do not. */
static bool wants_end(const struct lazy *lazy)
{
    return lazy->state == LAZY_SEALING && is_fresh(lazy, record_of(lazy)->acked) &&
           !lazy->knows_end && lazy->tries < PROBE_TRIES;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void arm(struct lazy *lazy)
{
    struct engine *engine = lazy->failover->engine;
    uint64_t at = is_sealed(lazy) ? L2TPHA_NEVER : lazy->deadline;

    if (lazy->state == LAZY_READING || wants_end(lazy))
        at = sooner(at, lazy->probe_at);
    if (lazy->observed > engine->now)
        at = sooner(at, lazy->observed);
    wheel_arm(engine->wheel, &lazy->timer, at > engine->now ? at : engine->now);
}

/* --- beginning --- */

static void end_half_open(struct l2tpha_tunnel *tunnel, struct silent_result *result)
{
    const struct machine_input end = {.result = RESULT_GENERAL,
                                      .reason = "half set up when its node failed"};

    for (struct session_entry *session = tunnel->entry.sessions, *next; session; session = next) {
        next = session->next;
        if (session->state == L2TPHA_SESSION_ESTABLISHED ||
            session->state == L2TPHA_SESSION_WAIT_TUNNEL)
            continue;
        int error = machine_of(tunnel)->stop_session(session_of(session), &end);
        result->disconnected += error == 0;
        result->disconnect = error ? error : result->disconnect;
    }
}

static int begin(struct lazy *lazy, struct silent_result *result)
{
    const struct engine *engine = lazy->failover->engine;
    const struct l2tpha_tunnel_record *record = record_of(lazy);
    uint16_t lease = record_lease(record, (uint16_t)engine->config.resync_packets);

    lazy->first = record->acked;
    lazy->next = lazy->end = record->nr;
    lazy->ceiling = lazy->lease_end = (uint16_t)(record->acked + lease);
    /* What the record has beyond the lease may have left before there was a standby. */
    if (serial_after(record->ns, lazy->ceiling))
        lazy->ceiling = record->ns;
    lazy->observed = L2TPHA_NEVER;
    lazy->deadline = engine->now + channel_cycle_us(engine) + observe_us(lazy);
    int error = tunnel_hold(lazy->tunnel, lazy->ceiling);
    if (error)
        return error;
    silent_dismiss(lazy->tunnel, result);
    end_half_open(lazy->tunnel, result);
    say(lazy, "to be settled");
    /* Just below 0 some peers answer nothing. */
    if (lazy->first == 0)
        seal(lazy, true);
    else
        probe(lazy, (uint16_t)(lazy->first - 1));
    arm(lazy);
    return L2TPHA_OK;
}

int lazy_start(struct failover *failover, struct l2tpha_tunnel *tunnel,
               struct silent_result *result)
{
    struct lazy *lazy = talloc_zero(failover->engine->table, struct lazy);

    if (!lazy)
        return L2TPHA_ERR_NOMEM;
    lazy->failover = failover;
    lazy->tunnel = tunnel;
    lazy->timer.kind = TIMER_LAZY;
    tunnel->lazy = lazy;
    return begin(lazy, result);
}

/* --- the end --- */

/* Where the peer's unacknowledged messages begin, as far as it has shown them. What came in the
 * first round may have been a straggler, acknowledged long ago; by the second those are gone, and
 * what is heard then is repeated. */
static uint16_t next_of_peer(const struct lazy *lazy)
{
    const struct l2tpha_tunnel_record *record = record_of(lazy);
    uint16_t next = lazy->end, kept;
    bool seen = lazy->seen && !serial_before(lazy->lowest, record->nr);
    bool any = reorder_lowest(&lazy->tunnel->channel, &kept);

    if (seen)
        next = lazy->lowest;
    if (any && (!seen || (lazy->state != LAZY_WATCHING && serial_before(kept, next))))
        next = kept;
    /* From `end` on it is what has been sent to this node itself: it will come. */
    if (lazy->knows_end && serial_after(next, lazy->end))
        next = lazy->end;
    return serial_before(next, record->nr) ? record->nr : next;
}

/* False: the tunnel has ended over what was processed. */
static bool jump(struct lazy *lazy)
{
    struct l2tpha_tunnel *tunnel = lazy->tunnel;
    uint16_t next = next_of_peer(lazy);

    if (next == record_of(lazy)->nr)
        return true;
    lazy->failover->engine->counters.resync_jumps++;
    lazy->seen = false;
    lazy->times = 0;
    say(lazy, "messages acknowledged before are passed over");
    tunnel_jump(tunnel, next);
    return tunnel->lazy == lazy;
}

static void watch(struct lazy *lazy)
{
    if (!serial_before(record_of(lazy)->nr, lazy->end)) {
        end(lazy);
        return;
    }
    lazy->stuck_at = record_of(lazy)->nr;
    lazy->seen = false;
    lazy->times = 0;
    lazy->observed = lazy->failover->engine->now + observe_us(lazy);
    arm(lazy);
}

/* A peer that has failed and lags takes nothing of what this end seals with, nor acknowledges it,
 * before it passes something over itself. So what it repeats is followed before. */
static bool pass_over(struct lazy *lazy)
{
    if (!lazy->lags || lazy->times < REPEATED)
        return true;
    lazy->observed = lazy->failover->engine->now + observe_us(lazy);
    return jump(lazy);
}

static void settled(struct lazy *lazy)
{
    lazy->failover->engine->counters.resyncs++;
    lazy->state = LAZY_WATCHING;
    tunnel_release(lazy->tunnel);
    inactivity_start(lazy->failover, lazy->tunnel);
}

static void finish(struct lazy *lazy)
{
    say(lazy, "settled");
    lazy->knows_end = true;
    settled(lazy);
    if (failover_is_capable(record_of(lazy)))
        sync_start(lazy->failover, lazy->tunnel, false);
    watch(lazy);
}

/* Nothing has been listened to meanwhile: what was waited for is waited for anew. */
void lazy_rest(struct l2tpha_tunnel *tunnel, bool rests)
{
    struct lazy *lazy = tunnel->lazy;

    if (!lazy || lazy->rests == rests)
        return;
    struct engine *engine = lazy->failover->engine;
    lazy->rests = rests;
    if (rests) {
        wheel_disarm(engine->wheel, &lazy->timer);
        return;
    }
    if (lazy->state == LAZY_WATCHING) {
        watch(lazy);
        return;
    }
    lazy->tries = 0;
    lazy->probe_at = engine->now;
    lazy->deadline = engine->now + channel_cycle_us(engine) + observe_us(lazy);
    if (lazy->observed != L2TPHA_NEVER)
        lazy->observed = engine->now + observe_us(lazy);
    arm(lazy);
}

bool lazy_is_old(const struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    return tunnel->lazy && serial_before(header->ns, tunnel->lazy->end);
}

void lazy_overtaken(struct l2tpha_tunnel *tunnel)
{
    struct lazy *lazy = tunnel->lazy;

    if (!lazy)
        return;
    if (lazy->state != LAZY_WATCHING) {
        say(lazy, "settled by the peer's recovery");
        settled(lazy);
    }
    end(lazy);
}

static void check(struct lazy *lazy)
{
    const struct engine *engine = lazy->failover->engine;
    /* What the record expects has come: the peer had no acknowledgement of it. */
    bool complete = lazy->next != record_of(lazy)->nr ||
                    (lazy->knows_end && !serial_before(record_of(lazy)->nr, lazy->end));

    if (is_sealed(lazy) && (complete || engine->now >= lazy->observed)) {
        if (complete || jump(lazy))
            finish(lazy);
        return;
    }
    if (engine->now >= lazy->observed && !pass_over(lazy))
        return;
    if (wants_end(lazy) && engine->now >= lazy->probe_at)
        probe(lazy, (uint16_t)(record_of(lazy)->acked - 1));
    arm(lazy);
}

/* --- what comes --- */

static void note_end(struct lazy *lazy, uint16_t end_seen)
{
    if (!lazy->knows_end && serial_after(end_seen, lazy->end))
        lazy->end = end_seen;
}

/* A ZLB's Ns is the next message of the peer; any other's is its own. */
static void note(struct lazy *lazy, const struct l2tpha_header *header)
{
    const struct l2tpha_tunnel_record *record = record_of(lazy);
    bool zlb = wire_is_ack(record_wire(record), header);

    note_end(lazy, zlb ? header->ns : (uint16_t)(header->ns + 1));
    if (zlb && !lazy->knows_end && is_fresh(lazy, header->nr)) {
        lazy->knows_end = true;
        lazy->end = header->ns;
    }
    if (zlb || serial_before(header->ns, record->nr))
        return;
    if (!lazy->seen || serial_before(header->ns, lazy->lowest)) {
        lazy->lowest = header->ns;
        lazy->times = 0;
    }
    lazy->seen = true;
    if (header->ns == lazy->lowest && lazy->times < REPEATED)
        lazy->times++;
}

void lazy_heard(struct failover *failover, struct l2tpha_tunnel *tunnel,
                const struct l2tpha_header *header)
{
    struct lazy *lazy = tunnel->lazy;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct engine *engine = failover->engine;

    /* Below what the record knows to be acknowledged: a straggler, or a peer that has failed. What
     * it sends it sends, but it answers nothing. */
    bool answers = !serial_before(header->nr, lazy->first);
    if (!answers || serial_after(header->nr, record->acked))
        engine->counters.resync_anomalies++;
    if (serial_after(header->nr, record->acked))
        return;
    lazy->lags = serial_before(header->nr, record->acked);
    note(lazy, header);
    if (lazy->state == LAZY_WATCHING) {
        if (!serial_before(record->nr, lazy->end))
            end(lazy);
        return;
    }
    if (lazy->observed == L2TPHA_NEVER && (answers || lazy->times == REPEATED))
        lazy->observed = engine->now + observe_us(lazy);
    if (lazy->state == LAZY_READING && answers)
        seal(lazy, record->acked == lazy->first);
    check(lazy);
}

struct l2tpha_tunnel *lazy_tunnel(struct timer *timer)
{
    return container_of(timer, struct lazy, timer)->tunnel;
}

bool lazy_due(struct failover *failover, struct timer *timer)
{
    struct lazy *lazy = container_of(timer, struct lazy, timer);
    struct engine *engine = failover->engine;
    bool stuck = lazy->stuck_at == record_of(lazy)->nr;

    if (lazy->state == LAZY_WATCHING) {
        if (!stuck || jump(lazy))
            watch(lazy);
        return true;
    }
    if (!is_sealed(lazy) && engine->now >= lazy->deadline) {
        engine->counters.resyncs_failed++;
        say(lazy, "the peer's numbers cannot be found, tunnel cleared");
        return false;
    }
    if (lazy->state == LAZY_READING && engine->now >= lazy->probe_at) {
        if (lazy->tries < PROBE_TRIES)
            probe(lazy, (uint16_t)(lazy->first - 1));
        else
            seal(lazy, true);
    }
    check(lazy);
    return true;
}
