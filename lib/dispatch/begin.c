/* SPDX-License-Identifier: MIT */
/* Calls of the host about a tunnel or a session. */
#include "dispatch/begin.h"

#include "base/assert.h"
#include "control/inbox.h"
#include "failover/takeover.h"

/* A takeover that comes to the tunnel only now may end the session. */
int session_begin(struct l2tpha_session *session, uint64_t now)
{
    if (!session)
        return L2TPHA_ERR_INVALID;
    prefetch(session, sizeof(*session));
    struct l2tpha_tunnel *tunnel = session_tunnel(session);
    uint32_t id = session->entry.local_id;
    bool live = tunnel->engine;
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    bool found = live ? !session_is_gone(session) : tunnel_session_find(tunnel, id) == session;
    return found ? L2TPHA_OK : L2TPHA_ERR_STATE;
}

int tunnel_begin(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    if (!tunnel)
        return L2TPHA_ERR_INVALID;
    tunnel_prefetch(tunnel);
    struct engine *engine = tunnel_engine(tunnel);
    int error = engine_enter(engine, now);
    if (error)
        return error;
    engine_wake(engine, tunnel);
    ASSERT(&engine->log, tunnel->engine == engine);
    if (tunnel_is_attached(tunnel))
        inbox_open(engine); /* all that a daemon says between two drives is one transaction */
    return L2TPHA_OK;
}

int tunnel_begin_own(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    int error = tunnel_begin(tunnel, now);

    return error || !tunnel_is_attached(tunnel) ? error : L2TPHA_ERR_STATE;
}

int session_begin_own(struct l2tpha_session *session, uint64_t now)
{
    int error = session_begin(session, now);

    return error || !tunnel_is_attached(session_tunnel(session)) ? error : L2TPHA_ERR_STATE;
}
