/* SPDX-License-Identifier: MIT */
/* RFC 4951 in the messages that set up a tunnel: the capability on ordinary ones (5.1), the tunnel
 * to be recovered (5.2) and the sequence suggested for it (5.3) on recovery tunnels. */
#include "failover/set_up.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/message.h"

bool failover_has_protocol(void)
{
    return true;
}

static void put_capability(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_failover_capability capability = {
        .control = true,
        .data = config->data_reset_frames > 0,
        .recovery_time_ms = config->recovery_ms,
    };
    bool initiator = record->flags & L2TPHA_TUNNEL_INITIATOR;

    if (!config->failover_capability || record->flags & L2TPHA_TUNNEL_MUTE)
        return;
    /* An SCCRP answers: the AVP is there when the SCCRQ had it. */
    if (!initiator && !record->remote_failover)
        return;
    record->flags |= L2TPHA_TUNNEL_ANNOUNCED;
    l2tpha_builder_put_failover_capability(builder, &capability);
}

static void put_recovery(const struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct tunnel_entry *old = table_tunnel_find(tunnel->engine->table, record->recovers);
    const struct l2tpha_tunnel_recovery recovery = {
        .tunnel_id = record->recovers, .remote_tunnel_id = old ? old->record.remote_id : 0};

    l2tpha_builder_put_tunnel_recovery(builder, &recovery);
}

static void put_suggestion(const struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_suggested_sequence suggested = {.ns = tunnel->entry.record.suggested_ns,
                                                        .nr = tunnel->entry.record.suggested_nr};

    const uint8_t *vector = builder->vector;

    /* RFC 4951 5.3: with M=0, a peer that cannot decipher it passes over it, and by 3.2.2 begins at
     * 0 while we do as suggested. So it goes in the clear. */
    builder->vector = NULL;
    l2tpha_builder_put_suggested_sequence(builder, &suggested);
    builder->vector = vector;
}

void put_failover_avps(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    bool initiator = tunnel->entry.record.flags & L2TPHA_TUNNEL_INITIATOR;

    if (!tunnel_is_recovery(tunnel))
        put_capability(tunnel, builder);
    else if (initiator)
        put_recovery(tunnel, builder);
    else
        put_suggestion(tunnel, builder);
}

/* RFC 4951 5.1: with neither bit the AVP says nothing, and Recovery Time goes with C. */
void take_failover_avps(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_failover_capability peer;

    ASSERT(&tunnel->engine->log, !tunnel_is_recovery(tunnel));
    if (!l2tpha_avp_failover_capability(
            l2tpha_message_find(message, L2TPHA_AVP_FAILOVER_CAPABILITY), &peer))
        return;
    record->remote_failover =
        (peer.control ? CAPABLE_CONTROL : 0u) | (peer.data ? CAPABLE_DATA : 0u);
    if (!peer.control)
        return;
    record->remote_recovery_ms = peer.recovery_time_ms < config->recovery_max_ms
                                     ? peer.recovery_time_ms
                                     : config->recovery_max_ms;
}

static bool refuse(struct machine_input *input, const char *reason)
{
    input->result = RESULT_GENERAL;
    input->error = ERROR_VALUE;
    input->reason = reason;
    input->status = L2TPHA_ERR_AVP_VALUE;
    return false;
}

/* RFC 4951 appendix A shows Tunnel Recovery in an SCCRP too, where 5.2 forbids it. It does no harm
 * unless the peer means another tunnel. */
static bool means_another(const struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    uint32_t old_id = tunnel->entry.record.recovers;
    const struct tunnel_entry *old = table_tunnel_find(tunnel->engine->table, old_id);
    struct l2tpha_tunnel_recovery named;
    struct l2tpha_avp avp;

    if (!avp_is_written(message, L2TPHA_AVP_TUNNEL_RECOVERY, &avp))
        return false;
    return !old || !l2tpha_avp_tunnel_recovery(&avp, &named) ||
           named.tunnel_id != old->record.remote_id || named.remote_tunnel_id != old_id;
}

/* RFC 4951 3.2.1: neither end gives a recovery tunnel the id of an old one. */
static bool takes_an_old_id(const struct l2tpha_tunnel *tunnel,
                            const struct l2tpha_message *message)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct table *table = tunnel->engine->table;
    struct tunnel_entry *holder =
        table_tunnel_find_remote(table, &record->path.remote, wire_tunnel_id(message));

    while (holder && (holder->record.recovers || tunnel_of(holder)->lingering))
        holder = table_tunnel_next_duplicate(table, holder);
    return holder != NULL;
}

bool check_failover_reply(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message,
                          struct machine_input *input)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_suggested_sequence suggested;
    const struct l2tpha_avp *found = l2tpha_message_find(message, L2TPHA_AVP_SUGGESTED_SEQUENCE);
    struct l2tpha_avp avp;

    ASSERT(&tunnel->engine->log, record->state == L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    if (!tunnel_is_recovery(tunnel))
        return true;
    if (means_another(tunnel, message))
        return refuse(input, "Tunnel Recovery names another tunnel");
    if (takes_an_old_id(tunnel, message))
        return refuse(input, "Assigned Tunnel ID is that of an old tunnel");
    if (!l2tpha_avp_suggested_sequence(found, &suggested)) {
        /* Taken for an absent one, the two ends would go on with different numbers. */
        if (avp_is_written(message, L2TPHA_AVP_SUGGESTED_SEQUENCE, &avp))
            return refuse(input, "Suggested Control Sequence cannot be read");
        suggested = (struct l2tpha_suggested_sequence){0, 0}; /* RFC 4951 5.3 */
        tunnel->engine->counters.recoveries_degraded++;
    }
    record->suggested_ns = suggested.ns;
    record->suggested_nr = suggested.nr;
    return true;
}
