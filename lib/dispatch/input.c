/* SPDX-License-Identifier: MIT */
/* Where a datagram comes in: whose it is, and whether it may be. */
#include "dispatch/input.h"

#include "base/assert.h"
#include "control/find.h"
#include "control/machine.h"
#include "control/transaction.h"
#include "dispatch/deliver.h"
#include "dispatch/unbound.h"
#include "failover/takeover.h"

static bool is_same_host(struct engine *engine, const struct l2tpha_address *asked,
                         const struct l2tpha_address *answers)
{
    if (!engine->host.same_host)
        return false;
    engine_ask(engine);
    bool same = engine->host.same_host(engine->host.user, asked, answers);
    engine_answered(engine);
    return same;
}

/* RFC 2661 8.1: the answer to an SCCRQ may come from a port of the peer's choice, the SCCRP from
 * anywhere; from then on both ends stay. A StopCCN has nothing to be checked by, so it has to be
 * the first word of the host that was asked, and to acknowledge what that was asked. */
static bool is_answer(const struct l2tpha_tunnel *tunnel, const struct l2tpha_path *path,
                      const struct l2tpha_header *header, uint16_t type)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (record->state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return false;
    return type == L2TPHA_MESSAGE_SCCRP ||
           (type == L2TPHA_MESSAGE_STOPCCN && header->ns == record->nr &&
            header->nr == record->ns &&
            is_same_host(tunnel->engine, &record->path.remote, &path->remote));
}

static int receive_bound(struct engine *engine, const struct l2tpha_path *path,
                         const struct l2tpha_header *header, const uint8_t *data, size_t len)
{
    engine_prefetch_tunnel(engine, header->tunnel_id);
    struct l2tpha_tunnel *tunnel = engine_tunnel_find(engine, header->tunnel_id);

    if (!tunnel) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    table_prefetch_slot(&tunnel->entry, header->session_id);
    if (!address_is(&tunnel->entry.record.path.remote, &path->remote) &&
        !is_answer(tunnel, path, header,
                   wire_type(record_wire(&tunnel->entry.record), data, len))) {
        engine->counters.wrong_peer++;
        /* Not a line of that tunnel: its peer has done nothing. */
        log_line(&engine->log, L2TPHA_LOG_ERROR, 0, 0,
                 "datagram for tunnel %u from another address dropped", header->tunnel_id);
        return L2TPHA_ERR_WRONG_PEER;
    }
    if (!engine_wake(engine, tunnel)) {
        engine->counters.unknown_tunnel++;
        return L2TPHA_ERR_NOT_OURS;
    }
    return engine_deliver(engine, tunnel, path, header, data, len);
}

int engine_receive(struct engine *engine, const struct l2tpha_path *path, const uint8_t *data,
                   size_t len)
{
    struct l2tpha_header header;

    if (!engine->serving) {
        engine->counters.fenced_drops++;
        return L2TPHA_ERR_ROLE;
    }
    if (path->remote.len > L2TPHA_ADDRESS_MAX || path->local.len > L2TPHA_ADDRESS_MAX)
        return L2TPHA_ERR_INVALID;
    ASSERT(&engine->log, engine->open_events == 0); /* each is a transaction of its own */
    engine->counters.datagrams_in++;
    int error = wire_header_decode(data, len, &header);
    if (error) {
        if (error == L2TPHA_ERR_VERSION)
            engine->counters.bad_version++;
        else
            engine->counters.bad_header++;
        return error;
    }
    if (!header.control)
        return L2TPHA_ERR_DATA_MESSAGE;
    if (header.tunnel_id)
        error = receive_bound(engine, path, &header, data, header.length);
    else
        error = unbound_receive(engine, path, &header, data, header.length);
    engine_commit(engine);
    return error;
}
