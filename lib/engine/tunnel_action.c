/* SPDX-License-Identifier: MIT */
/* What the control connection's machine says: SCCRQ, SCCRP, SCCCN, StopCCN (RFC 2661 6.1-6.4). */
#include "engine/tunnel_action.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/machine.h"

#include "control/auth.h"
#include "control/opening.h"
#include "control/tunnel_send.h"
#include "dispatch/attributes.h"
#include "dispatch/farewell.h"
#include "engine/session_wait.h"
#include "failover/set_up.h"

#include <string.h>

#define PROTOCOL_VERSION 1
#define PROTOCOL_REVISION 0

/* RFC 4951 3.2.1: of a recovery tunnel the peer expects the name that it knows the old one by,
 * which is its daemon's where that has machines of its own. */
static void put_name(const struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    const struct tunnel_entry *old =
        table_tunnel_find(tunnel->engine->table, tunnel->entry.record.recovers);

    if (old && old->record.own_name.len)
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_HOST_NAME, old->record.own_name.data,
                                 old->record.own_name.len);
    else
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_HOST_NAME, config->name, strlen(config->name));
}

static void put_self(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    const struct l2tpha_config *config = &tunnel->engine->config;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    l2tpha_builder_put_u8pair(builder, L2TPHA_AVP_PROTOCOL_VERSION, PROTOCOL_VERSION,
                              PROTOCOL_REVISION);
    l2tpha_builder_put_u32(builder, L2TPHA_AVP_FRAMING_CAPABILITIES, config->framing_caps);
    if (config->bearer_caps)
        l2tpha_builder_put_u32(builder, L2TPHA_AVP_BEARER_CAPABILITIES, config->bearer_caps);
    if (config->firmware)
        l2tpha_builder_put_u16(builder, L2TPHA_AVP_FIRMWARE_REVISION, config->firmware);
    put_name(tunnel, builder);
    if (config->vendor_name)
        l2tpha_builder_put_bytes(builder, L2TPHA_AVP_VENDOR_NAME, config->vendor_name,
                                 strlen(config->vendor_name));
    wire_put_tunnel_id(builder, record->local_id);
    l2tpha_builder_put_u16(builder, L2TPHA_AVP_RECEIVE_WINDOW_SIZE, record->local_window);
}

int send_sccrq(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;
    struct l2tpha_builder builder;

    (void)argument;
    /* RFC 2661 5.8: a tunnel's first message has Ns 0 and nothing to acknowledge. */
    ASSERT(&tunnel->engine->log, tunnel->entry.record.ns == 0 && tunnel->entry.record.nr == 0);
    ASSERT(&tunnel->engine->log, tunnel->entry.record.remote_id == 0);
    tunnel->entry.record.flags |= L2TPHA_TUNNEL_INITIATOR;
    /* RFC 4951 3.2.1: a recovery tunnel has been given the old one's secret. */
    int error = tunnel_is_recovery(tunnel) ? L2TPHA_OK : auth_fetch_secret(tunnel, NULL);
    if (error)
        return error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_SCCRQ, 0);
    put_self(tunnel, &builder);
    put_failover_avps(tunnel, &builder);
    error = tunnel_put_tie_breaker(tunnel, &builder);
    if (!error)
        error = auth_put_challenge(tunnel, &builder);
    return error ? error : tunnel_send(tunnel, &builder);
}

/* RFC 4951 appendix B: both ends have failed. The loser asks, so it has not heard ours yet: that
 * may have met nobody there. */
int ask_again(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;

    (void)argument;
    if (tunnel_is_recovery(tunnel))
        channel_nudge(tunnel->engine, &tunnel->channel);
    return L2TPHA_OK;
}

static int put_answer(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                      const struct l2tpha_message *message)
{
    struct l2tpha_bytes challenge;
    bool challenged = l2tpha_message_bytes(message, L2TPHA_AVP_CHALLENGE, &challenge);

    return auth_put_response(tunnel, builder, type, challenged ? &challenge : NULL);
}

int send_sccrp(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;
    const struct machine_input *input = argument;
    struct l2tpha_builder builder;

    ASSERT(&tunnel->engine->log, !(tunnel->entry.record.flags & L2TPHA_TUNNEL_INITIATOR));
    ASSERT(&tunnel->engine->log, tunnel->entry.record.ns == 0);
    int error = tunnel_take_peer(tunnel, input->message, input->path);
    if (error)
        return error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_SCCRP, 0);
    put_self(tunnel, &builder);
    put_failover_avps(tunnel, &builder);
    error = put_answer(tunnel, &builder, L2TPHA_MESSAGE_SCCRP, input->message);
    if (!error)
        error = auth_put_challenge(tunnel, &builder);
    return error ? error : tunnel_send(tunnel, &builder);
}

int send_scccn(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;
    const struct machine_input *input = argument;
    struct l2tpha_builder builder;

    int error = tunnel_take_peer(tunnel, input->message, input->path);
    if (error)
        return error;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_SCCCN, 0);
    error = put_answer(tunnel, &builder, L2TPHA_MESSAGE_SCCCN, input->message);
    return error ? error : tunnel_send(tunnel, &builder);
}

int send_stopccn(void *object, void *argument)
{
    return tunnel_say_stop(object, argument);
}

/* An action has failed here. Who has heard of the tunnel is told; who has not is left alone. */
int stop_failed(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;
    struct machine_input *input = argument;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    input->result = RESULT_GENERAL;
    input->error = ERROR_RESOURCES;
    input->reason = "failure at this end";
    if (record->state == L2TPHA_TUNNEL_IDLE && record->flags & L2TPHA_TUNNEL_INITIATOR)
        return L2TPHA_OK;
    return send_stopccn(object, argument);
}

#define START_BATCH 64    /* waiting sessions started in one transaction */
#define START_RETRY_MS 50 /* when the queue was full */

int start_sessions(void *object, void *argument)
{
    struct l2tpha_tunnel *tunnel = object;

    (void)argument;
    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED);
    if (!session_start_waiting(tunnel, START_BATCH) || !tunnel_is_open(tunnel))
        return L2TPHA_OK;
    tunnel_start_later(tunnel, tunnel_has_own_room(tunnel) ? 0 : START_RETRY_MS * US_PER_MS);
    return L2TPHA_OK;
}
