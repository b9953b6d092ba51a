/* SPDX-License-Identifier: MIT */
/* WAN-Error-Notify, RFC 2661 6.13: on an error, at most once in 60 seconds, with the totals of the
 * call. What comes too early waits for the session's timer, which is free once it is established.
 */
#include "engine/session_errors.h"

#include "base/assert.h"
#include "control/tunnel_send.h"

#define PAUSE_US UINT64_C(60000000)

struct session_wen {
    struct l2tpha_call_errors totals;
    uint64_t next; /* not before */
    bool pending;
};

/* A report is worth less than the call: what cannot be sent is tried again later. */
static int postpone(struct l2tpha_session *session)
{
    struct engine *engine = session_tunnel(session)->engine;

    session->wen->next = engine->now + PAUSE_US;
    wheel_arm(engine->wheel, &session->timer, session->wen->next);
    return L2TPHA_OK;
}

int send_errors(void *object, void *argument)
{
    struct l2tpha_session *session = object;
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    struct engine *engine = tunnel->engine;
    struct session_wen *wen = session->wen;
    struct l2tpha_builder builder;

    (void)argument;
    ASSERT(&engine->log, session->entry.state == L2TPHA_SESSION_ESTABLISHED);
    ASSERT(&engine->log, session->entry.side == L2TPHA_LAC);
    if (!wen || !wen->pending)
        return L2TPHA_OK;
    if (!tunnel_has_own_room(tunnel))
        return postpone(session);
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_WEN, session->entry.remote_id);
    l2tpha_builder_put_call_errors(&builder, &wen->totals);
    if (tunnel_send(tunnel, &builder))
        return postpone(session); /* the log has the error */
    wen->pending = false;
    wen->next = engine->now + PAUSE_US;
    return L2TPHA_OK;
}

int session_note_errors(struct l2tpha_session *session, const struct l2tpha_call_errors *totals)
{
    struct engine *engine = session_tunnel(session)->engine;

    /* Before, what this is kept in is its place in the tunnel's line. */
    ASSERT(&engine->log, session->entry.state == L2TPHA_SESSION_ESTABLISHED);
    if (!session->wen)
        session->wen = talloc_zero(engine->table, struct session_wen);
    if (!session->wen)
        return L2TPHA_ERR_NOMEM;
    session->wen->totals = *totals;
    session->wen->pending = true;
    if (engine->now >= session->wen->next)
        return send_errors(session, NULL);
    wheel_arm(engine->wheel, &session->timer, session->wen->next);
    return L2TPHA_OK;
}
