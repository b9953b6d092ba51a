/* SPDX-License-Identifier: MIT */
/* l2tpha_tunnel_*(): the host's hands on a tunnel. */
#include "engine/session.h"

#define APP_STATE_MAX 60000
#define STOPCCN_MAX 2048 /* bytes of a StopCCN: its one text is an AVP's at most */

int tunnel_begin(struct l2tpha_tunnel *tunnel, uint64_t now)
{
    if (!tunnel)
        return L2TPHA_ERR_INVALID;
    struct engine *engine = tunnel_engine(tunnel);
    int error = engine_enter(engine, now);
    if (!error)
        engine_wake(engine, tunnel);
    return error;
}

int engine_tunnel_open(struct engine *engine, const struct l2tpha_tunnel_options *options,
                       struct l2tpha_tunnel **tunnel)
{
    struct tunnel_input input = {0};
    struct l2tpha_node_record after;
    struct l2tpha_tunnel *fresh;

    if (options->size != sizeof(*options) || options->path.remote.len > L2TPHA_ADDRESS_MAX ||
        options->path.local.len > L2TPHA_ADDRESS_MAX)
        return L2TPHA_ERR_INVALID;
    int error = policy_check(options->policy);
    if (!error)
        error = tunnel_new(engine, &options->path, 0, &after, &fresh);
    if (error)
        return error;
    tunnel_take_policy(fresh, options->policy);
    fresh->user = options->user;
    error = tunnel_step(fresh, TUNNEL_OPEN, &input);
    if (error) {
        tunnel_clear(fresh, error, "not opened");
        return error;
    }
    engine_set_record(engine, &after);
    fresh->told = true;
    *tunnel = fresh;
    return L2TPHA_OK;
}

static bool is_usable(const struct l2tpha_tunnel *tunnel)
{
    uint8_t state = tunnel->entry.record.state;

    /* A recovery tunnel ends by itself. Closed before its SCCCN it would take the recovery with it,
     * and with that the word for the peer on the tunnel that it is for. */
    if (tunnel_is_recovery(tunnel))
        return false;
    return state == L2TPHA_TUNNEL_WAIT_CTL_REPLY || state == L2TPHA_TUNNEL_WAIT_CTL_CONN ||
           (state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel->close_result);
}

int l2tpha_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                        const char *reason, uint64_t now)
{
    struct tunnel_input input = {.result = result, .error = error, .reason = reason};

    int failed = tunnel_begin(tunnel, now);
    if (failed)
        return failed;
    struct engine *engine = tunnel->engine;
    if (result == 0)
        return L2TPHA_ERR_INVALID;
    if (!is_usable(tunnel))
        return L2TPHA_ERR_STATE;
    if (tunnel->channel.suspended) {
        tunnel->close_result = result;
        tunnel->close_error = error;
        return engine_leave(engine, L2TPHA_OK);
    }
    if (!channel_has_room(engine, &tunnel->channel, 1))
        return L2TPHA_ERR_QUEUE_FULL;
    failed = buffer_reserve(engine->pool, STOPCCN_MAX);
    if (failed)
        return failed;
    return engine_leave(engine, tunnel_step(tunnel, TUNNEL_CLOSE, &input));
}

struct l2tpha_tunnel *engine_tunnel_find(const struct engine *engine, uint32_t local_id)
{
    struct tunnel_entry *entry = table_tunnel_find(engine->table, local_id);

    return entry && !tunnel_of(entry)->dying ? tunnel_of(entry) : NULL;
}

struct l2tpha_tunnel *engine_tunnel_walk(const struct engine *engine, uint32_t *place)
{
    struct tunnel_entry *entry;

    while ((entry = table_tunnel_next(engine->table, place)))
        if (!tunnel_of(entry)->dying)
            return tunnel_of(entry);
    return NULL;
}

struct l2tpha_tunnel *engine_tunnel_next(const struct engine *engine,
                                         const struct l2tpha_tunnel *previous)
{
    uint32_t place = previous ? previous->entry.place + 1 : 0;

    return engine_tunnel_walk(engine, &place);
}

void l2tpha_tunnel_get(const struct l2tpha_tunnel *tunnel, struct l2tpha_tunnel_record *record)
{
    *record = tunnel->entry.record;
    if (tunnel->engine || tunnel_engine(tunnel)->serving)
        record->configured_method = tunnel_configured_method(tunnel);
}

uint32_t l2tpha_tunnel_id(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.local_id;
}

bool l2tpha_tunnel_is_told(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->told;
}

uint32_t l2tpha_tunnel_sessions(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.session_count;
}

void l2tpha_tunnel_set_user(struct l2tpha_tunnel *tunnel, void *user)
{
    tunnel->user = user;
    if (tunnel->engine)
        engine_rename(tunnel->engine, tunnel, NULL, user);
}

void *l2tpha_tunnel_user(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->user;
}

int l2tpha_tunnel_set_app_state(struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len,
                                uint64_t now)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    struct engine *engine = tunnel->engine;
    if (len > APP_STATE_MAX || (!data && len))
        return L2TPHA_ERR_INVALID;
    if (tunnel->dying)
        return L2TPHA_ERR_STATE;
    error = table_tunnel_set_bytes(engine->table, &tunnel->entry.record.app_state, data, len);
    if (!error)
        tunnel_mark(tunnel, DIRTY_FULL);
    return engine_leave(engine, error);
}
