/* SPDX-License-Identifier: MIT */
/* Takeover from a lagging record. The previous active did not wait for its standby: it may have
 * used any number from A, what the standby knew to be acknowledged, to its lease's end, and the
 * peer may have more messages acknowledged than the record says.
 *
 *         A                 Ns of the record      ceiling, most often the lease's end
 *     ----+------------------+---------------------+---------------------> Ns
 *         | messages that    | numbers that may    | what the previous active has
 *         | the record has   | have been used      | never used
 *
 *     new active                                              peer
 *      | READ     HELLO, Ns A - 1: a certain duplicate          |
 *      |------------------------------------------------------->|
 *      |          ZLB, Nr: at most what it expects              |
 *      |<-------------------------------------------------------|
 *      | FILL     what the record has, HELLOs to the ceiling    |
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
 * plus one whatever they expect, so an answer of A proves nothing, and FILL goes one message at a
 * time then. FILL gives HELLOs to all numbers up to the ceiling, and one more: its acknowledgement
 * cannot be older than this epoch, and no straggler of the previous active is taken for something
 * new.
 *
 * Receiving: nothing beyond the record is acknowledged. The Ns of a ZLB is the next one of the peer
 * (RFC 2661 5.8); when that is what the record expects, nothing is missing. Otherwise the peer is
 * listened to for as long as its longest pause between retransmissions: the lowest number that it
 * repeats is its oldest that nobody has acknowledged. What was acknowledged and is not in the
 * record is lost to this end, and its sessions are found out about later.
 *
 * - The record keeps its A, its lease and the flag LAGGING until the numbers are resynchronised:
 *   whoever takes over from this node meanwhile begins the same way.
 * - Until then no call is placed, one of the peer's is refused, one half set up is ended.
 * - While the channel rests for a recovery of the peer's no time counts; its reset gives the
 *   numbers.
 * - It ends in time: resynchronised, overtaken by the peer's recovery, or the tunnel is cleared. */
#include "failover/lagging.h"

#include "base/assert.h"
#include "base/serial.h"
#include "control/reorder.h"
#include "control/resync.h"
#include "failover/inactivity.h"
#include "failover/sync.h"
#include "state/record.h"

#define PROBE_TRIES 3
#define REPEATED 2 /* times that a message has to be heard to be taken for the oldest one */
#define PROBE_FIRST_US (1000 * US_PER_MS) /* doubled each time */

static const struct l2tpha_tunnel_record *record_of(const struct lagging *lagging)
{
    return &lagging->tunnel->entry.record;
}

static void say(const struct lagging *lagging, const char *text)
{
    const struct l2tpha_tunnel_record *record = record_of(lagging);

    log_line(&lagging->failover->engine->log, L2TPHA_LOG_RESYNC, record->local_id, 0,
             "lagging record: %s, A %u, ceiling %u, Nr %u, end %u", text, record->acked,
             lagging->ceiling, record->nr, lagging->end);
}

static uint64_t observe_us(const struct lagging *lagging)
{
    return lagging->failover->engine->config.resync_observe_ms * US_PER_MS;
}

/* Every number that may have been used for what the record does not know is taken. */
static bool is_filled(const struct lagging *lagging)
{
    return serial_after(record_of(lagging)->acked, lagging->lease_end);
}

/* Something that left after the takeover is acknowledged. */
static bool is_fresh(const struct lagging *lagging, uint16_t nr)
{
    return serial_after(nr, lagging->ceiling);
}

static void end(struct lagging *lagging)
{
    ASSERT(&lagging->failover->engine->log, lagging->tunnel->lagging == lagging);
    wheel_disarm(lagging->failover->engine->wheel, &lagging->timer);
    lagging->tunnel->lagging = NULL;
    talloc_free(lagging);
}

void lagging_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    (void)failover;
    if (tunnel->lagging)
        end(tunnel->lagging);
}

/* --- asking --- */

static void probe(struct lagging *lagging, uint16_t ns)
{
    struct engine *engine = lagging->failover->engine;

    ASSERT(&engine->log, lagging->state != LAGGING_WATCHING && lagging->tries < PROBE_TRIES);
    int error = tunnel_probe(lagging->tunnel, ns);
    if (error)
        log_line(&engine->log, L2TPHA_LOG_ERROR, record_of(lagging)->local_id, 0, "not probed: %s",
                 l2tpha_strerror(error));
    lagging->probe_at = engine->now + (PROBE_FIRST_US << lagging->tries);
    lagging->tries++;
}

static void fill(struct lagging *lagging, bool careful)
{
    ASSERT(&lagging->failover->engine->log, lagging->state == LAGGING_READING);
    say(lagging, careful ? "filled one by one" : "filled");
    lagging->state = LAGGING_FILLING;
    lagging->tries = 0;
    lagging->probe_at = 0;
    tunnel_fill(lagging->tunnel, careful);
}

/* Filled, as messages of the peer acknowledge; the end of what the peer has sent is in a ZLB
 * alone. */
static bool wants_end(const struct lagging *lagging)
{
    return lagging->state == LAGGING_FILLING && is_fresh(lagging, record_of(lagging)->acked) &&
           !lagging->knows_end && lagging->tries < PROBE_TRIES;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void arm(struct lagging *lagging)
{
    struct engine *engine = lagging->failover->engine;
    uint64_t at = is_filled(lagging) ? L2TPHA_NEVER : lagging->deadline;

    if (lagging->state == LAGGING_READING || wants_end(lagging))
        at = sooner(at, lagging->probe_at);
    if (lagging->observed > engine->now)
        at = sooner(at, lagging->observed);
    wheel_arm(engine->wheel, &lagging->timer, at > engine->now ? at : engine->now);
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

static int begin(struct lagging *lagging, struct silent_result *result)
{
    const struct engine *engine = lagging->failover->engine;
    const struct l2tpha_tunnel_record *record = record_of(lagging);
    uint16_t lease = record_lease(record, (uint16_t)engine->config.resync_packets);

    lagging->first = record->acked;
    lagging->next = lagging->end = record->nr;
    lagging->ceiling = lagging->lease_end = (uint16_t)(record->acked + lease);
    /* What the record has beyond the lease may have left before there was a standby. */
    if (serial_after(record->ns, lagging->ceiling))
        lagging->ceiling = record->ns;
    lagging->observed = L2TPHA_NEVER;
    lagging->deadline = engine->now + channel_cycle_us(engine) + observe_us(lagging);
    int error = tunnel_hold(lagging->tunnel, lagging->ceiling);
    if (error)
        return error;
    silent_dismiss(lagging->tunnel, result);
    end_half_open(lagging->tunnel, result);
    say(lagging, "to be resynchronised");
    /* Just below 0 some peers answer nothing. */
    if (lagging->first == 0)
        fill(lagging, true);
    else
        probe(lagging, (uint16_t)(lagging->first - 1));
    arm(lagging);
    return L2TPHA_OK;
}

int lagging_start(struct failover *failover, struct l2tpha_tunnel *tunnel,
                  struct silent_result *result)
{
    struct lagging *lagging = talloc_zero(failover->engine->table, struct lagging);

    ASSERT(&failover->engine->log, !tunnel->lagging);
    ASSERT(&failover->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED &&
                                       tunnel->entry.record.flags & L2TPHA_TUNNEL_LAGGING);
    if (!lagging)
        return L2TPHA_ERR_NOMEM;
    lagging->failover = failover;
    lagging->tunnel = tunnel;
    lagging->timer.kind = TIMER_LAGGING;
    tunnel->lagging = lagging;
    return begin(lagging, result);
}

/* --- the end --- */

/* Where the peer's unacknowledged messages begin, as far as it has shown them. What came in the
 * first round may have been a straggler, acknowledged long ago; by the second those are gone, and
 * what is heard then is repeated. */
static uint16_t next_of_peer(const struct lagging *lagging)
{
    const struct l2tpha_tunnel_record *record = record_of(lagging);
    uint16_t next = lagging->end, kept;
    bool seen = lagging->seen && !serial_before(lagging->lowest, record->nr);
    bool any = reorder_lowest(&lagging->tunnel->channel, &kept);

    if (seen)
        next = lagging->lowest;
    if (any && (!seen || (lagging->state != LAGGING_WATCHING && serial_before(kept, next))))
        next = kept;
    /* From `end` on it is what has been sent to this node itself: it will come. */
    if (lagging->knows_end && serial_after(next, lagging->end))
        next = lagging->end;
    return serial_before(next, record->nr) ? record->nr : next;
}

/* False: the tunnel has ended over what was processed. */
static bool jump(struct lagging *lagging)
{
    struct l2tpha_tunnel *tunnel = lagging->tunnel;
    uint16_t next = next_of_peer(lagging);

    if (next == record_of(lagging)->nr)
        return true;
    lagging->failover->engine->counters.resync_jumps++;
    lagging->seen = false;
    lagging->times = 0;
    say(lagging, "messages acknowledged before are passed over");
    tunnel_jump(tunnel, next);
    return tunnel->lagging == lagging;
}

static void watch(struct lagging *lagging)
{
    ASSERT(&lagging->failover->engine->log, lagging->state == LAGGING_WATCHING);
    if (!serial_before(record_of(lagging)->nr, lagging->end)) {
        end(lagging);
        return;
    }
    lagging->stuck_at = record_of(lagging)->nr;
    lagging->seen = false;
    lagging->times = 0;
    lagging->observed = lagging->failover->engine->now + observe_us(lagging);
    arm(lagging);
}

/* A peer that has failed and is lagging takes nothing of what this end fills with, nor
 * acknowledges it, before it passes something over itself. So this end follows what the peer
 * repeats first. */
static bool pass_over(struct lagging *lagging)
{
    if (!lagging->peer_lagging || lagging->times < REPEATED)
        return true;
    lagging->observed = lagging->failover->engine->now + observe_us(lagging);
    return jump(lagging);
}

static void resynchronised(struct lagging *lagging)
{
    ASSERT(&lagging->failover->engine->log, lagging->state != LAGGING_WATCHING);
    lagging->failover->engine->counters.resyncs++;
    lagging->state = LAGGING_WATCHING;
    tunnel_release(lagging->tunnel);
    inactivity_start(lagging->failover, lagging->tunnel);
}

static void finish(struct lagging *lagging)
{
    ASSERT(&lagging->failover->engine->log, is_filled(lagging));
    say(lagging, "resynchronised");
    lagging->knows_end = true;
    resynchronised(lagging);
    if (failover_is_capable(record_of(lagging)))
        sync_start(lagging->failover, lagging->tunnel, false);
    watch(lagging);
}

/* Nothing has been listened to meanwhile: what was waited for is waited for anew. */
void lagging_suspend(struct l2tpha_tunnel *tunnel, bool rests)
{
    struct lagging *lagging = tunnel->lagging;

    if (!lagging || lagging->rests == rests)
        return;
    struct engine *engine = lagging->failover->engine;
    lagging->rests = rests;
    if (rests) {
        wheel_disarm(engine->wheel, &lagging->timer);
        return;
    }
    if (lagging->state == LAGGING_WATCHING) {
        watch(lagging);
        return;
    }
    lagging->tries = 0;
    lagging->probe_at = engine->now;
    lagging->deadline = engine->now + channel_cycle_us(engine) + observe_us(lagging);
    if (lagging->observed != L2TPHA_NEVER)
        lagging->observed = engine->now + observe_us(lagging);
    arm(lagging);
}

bool lagging_is_old(const struct l2tpha_tunnel *tunnel, const struct l2tpha_header *header)
{
    return tunnel->lagging && serial_before(header->ns, tunnel->lagging->end);
}

void lagging_superseded(struct l2tpha_tunnel *tunnel)
{
    struct lagging *lagging = tunnel->lagging;

    if (!lagging)
        return;
    if (lagging->state != LAGGING_WATCHING) {
        say(lagging, "resynchronised by the peer's recovery");
        resynchronised(lagging);
    }
    end(lagging);
}

static void check(struct lagging *lagging)
{
    const struct engine *engine = lagging->failover->engine;
    /* What the record expects has come: the peer had no acknowledgement of it. */
    bool complete = lagging->next != record_of(lagging)->nr ||
                    (lagging->knows_end && !serial_before(record_of(lagging)->nr, lagging->end));

    if (is_filled(lagging) && (complete || engine->now >= lagging->observed)) {
        if (complete || jump(lagging))
            finish(lagging);
        return;
    }
    if (engine->now >= lagging->observed && !pass_over(lagging))
        return;
    if (wants_end(lagging) && engine->now >= lagging->probe_at)
        probe(lagging, (uint16_t)(record_of(lagging)->acked - 1));
    arm(lagging);
}

/* --- what comes --- */

static void note_end(struct lagging *lagging, uint16_t end_seen)
{
    if (!lagging->knows_end && serial_after(end_seen, lagging->end))
        lagging->end = end_seen;
}

/* A ZLB's Ns is the next message of the peer; any other's is its own. */
static void note(struct lagging *lagging, const struct l2tpha_header *header)
{
    const struct l2tpha_tunnel_record *record = record_of(lagging);
    bool zlb = wire_is_ack(record_wire(record), header);

    note_end(lagging, zlb ? header->ns : (uint16_t)(header->ns + 1));
    if (zlb && !lagging->knows_end && is_fresh(lagging, header->nr)) {
        lagging->knows_end = true;
        lagging->end = header->ns;
    }
    if (zlb || serial_before(header->ns, record->nr))
        return;
    if (!lagging->seen || serial_before(header->ns, lagging->lowest)) {
        lagging->lowest = header->ns;
        lagging->times = 0;
    }
    lagging->seen = true;
    if (header->ns == lagging->lowest && lagging->times < REPEATED)
        lagging->times++;
}

void lagging_input(struct failover *failover, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_header *header)
{
    struct lagging *lagging = tunnel->lagging;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct engine *engine = failover->engine;

    /* Below what the record knows to be acknowledged: a straggler, or a peer that has failed. What
     * it sends it sends, but it answers nothing. */
    bool answers = !serial_before(header->nr, lagging->first);
    if (!answers || serial_after(header->nr, record->acked))
        engine->counters.resync_anomalies++;
    if (serial_after(header->nr, record->acked))
        return;
    lagging->peer_lagging = serial_before(header->nr, record->acked);
    note(lagging, header);
    if (lagging->state == LAGGING_WATCHING) {
        if (!serial_before(record->nr, lagging->end))
            end(lagging);
        return;
    }
    if (lagging->observed == L2TPHA_NEVER && (answers || lagging->times == REPEATED))
        lagging->observed = engine->now + observe_us(lagging);
    if (lagging->state == LAGGING_READING && answers)
        fill(lagging, record->acked == lagging->first);
    check(lagging);
}

struct l2tpha_tunnel *lagging_tunnel(struct timer *timer)
{
    return container_of(timer, struct lagging, timer)->tunnel;
}

bool lagging_timer(struct failover *failover, struct timer *timer)
{
    struct lagging *lagging = container_of(timer, struct lagging, timer);
    struct engine *engine = failover->engine;
    bool stuck = lagging->stuck_at == record_of(lagging)->nr;

    ASSERT(&engine->log, !lagging->rests); /* its timer rests, too */
    if (lagging->state == LAGGING_WATCHING) {
        if (!stuck || jump(lagging))
            watch(lagging);
        return true;
    }
    if (!is_filled(lagging) && engine->now >= lagging->deadline) {
        engine->counters.resyncs_failed++;
        say(lagging, "the peer's numbers cannot be found, tunnel cleared");
        return false;
    }
    if (lagging->state == LAGGING_READING && engine->now >= lagging->probe_at) {
        if (lagging->tries < PROBE_TRIES)
            probe(lagging, (uint16_t)(lagging->first - 1));
        else
            fill(lagging, true);
    }
    check(lagging);
    return true;
}
