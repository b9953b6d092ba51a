/* SPDX-License-Identifier: MIT */
/* What is to be ended with a StopCCN or a CDN and cannot be just now is ended later. */
#include "dispatch/disconnect.h"

#include "base/assert.h"
#include "control/ready.h"
#include "dispatch/duplicates.h"

#define CDN_BYTES 512 /* reasons are short */

bool tunnel_is_to_stop(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->close_result != 0;
}

bool tunnel_may_stop(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error)
{
    ASSERT(&tunnel->engine->log, !tunnel_is_over(tunnel) && result != 0); /* 0 would be no wish */
    if (!tunnel->channel.suspended)
        return true;
    tunnel->close_result = result;
    tunnel->close_error = error;
    return false;
}

/* A timer or a takeover may end more calls than the queue or memory has room for. Without its CDN
 * the peer would keep the call. */
static bool can_speak(const struct l2tpha_session *session)
{
    struct engine *engine = session_engine(session);

    return session->entry.state == L2TPHA_SESSION_WAIT_TUNNEL ||
           (!session_tunnel(session)->channel.suspended &&
            tunnel_has_own_room(session_tunnel(session)) &&
            buffer_reserve(engine->pool, CDN_BYTES) == L2TPHA_OK);
}

int tunnel_may_open_session(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (record->state == L2TPHA_TUNNEL_IDLE || tunnel_is_over(tunnel) ||
        tunnel_is_recovery(tunnel) || tunnel_is_to_stop(tunnel))
        return L2TPHA_ERR_STATE;
    return tunnel_has_own_room(tunnel) ? L2TPHA_OK : L2TPHA_ERR_QUEUE_FULL;
}

bool session_is_up_as(const struct l2tpha_session *session, enum l2tpha_side side)
{
    return session->entry.state == L2TPHA_SESSION_ESTABLISHED && session->entry.side == side &&
           !session->dismissed;
}

bool session_may_stop(struct l2tpha_session *session, uint16_t result)
{
    ASSERT(&session_engine(session)->log, !session_is_gone(session) && result != 0);
    if (can_speak(session) && !ledger_is_full(session_engine(session)->ledger))
        return true;
    session->dismissed = result;
    session_retry_later(session);
    return false;
}

void tunnel_start_due(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input close = {.result = tunnel->close_result,
                                        .error = tunnel->close_error};

    ASSERT(&tunnel->engine->log, !tunnel->dying);
    if (!tunnel->channel.suspended && !tunnel_is_over(tunnel)) {
        if (tunnel->close_result)
            machine_of(tunnel)->stop(tunnel, &close);
        else
            machine_of(tunnel)->start(tunnel);
    }
    engine_ready(tunnel->engine, &tunnel->channel); /* it may have been hushed */
}

void tunnel_timer_due(struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;
    bool up = state == L2TPHA_TUNNEL_ESTABLISHED;

    ASSERT(&tunnel->engine->log, !tunnel->dying && !tunnel->channel.suspended);
    /* A StopCCN would end the other one; or nobody has ever answered: there is nobody to be told.
     */
    if (tunnel->channel.unproven ||
        (state == L2TPHA_TUNNEL_WAIT_CTL_CONN && tunnel_has_duplicate(tunnel)))
        machine_clear(tunnel, up ? 0 : L2TPHA_ERR_TIMEOUT,
                      up ? "no sessions" : "not established in time");
    else
        machine_of(tunnel)->overdue(tunnel);
}

void session_due(struct l2tpha_session *session)
{
    const struct machine_input end = {.result = session->dismissed, .reason = "ended in failover"};

    ASSERT(&session_engine(session)->log, !session_is_gone(session));
    if (!can_speak(session))
        session_retry_later(session);
    else if (session->dismissed)
        session_machine(session)->stop_session(session, &end);
    else
        session_machine(session)->session_overdue(session);
}
