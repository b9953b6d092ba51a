/* SPDX-License-Identifier: MIT */
/* Sessions that wait: for their tunnel to come up, for an answer, or for room to be ended. */
#include "engine/session_wait.h"

#include "base/assert.h"
#include "dispatch/disconnect.h"
#include "engine/session_fsm.h"

#define START_BYTES 65536 /* of what waiting calls bring with them into one checkpoint */

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
    size_t bytes = 0;

    while (tunnel->waiting && most-- > 0 && bytes < START_BYTES && tunnel_is_open(tunnel) &&
           tunnel_has_own_room(tunnel)) {
        struct l2tpha_session *session = tunnel->waiting;
        struct machine_input input = {.status = L2TPHA_ERR_REFUSED,
                                      .reason = "the peer has not advertised what the call needs"};
        ASSERT(&tunnel->engine->log, session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL);
        bool allowed = session_is_allowed(session);
        bytes += table_session_bytes(&session->entry);
        session_step(session, allowed ? SESSION_TUNNEL_OPEN : SESSION_CLOSE, &input);
    }
    return tunnel->waiting != NULL;
}

int session_dismiss(struct l2tpha_session *session, uint16_t result, const char *reason)
{
    struct machine_input input = {.result = result, .reason = reason};

    if (!session_may_stop(session, result))
        return L2TPHA_OK;
    return session_step(session, SESSION_CLOSE, &input);
}

void session_timer(struct l2tpha_session *session)
{
    struct machine_input input = {.status = L2TPHA_ERR_TIMEOUT,
                                  .result = RESULT_NOT_IN_TIME,
                                  .reason = "not established in time"};

    session_step(session, SESSION_TIMEOUT, &input);
}
