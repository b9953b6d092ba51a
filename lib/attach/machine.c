/* SPDX-License-Identifier: MIT */
/* What the library asks of a daemon's machines it does itself, and tells the daemon by events: the
 * daemon is asked nothing. */
#include "attach/machine.h"

#include "base/assert.h"
#include "codec/wire.h"
#include "dispatch/disconnect.h"
#include "dispatch/farewell.h"
#include "dispatch/session_state.h"
#include "dispatch/tunnel_state.h"
#include "dispatch/unbound.h"

#include <string.h>

/* --- the request of a peer --- */

void attach_drop_request(struct engine *engine)
{
    buffer_put(engine->pool, engine->inbox.request);
    engine->inbox.request = NULL;
}

const struct buffer *attach_request(const struct engine *engine, const struct l2tpha_path *path)
{
    bool same =
        engine->inbox.request && address_is(&engine->inbox.request_path.remote, &path->remote);

    return same ? engine->inbox.request : NULL;
}

/* The daemon looks at the datagram that it has fed, and may attach a tunnel for it. */
static int request(struct request *asked)
{
    struct engine *engine = asked->engine;
    struct buffer *copy = buffer_get(engine->pool, asked->len, NULL);

    attach_drop_request(engine);
    if (!copy)
        return L2TPHA_ERR_LIMIT; /* the peer sends it again */
    memcpy(copy->data, asked->data, asked->len);
    copy->len = (uint32_t)asked->len;
    engine->inbox.request = copy;
    engine->inbox.request_path = *asked->path;
    return L2TPHA_ERR_NOT_OURS;
}

static int open(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
    return L2TPHA_ERR_STATE; /* the daemon says its SCCRQ itself */
}

/* --- the end --- */

static void restored(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input quiet = {.quiet = true, .reason = "its tunnel is closing"};

    if (tunnel_is_over(tunnel))
        session_end_all(tunnel, &quiet);
    else if (tunnel->entry.record.result) /* its daemon had sent a StopCCN, and said no more */
        tunnel_set_state(tunnel, L2TPHA_TUNNEL_STOPPING, &quiet);
}

static void established(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

static void delivered(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input none = {0};

    tunnel_set_state(tunnel, L2TPHA_TUNNEL_IDLE, &none);
}

static int stop(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    if (tunnel_is_over(tunnel))
        return L2TPHA_ERR_STATE;
    int error = tunnel_say_stop(tunnel, input);
    tunnel_set_state(tunnel, error ? L2TPHA_TUNNEL_IDLE : L2TPHA_TUNNEL_STOPPING, input);
    return error;
}

static void clear(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    tunnel_set_state(tunnel, L2TPHA_TUNNEL_IDLE, input);
}

static void clear_session(struct l2tpha_session *session, const struct machine_input *input)
{
    session_set_state(session, L2TPHA_SESSION_IDLE, input);
}

static int stop_session(struct l2tpha_session *session, const struct machine_input *input)
{
    if (!session_may_stop(session, input->result))
        return L2TPHA_OK;
    int error = session_say_end(session, input);
    session_set_state(session, L2TPHA_SESSION_IDLE, input);
    return error;
}

/* --- what the daemon does not see --- */

/* To a tunnel that is over: RFC 2661 6.4, both ends may say it at one time. */
static int process(struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                   const uint8_t *data, size_t len)
{
    const struct machine_input none = {.by_peer = true};

    (void)path;
    if (wire_type(record_wire(&tunnel->entry.record), data, len) == L2TPHA_MESSAGE_STOPCCN &&
        tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPING)
        tunnel_set_state(tunnel, L2TPHA_TUNNEL_STOPPED, &none);
    return L2TPHA_OK;
}

static void start(struct l2tpha_tunnel *tunnel)
{
    (void)tunnel;
}

static void overdue(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input none = {0};

    ASSERT(&tunnel->engine->log, tunnel_is_over(tunnel));
    tunnel_set_state(tunnel, L2TPHA_TUNNEL_IDLE, &none);
}

static void session_overdue(struct l2tpha_session *session)
{
    (void)session;
}

const struct machine_ops attached_machine = {
    .fetches = true,
    .request = request,
    .process = process,
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
    .session_overdue = session_overdue,
};
