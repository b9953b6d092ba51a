/* SPDX-License-Identifier: MIT */
/* The engine's objects have their replicated part in front, so that a record becomes live where it
 * lies: through the same tunnel_start() and session_start() as a fresh one. */
#include "engine/native.h"

#include "engine/session.h"

static struct l2tpha_tunnel *tunnel_by_id(struct engine *engine, uint32_t tunnel_id)
{
    return engine_tunnel_find(engine, tunnel_id);
}

static void restore_sessions(struct engine *engine, const struct l2tpha_tunnel *tunnel)
{
    for (struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next)
        session_start(engine, session_of(entry));
}

static int restore_tunnel(void *user, const struct l2tpha_tunnel_record *record)
{
    struct engine *engine = user;
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, record->local_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    int error = tunnel_start(engine, tunnel);
    if (error)
        return error;
    uint8_t state = tunnel->entry.record.state;
    tunnel->fell = state == L2TPHA_TUNNEL_STOPPING || state == L2TPHA_TUNNEL_STOPPED;
    /* Which calls this end has asked for is not known any more: do not blame the peer. */
    tunnel->asked_incoming = tunnel->asked_outgoing = true;
    restore_sessions(engine, tunnel);
    if (tunnel->fell)
        return L2TPHA_OK;
    tunnel->resyncing = true;
    engine->resyncing++;
    tunnel->told =
        state == L2TPHA_TUNNEL_ESTABLISHED || tunnel->entry.record.flags & L2TPHA_TUNNEL_INITIATOR;
    if (tunnel->told)
        engine_event(engine, L2TPHA_EVENT_TUNNEL_RESTORED, tunnel, NULL);
    log_line(&engine->log, L2TPHA_LOG_RESYNC, record->local_id, 0, "tunnel restored");
    return L2TPHA_OK;
}

static int confirm_tunnel(void *user, uint32_t tunnel_id)
{
    struct l2tpha_tunnel *tunnel = tunnel_by_id(user, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_STATE;
    return tunnel_hello(tunnel);
}

static int disconnect_session(void *user, uint32_t tunnel_id, uint32_t session_id, uint16_t result,
                              const char *reason)
{
    struct l2tpha_session *session = engine_session_find(user, tunnel_id, session_id);

    return session ? session_dismiss(session, result, reason) : L2TPHA_ERR_NOT_FOUND;
}

static int clear_session(void *user, uint32_t tunnel_id, uint32_t session_id)
{
    struct l2tpha_session *session = engine_session_find(user, tunnel_id, session_id);

    if (!session)
        return L2TPHA_ERR_NOT_FOUND;
    session_clear(session, L2TPHA_OK, "cleared");
    return L2TPHA_OK;
}

static int clear_tunnel(void *user, uint32_t tunnel_id)
{
    struct engine *engine = user;
    struct l2tpha_tunnel *tunnel = tunnel_by_id(engine, tunnel_id);

    if (!tunnel)
        return L2TPHA_ERR_NOT_FOUND;
    if (!tunnel->engine) { /* never made live: only what is needed to end it */
        tunnel->engine = engine;
        tunnel->channel.entry = &tunnel->entry;
    }
    tunnel->told = true;
    tunnel_clear(tunnel, L2TPHA_OK, "cleared");
    return L2TPHA_OK;
}

void native_binding(struct engine *engine, struct l2tpha_binding *binding)
{
    *binding = (struct l2tpha_binding){
        .size = sizeof(*binding),
        .user = engine,
        .restore_tunnel = restore_tunnel,
        .confirm_tunnel = confirm_tunnel,
        .disconnect_session = disconnect_session,
        .clear_session = clear_session,
        .clear_tunnel = clear_tunnel,
    };
}
