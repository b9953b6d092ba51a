/* SPDX-License-Identifier: MIT */
/* Which failover method a tunnel has. Its record keeps what is configured for its peer alone, so
 * that a change of the node's method touches no tunnel; the effective method is settled once, when
 * the tunnel is established, and outlives any change and any takeover. */
#include "engine/tunnel.h"

#include <l2tpha/policy.h>

static bool is_method(uint8_t method)
{
    return method <= L2TPHA_FAILOVER_FALLBACK || method == L2TPHA_FAILOVER_NOT_CONFIGURED;
}

int policy_check(const struct l2tpha_policy *policy)
{
    if (!policy)
        return L2TPHA_OK;
    bool good = policy->size == sizeof(*policy) && is_method(policy->profile) &&
                is_method(policy->radius) && policy->resync_packets <= L2TPHA_RESYNC_PACKETS_MAX;
    return good ? L2TPHA_OK : L2TPHA_ERR_INVALID;
}

uint8_t tunnel_configured_method(const struct l2tpha_tunnel *tunnel)
{
    uint8_t own = tunnel->entry.record.configured_method;

    return own == L2TPHA_FAILOVER_NOT_CONFIGURED ? tunnel_engine(tunnel)->config.failover : own;
}

static void set_flag(struct l2tpha_tunnel *tunnel, uint32_t flag, bool on)
{
    uint32_t *flags = &tunnel->entry.record.flags;

    *flags = on ? *flags | flag : *flags & ~flag;
}

static bool is_switched_off(struct l2tpha_tunnel *tunnel)
{
    bool group_off = tunnel->entry.record.flags & L2TPHA_TUNNEL_GROUP_OFF;
    bool off = group_off || !tunnel->engine->config.ha;

    set_flag(tunnel, L2TPHA_TUNNEL_NO_HA, off);
    return off;
}

/* What the peer can do is not known yet: an exact record goes on silently. */
static void guess_method(struct l2tpha_tunnel *tunnel)
{
    bool unprotected =
        is_switched_off(tunnel) || tunnel_configured_method(tunnel) == L2TPHA_FAILOVER_DISABLE;

    tunnel->entry.record.effective_method =
        unprotected ? L2TPHA_FAILOVER_DISABLE : L2TPHA_FAILOVER_SILENT;
    table_note_method(tunnel->engine->table, &tunnel->entry);
}

void tunnel_take_policy(struct l2tpha_tunnel *tunnel, const struct l2tpha_policy *policy)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    record->configured_method = l2tpha_policy_method(L2TPHA_FAILOVER_NOT_CONFIGURED, policy);
    record->resync_packets = policy ? (uint16_t)policy->resync_packets : 0;
    /* The standby reckons with the lease in force here, whatever its own would be. */
    if (record->flags & L2TPHA_TUNNEL_LAZY && !record->resync_packets)
        record->resync_packets = (uint16_t)tunnel->engine->config.resync_packets;
    set_flag(tunnel, L2TPHA_TUNNEL_MUTE, policy && !policy->announce);
    set_flag(tunnel, L2TPHA_TUNNEL_GROUP_OFF, policy && !policy->ha);
    guess_method(tunnel);
}

void tunnel_settle_method(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint8_t method = tunnel_configured_method(tunnel);

    /* RFC 4951 3.2.1: a tunnel may be recovered only if both ends have announced it. */
    bool lacking = !failover_is_capable(record);
    set_flag(tunnel, L2TPHA_TUNNEL_INCAPABLE, lacking && method == L2TPHA_FAILOVER_PROTOCOL);
    if (is_switched_off(tunnel) || (lacking && method == L2TPHA_FAILOVER_PROTOCOL))
        method = L2TPHA_FAILOVER_DISABLE;
    else if (lacking && method == L2TPHA_FAILOVER_FALLBACK)
        method = L2TPHA_FAILOVER_SILENT;
    record->effective_method = method;
    table_note_method(tunnel->engine->table, &tunnel->entry);
    log_line(&tunnel->engine->log, L2TPHA_LOG_EVENT, record->local_id, 0, "failover method: %s",
             l2tpha_failover_method_name(method));
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
