/* SPDX-License-Identifier: MIT */
/* l2tpha_session_*(): what the host may ask and say of a session, whichever machine runs it. */
#include "control/event.h"
#include "control/transaction.h"
#include "dispatch/begin.h"

static struct engine *engine_of(const struct l2tpha_session *session)
{
    return session_tunnel(session)->engine;
}

int l2tpha_session_heard(struct l2tpha_session *session, uint64_t now)
{
    int error = session_begin(session, now);
    if (error)
        return error;
    session->unheard = false;
    tunnel_heard(session_tunnel(session));
    return engine_leave(engine_of(session), L2TPHA_OK);
}

int l2tpha_session_set_app_state(struct l2tpha_session *session, const uint8_t *data, size_t len,
                                 uint64_t now)
{
    int error = session_begin(session, now);
    if (error)
        return error;
    if (len > ENGINE_APP_STATE || (!data && len))
        return L2TPHA_ERR_INVALID;
    struct engine *engine = engine_of(session);
    error = table_session_set_bytes(engine->table, &session->entry,
                                    offsetof(struct session_extra, app_state), data, len);
    if (!error)
        ledger_mark_session(engine->ledger, &session->entry);
    return engine_leave(engine, error);
}

int l2tpha_session_needs_app_state(struct l2tpha_session *session, bool needed, uint64_t now)
{
    int error = session_begin(session, now);
    if (error)
        return error;
    struct engine *engine = engine_of(session);
    if (needed)
        session->entry.flags |= L2TPHA_SESSION_NEEDS_APP;
    else
        session->entry.flags &= (uint8_t)~L2TPHA_SESSION_NEEDS_APP;
    ledger_mark_session(engine->ledger, &session->entry);
    return engine_leave(engine, L2TPHA_OK);
}

struct l2tpha_session *l2tpha_session_next(const struct l2tpha_tunnel *tunnel,
                                           const struct l2tpha_session *previous)
{
    struct session_entry *next = previous ? previous->entry.next : tunnel->entry.sessions;

    return next ? session_of(next) : NULL;
}

void l2tpha_session_get(const struct l2tpha_session *session, struct l2tpha_session_record *record)
{
    table_session_get(&session->entry, record);
    if (!(record->flags & L2TPHA_SESSION_LINK_INFO)) /* RFC 2661 4.4.6: every character is mapped */
        record->send_accm = record->receive_accm = UINT32_MAX;
}

uint32_t l2tpha_session_id(const struct l2tpha_session *session)
{
    return session->entry.local_id;
}

struct l2tpha_tunnel *l2tpha_session_tunnel(const struct l2tpha_session *session)
{
    return session_tunnel(session);
}

void l2tpha_session_set_user(struct l2tpha_session *session, void *user)
{
    session->user = user;
    if (session_tunnel(session)->engine)
        engine_rename(session_tunnel(session)->engine, session_tunnel(session), session, user);
}

void *l2tpha_session_user(const struct l2tpha_session *session)
{
    return session->user;
}
