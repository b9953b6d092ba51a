/* SPDX-License-Identifier: MIT */
/* A tunnel's object has its replicated part in front, so that a record becomes live where it lies:
 * through the same tunnel_start() and session_start() as a fresh one. */
#include "control/restore.h"

#include "base/assert.h"
#include "control/event.h"
#include "control/resync.h"
#include "control/session_id.h"
#include "control/tunnel_send.h"

static bool is_inexact(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.flags & (L2TPHA_TUNNEL_LAGGING | L2TPHA_TUNNEL_UNCERTAIN);
}

static void restore_sessions(struct engine *engine, const struct l2tpha_tunnel *tunnel)
{
    for (struct session_entry *entry = tunnel->entry.sessions; entry; entry = entry->next) {
        session_of(entry)->unheard = is_inexact(tunnel);
        session_start(engine, session_of(entry));
    }
}

/* By a lagging record the call may have been placed since, and the peer may know its id. */
static void end_uncertain(struct l2tpha_tunnel *tunnel)
{
    if (!is_inexact(tunnel) || tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return;
    for (struct session_entry *entry = tunnel->entry.sessions, *next; entry; entry = next) {
        next = entry->next;
        if (entry->state == L2TPHA_SESSION_WAIT_TUNNEL)
            machine_clear_session(session_of(entry), L2TPHA_ERR_NOT_IN_SYNC,
                                  "waited when its node failed, and may have been placed");
    }
}

int tunnel_restore(struct engine *engine, struct l2tpha_tunnel *tunnel, bool suspended)
{
    ASSERT(&engine->log, engine->serving && !tunnel->entry.gone);
    int error = tunnel_start(engine, tunnel);
    if (error)
        return error;
    tunnel_suspend(tunnel, suspended);
    uint8_t state = tunnel->entry.record.state;
    tunnel->down_told = tunnel_is_over(tunnel); /* told or not */
    machine_of(tunnel)->restored(tunnel);
    if (tunnel_is_over(tunnel))
        return L2TPHA_OK;
    session_ids_restore(tunnel);
    restore_sessions(engine, tunnel);
    if (tunnel_is_recovery(tunnel))
        return L2TPHA_OK;
    tunnel->unconfirmed = tunnel->restored = true;
    engine->unconfirmed++;
    tunnel->reconciles = tunnel->entry.record.flags & L2TPHA_TUNNEL_UNCERTAIN;
    /* One of the peer's that has calls before it is up was told of as a successor. */
    tunnel->announced =
        state == L2TPHA_TUNNEL_ESTABLISHED || tunnel->entry.session_count > 0 ||
        tunnel->entry.record.flags & (L2TPHA_TUNNEL_INITIATOR | L2TPHA_TUNNEL_ATTACHED);
    if (tunnel->announced)
        engine_event(engine, L2TPHA_EVENT_TUNNEL_RESTORED, tunnel, NULL);
    log_line(&engine->log, L2TPHA_LOG_RESYNC, tunnel->entry.record.local_id, 0, "tunnel restored");
    end_uncertain(tunnel);
    return L2TPHA_OK;
}

int tunnel_confirm(struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED ? tunnel_hello(tunnel)
                                                                   : L2TPHA_ERR_STATE;
}

/* What the peer expects is not known: nothing is sent before the StopCCN, and that once. */
static void speak_once(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    channel_give_up(engine, &tunnel->channel);
    tunnel->channel.tries = engine->config.retries;
}

int tunnel_stop(struct engine *engine, struct l2tpha_tunnel *tunnel, bool exact,
                const struct machine_input *end)
{
    ASSERT(&engine->log, !tunnel->dying && end->result != 0);
    int error = tunnel->engine ? L2TPHA_OK : tunnel_start(engine, tunnel);
    if (error)
        return error;
    tunnel_suspend(tunnel, false);
    if (!exact)
        speak_once(engine, tunnel);
    tunnel->announced = !tunnel_is_recovery(tunnel);
    return machine_of(tunnel)->stop(tunnel, end);
}

void tunnel_forget(struct engine *engine, struct l2tpha_tunnel *tunnel, int status, const char *why)
{
    if (!tunnel->engine) { /* never made live: only what is needed to end it */
        tunnel->engine = engine;
        tunnel->channel.entry = &tunnel->entry;
    }
    tunnel->announced = !tunnel_is_recovery(tunnel);
    machine_clear(tunnel, status, why);
}
