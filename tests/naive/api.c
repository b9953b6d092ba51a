/* SPDX-License-Identifier: MIT */
/* What the user of a naive daemon asks it for. */
#include "control/transaction.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "dispatch/begin.h"
#include "dispatch/disconnect.h"
#include "dispatch/session_state.h"
#include "naive/daemon.h"

#include <string.h>

static void fill(struct naive_call *call, const struct l2tpha_session_options *options)
{
    size_t len =
        options->called.len < sizeof(call->called) ? options->called.len : sizeof(call->called) - 1;

    call->outgoing = options->call == L2TPHA_CALL_OUTGOING;
    call->lac = !call->outgoing;
    call->state = CALL_WAITS;
    call->minimum_bps = options->minimum_bps;
    call->maximum_bps = options->maximum_bps;
    if (len)
        memcpy(call->called, options->called.data, len);
}

static int open_session(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        struct l2tpha_session **session)
{
    const struct machine_input quiet = {.quiet = true};

    int error = session_new(tunnel, session);
    if (error)
        return error;
    fill(naive_call_add(*session), options);
    session_take_options(*session, options);
    session_set_state(*session, L2TPHA_SESSION_WAIT_TUNNEL, &quiet);
    session_opened(*session);
    naive_calls_place(tunnel);
    return L2TPHA_OK;
}

int naive_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                       uint64_t now, struct l2tpha_session **session)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    error = tunnel_may_open_session(tunnel);
    if (error)
        return error;
    return engine_leave(tunnel->engine, open_session(tunnel, options, session));
}

static bool has_room(const struct l2tpha_session *session)
{
    return tunnel_has_own_room(session_tunnel(session));
}

int naive_session_answered(struct l2tpha_session *session,
                           const struct l2tpha_session_options *options, uint64_t now)
{
    const struct machine_input none = {0};

    int error = session_begin(session, now);
    if (error)
        return error;
    struct engine *engine = session_engine(session);
    if (naive_call_of(session)->state != CALL_IS_PLACED)
        return L2TPHA_ERR_STATE;
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    session_take_answer(session, options);
    return engine_leave(engine, naive_call_connect(session, &none));
}

int naive_session_close(struct l2tpha_session *session, const struct l2tpha_disconnect *why,
                        uint64_t now)
{
    int error = session_begin(session, now);
    if (error)
        return error;
    const struct machine_input input = {
        .disconnect = why, .result = why->result, .error = why->error, .reason = why->reason};
    struct engine *engine = session_engine(session);
    if (naive_call_of(session)->state != CALL_WAITS &&
        !tunnel_is_suspended(session_tunnel(session)) && !has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(engine, naive_call_stop(session, &input));
}

static int say(struct l2tpha_session *session, struct l2tpha_builder *builder)
{
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(session_engine(session), tunnel_send(session_tunnel(session), builder));
}

int naive_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                uint32_t receive_accm, uint64_t now)
{
    const struct l2tpha_accm accm = {.send = send_accm, .receive = receive_accm};
    struct l2tpha_builder builder;

    int error = session_begin(session, now);
    if (error)
        return error;
    if (!session_is_up_as(session, L2TPHA_LNS))
        return L2TPHA_ERR_STATE;
    tunnel_build(session_tunnel(session), &builder, L2TPHA_MESSAGE_SLI, session->entry.remote_id);
    l2tpha_builder_put_accm(&builder, &accm);
    return say(session, &builder);
}

int naive_session_report_errors(struct l2tpha_session *session,
                                const struct l2tpha_call_errors *totals, uint64_t now)
{
    struct l2tpha_builder builder;

    int error = session_begin(session, now);
    if (error)
        return error;
    if (!session_is_up_as(session, L2TPHA_LAC))
        return L2TPHA_ERR_STATE;
    tunnel_build(session_tunnel(session), &builder, L2TPHA_MESSAGE_WEN, session->entry.remote_id);
    l2tpha_builder_put_call_errors(&builder, totals);
    return say(session, &builder);
}
