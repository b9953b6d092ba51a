/* SPDX-License-Identifier: MIT */
/* In place of the built-in machines in a library without L2TPHA_ENGINE: all tunnels are a daemon's,
 * a peer's recovery tunnel is not answered. One that a standby has in its records, of an active
 * with more parts, is cleared at the takeover. */
#include "dispatch/session_state.h"
#include "dispatch/tunnel_state.h"
#include "engine/machine.h"
#include "engine/session_fsm.h"

#include <l2tpha/session.h>

static int refuse(struct request *request)
{
    (void)request;
    return L2TPHA_ERR_UNSUPPORTED;
}

static int process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len)
{
    (void)tunnel, (void)path, (void)data, (void)len;
    return L2TPHA_ERR_UNSUPPORTED;
}

static void ignore(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

static void clear(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    tunnel_set_state(tunnel, L2TPHA_TUNNEL_IDLE, input);
}

static int stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    clear(tunnel, input);
    return L2TPHA_OK;
}

static void clear_session(struct l2tpha_session *session, const struct machine_input *input)
{
    session_set_state(session, L2TPHA_SESSION_IDLE, input);
}

static int stop_session(struct l2tpha_session *session, const struct machine_input *input)
{
    clear_session(session, input);
    return L2TPHA_OK;
}

static void overdue(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input input = {.status = L2TPHA_ERR_UNSUPPORTED};

    clear(tunnel, &input);
}

static void session_overdue(struct l2tpha_session *session)
{
    (void)session;
}

/* None is opened, which says that they are left out. */
const struct machine_ops builtin_machine = {
    .request = refuse,
    .process = process,
    .restored = ignore,
    .established = ignore,
    .delivered = ignore,
    .stop = stop,
    .clear = clear,
    .stop_session = stop_session,
    .clear_session = clear_session,
    .start = ignore,
    .overdue = overdue,
    .session_overdue = session_overdue,
};

/* Those of RFC 2661's machines: a record says nothing else, whoever has them. */
bool session_has_state(uint8_t side, uint8_t call, uint8_t state)
{
#define IN(name) (1u << L2TPHA_SESSION_##name)
#define BOTH_ENDS (IN(IDLE) | IN(ESTABLISHED))
    static const struct {
        uint8_t side, call, states;
    } machines[] = {
        {L2TPHA_LAC, L2TPHA_CALL_INCOMING, BOTH_ENDS | IN(WAIT_TUNNEL) | IN(WAIT_REPLY)},
        {L2TPHA_LNS, L2TPHA_CALL_INCOMING, BOTH_ENDS | IN(WAIT_CONNECT)},
        {L2TPHA_LAC, L2TPHA_CALL_OUTGOING, BOTH_ENDS | IN(WAIT_CS_ANSWER)},
        {L2TPHA_LNS, L2TPHA_CALL_OUTGOING,
         BOTH_ENDS | IN(WAIT_TUNNEL) | IN(WAIT_REPLY) | IN(WAIT_CONNECT)},
    };

    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
        if (machines[i].side == side && machines[i].call == call)
            return state <= L2TPHA_SESSION_ESTABLISHED && (machines[i].states >> state & 1);
    return false;
}

int l2tpha_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        uint64_t now, struct l2tpha_session **session)
{
    (void)tunnel, (void)options, (void)now, (void)session;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_session_answered(struct l2tpha_session *session,
                            const struct l2tpha_session_options *options, uint64_t now)
{
    (void)session, (void)options, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                         uint64_t now)
{
    (void)session, (void)why, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                 uint32_t receive_accm, uint64_t now)
{
    (void)session, (void)send_accm, (void)receive_accm, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}

int l2tpha_session_report_errors(struct l2tpha_session *session,
                                 const struct l2tpha_call_errors *totals, uint64_t now)
{
    (void)session, (void)totals, (void)now;
    return L2TPHA_ERR_UNSUPPORTED;
}
