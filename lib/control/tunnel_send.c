/* SPDX-License-Identifier: MIT */
/* Messages of a tunnel on their way to its channel. */
#include "control/tunnel_send.h"

#include "base/assert.h"
#include "codec/builder.h"

#include <string.h>

struct l2tpha_hiding tunnel_hiding(const struct l2tpha_tunnel *tunnel)
{
    return (struct l2tpha_hiding){
        .crypto = tunnel->engine->config.crypto,
        .secret = tunnel->entry.record.secret.data,
        .secret_len = tunnel->entry.record.secret.len,
    };
}

void tunnel_build(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder, uint16_t type,
                  uint32_t session_id)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_hiding hiding = tunnel_hiding(tunnel);

    builder_begin(record_wire(record), builder, engine->build, engine->build_size, type,
                  record->remote_id, session_id);
    if (!(record->flags & L2TPHA_TUNNEL_HIDE) || !hiding.crypto || !hiding.secret_len)
        return;
    int error = engine_random(engine, engine->vector, sizeof(engine->vector));
    if (error && !builder->error)
        builder->error = error;
    l2tpha_builder_hide(builder, &hiding, engine->vector, sizeof(engine->vector));
}

int tunnel_send(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    struct engine *engine = tunnel->engine;
    size_t len;

    ASSERT(&engine->log, builder->start == engine->build);
    int error = l2tpha_builder_end(builder, &len);
    if (!error)
        error = channel_send(engine, &tunnel->channel, engine->build, len);
    if (error)
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "%s not sent: %s", l2tpha_message_name(builder->type), l2tpha_strerror(error));
    else
        log_line(&engine->log, L2TPHA_LOG_DETAIL, tunnel->entry.record.local_id, 0, "sends %s",
                 l2tpha_message_name(builder->type));
    return error;
}

int tunnel_hello(struct l2tpha_tunnel *tunnel)
{
    tunnel_prefetch(tunnel); /* nothing was heard of it for long */
    struct engine *engine = tunnel->engine;
    struct l2tpha_builder builder;

    if (!channel_idle(&tunnel->channel))
        return L2TPHA_OK;
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_HELLO, 0);
    int error = tunnel_send(tunnel, &builder);
    if (error) /* it is tried again soon, even where no HELLO is due by itself */
        wheel_arm(engine->wheel, &tunnel->hello,
                  engine->now + engine->config.retransmit_ms * US_PER_MS);
    return error;
}

void tunnel_build_states(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder,
                         uint16_t type)
{
    /* RFC 4951 5.4 allows hiding; each would need a Random Vector of its own, and says nothing
     * that the clear header of a data frame does not. */
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct engine *engine = tunnel->engine;

    builder_begin(record_wire(record), builder, engine->build, engine->build_size, type,
                  record->remote_id, 0);
}

int tunnel_send_states(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    if (tunnel->entry.record.state != L2TPHA_TUNNEL_ESTABLISHED)
        return L2TPHA_ERR_STATE;
    bool fits = builder->type == L2TPHA_MESSAGE_FSR
                    ? channel_has_room(tunnel->engine, &tunnel->channel, 2)
                    : channel_has_own_room(tunnel->engine, &tunnel->channel);
    return fits ? tunnel_send(tunnel, builder) : L2TPHA_ERR_QUEUE_FULL;
}

bool tunnel_takes_no_id(const struct l2tpha_tunnel *tunnel)
{
    static const char intolerant[] = "xelerance";
    const struct l2tpha_bytes *vendor = &tunnel->entry.record.peer_vendor;
    const size_t len = sizeof(intolerant) - 1;

    return vendor->len < len || memcmp(vendor->data, intolerant, len) != 0;
}
