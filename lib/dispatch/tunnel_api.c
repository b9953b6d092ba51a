/* SPDX-License-Identifier: MIT */
/* l2tpha_tunnel_*(): what the host may ask and say of a tunnel, whichever machine runs it. */
#include "control/event.h"
#include "control/transaction.h"
#include "control/tunnel_policy.h"
#include "dispatch/begin.h"

#include <l2tpha/failover.h>
#include <l2tpha/policy.h>

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

bool l2tpha_tunnel_is_announced(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->announced;
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
    if (len > ENGINE_APP_STATE || (!data && len))
        return L2TPHA_ERR_INVALID;
    if (tunnel->dying)
        return L2TPHA_ERR_STATE;
    error = table_tunnel_set_bytes(engine->table, &tunnel->entry.record.app_state, data, len);
    if (!error)
        tunnel_mark(tunnel, DIRTY_FULL);
    return engine_leave(engine, error);
}

int l2tpha_tunnel_set_policy(struct l2tpha_tunnel *tunnel, const struct l2tpha_policy *policy,
                             uint64_t now)
{
    int error = tunnel_begin(tunnel, now);
    if (error)
        return error;
    if (policy_check(policy))
        return L2TPHA_ERR_INVALID;
    if (tunnel->dying)
        return L2TPHA_ERR_STATE;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    if (record->state < L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_take_policy(tunnel, policy);
    else
        record->configured_method = l2tpha_policy_method(L2TPHA_FAILOVER_NOT_CONFIGURED, policy);
    tunnel_mark(tunnel, DIRTY_FULL);
    return engine_leave(tunnel->engine, L2TPHA_OK);
}

/* --- why not protected --- */

static const char *own_reason(const struct l2tpha_tunnel_record *record)
{
    if (record->effective_method != L2TPHA_FAILOVER_DISABLE)
        return NULL;
    if (record->flags & L2TPHA_TUNNEL_NO_HA)
        return record->flags & L2TPHA_TUNNEL_GROUP_OFF ? "group-off" : "ha-off";
    return record->flags & L2TPHA_TUNNEL_INCAPABLE ? "peer-incapable" : "disabled";
}

/* Or about to be, as soon as the takeover comes to it. */
static bool is_live(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->engine || tunnel_engine(tunnel)->serving;
}

static const char *standby_reason(const struct engine *engine)
{
    if (!engine->serving)
        return "fenced";
    switch (ledger_mode(engine->ledger)) {
    case LEDGER_OFF:
        return "no-standby";
    case LEDGER_BULK:
        return "bulk-sync";
    default:
        return ledger_in_sync(engine->ledger) ? NULL : "out-of-sync";
    }
}

const char *l2tpha_tunnel_protection(const struct l2tpha_tunnel *tunnel)
{
    const char *reason = own_reason(&tunnel->entry.record);

    if (!reason)
        reason = is_live(tunnel) ? standby_reason(tunnel_engine(tunnel)) : "standby";
    return reason ? reason : "protected";
}
