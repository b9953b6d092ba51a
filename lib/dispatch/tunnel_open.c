/* SPDX-License-Identifier: MIT */
/* The host opens a tunnel, or closes it, whichever machine runs it. */
#include "dispatch/tunnel_open.h"

#include "base/assert.h"
#include "control/transaction.h"
#include "control/tunnel_policy.h"
#include "dispatch/begin.h"
#include "dispatch/disconnect.h"

#define STOPCCN_MAX 2048 /* bytes of a StopCCN: its one text is an AVP's at most */

int engine_tunnel_open(struct engine *engine, const struct l2tpha_tunnel_options *options,
                       struct l2tpha_tunnel **tunnel)
{
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
    error = machine_of(fresh)->open(fresh);
    if (error) {
        machine_clear(fresh, error, "not opened");
        return error;
    }
    ASSERT(&engine->log, fresh->opening);
    engine_set_record(engine, &after);
    tunnel_announce(fresh);
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
           (state == L2TPHA_TUNNEL_ESTABLISHED && !tunnel_is_to_stop(tunnel));
}

int l2tpha_tunnel_close(struct l2tpha_tunnel *tunnel, uint16_t result, uint16_t error,
                        const char *reason, uint64_t now)
{
    const struct machine_input input = {.result = result, .error = error, .reason = reason};

    int failed = tunnel_begin_own(tunnel, now);
    if (failed)
        return failed;
    struct engine *engine = tunnel->engine;
    if (result == 0)
        return L2TPHA_ERR_INVALID;
    if (!is_usable(tunnel))
        return L2TPHA_ERR_STATE;
    if (!tunnel_may_stop(tunnel, result, error))
        return engine_leave(engine, L2TPHA_OK);
    if (!channel_has_room(engine, &tunnel->channel, 1))
        return L2TPHA_ERR_QUEUE_FULL;
    failed = buffer_reserve(engine->pool, STOPCCN_MAX);
    if (failed)
        return failed;
    return engine_leave(engine, machine_of(tunnel)->stop(tunnel, &input));
}
