/* SPDX-License-Identifier: MIT */
/* The state of a session: the one place that writes it, whichever machine runs it, and what follows
 * from it for everybody else. */
#include "dispatch/session_state.h"

#include "base/assert.h"
#include "control/event.h"
#include "failover/tunnel.h"

const char *const session_state_names[SESSION_STATES] = {
    [L2TPHA_SESSION_IDLE] = "idle",
    [L2TPHA_SESSION_WAIT_TUNNEL] = "wait-tunnel",
    [L2TPHA_SESSION_WAIT_REPLY] = "wait-reply",
    [L2TPHA_SESSION_WAIT_CONNECT] = "wait-connect",
    [L2TPHA_SESSION_WAIT_CS_ANSWER] = "wait-cs-answer",
    [L2TPHA_SESSION_ESTABLISHED] = "established",
};

const char *l2tpha_session_state_name(uint8_t state)
{
    return state < SESSION_STATES ? session_state_names[state] : "unknown";
}

/* Its machine in RFC 2661 7.4 and 7.5. */
static const char *kind_of(const struct l2tpha_session *session)
{
    bool lac = session->entry.side == L2TPHA_LAC;

    if (session->entry.call == L2TPHA_CALL_INCOMING)
        return lac ? "LAC incoming call" : "LNS incoming call";
    return lac ? "LAC outgoing call" : "LNS outgoing call";
}

/* Whether the session is announced to the host: the host asked for it, or was told. */
static bool is_announced(const struct l2tpha_session *session, uint8_t state)
{
    return session->entry.flags & L2TPHA_SESSION_LOCAL_CALL ||
           session->entry.tunnel->record.flags & L2TPHA_TUNNEL_ATTACHED ||
           state == L2TPHA_SESSION_ESTABLISHED || state == L2TPHA_SESSION_WAIT_CS_ANSWER;
}

static void tell_down(struct l2tpha_session *session, const struct machine_input *input)
{
    struct engine *engine = session_engine(session);
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

static void log_down(const struct l2tpha_session *session, const struct machine_input *input)
{
    const struct log *log = &session_engine(session)->log;
    char text[MACHINE_TEXT];

    if (log_wanted(log, L2TPHA_LOG_EVENT))
        log_line(log, L2TPHA_LOG_EVENT, session->entry.tunnel->record.local_id,
                 session->entry.local_id, "session is down: %s (%u/%u)",
                 reason_text(input->words, input->reason, text, sizeof(text)), input->result,
                 input->error);
}

static void end(struct l2tpha_session *session, uint8_t before, const struct machine_input *input)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    struct engine *engine = tunnel->engine;

    if (before == L2TPHA_SESSION_ESTABLISHED)
        engine->counters.sessions_down++;
    if (is_announced(session, before) && !input->quiet)
        tell_down(session, input);
    log_down(session, input);
    if (tunnel->sync || tunnel->inactivity)
        failover_session_removed(engine->failover, session);
    ASSERT(&engine->log, before == L2TPHA_SESSION_WAIT_TUNNEL || !session->wait_back);
    session_leave_line(session);
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
                 const struct machine_input *input)
{
    struct engine *engine = session_engine(session);
    struct event_item *event = engine_event(engine, kind, session_tunnel(session), session);

    if (input->message)
        event_attach_message(engine, event);
    log_line(&engine->log, L2TPHA_LOG_EVENT, session->entry.tunnel->record.local_id,
             session->entry.local_id, "%s", text);
}

/* RFC 2661 5.4: numbers are always there once Sequencing Required was given. */
static void require_sequencing(struct l2tpha_session *session)
{
    session->entry.flags |= L2TPHA_SESSION_SEQUENCING;
    session_lease_numbers(session);
}

/* The LAC's end comes up with its ICCN or OCCN, queued just now: data follows it. A daemon's data
 * is its own. */
static void begin_data(struct l2tpha_session *session)
{
    if (session->entry.tunnel->record.flags & L2TPHA_TUNNEL_ATTACHED)
        return;
    if (session->entry.side == L2TPHA_LAC) {
        ASSERT(&session_engine(session)->log, !channel_idle(&session_tunnel(session)->channel));
        session->connecting = true;
        session->connect_ns = (uint16_t)(session_tunnel(session)->entry.record.ns - 1);
    }
    if (session->entry.flags & L2TPHA_SESSION_SEQUENCING_REQUIRED)
        require_sequencing(session);
}

void session_set_state(struct l2tpha_session *session, uint8_t next,
                       const struct machine_input *input)
{
    struct engine *engine = session_engine(session);
    uint8_t before = session->entry.state;

    ASSERT(&engine->log, !session_is_gone(session) && next < SESSION_STATES);
    ASSERT(&engine->log, next == L2TPHA_SESSION_IDLE || next == L2TPHA_SESSION_WAIT_TUNNEL ||
                             session->entry.tunnel->record.state == L2TPHA_TUNNEL_ESTABLISHED);
    log_line(&engine->log, L2TPHA_LOG_FSM, session->entry.tunnel->record.local_id,
             session->entry.local_id, "%s: %s -> %s", kind_of(session),
             l2tpha_session_state_name(before), l2tpha_session_state_name(next));
    session->entry.state = next;
    session->entry.since = (uint32_t)(engine->now / US_PER_S);
    if (next == L2TPHA_SESSION_IDLE) {
        end(session, before, input);
        return;
    }
    ASSERT(&engine->log, before == L2TPHA_SESSION_WAIT_TUNNEL || !session->wait_back);
    session_leave_line(session);
    if (next == L2TPHA_SESSION_WAIT_TUNNEL)
        session_join_line(session);
    session_arm(session);
    ledger_mark_session(engine->ledger, &session->entry);
    if (next == L2TPHA_SESSION_WAIT_CS_ANSWER)
        rise(session, L2TPHA_EVENT_SESSION_CALL, "outgoing call is wanted", input);
    if (next == L2TPHA_SESSION_ESTABLISHED) {
        engine->counters.sessions_up++;
        begin_data(session);
        rise(session, L2TPHA_EVENT_SESSION_UP, "session is up", input);
    }
}

void session_end_all(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct machine_input copy = *input;

    copy.with_tunnel = true;
    while (tunnel->entry.sessions)
        session_set_state(session_of(tunnel->entry.sessions), L2TPHA_SESSION_IDLE, &copy);
}
