/* SPDX-License-Identifier: MIT */
/* A session's life outside its machine: making it, its line before the tunnel is up, its timer, its
 * end. */
#include "engine/session.h"

#include "state/record.h"

#define US_PER_MS UINT64_C(1000)
#define US_PER_S UINT64_C(1000000)
#define RESULT_NOT_IN_TIME 10 /* CDN, RFC 2661 4.4.2 */
#define CDN_BYTES 512         /* reasons are short */
#define START_BYTES 65536     /* of what waiting calls bring with them into one checkpoint */
#define RETRY_MS 250          /* when the queue was full or memory was out */
#define RETRY_SPREAD_MS 256

static struct engine *engine_of(const struct l2tpha_session *session)
{
    return session_tunnel(session)->engine;
}

/* A takeover that comes to the tunnel only now may end the session. */
int session_begin(struct l2tpha_session *session, uint64_t now)
{
    if (!session)
        return L2TPHA_ERR_INVALID;
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    uint32_t id = session->entry.local_id;
    bool live = tunnel->engine;
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    if (session_is_gone(session))
        return L2TPHA_ERR_STATE;
    if (live)
        return L2TPHA_OK;
    return tunnel_session_find(tunnel, id) == session ? L2TPHA_OK : L2TPHA_ERR_STATE;
}

int session_new(struct l2tpha_tunnel *tunnel, struct l2tpha_session **session)
{
    struct engine *engine = tunnel->engine;
    int error;

    uint16_t id = session_id_free(tunnel);
    if (!id)
        return L2TPHA_ERR_NO_ID;
    struct session_entry *entry = table_session_add(engine->table, &tunnel->entry, id, &error);
    if (!entry)
        return error;
    if (engine->config.needs_app_state)
        entry->flags |= L2TPHA_SESSION_NEEDS_APP;
    if (tunnel->entry.session_count == 1 && tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_arm(tunnel); /* it idles no longer */
    session_start(engine, session_of(entry));
    *session = session_of(entry);
    return L2TPHA_OK;
}

/* --- the line of sessions that wait for the tunnel --- */

static void join_line(struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (!tunnel->waiting)
        tunnel->waiting_end = &tunnel->waiting;
    session->wait_next = NULL;
    session->wait_back = tunnel->waiting_end;
    *tunnel->waiting_end = session;
    tunnel->waiting_end = &session->wait_next;
}

static void leave_line(struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (!session->wait_back)
        return;
    *session->wait_back = session->wait_next;
    if (session->wait_next)
        session->wait_next->wait_back = session->wait_back;
    else
        tunnel->waiting_end = session->wait_back;
    session->wait_back = NULL;
    session->wait_next = NULL;
}

bool session_is_allowed(const struct l2tpha_session *session)
{
    const struct l2tpha_tunnel_record *peer = &session->entry.tunnel->record;

    if (session->entry.framing & ~peer->framing_caps)
        return false;
    /* RFC 2661 6.9: OCRQ goes only to an LAC that said it can place calls, and of that kind. */
    return session->entry.call == L2TPHA_CALL_INCOMING ||
           (peer->flags & L2TPHA_TUNNEL_BEARER_CAPS &&
            !(session->entry.bearer & ~peer->bearer_caps));
}

bool session_start_waiting(struct l2tpha_tunnel *tunnel, uint32_t most)
{
    struct engine *engine = tunnel->engine;
    size_t bytes = 0;

    while (tunnel->waiting && most-- > 0 && bytes < START_BYTES && tunnel_is_open(tunnel) &&
           channel_has_own_room(engine, &tunnel->channel)) {
        struct l2tpha_session *session = tunnel->waiting;
        struct session_input input = {.status = L2TPHA_ERR_REFUSED,
                                      .reason = "the peer has not advertised what the call needs"};
        bool allowed = session_is_allowed(session);
        bytes += table_session_bytes(&session->entry);
        session_step(session, allowed ? SESSION_TUNNEL_OPEN : SESSION_CLOSE, &input);
    }
    return tunnel->waiting != NULL;
}

/* --- timer --- */

static uint64_t state_limit_us(const struct l2tpha_session *session)
{
    const struct l2tpha_config *config = &engine_of(session)->config;

    switch (session->entry.state) {
    case L2TPHA_SESSION_WAIT_TUNNEL:
    case L2TPHA_SESSION_WAIT_REPLY:
        return config->setup_ms * US_PER_MS;
    case L2TPHA_SESSION_WAIT_CONNECT:
        /* The LAC gives an outgoing call its own time to be answered. */
        return (session->entry.call == L2TPHA_CALL_OUTGOING
                    ? (uint64_t)config->setup_ms + config->answer_ms
                    : config->setup_ms) *
               US_PER_MS;
    case L2TPHA_SESSION_WAIT_CS_ANSWER:
        return config->answer_ms * US_PER_MS;
    default:
        return 0;
    }
}

/* There may be many of them, and each has a checkpoint of its own: not all at one instant. */
static void retry_later(struct l2tpha_session *session)
{
    struct engine *engine = engine_of(session);
    uint64_t pause = RETRY_MS + session->entry.local_id % RETRY_SPREAD_MS;

    wheel_arm(engine->wheel, &session->timer, engine->now + pause * US_PER_MS);
}

/* A call that is to be ended goes on with its machine until it can be, and ends all the same. */
static void arm(struct l2tpha_session *session)
{
    struct engine *engine = engine_of(session);
    uint64_t limit = state_limit_us(session);

    if (session->dismissed) {
        retry_later(session);
        return;
    }
    wheel_arm(engine->wheel, &session->timer, limit ? engine->now + limit : L2TPHA_NEVER);
}

/* A timer or a takeover may end more calls than the queue or memory has room for. Without its CDN
 * the peer would keep the call. */
static bool can_speak(const struct l2tpha_session *session)
{
    struct engine *engine = engine_of(session);

    return session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL ||
           (!session_tunnel(session)->channel.suspended &&
            channel_has_own_room(engine, &session_tunnel(session)->channel) &&
            buffer_reserve(engine->pool, CDN_BYTES) == L2TPHA_OK);
}

int session_dismiss(struct l2tpha_session *session, uint16_t result, const char *reason)
{
    struct session_input input = {.result = result, .reason = reason};

    if (!can_speak(session) || ledger_is_full(engine_of(session)->ledger)) {
        session->dismissed = result;
        retry_later(session);
        return L2TPHA_OK;
    }
    return session_step(session, SESSION_CLOSE, &input);
}

void session_timer_due(struct l2tpha_session *session)
{
    struct session_input input = {.status = L2TPHA_ERR_TIMEOUT,
                                  .result = RESULT_NOT_IN_TIME,
                                  .reason = "not established in time"};

    if (!can_speak(session))
        retry_later(session);
    else if (session->dismissed)
        session_dismiss(session, session->dismissed, "ended in failover");
    else
        session_step(session, SESSION_TIMEOUT, &input);
}

/* --- live --- */

void session_start(struct engine *engine, struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    session->timer.kind = TIMER_SESSION;
    session->entry.sent_ns = session->lease_end = session->entry.data_ns;
    id_set_take(&tunnel->session_ids_taken, session->entry.local_id);
    if (session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL) {
        join_line(session);
        if (tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED)
            wheel_arm(engine->wheel, &tunnel->start, engine->now);
    }
    arm(session);
}

int session_step(struct l2tpha_session *session, uint8_t event, struct session_input *input)
{
    struct engine *engine = engine_of(session);
    struct session_input *outer = engine->session_input;

    engine->session_input = input;
    int error = fsm_step(session_fsm(session), session->entry.state, event, session, input);
    engine->session_input = outer;
    return error;
}

/* Whether the host has heard of it: it asked for it, or was told. */
static bool is_told(const struct l2tpha_session *session, uint8_t state)
{
    return session->entry.flags & L2TPHA_SESSION_LOCAL_CALL ||
           state == L2TPHA_SESSION_ESTABLISHED || state == L2TPHA_SESSION_WAIT_CS_ANSWER;
}

static void tell_down(struct l2tpha_session *session, const struct session_input *input)
{
    struct engine *engine = engine_of(session);
    struct event_item *event =
        engine_event(engine, L2TPHA_EVENT_SESSION_DOWN, session_tunnel(session), session);

    if (!event)
        return;
    event->result = input->result;
    event->error = input->error;
    event->status = input->status;
    event->by_peer = input->by_peer;
    event->successor = input->successor;
    reason_text(input->words, input->reason, event->text, sizeof(event->text));
    if (input->message)
        event_attach_message(engine, event);
}

static void log_down(const struct l2tpha_session *session, const struct session_input *input)
{
    const struct log *log = &engine_of(session)->log;
    char text[INPUT_TEXT];

    if (log_wanted(log, L2TPHA_LOG_EVENT))
        log_line(log, L2TPHA_LOG_EVENT, session->entry.tunnel->record.local_id,
                 session->entry.local_id, "session is down: %s (%u/%u)",
                 reason_text(input->words, input->reason, text, sizeof(text)), input->result,
                 input->error);
}

static void end(struct l2tpha_session *session, uint8_t before, const struct session_input *input)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    struct engine *engine = tunnel->engine;

    if (before == L2TPHA_SESSION_ESTABLISHED)
        engine->counters.sessions_down++;
    if (is_told(session, before) && !input->quiet)
        tell_down(session, input);
    log_down(session, input);
    if (tunnel->sync || tunnel->inactivity)
        engine->failover.left(engine->failover.user, session);
    leave_line(session);
    wheel_disarm(engine->wheel, &session->timer);
    TALLOC_FREE(session->wen);
    id_set_give(&tunnel->session_ids_taken, session->entry.local_id);
    if (input->with_tunnel)
        ledger_forget_session(engine->ledger, &session->entry);
    else
        ledger_gone_session(engine->ledger, &session->entry);
    table_session_detach(engine->table, &session->entry);
    engine_bury(engine, session);
    if (tunnel->entry.session_count == 0 && tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_arm(tunnel);
}

static void rise(struct l2tpha_session *session, uint8_t kind, const char *text,
                 const struct session_input *input)
{
    struct engine *engine = engine_of(session);
    struct event_item *event = engine_event(engine, kind, session_tunnel(session), session);

    if (input->message)
        event_attach_message(engine, event);
    log_line(&engine->log, L2TPHA_LOG_EVENT, session->entry.tunnel->record.local_id,
             session->entry.local_id, "%s", text);
}

void session_enter(void *object, uint8_t next)
{
    static const struct session_input nothing;
    struct l2tpha_session *session = object;
    struct engine *engine = engine_of(session);
    const struct session_input *input = engine->session_input ? engine->session_input : &nothing;
    uint8_t before = session->entry.state;

    log_line(&engine->log, L2TPHA_LOG_FSM, session->entry.tunnel->record.local_id,
             session->entry.local_id, "%s: %s -> %s", session_fsm(session)->name,
             l2tpha_session_state_name(before), l2tpha_session_state_name(next));
    session->entry.state = next;
    session->entry.since = (uint32_t)(engine->now / US_PER_S);
    if (next == L2TPHA_SESSION_IDLE) {
        end(session, before, input);
        return;
    }
    leave_line(session);
    if (next == L2TPHA_SESSION_WAIT_TUNNEL)
        join_line(session);
    arm(session);
    ledger_mark_session(engine->ledger, &session->entry);
    if (next == L2TPHA_SESSION_WAIT_CS_ANSWER)
        rise(session, L2TPHA_EVENT_SESSION_CALL, "outgoing call is wanted", input);
    if (next == L2TPHA_SESSION_ESTABLISHED) {
        engine->counters.sessions_up++;
        rise(session, L2TPHA_EVENT_SESSION_UP, "session is up", input);
    }
}

static void forget(struct l2tpha_session *session, struct session_input *input)
{
    struct engine *engine = engine_of(session);
    struct session_input *outer = engine->session_input;

    engine->session_input = input;
    session_enter(session, L2TPHA_SESSION_IDLE);
    engine->session_input = outer;
}

void session_clear(struct l2tpha_session *session, int status, const char *why)
{
    struct session_input input = {.status = status, .reason = why};

    forget(session, &input);
}

static void settle(struct l2tpha_session *session, bool data_channel)
{
    struct session_input input = {.status = L2TPHA_ERR_NOT_IN_SYNC,
                                  .reason = "not established when the tunnel was recovered",
                                  .with_tunnel = true};
    struct session_entry *entry = &session->entry;

    if (!session_outlives_reset(entry)) {
        forget(session, &input);
        return;
    }
    session->connecting = false; /* what would have told the peer is flushed, or was told */
    if (data_channel && session_is_numbered(entry))
        entry->sent_ns = entry->data_ns = session->lease_end = 0;
}

/* The standby does the same by the count, replica.c. */
void session_settle_all(struct l2tpha_tunnel *tunnel, bool data_channel)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    record->resets = record_next_resets(record->resets, data_channel);
    tunnel_mark(tunnel, DIRTY_FULL);
    for (struct session_entry *entry = tunnel->entry.sessions, *next; entry; entry = next) {
        next = entry->next;
        settle(session_of(entry), data_channel);
    }
}

void session_clear_all(struct l2tpha_tunnel *tunnel, const struct session_input *input)
{
    struct session_input copy = *input;

    copy.with_tunnel = true;
    while (tunnel->entry.sessions)
        forget(session_of(tunnel->entry.sessions), &copy);
}
