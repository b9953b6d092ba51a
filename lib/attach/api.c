/* SPDX-License-Identifier: MIT */
/* l2tpha_attach_*(): a daemon's hands on its tunnels. */
#include "attach/attach.h"
#include "attach/machine.h"
#include "attach/say.h"

#include "control/find.h"
#include "control/resync.h"
#include "control/transaction.h"
#include "control/tunnel_policy.h"
#include "dispatch/begin.h"
#include "dispatch/disconnect.h"
#include "dispatch/session_state.h"
#include "dispatch/tunnel_state.h"
#include "dispatch/unbound.h"

/* --- a new tunnel --- */

static int check_options(const struct engine *engine, const struct l2tpha_attach_options *options)
{
    if (options->size != sizeof(*options) || options->path.remote.len > L2TPHA_ADDRESS_MAX ||
        options->path.local.len > L2TPHA_ADDRESS_MAX || options->secret_len > L2TPHA_SECRET_MAX ||
        (options->secret_len && !options->secret))
        return L2TPHA_ERR_INVALID;
    if (options->local_id && (options->local_id < engine->config.tunnel_id_first ||
                              options->local_id > engine->config.tunnel_id_last))
        return L2TPHA_ERR_ID_RANGE;
    if (options->local_id && table_tunnel_find(engine->table, options->local_id))
        return L2TPHA_ERR_EXISTS;
    return policy_check(options->policy);
}

static int make_asking(struct engine *engine, const struct l2tpha_attach_options *options,
                       struct l2tpha_tunnel **tunnel)
{
    struct l2tpha_node_record after;

    int error = tunnel_new_with_id(engine, &options->path, 0, options->local_id, &after, tunnel);
    if (!error && !options->local_id)
        engine_set_record(engine, &after);
    return error;
}

static int make_asked(struct engine *engine, const struct l2tpha_attach_options *options,
                      struct l2tpha_tunnel **tunnel)
{
    const struct buffer *request = attach_request(engine, &options->path);

    if (!request)
        return L2TPHA_ERR_NOT_FOUND;
    const struct l2tpha_path path = engine->inbox.request_path;
    int error =
        request_make_later(engine, &path, request->data, request->len, options->local_id, tunnel);
    if (!error)
        attach_drop_request(engine);
    return error;
}

static int attach(struct engine *engine, const struct l2tpha_attach_options *options,
                  struct l2tpha_tunnel **tunnel)
{
    const struct machine_input none = {0};
    struct l2tpha_tunnel *fresh;

    int error = options->initiator ? make_asking(engine, options, &fresh)
                                   : make_asked(engine, options, &fresh);
    if (error)
        return error;
    struct l2tpha_tunnel_record *record = &fresh->entry.record;
    record->flags |= L2TPHA_TUNNEL_ATTACHED | (options->initiator ? L2TPHA_TUNNEL_INITIATOR : 0u);
    tunnel_take_policy(fresh, options->policy);
    fresh->user = options->user;
    error = table_tunnel_set_bytes(engine->table, &record->secret, options->secret,
                                   options->secret_len);
    if (error) {
        machine_clear(fresh, error, "no memory");
        return error;
    }
    tunnel_announce(fresh);
    tunnel_set_state(
        fresh, options->initiator ? L2TPHA_TUNNEL_WAIT_CTL_REPLY : L2TPHA_TUNNEL_WAIT_CTL_CONN,
        &none);
    *tunnel = fresh;
    return L2TPHA_OK;
}

int engine_attach(struct engine *engine, const struct l2tpha_attach_options *options,
                  struct l2tpha_tunnel **tunnel)
{
    if (!engine->config.attach)
        return L2TPHA_ERR_STATE;
    int error = check_options(engine, options);
    if (error)
        return error;
    inbox_open(engine);
    return attach(engine, options, tunnel);
}

/* --- messages --- */

static int begin(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    return tunnel_is_attached(tunnel) && !tunnel->dying ? L2TPHA_OK : L2TPHA_ERR_STATE;
}

int l2tpha_attach_send(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len, uint64_t now)
{
    int error = begin(tunnel, now);

    return error ? error : engine_leave(tunnel->engine, attach_say(tunnel, data, len));
}

/* --- states --- */

static int establish(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input none = {0};
    uint8_t state = tunnel->entry.record.state;

    if (state == L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_OK;
    if (tunnel_is_over(tunnel) || !tunnel->entry.record.remote_id || tunnel->said_stop)
        return L2TPHA_ERR_STATE;
    tunnel_set_state(tunnel, L2TPHA_TUNNEL_ESTABLISHED, &none);
    return L2TPHA_OK;
}

static int establish_session(struct l2tpha_session *session)
{
    const struct machine_input none = {0};
    uint8_t state = session->entry.state;

    if (state == L2TPHA_SESSION_ESTABLISHED)
        return L2TPHA_OK;
    if (!session->entry.remote_id || session->dismissed)
        return L2TPHA_ERR_STATE;
    session_set_state(session, L2TPHA_SESSION_ESTABLISHED, &none);
    return L2TPHA_OK;
}

static int set_state(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint8_t state)
{
    struct l2tpha_session *session;

    if (!session_id)
        return state == L2TPHA_TUNNEL_ESTABLISHED    ? establish(tunnel)
               : state == tunnel->entry.record.state ? L2TPHA_OK
                                                     : L2TPHA_ERR_INVALID;
    session = tunnel_session_find(tunnel, session_id);
    if (!session)
        return L2TPHA_ERR_NOT_FOUND;
    return state == L2TPHA_SESSION_ESTABLISHED ? establish_session(session)
           : state == session->entry.state     ? L2TPHA_OK
                                               : L2TPHA_ERR_INVALID;
}

int l2tpha_attach_state(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint8_t state,
                        uint64_t now)
{
    int error = begin(tunnel, now);

    return error ? error : engine_leave(tunnel->engine, set_state(tunnel, session_id, state));
}

/* --- the end --- */

/* One whose end the peer is yet to be told of stays until it is told. */
static int end_session(struct l2tpha_session *session)
{
    const struct machine_input quiet = {.quiet = true, .reason = "ended by its daemon"};

    if (!session->dismissed)
        session_set_state(session, L2TPHA_SESSION_IDLE, &quiet);
    return L2TPHA_OK;
}

static int end_tunnel(struct l2tpha_tunnel *tunnel)
{
    const struct machine_input quiet = {.quiet = true, .reason = "ended by its daemon"};

    if (tunnel_is_over(tunnel) || tunnel_is_to_stop(tunnel))
        return L2TPHA_OK;
    tunnel_set_state(tunnel,
                     tunnel->said_stop    ? L2TPHA_TUNNEL_STOPPING
                     : tunnel->heard_stop ? L2TPHA_TUNNEL_STOPPED
                                          : L2TPHA_TUNNEL_IDLE,
                     &quiet);
    return L2TPHA_OK;
}

static int end(struct l2tpha_tunnel *tunnel, uint32_t session_id)
{
    struct l2tpha_session *session;

    if (!session_id)
        return end_tunnel(tunnel);
    session = tunnel_session_find(tunnel, session_id);
    return session ? end_session(session) : L2TPHA_ERR_NOT_FOUND;
}

int l2tpha_attach_gone(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint64_t now)
{
    int error = begin(tunnel, now);

    return error ? error : engine_leave(tunnel->engine, end(tunnel, session_id));
}

int l2tpha_attach_orphan(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint64_t now)
{
    int error = begin(tunnel, now);
    if (error)
        return error;
    if (!tunnel_session_find(tunnel, session_id))
        tunnel_end_orphan(tunnel, session_id, 0);
    return engine_leave(tunnel->engine, L2TPHA_OK);
}
