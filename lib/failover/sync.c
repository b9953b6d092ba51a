/* SPDX-License-Identifier: MIT */
/* Asking. A cursor walks over the tunnel's sessions, newest first; each that is asked about
 * joins the end of a line and leaves it with its answer, so that the first in line is the one whose
 * answer is due. A second line has those found paired otherwise (RFC 4951 3.3, appendix C), which
 * are asked about again after a pause. FSQs go as far ahead as the window allows just now; when
 * acknowledgements make room the next ones follow.
 *
 * After a recovery both ends ask. Who asks about a session that the other end has named correctly
 * learns nothing: so each end begins with those in which its own id is the lower one, about half,
 * and then asks about those of the others that the peer has not come to.
 *
 * Nobody is asked about again, or given up, whose FSQ is still on its way. The channel delivers it,
 * and a peer that acknowledges nothing may be resting the channel for a recovery that comes to
 * nothing, and answer later. */
#include "failover/sync.h"

#include "base/assert.h"
#include "control/session.h"
#include "control/tunnel_send.h"
#include "control/window.h"
#include "failover/sync_private.h"

#define STALE_MS 1000           /* a session is asked about at most once in this time */
#define AHEAD 128               /* messages queued by us at one time, whatever the window */
#define STEPS 4096              /* sessions looked at in one event */
#define STEP_PAUSE_US US_PER_MS /* before the next */
#define ROOM_PAUSE_US US_PER_S  /* when there is no room and no acknowledgement to make any */

_Static_assert(QUERY_ANSWERED < 8, "l2tpha_session.query has three bits");

/* --- lines --- */

/* Rounded up, so that no wait is shorter than it should be. */
static uint32_t stamp_of(const struct sync *sync)
{
    return (uint32_t)((sync_engine(sync)->now + US_PER_MS - 1) / US_PER_MS);
}

void sync_join(struct sync *sync, struct l2tpha_session *session, uint8_t query)
{
    struct line *line = query == QUERY_ASKED ? &sync->asked : &sync->stale;

    ASSERT(&sync_engine(sync)->log, session->entry.state == L2TPHA_SESSION_ESTABLISHED);
    ASSERT(&sync_engine(sync)->log, !session->query_back);
    session->query = query;
    session->query_at = stamp_of(sync);
    session->query_next = NULL;
    session->query_back = line->end;
    *line->end = session;
    line->end = &session->query_next;
}

void sync_leave(struct sync *sync, struct l2tpha_session *session)
{
    struct line *line = session->query == QUERY_ASKED ? &sync->asked : &sync->stale;

    ASSERT(&sync_engine(sync)->log, session->query == QUERY_ASKED || session->query == QUERY_STALE);
    ASSERT(&sync_engine(sync)->log, session->query_back && *session->query_back == session);
    *session->query_back = session->query_next;
    if (session->query_next)
        session->query_next->query_back = session->query_back;
    else
        line->end = session->query_back;
    session->query_back = NULL;
    session->query = QUERY_NONE;
}

static bool is_in_line(const struct l2tpha_session *session)
{
    return session->query == QUERY_ASKED || session->query == QUERY_STALE;
}

void sync_close_query(struct sync *sync, struct l2tpha_session *session)
{
    sync_leave(sync, session);
    session->query_tries = 0;
}

/* Milliseconds that the first in line has to wait yet. */
static int32_t wait_of(const struct sync *sync, const struct line *line, uint32_t wait_ms)
{
    return (int32_t)(line->first->query_at + wait_ms - sync_now_ms(sync));
}

/* --- whom to ask next --- */

/* Also one that this end is about to end: the wish may die with this node. */
static bool is_wanted(const struct sync *sync, const struct l2tpha_session *session)
{
    const struct session_entry *entry = &session->entry;

    return entry->state == L2TPHA_SESSION_ESTABLISHED && !is_in_line(session) &&
           (!sync->suspects || (int32_t)(entry->since - sync->from) >= 0);
}

/* Where it is shared: this end asks first about the one half, then, if need be, about the other. */
static bool is_its_turn(const struct sync *sync, const struct l2tpha_session *session)
{
    bool ours = session->entry.local_id <= session->entry.remote_id;

    return sync->round == 0 || ours != sync->second;
}

/* The peer has said all that it could answer. */
static bool is_known(struct sync *sync, const struct l2tpha_session *session)
{
    if (sync->round == 0 || session->query != QUERY_NAMED || session->query_at != sync->round)
        return false;
    sync->queried++;
    sync_engine(sync)->counters.queries_saved++;
    return true;
}

/* RFC 4951 has no end for an FSQ without an answer: it is no evidence, so the session stays. */
static void keep_unverified(struct sync *sync, struct l2tpha_session *session)
{
    sync_close_query(sync, session);
    sync->unverified++;
    sync_engine(sync)->counters.sessions_unverified++;
}

/* A number of before a reset, which flushes the FSQs, is hardly among those out. */
static bool is_unheard(const struct sync *sync)
{
    const struct l2tpha_tunnel_record *record = &sync->tunnel->entry.record;
    uint16_t out = (uint16_t)(record->ns - record->acked);

    return (uint16_t)(sync->last_ns - record->acked) < out;
}

static bool is_under_way(const struct sync *sync, const struct l2tpha_session *session)
{
    return session->query == QUERY_ASKED && is_unheard(sync) &&
           (int32_t)(session->query_at - sync->unheard_at) >= 0;
}

/* The first in line when it has waited long enough; out of the line, unless it is given up. */
static struct l2tpha_session *take_ripe(struct sync *sync, struct line *line, uint32_t wait_ms,
                                        uint32_t *steps)
{
    while (line->first && wait_of(sync, line, wait_ms) <= 0 && *steps > 0) {
        struct l2tpha_session *session = line->first;
        --*steps;
        if (is_under_way(sync, session)) {
            sync_leave(sync, session);
            sync_join(sync, session, QUERY_ASKED);
            continue;
        }
        if (session->query_tries < sync_engine(sync)->config.query_tries) {
            sync_leave(sync, session);
            return session;
        }
        keep_unverified(sync, session);
    }
    return NULL;
}

/* What can leave now: answers do not wait behind more of ours. */
static bool may_ask_more(const struct sync *sync)
{
    return sync->tunnel->entry.queue_count < window_size(&sync->tunnel->channel);
}

static struct l2tpha_session *take_new(struct sync *sync, uint32_t *steps)
{
    while (sync->cursor && *steps > 0 && may_ask_more(sync)) {
        struct l2tpha_session *session = session_of(sync->cursor);
        --*steps;
        sync->cursor = sync->cursor->next;
        if (is_wanted(sync, session) && is_its_turn(sync, session) && !is_known(sync, session))
            return session;
    }
    return NULL;
}

static struct l2tpha_session *take_next(struct sync *sync, uint32_t *steps)
{
    struct l2tpha_session *session = take_ripe(sync, &sync->stale, STALE_MS, steps);

    if (!session)
        session = take_ripe(sync, &sync->asked, sync_engine(sync)->config.query_ms, steps);
    return session ? session : take_new(sync, steps);
}

static void ask(struct sync *sync, struct l2tpha_session *session,
                struct l2tpha_failover_session *state)
{
    *state = (struct l2tpha_failover_session){.session_id = session->entry.local_id,
                                              .remote_session_id = session->entry.remote_id};
    if (session->query_tries++ == 0)
        sync->queried++;
    sync_engine(sync)->counters.queries_out++;
    sync_join(sync, session, QUERY_ASKED);
}

/* --- sending --- */

static bool may_send(const struct sync *sync)
{
    const struct l2tpha_tunnel *tunnel = sync->tunnel;
    uint32_t window = tunnel->entry.record.remote_window;

    if (window > AHEAD)
        window = AHEAD;
    return tunnel_is_open(tunnel) && tunnel->entry.queue_count < (window ? window : 1) &&
           channel_has_own_room(tunnel->engine, &tunnel->channel);
}

/* One FSQ; false when there is nobody to be asked about now, or it cannot be sent. Those on an FSQ
 * that could not be sent are asked about again like those whose answer is lost. */
static bool send_query(struct sync *sync, uint32_t *steps, int *error)
{
    struct l2tpha_session *session;
    const size_t most = failover_states(sync->tunnel);
    struct l2tpha_failover_session state;
    struct l2tpha_builder builder;
    size_t count = 0;

    ASSERT(&sync->failover->engine->log, most > 0);
    tunnel_build_states(sync->tunnel, &builder, L2TPHA_MESSAGE_FSQ);
    for (; count < most && (session = take_next(sync, steps)); count++) {
        ask(sync, session, &state);
        l2tpha_builder_put_session_state(&builder, &state);
    }
    if (count == 0)
        return false;
    bool unheard = is_unheard(sync);
    *error = tunnel_send_states(sync->tunnel, &builder);
    if (*error)
        return false;
    if (!unheard)
        sync->unheard_at = stamp_of(sync);
    sync->last_ns = (uint16_t)(sync->tunnel->entry.record.ns - 1);
    return true;
}

static void end(struct sync *sync)
{
    ASSERT(&sync_engine(sync)->log, sync->tunnel->sync == sync);
    wheel_disarm(sync_engine(sync)->wheel, &sync->timer);
    sync->tunnel->sync = NULL;
    talloc_free(sync);
}

static void tell(const struct sync *sync)
{
    if (sync->tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return;
    log_line(&sync_engine(sync)->log, L2TPHA_LOG_RESYNC, sync->tunnel->entry.record.local_id, 0,
             "%u sessions asked about, %u cleared, %u not answered for", sync->queried,
             sync->cleared, sync->unverified);
    struct event_item *event =
        failover_tell(sync->failover, L2TPHA_EVENT_SESSIONS_SYNCED, sync->tunnel);
    if (!event)
        return;
    event->queried = sync->queried;
    event->cleared = sync->cleared;
    event->unverified = sync->unverified;
}

static void arm(struct sync *sync, bool blocked)
{
    struct engine *engine = sync_engine(sync);
    int32_t wait = INT32_MAX, other;

    if (sync->asked.first)
        wait = wait_of(sync, &sync->asked, engine->config.query_ms);
    if (sync->stale.first && (other = wait_of(sync, &sync->stale, STALE_MS)) < wait)
        wait = other;
    if (sync->cursor || wait <= 0)
        wheel_arm(engine->wheel, &sync->timer,
                  engine->now + (blocked ? ROOM_PAUSE_US : STEP_PAUSE_US));
    else
        wheel_arm(engine->wheel, &sync->timer, engine->now + (uint64_t)wait * US_PER_MS);
}

static void set_owed(struct l2tpha_tunnel *tunnel, bool owed)
{
    uint32_t *flags = &tunnel->entry.record.flags, before = *flags;

    *flags = owed ? before | L2TPHA_TUNNEL_UNSYNCED : before & ~(uint32_t)L2TPHA_TUNNEL_UNSYNCED;
    if (*flags != before)
        tunnel_mark(tunnel, DIRTY_FULL);
}

static bool is_over(const struct sync *sync)
{
    return !sync->cursor && (sync->round == 0 || sync->second) && !sync->asked.first &&
           !sync->stale.first;
}

/* Once what was asked is acknowledged the peer, if it asks at all, has had as much time. */
static bool begin_second(struct sync *sync)
{
    if (sync->cursor || sync->round == 0 || sync->second || is_unheard(sync))
        return false;
    sync->second = true;
    sync->cursor = sync->tunnel->entry.sessions;
    return true;
}

static void go_on(struct sync *sync)
{
    uint32_t steps = STEPS;
    int error = L2TPHA_OK;

    do {
        while (may_send(sync) && send_query(sync, &steps, &error))
            ;
    } while (begin_second(sync));
    if (is_over(sync)) {
        tell(sync);
        if (sync->whole) {
            set_owed(sync->tunnel, false);
            sync->tunnel->failed_at = 0;
        }
        end(sync);
        return;
    }
    arm(sync, error || !may_send(sync) || !may_ask_more(sync));
}

/* --- beginning and end --- */

static void forget_asked(struct sync *sync)
{
    while (sync->asked.first)
        sync_close_query(sync, sync->asked.first);
    while (sync->stale.first)
        sync_close_query(sync, sync->stale.first);
}

/* Nobody is in its lines. */
static void begin_anew(struct sync *sync)
{
    ASSERT(&sync_engine(sync)->log, !sync->asked.first && !sync->stale.first);
    wheel_disarm(sync_engine(sync)->wheel, &sync->timer);
    *sync = (struct sync){
        .failover = sync->failover,
        .tunnel = sync->tunnel,
        .timer.kind = TIMER_SYNC,
        .last_ns = (uint16_t)(sync->tunnel->entry.record.acked - 1),
        .asked.end = &sync->asked.first,
        .stale.end = &sync->stale.first,
    };
}

static int sync_of(struct failover *failover, struct l2tpha_tunnel *tunnel, struct sync **sync)
{
    if (!tunnel->sync) {
        struct sync *fresh = talloc_zero(failover->engine->table, struct sync);
        if (!fresh)
            return L2TPHA_ERR_NOMEM;
        tunnel->sync = fresh;
        fresh->tunnel = tunnel;
        fresh->failover = failover;
        begin_anew(fresh);
    }
    *sync = tunnel->sync;
    return L2TPHA_OK;
}

static int begin(struct failover *failover, struct l2tpha_tunnel *tunnel, struct sync **sync)
{
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED || tunnel_is_recovery(tunnel))
        return L2TPHA_ERR_STATE;
    if (!failover_is_capable(&tunnel->entry.record))
        return L2TPHA_ERR_AVP_MISSING;
    int error = sync_of(failover, tunnel, sync);
    if (error)
        return error;
    forget_asked(*sync);
    begin_anew(*sync);
    (*sync)->cursor = tunnel->entry.sessions;
    (*sync)->whole = true;
    return L2TPHA_OK;
}

void sync_note_failure(struct l2tpha_tunnel *tunnel, uint64_t at)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint64_t lasts = record->remote_recovery_ms * US_PER_MS;

    if (record->flags & L2TPHA_TUNNEL_UNSYNCED ||
        (tunnel->failed_at && at < tunnel->failed_at + lasts))
        return;
    tunnel->failed_at = at;
}

/* Nobody is a suspect from then on; all are when it is not known. */
static void find_suspects(struct sync *sync, const struct l2tpha_config *config)
{
    uint64_t failed_at = sync->tunnel->failed_at;

    sync->suspects = config->query == L2TPHA_QUERY_SUSPECTS && failed_at;
    sync->from = (uint32_t)(failed_at / US_PER_S) -
                 (config->suspect_ms / 1000 + (config->suspect_ms % 1000 != 0));
}

void sync_owe(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    bool asks = failover->engine->config.query != L2TPHA_QUERY_NONE &&
                failover_is_capable(&tunnel->entry.record);

    if (asks)
        sync_stop(failover, tunnel); /* what it asked has gone with the reset */
    set_owed(tunnel, asks);
}

static int start(struct failover *failover, struct l2tpha_tunnel *tunnel, bool shared)
{
    const struct l2tpha_config *config = &failover->engine->config;
    struct sync *sync;

    if (config->query == L2TPHA_QUERY_NONE)
        return L2TPHA_OK;
    int error = begin(failover, tunnel, &sync);
    if (error)
        return error;
    failover->syncs += failover->syncs == UINT32_MAX ? 2 : 1; /* never 0 */
    sync->round = shared ? failover->syncs : 0;
    sync->alone = !shared;
    find_suspects(sync, config);
    go_on(sync);
    return L2TPHA_OK;
}

void sync_start(struct failover *failover, struct l2tpha_tunnel *tunnel, bool shared)
{
    int error = start(failover, tunnel, shared);

    if (error == L2TPHA_ERR_NOMEM)
        set_owed(tunnel, true); /* sync_acknowledged() begins it */
    if (error)
        log_line(&failover->engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "sessions not asked about: %s", l2tpha_strerror(error));
}

void sync_resume(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    if (tunnel->entry.record.flags & L2TPHA_TUNNEL_UNSYNCED)
        sync_start(failover, tunnel, true);
}

int sync_query(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct sync *sync;

    if (!tunnel_is_open(tunnel))
        return L2TPHA_ERR_STATE;
    int error = begin(failover, tunnel, &sync);
    if (!error)
        go_on(sync);
    return error;
}

void sync_stop(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    struct sync *sync = tunnel->sync;

    (void)failover;
    if (!sync)
        return;
    forget_asked(sync);
    end(sync);
}

void sync_recheck(struct failover *failover, struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    struct sync *sync;

    if (is_in_line(session) || session->entry.state != L2TPHA_SESSION_ESTABLISHED ||
        !failover_is_capable(&tunnel->entry.record))
        return;
    if (sync_of(failover, tunnel, &sync)) {
        set_owed(tunnel, true);
        log_line(&failover->engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id,
                 session->entry.local_id, "stale session not asked about: no memory");
        return;
    }
    failover->engine->counters.sessions_stale++;
    sync_join(sync, session, QUERY_STALE);
}

void sync_named(struct l2tpha_session *session)
{
    const struct sync *sync = session_tunnel(session)->sync;

    if (!sync || sync->round == 0 || is_in_line(session))
        return;
    session->query = QUERY_NAMED;
    session->query_at = sync->round;
}

void sync_acknowledged(struct failover *failover, struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (tunnel->sync)
        go_on(tunnel->sync);
    else if (record->flags & L2TPHA_TUNNEL_UNSYNCED && failover_is_capable(record) &&
             !tunnel->recovery && tunnel_is_open(tunnel))
        sync_start(failover, tunnel, false); /* memory was out; what the peer asks about was not
                                                noted meanwhile */
}

void sync_timer(struct failover *failover, struct timer *timer)
{
    struct sync *sync = container_of(timer, struct sync, timer);

    ASSERT(&failover->engine->log, sync->tunnel->sync == sync && !sync->tunnel->dying);
    go_on(sync);
}

/* The last one open may go by a CDN: the end is told soon, but not from within its own. */
void sync_session_removed(struct failover *failover, struct l2tpha_session *session)
{
    struct sync *sync = session_tunnel(session)->sync;

    ASSERT(&failover->engine->log, sync && sync->tunnel == session_tunnel(session));
    if (sync->cursor == &session->entry)
        sync->cursor = session->entry.next;
    if (is_in_line(session))
        sync_close_query(sync, session);
    if (is_over(sync))
        wheel_arm(failover->engine->wheel, &sync->timer, failover->engine->now);
}
