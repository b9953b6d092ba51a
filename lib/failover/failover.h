/* SPDX-License-Identifier: MIT */
/* What recovery and synchronisation share. Recovery tunnels are the engine's own; the tunnels that
 * they are for are reached through the binding alone, whoever runs them. */
#ifndef FAILOVER_FAILOVER_H
#define FAILOVER_FAILOVER_H

#include "engine/tunnel.h"

#include <l2tpha/attach.h>

struct recovery;

struct failover {
    struct engine *engine;
    const struct l2tpha_binding *binding;
    uint64_t failed_at;       /* when this end took over; 0 = it has not */
    struct recovery *waiting; /* own recoveries that wait for a place, in order */
    struct recovery **waiting_end;
    uint32_t running; /* recovery tunnels of ours in use */
};

/* The hooks of the engine; failover and what it points to stay as long as the engine. */
void failover_attach(struct failover *failover, struct engine *engine,
                     const struct l2tpha_binding *binding);
/* An event about a tunnel; NULL when there is no room. */
struct event_item *failover_tell(struct failover *failover, uint8_t kind,
                                 struct l2tpha_tunnel *tunnel);

#endif
