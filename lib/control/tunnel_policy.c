/* SPDX-License-Identifier: MIT */
/* Which failover method a tunnel has. Its record keeps what is configured for its peer alone, so
 * that a change of the node's method touches no tunnel; the effective method is fixed once, when
 * the tunnel is established, and outlives any change and any takeover. */
#include "control/tunnel_policy.h"

#include "base/assert.h"

#include <l2tpha/failover.h>
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
    if (record->flags & L2TPHA_TUNNEL_LAGGING && !record->resync_packets)
        record->resync_packets = (uint16_t)tunnel->engine->config.resync_packets;
    set_flag(tunnel, L2TPHA_TUNNEL_MUTE, policy && !policy->announce);
    set_flag(tunnel, L2TPHA_TUNNEL_GROUP_OFF, policy && !policy->ha);
    guess_method(tunnel);
}

void tunnel_fix_method(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint8_t method = tunnel_configured_method(tunnel);

    ASSERT(&tunnel->engine->log, record->state == L2TPHA_TUNNEL_ESTABLISHED);
    ASSERT(&tunnel->engine->log, !tunnel_is_recovery(tunnel));
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
