/* SPDX-License-Identifier: MIT */
/* Silent recovery from an exact record needs no probing: every message ever sent is in the record
 * and every acknowledgement ever sent was covered by it. What the peer has not acknowledged is sent
 * again with the same Ns and bytes and the current Nr; messages made from now on queue up behind
 * it, so nothing new goes first. Calls half set up go on, since their record is exact too. */
#include "failover/silent.h"

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

static int restore(const struct l2tpha_binding *binding, const struct session_entry *session)
{
    struct l2tpha_session_record record;

    table_session_get(session, &record);
    return binding->restore_session(binding->user, &record);
}

static void dismiss(const struct l2tpha_binding *binding, const struct session_entry *session,
                    struct silent_result *result)
{
    int error = binding->disconnect_session(binding->user, session->tunnel->record.local_id,
                                            session->local_id, SILENT_RESULT_GENERAL,
                                            "state lost in failover");
    /* A CDN that cannot be sent is no reason to lose the tunnel's other calls: it is told. */
    if (error) {
        result->disconnect = error;
        result->halved++;
    } else {
        result->disconnected++;
    }
}

void silent_dismiss(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                    struct silent_result *result)
{
    for (struct session_entry *session = tunnel->sessions, *next; session; session = next) {
        next = session->next;
        if (lacks_app_state(session))
            dismiss(binding, session, result);
    }
}

int silent_install(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                   bool suspended, struct silent_result *result)
{
    int error = binding->restore_tunnel(binding->user, &tunnel->record, suspended);

    if (!binding->restore_session) { /* they came with the tunnel */
        result->sessions += error ? 0 : tunnel->session_count;
        return error;
    }
    for (struct session_entry *session = tunnel->sessions; session && !error;
         session = session->next) {
        error = restore(binding, session);
        result->sessions += error == 0;
    }
    return error;
}

int silent_recover(const struct l2tpha_binding *binding, struct tunnel_entry *tunnel,
                   struct silent_result *result)
{
    int error = silent_install(binding, tunnel, false, result);
    if (error)
        return error;
    silent_dismiss(binding, tunnel, result);
    if (tunnel->record.state == L2TPHA_TUNNEL_ESTABLISHED)
        result->confirm = binding->confirm_tunnel(binding->user, tunnel->record.local_id);
    return L2TPHA_OK;
}
