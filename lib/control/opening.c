/* SPDX-License-Identifier: MIT */
/* Tunnels whose SCCRQ is outstanding, for tie breaking (RFC 2661 4.4.3). */
#include "control/opening.h"

#include "base/assert.h"
#include "codec/wire_id.h"

#include <string.h>

static struct l2tpha_tunnel **bucket_of(struct engine *engine, const struct l2tpha_address *remote)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the host picks whom it calls, no peer does */

    for (uint8_t i = 0; i < remote->len; i++)
        hash = (hash ^ remote->bytes[i]) * 16777619u;
    return &engine->opening[(hash ^ hash >> 16) % ENGINE_OPENING];
}

void tunnel_join_opening(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel **bucket = bucket_of(tunnel->engine, &tunnel->entry.record.path.remote);

    ASSERT(&tunnel->engine->log, tunnel->entry.record.state == L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    ASSERT(&tunnel->engine->log, !tunnel->opening && !tunnel->lingering);
    ASSERT(&tunnel->engine->log, !tunnel->counted_half_open && !tunnel->counted_over);
    tunnel->opening_next = *bucket;
    tunnel->opening_back = bucket;
    if (*bucket)
        (*bucket)->opening_back = &tunnel->opening_next;
    *bucket = tunnel;
    tunnel->opening = true;
}

void tunnel_leave_opening(struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->opening)
        return;
    ASSERT(&tunnel->engine->log, *tunnel->opening_back == tunnel);
    *tunnel->opening_back = tunnel->opening_next;
    if (tunnel->opening_next)
        tunnel->opening_next->opening_back = tunnel->opening_back;
    tunnel->opening = false;
}

struct l2tpha_tunnel *tunnel_next_opening(struct engine *engine,
                                          const struct l2tpha_address *remote,
                                          const struct l2tpha_tunnel *previous)
{
    /* Out of the line the place that leads on is another line's. */
    ASSERT(&engine->log, !previous || previous->opening);
    struct l2tpha_tunnel *tunnel = previous ? previous->opening_next : *bucket_of(engine, remote);

    while (tunnel && !address_is(&tunnel->entry.record.path.remote, remote))
        tunnel = tunnel->opening_next;
    return tunnel;
}

enum tie tunnel_compare_ties(const struct l2tpha_tunnel *ours, const struct l2tpha_message *theirs)
{
    const struct l2tpha_tunnel_record *record = &ours->entry.record;
    bool have = record->flags & L2TPHA_TUNNEL_TIE_BREAKER;
    struct l2tpha_bytes peers;

    /* In one of the peer's there is something else in the tie breaker's place. */
    ASSERT(&ours->engine->log, record->state == L2TPHA_TUNNEL_WAIT_CTL_REPLY);
    if (!l2tpha_message_bytes(theirs, L2TPHA_AVP_TIE_BREAKER, &peers) ||
        peers.len != sizeof(record->tie_breaker))
        return have ? TIE_OURS : TIE_NONE;
    if (!have)
        return TIE_PEERS;
    int order = memcmp(record->tie_breaker, peers.data, peers.len);
    if (order == 0)
        return ours->meek ? TIE_PEERS : TIE_EQUAL;
    return order < 0 ? TIE_OURS : TIE_PEERS;
}

int tunnel_put_tie_breaker(struct l2tpha_tunnel *tunnel, struct l2tpha_builder *builder)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    /* RFC 4951 3.2.1: for a recovery tunnel it is a must. */
    if (!engine->config.tie_breaker && !tunnel_is_recovery(tunnel))
        return L2TPHA_OK;
    int error = engine_random(engine, record->tie_breaker, sizeof(record->tie_breaker));
    if (error)
        return error;
    if (tunnel->meek)
        memset(record->tie_breaker, 0xff, sizeof(record->tie_breaker));
    record->flags |= L2TPHA_TUNNEL_TIE_BREAKER;
    l2tpha_builder_put_bytes(builder, L2TPHA_AVP_TIE_BREAKER, record->tie_breaker,
                             sizeof(record->tie_breaker));
    return L2TPHA_OK;
}

/* Copies of what has lost may come after the winner has done its work: they must not begin anew. */
void tunnel_remember_lost_tie(struct l2tpha_tunnel *old, const struct l2tpha_message *sccrq)
{
    uint32_t id = wire_tunnel_id(sccrq);

    if (id)
        old->lost_tie_request = id;
    old->lost_tie_ms = engine_now_ms(old->engine);
}
