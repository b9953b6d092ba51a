/* SPDX-License-Identifier: MIT */
/* Silent recovery from an exact record needs no probing: every message ever sent is in the record
 * and every acknowledgement ever sent was covered by it. What the peer has not acknowledged is sent
 * again with the same Ns and bytes and the current Nr; messages made from now on queue up behind
 * it, so nothing new goes first. Calls half set up go on, since their record is exact too. */
#include "failover/silent.h"

#include "control/restore.h"

/* The host has said that L2TP's half alone is worth nothing, and its own is missing. It has none of
 * a call that it has not heard of yet: that one goes on and is told once it is up. */
static bool lacks_app_state(const struct session_entry *session)
{
    bool told = session->flags & L2TPHA_SESSION_LOCAL_CALL ||
                session->state == L2TPHA_SESSION_WAIT_CS_ANSWER ||
                session->state == L2TPHA_SESSION_ESTABLISHED;

    return session->flags & L2TPHA_SESSION_NEEDS_APP && told &&
           (!session->extra || session->extra->app_state.len == 0);
}

static void dismiss(struct l2tpha_session *session, struct silent_result *result)
{
    const struct machine_input end = {.result = RESULT_GENERAL, .reason = "state lost in failover"};
    int error = session_machine(session)->stop_session(session, &end);

    /* A CDN that cannot be sent is no reason to lose the tunnel's other calls: it is told. */
    if (error) {
        result->disconnect = error;
        result->halved++;
    } else {
        result->disconnected++;
    }
}

void silent_dismiss(struct l2tpha_tunnel *tunnel, struct silent_result *result)
{
    for (struct session_entry *session = tunnel->entry.sessions, *next; session; session = next) {
        next = session->next;
        if (lacks_app_state(session))
            dismiss(session_of(session), result);
    }
}

int silent_install(struct engine *engine, struct l2tpha_tunnel *tunnel, bool suspended,
                   struct silent_result *result)
{
    int error = tunnel_restore(engine, tunnel, suspended);

    result->sessions += error ? 0 : tunnel->entry.session_count;
    return error;
}

int silent_recover(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   struct silent_result *result)
{
    int error = silent_install(engine, tunnel, false, result);
    if (error)
        return error;
    silent_dismiss(tunnel, result);
    if (tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED)
        result->confirm = tunnel_confirm(tunnel);
    return L2TPHA_OK;
}
