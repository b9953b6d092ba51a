/* SPDX-License-Identifier: MIT */
/* The built-in machines as those below see them: struct machine_ops over the tunnel's and the
 * sessions' machines of RFC 2661. */
#include "engine/machine.h"

#include "base/assert.h"
#include "control/machine.h"

#include "dispatch/session_state.h"
#include "dispatch/tunnel_state.h"
#include "engine/session_wait.h"
#include "engine/tunnel_action.h"
#include "engine/tunnel_fsm.h"
#include "engine/tunnel_message.h"
#include "engine/tunnel_request.h"

static int open(struct l2tpha_tunnel *tunnel)
{
    struct machine_input input = {0};

    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_IDLE);
    return tunnel_step(tunnel, TUNNEL_OPEN, &input);
}

/* Calls of one that is over are over, told or not. Which calls this end has asked for is not known
 * any more: the peer is not blamed. */
static void restored(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input quiet = {.quiet = true, .reason = "its tunnel is closing"};

    if (!tunnel_is_over(tunnel)) {
        tunnel->asked_incoming = tunnel->asked_outgoing = true;
        return;
    }
    session_end_all(tunnel, &quiet);
}

/* RFC 2661 7.4, 7.5: calls that wait for the tunnel are placed. */
static void established(struct l2tpha_tunnel *tunnel)
{
    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED);
    start_sessions(tunnel, NULL);
}

static void delivered(struct l2tpha_tunnel *tunnel)
{
    struct machine_input input = {0};

    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPING);
    ASSERT(&tunnel->engine->log, channel_idle(&tunnel->channel));
    tunnel_step(tunnel, TUNNEL_DELIVERED, &input);
}

static int stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct machine_input copy = *input;

    return tunnel_step(tunnel, TUNNEL_CLOSE, &copy);
}

static void clear(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    tunnel_set_state(tunnel, L2TPHA_TUNNEL_IDLE, input);
}

static int stop_session(struct l2tpha_session *session, const struct machine_input *input)
{
    return session_dismiss(session, input->result, input->reason);
}

static void clear_session(struct l2tpha_session *session, const struct machine_input *input)
{
    session_set_state(session, L2TPHA_SESSION_IDLE, input);
}

static void overdue(struct l2tpha_tunnel *tunnel)
{
    bool up = tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED;
    /* RFC 2661 4.4.2: general request to clear. Of a recovery tunnel that would say that it has
     * done its work; general error, vendor-specific, says that it has not. */
    bool vain = !up && tunnel_is_recovery(tunnel);
    struct machine_input input = {.result = vain ? RESULT_GENERAL : RESULT_CLEAR,
                                  .error = vain ? ERROR_VENDOR : 0,
                                  .status = up ? 0 : L2TPHA_ERR_TIMEOUT,
                                  .reason = up ? "no sessions" : "not established in time"};

    ASSERT(&tunnel->engine->log, tunnel->timer.kind == TIMER_TUNNEL);
    tunnel_step(tunnel, TUNNEL_TIMEOUT, &input);
}

/* Calls that wait for the tunnel may be placed. */
static void start(struct l2tpha_tunnel *tunnel)
{
    struct machine_input input = {0};

    tunnel_step(tunnel, TUNNEL_OPEN, &input);
}

const struct machine_ops builtin_machine = {
    .request = tunnel_request,
    .process = tunnel_process,
    .open = open,
    .restored = restored,
    .established = established,
    .delivered = delivered,
    .stop = stop,
    .clear = clear,
    .stop_session = stop_session,
    .clear_session = clear_session,
    .start = start,
    .overdue = overdue,
    .session_overdue = session_timer,
};
