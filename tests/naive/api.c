/* SPDX-License-Identifier: MIT */
/* What the user of a naive daemon asks it for. */
#include "control/session_id.h"
#include "control/transaction.h"
#include "control/tunnel_policy.h"
#include "control/tunnel_send.h"
#include "dispatch/begin.h"
#include "dispatch/disconnect.h"
#include "dispatch/session_state.h"
#include "naive/daemon.h"
#include "node/node.h"

#include <string.h>

#define FRAMING_SYNC 1
#define FRAMING_BOTH 3

static int open_tunnel(struct engine *engine, const struct l2tpha_tunnel_options *options,
                       struct l2tpha_tunnel **tunnel)
{
    const struct machine_input none = {0};
    struct l2tpha_node_record after;

    if (policy_check(options->policy))
        return L2TPHA_ERR_INVALID;
    int error = tunnel_new(engine, &options->path, 0, &after, tunnel);
    if (error)
        return error;
    tunnel_take_policy(*tunnel, options->policy);
    (*tunnel)->user = options->user;
    error = naive_tunnel_ask(*tunnel);
    if (error) {
        naive_tunnel_clear(*tunnel, &none);
        return error;
    }
    engine_set_record(engine, &after);
    (*tunnel)->announced = true;
    return L2TPHA_OK;
}

int naive_tunnel_open(struct l2tpha_node *node, const struct l2tpha_tunnel_options *options,
                      uint64_t now, struct l2tpha_tunnel **tunnel)
{
    int error = engine_enter(&node->engine, now);
    if (error)
        return error;
    return engine_leave(&node->engine, open_tunnel(&node->engine, options, tunnel));
}

int naive_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                       const char *reason, uint64_t now)
{
    const struct machine_input input = {.result = result, .error = error, .reason = reason};

    int failed = tunnel_begin(tunnel, now);
    if (failed)
        return failed;
    struct engine *engine = tunnel->engine;
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);
    if (!own || own->state == TUNNEL_CLOSES || tunnel->close_result)
        return L2TPHA_ERR_STATE;
    if (!tunnel_may_stop(tunnel, result, error))
        return engine_leave(engine, L2TPHA_OK);
    if (!channel_has_room(engine, &tunnel->channel, 1))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(engine, naive_tunnel_stop(tunnel, &input));
}

/* --- calls --- */

static void fill(struct l2tpha_session *session, struct naive_call *call,
                 const struct l2tpha_session_options *options)
{
    struct session_entry *entry = &session->entry;
    size_t len =
        options->called.len < sizeof(call->called) ? options->called.len : sizeof(call->called) - 1;

    call->outgoing = options->call == L2TPHA_CALL_OUTGOING;
    call->lac = !call->outgoing;
    call->minimum_bps = options->minimum_bps;
    call->maximum_bps = options->maximum_bps;
    if (len)
        memcpy(call->called, options->called.data, len);
    entry->side = call->lac ? L2TPHA_LAC : L2TPHA_LNS;
    entry->call = (uint8_t)options->call;
    entry->flags |= L2TPHA_SESSION_LOCAL_CALL;
    if (options->sequencing_required)
        entry->flags |= L2TPHA_SESSION_SEQUENCING_REQUIRED;
    entry->framing = (uint8_t)(options->framing ? options->framing : FRAMING_SYNC);
    entry->bearer = (uint8_t)options->bearer;
    entry->tx_speed = entry->rx_speed = options->tx_speed;
    session->user = options->user;
}

static int open_session(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                        struct l2tpha_session **session)
{
    const struct machine_input quiet = {.quiet = true};
    struct engine *engine = tunnel->engine;
    struct l2tpha_node_record record = *engine_record(engine);

    int error = session_new(tunnel, session);
    if (error)
        return error;
    struct naive_call *call = naive_call_add(*session);
    fill(*session, call, options);
    (*session)->entry.serial = ++record.call_serial;
    call->state = CALL_WAITS;
    session_set_state(*session, L2TPHA_SESSION_WAIT_TUNNEL, &quiet);
    engine_set_record(engine, &record);
    session_id_taken(tunnel);
    naive_calls_place(tunnel);
    return L2TPHA_OK;
}

int naive_session_open(struct l2tpha_tunnel *tunnel, const struct l2tpha_session_options *options,
                       uint64_t now, struct l2tpha_session **session)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    const struct naive_tunnel *own = naive_tunnel_of(tunnel);
    if (!own || own->state == TUNNEL_CLOSES || tunnel->close_result)
        return L2TPHA_ERR_STATE;
    if (!channel_has_own_room(tunnel->engine, &tunnel->channel))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(tunnel->engine, open_session(tunnel, options, session));
}

static bool has_room(const struct l2tpha_session *session)
{
    return channel_has_own_room(session_engine(session), &session_tunnel(session)->channel);
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
    if (session->entry.framing == FRAMING_BOTH)
        session->entry.framing = FRAMING_SYNC;
    session->entry.tx_speed = session->entry.rx_speed = options->tx_speed;
    if (options->sequencing_required)
        session->entry.flags |= L2TPHA_SESSION_SEQUENCING_REQUIRED;
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
    if (session->entry.state != L2TPHA_SESSION_WAIT_TUNNEL &&
        !session_tunnel(session)->channel.suspended && !has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(engine, naive_call_stop(session, &input));
}

static int say(struct l2tpha_session *session, struct l2tpha_builder *builder)
{
    if (!has_room(session))
        return L2TPHA_ERR_QUEUE_FULL;
    return engine_leave(session_engine(session), tunnel_send(session_tunnel(session), builder));
}

static bool talks_as(const struct l2tpha_session *session, bool lac)
{
    const struct naive_call *call = naive_call_of(session);

    return call->lac == lac && call->state == CALL_TALKS && !session->dismissed;
}

int naive_session_set_link_info(struct l2tpha_session *session, uint32_t send_accm,
                                uint32_t receive_accm, uint64_t now)
{
    const struct l2tpha_accm accm = {.send = send_accm, .receive = receive_accm};
    struct l2tpha_builder builder;

    int error = session_begin(session, now);
    if (error)
        return error;
    if (!talks_as(session, false))
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
    if (!talks_as(session, true))
        return L2TPHA_ERR_STATE;
    tunnel_build(session_tunnel(session), &builder, L2TPHA_MESSAGE_WEN, session->entry.remote_id);
    l2tpha_builder_put_call_errors(&builder, totals);
    return say(session, &builder);
}
