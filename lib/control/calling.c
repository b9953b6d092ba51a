/* SPDX-License-Identifier: MIT */
/* Tunnels whose SCCRQ is outstanding, for tie breaking (RFC 2661 4.4.3). */
#include "control/calling.h"

#include "base/assert.h"

static struct l2tpha_tunnel **bucket_of(struct engine *engine, const struct l2tpha_address *remote)
{
    uint32_t hash = 2166136261u; /* FNV-1a: the host picks whom it calls, no peer does */

    for (uint8_t i = 0; i < remote->len; i++)
        hash = (hash ^ remote->bytes[i]) * 16777619u;
    return &engine->calling[(hash ^ hash >> 16) % ENGINE_CALLING];
}

void tunnel_join_calling(struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel **bucket = bucket_of(tunnel->engine, &tunnel->entry.record.path.remote);

    ASSERT(&tunnel->engine->log, !tunnel->calling && !tunnel->lingering);
    ASSERT(&tunnel->engine->log, !tunnel->counted_half_open && !tunnel->counted_over);
    tunnel->calling_next = *bucket;
    tunnel->calling_back = bucket;
    if (*bucket)
        (*bucket)->calling_back = &tunnel->calling_next;
    *bucket = tunnel;
    tunnel->calling = true;
}

void tunnel_leave_calling(struct l2tpha_tunnel *tunnel)
{
    if (!tunnel->calling)
        return;
    ASSERT(&tunnel->engine->log, *tunnel->calling_back == tunnel);
    *tunnel->calling_back = tunnel->calling_next;
    if (tunnel->calling_next)
        tunnel->calling_next->calling_back = tunnel->calling_back;
    tunnel->calling = false;
}

struct l2tpha_tunnel *tunnel_next_calling(struct engine *engine,
                                          const struct l2tpha_address *remote,
                                          const struct l2tpha_tunnel *previous)
{
    struct l2tpha_tunnel *tunnel = previous ? previous->calling_next : *bucket_of(engine, remote);

    while (tunnel && !address_is(&tunnel->entry.record.path.remote, remote))
        tunnel = tunnel->calling_next;
    return tunnel;
}

/* Copies of what has lost may come after the winner has done its work: they must not begin anew. */
void tunnel_remember_beaten(struct l2tpha_tunnel *old, const struct l2tpha_message *sccrq)
{
    uint32_t id = wire_tunnel_id(sccrq);

    if (id)
        old->beaten_request = id;
    old->beaten_until = old->engine->now + channel_cycle_us(old->engine);
}
