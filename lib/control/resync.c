/* SPDX-License-Identifier: MIT */
/* A lagging record bounds the numbers: the previous active has used no Ns from the ceiling
 * on. The numbers in between get HELLOs behind what the record has queued, so that every
 * one of them is taken by the peer exactly once, whether by a message of the previous active or by
 * what stands in its slot here; then no straggler of that node can be taken for a message of ours.
 * It is the ordinary queue: retransmission, the window and the next standby's copy of it come for
 * free.
 */
#include "control/resync.h"

#include "base/assert.h"
#include "base/serial.h"
#include "codec/wire_id.h"
#include "control/inorder.h"
#include "control/ready.h"
#include "control/tunnel_send.h"

#include <string.h>

#define ORPHAN_MS 100 /* between two orphans of a tunnel that are ended */

static int queue_hello(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_builder builder;

    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_HELLO, 0);
    return tunnel_send(tunnel, &builder);
}

int tunnel_hold(struct l2tpha_tunnel *tunnel, uint16_t ceiling)
{
    struct channel *channel = &tunnel->channel;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    int error = L2TPHA_OK;

    ASSERT(&tunnel->engine->log, tunnel->lagging && !channel->lagging);
    channel->inherits = channel->lagging = channel->held = true;
    channel->ceiling = ceiling;
    channel->sent_ns = record->acked;
    while (!error && !serial_after(record->ns, ceiling))
        error = queue_hello(tunnel);
    return error;
}

int tunnel_probe(struct l2tpha_tunnel *tunnel, uint16_t ns)
{
    struct engine *engine = tunnel->engine;
    struct channel *channel = &tunnel->channel;
    struct l2tpha_builder builder;
    size_t len;
    int error;

    ASSERT(&engine->log, channel->lagging && !channel->suspended);
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_HELLO, 0);
    error = l2tpha_builder_end(&builder, &len);
    if (!error && !channel->probe)
        channel->probe = buffer_get(engine->pool, len, &error);
    if (error)
        return error;
    memcpy(channel->probe->data, engine->build, len);
    channel->probe->len = (uint32_t)len;
    channel->probe_ns = ns;
    channel->probe_due = true;
    engine_ready(engine, &tunnel->channel);
    return L2TPHA_OK;
}

void tunnel_fill(struct l2tpha_tunnel *tunnel, bool careful)
{
    ASSERT(&tunnel->engine->log, tunnel->channel.lagging && tunnel->channel.held);
    tunnel->channel.held = false;
    tunnel->channel.careful = careful;
    engine_ready(tunnel->engine, &tunnel->channel);
}

void tunnel_jump(struct l2tpha_tunnel *tunnel, uint16_t nr)
{
    struct engine *engine = tunnel->engine;

    channel_jump(engine, &tunnel->channel, nr);
    engine_process_kept(engine, tunnel);
}

void channel_give_up(struct engine *engine, struct channel *channel)
{
    uint16_t ns = channel->peer_said ? channel->peer_nr : channel->sent_ns;

    channel_reset(engine, channel, ns, channel->entry->record.nr);
}

void tunnel_release(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    struct channel *channel = &tunnel->channel;

    ASSERT(&engine->log, tunnel->lagging);
    channel->lagging = channel->held = channel->careful = false;
    tunnel->reconciles = true;
    tunnel_set_commit(tunnel);
    if (tunnel->waiting)
        wheel_arm(engine->wheel, &tunnel->start, engine->now);
    engine_ready(engine, &tunnel->channel);
    tunnel_heard(tunnel);
}

/* RFC 2661 4.4.4: the peer knows the session by the id that this end had assigned. */
void tunnel_end_orphan(struct l2tpha_tunnel *tunnel, uint32_t session_id, uint32_t remote_id)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_builder builder;

    if (!engine || !tunnel->reconciles || !session_id || !tunnel_is_open(tunnel) ||
        engine_now_ms(engine) - tunnel->orphan_ms < ORPHAN_MS ||
        !channel_has_own_room(engine, &tunnel->channel))
        return;
    if (!remote_id && !tunnel_takes_no_id(tunnel))
        return;
    tunnel->orphan_ms = engine_now_ms(engine);
    tunnel_build(tunnel, &builder, L2TPHA_MESSAGE_CDN, remote_id);
    wire_put_session_id(&builder, session_id);
    l2tpha_builder_put_result(&builder, RESULT_GENERAL, ERROR_SESSION_ID, "no such session");
    if (tunnel_send(tunnel, &builder) == L2TPHA_OK)
        engine->counters.orphans_ended++;
}
