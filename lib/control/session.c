/* SPDX-License-Identifier: MIT */
/* A session as an object: making it, its line before the tunnel is up, its timer. */
#include "control/session.h"

#include "base/assert.h"
#include "control/session_id.h"

#define LEASE 1024 /* numbers taken at one time */

_Static_assert(offsetof(struct l2tpha_session, entry) == 0,
               "the table knows the front of a session");
_Static_assert(!SIZES_COUNT || sizeof(struct l2tpha_session) <= 160, "a session's bytes");
_Static_assert(LEASE < 0x8000, "what is leased is comparable");

void session_lease_numbers(struct l2tpha_session *session)
{
    struct engine *engine = session_tunnel(session)->engine;

    ASSERT(&engine->log, (uint16_t)(session->entry.data_ns - session->entry.sent_ns) <= LEASE);
    session->entry.data_ns = (uint16_t)(session->entry.sent_ns + LEASE);
    session->lease_number = (uint32_t)ledger_next(engine->ledger);
    ledger_mark_session(engine->ledger, &session->entry);
}

#define RETRY_MS 250 /* when the queue was full or memory was out */
#define RETRY_SPREAD_MS 256

int session_new(struct l2tpha_tunnel *tunnel, struct l2tpha_session **session)
{
    uint32_t id = session_id_free(tunnel);

    return id ? session_new_with_id(tunnel, id, session) : L2TPHA_ERR_NO_ID;
}

int session_new_with_id(struct l2tpha_tunnel *tunnel, uint32_t id, struct l2tpha_session **session)
{
    struct engine *engine = tunnel->engine;
    int error;

    ASSERT(&engine->log, !tunnel_is_recovery(tunnel) && !tunnel_is_over(tunnel));
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

void session_join_line(struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    ASSERT(&tunnel->engine->log, session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL);
    ASSERT(&tunnel->engine->log, !session->wait_back);
    if (!tunnel->waiting)
        tunnel->waiting_end = &tunnel->waiting;
    session->wait_next = NULL;
    session->wait_back = tunnel->waiting_end;
    *tunnel->waiting_end = session;
    tunnel->waiting_end = &session->wait_next;
}

void session_leave_line(struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    if (!session->wait_back)
        return;
    ASSERT(&tunnel->engine->log, *session->wait_back == session);
    *session->wait_back = session->wait_next;
    if (session->wait_next)
        session->wait_next->wait_back = session->wait_back;
    else
        tunnel->waiting_end = session->wait_back;
    session->wait_back = NULL;
    session->wait_next = NULL;
}

/* --- timer --- */

static uint64_t state_limit_us(const struct l2tpha_session *session)
{
    const struct l2tpha_config *config = &session_engine(session)->config;

    if (session->entry.tunnel->record.flags & L2TPHA_TUNNEL_ATTACHED)
        return 0; /* its daemon has timers of its own */
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
void session_retry_later(struct l2tpha_session *session)
{
    struct engine *engine = session_engine(session);
    uint64_t pause = RETRY_MS + session->entry.local_id % RETRY_SPREAD_MS;

    ASSERT(&engine->log, !session_is_gone(session)); /* it would have another use of that place */
    wheel_arm(engine->wheel, &session->timer, engine->now + pause * US_PER_MS);
}

/* A call that is to be ended goes on with its machine until it can be, and ends all the same. */
void session_arm(struct l2tpha_session *session)
{
    struct engine *engine = session_engine(session);
    uint64_t limit = state_limit_us(session);

    ASSERT(&engine->log, !session_is_gone(session));
    if (session->dismissed) {
        session_retry_later(session);
        return;
    }
    wheel_arm(engine->wheel, &session->timer, limit ? engine->now + limit : L2TPHA_NEVER);
}

/* --- live --- */

void session_start(struct engine *engine, struct l2tpha_session *session)
{
    struct l2tpha_tunnel *tunnel = session_tunnel(session);

    session->timer.kind = TIMER_SESSION;
    session->entry.sent_ns = session->lease_end = session->entry.data_ns;
    id_set_take(&tunnel->session_ids_taken, session->entry.local_id);
    if (session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL) {
        session_join_line(session);
        if (tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED)
            wheel_arm(engine->wheel, &tunnel->start, engine->now);
    }
    session_arm(session);
}
