/* SPDX-License-Identifier: MIT */
/* A datagram of a tunnel through its channel, and what follows from it. */
#include "dispatch/deliver.h"

#include "base/assert.h"
#include "control/half_open.h"
#include "control/inbox.h"
#include "control/inorder.h"
#include "control/machine.h"
#include "control/room.h"
#include "failover/lagging.h"
#include "failover/recovery_sign.h"
#include "failover/tunnel.h"

/* RFC 2661 5.7: once the StopCCN is acknowledged nothing keeps the tunnel. */
static void check_delivered(struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->dying && tunnel->entry.record.state == L2TPHA_TUNNEL_STOPPING &&
        channel_idle(&tunnel->channel))
        machine_of(tunnel)->delivered(tunnel);
}

static void check_acknowledged(struct engine *engine, struct l2tpha_tunnel *tunnel)
{
    bool said = tunnel_is_recovery(tunnel) && channel_idle(&tunnel->channel);
    bool owed = tunnel->entry.record.flags & L2TPHA_TUNNEL_UNSYNCED;
    bool recovered = !tunnel_is_recovery(tunnel) && tunnel->recovery;

    if (!tunnel->dying && (said || owed || recovered || tunnel->sync))
        failover_acknowledged(engine->failover, tunnel);
}

/* RFC 4951 3.2.2: the peer takes its SCCCN for read once that is acknowledged, and the old tunnel
 * for recovered. One that comes too late is read by nobody. */
static bool is_vain(const struct l2tpha_tunnel *tunnel, const uint8_t *data, size_t len)
{
    return tunnel_is_recovery(tunnel) && tunnel_is_over(tunnel) &&
           wire_type(record_wire(&tunnel->entry.record), data, len) == L2TPHA_MESSAGE_SCCCN;
}

/* What acknowledged it before has met nobody, nor has what went with that. */
static void take_duplicate(struct engine *engine, struct l2tpha_tunnel *tunnel, const uint8_t *data,
                           size_t len)
{
    struct l2tpha_decode_fault fault = {0};

    if (tunnel_is_recovery(tunnel) || (tunnel->restored && !tunnel->channel.lagging))
        channel_nudge(engine, &tunnel->channel);
    if (!tunnel_is_recovery(tunnel) ||
        wire_type(record_wire(&tunnel->entry.record), data, len) != L2TPHA_MESSAGE_SCCRP)
        return;
    l2tpha_message_decode(data, len, &engine->message, &fault);
    if (!fault.error)
        recovery_answered_again(tunnel, &engine->message);
}

/* What comes to a tunnel that is over its machine needs not see. */
static bool is_fetched(const struct l2tpha_tunnel *tunnel)
{
    return machine_of(tunnel)->fetches && !tunnel_is_over(tunnel);
}

/* Where an SCCRP comes from is where its peer is. */
static int keep_for_machine(struct engine *engine, struct l2tpha_tunnel *tunnel,
                            const struct l2tpha_path *path, const struct l2tpha_header *header,
                            const uint8_t *data, size_t len)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    int error = inbox_keep(engine, tunnel, header->ns, data, len);
    if (error || record->state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return error;
    return table_tunnel_set_remote(engine->table, &tunnel->entry, path, record->remote_id);
}

int engine_deliver(struct engine *engine, struct l2tpha_tunnel *tunnel,
                   const struct l2tpha_path *path, const struct l2tpha_header *header,
                   const uint8_t *data, size_t len)
{
    int error = L2TPHA_OK;

    ASSERT(&engine->log, tunnel->engine == engine && !tunnel->dying);
    ASSERT(&engine->log, !header->tunnel_id || header->tunnel_id == tunnel->entry.record.local_id);
    /* RFC 4951 3.2.1: until the reset nothing on the old channel counts. */
    if (tunnel->channel.suspended && !recovery_suspended_input(tunnel, header)) {
        engine->counters.suspended_drops++;
        return L2TPHA_OK;
    }
    enum channel_verdict verdict = channel_receive(engine, &tunnel->channel, header, data, len);
    if (tunnel->channel.tries == 0)
        tunnel_answered(tunnel);
    if (tunnel->channel.unproven && tunnel->entry.record.acked)
        half_open_proved(tunnel);
    switch (verdict) {
    case CHANNEL_IN_ORDER:
        if (is_fetched(tunnel)) {
            error = keep_for_machine(engine, tunnel, path, header, data, len);
            break;
        }
        if (is_vain(tunnel, data, len)) {
            error = L2TPHA_ERR_UNEXPECTED;
            break;
        }
        error = inorder_room(engine, tunnel, len);
        if (error) {
            engine->counters.queue_full++;
            return error;
        }
        error = inorder_process(engine, tunnel, path, data, len);
        engine_process_kept(engine, tunnel);
        break;
    case CHANNEL_DUPLICATE:
        error = L2TPHA_ERR_DUPLICATE;
        take_duplicate(engine, tunnel, data, len);
        break;
    case CHANNEL_BEYOND:
        error = L2TPHA_ERR_OUT_OF_WINDOW;
        break;
    case CHANNEL_ACK_ONLY:
    case CHANNEL_KEPT:
        break;
    }
    if (tunnel->lagging)
        lagging_input(engine->failover, tunnel, header);
    if (!tunnel->dying)
        tunnel_heard(tunnel);
    if (is_fetched(tunnel))
        inbox_note(engine, tunnel); /* an acknowledgement makes room for answers */
    check_delivered(tunnel);
    check_acknowledged(engine, tunnel);
    return error;
}
