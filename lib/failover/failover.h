/* SPDX-License-Identifier: MIT */
/* What recovery and synchronisation share. They work on the channels of tunnels, whoever runs their
 * machines; recovery tunnels are run by the built-in ones. */
#ifndef FAILOVER_FAILOVER_H
#define FAILOVER_FAILOVER_H

#include "control/machine.h"

#include <l2tpha/failover.h>

struct takeover_result {
    uint32_t tunnels;      /* recovered, or being so */
    uint32_t sessions;     /* restored */
    uint32_t cleared;      /* tunnels cleared: by policy or since their recovery failed */
    uint32_t disconnected; /* sessions ended with a CDN */
};

/* A takeover under way (takeover.c). */
struct takeover {
    bool restoring;    /* some tunnels are not live yet */
    uint32_t place;    /* of the walk over them */
    uint32_t resynced; /* tunnels that peers had confirmed before */
    uint64_t due;      /* more are restored then, whoever has answered */
    struct takeover_result result;
};

struct failover {
    struct engine *engine;
    struct takeover takeover;
    uint64_t failed_at;       /* when this end took over; 0 = it has not */
    enum l2tpha_trust trust;  /* in what it took over with */
    struct recovery *spare;   /* for a request that is about to be accepted; NULL = none */
    struct recovery *waiting; /* own recoveries that wait for a place, in order */
    struct recovery **waiting_end;
    uint32_t waiting_count;
    uint32_t running; /* recovery tunnels of ours under way */
    uint32_t syncs;   /* times that a tunnel's sessions were synchronised */
};

/* The engine's, which stays as long as it does. */
void failover_attach(struct failover *failover, struct engine *engine);
/* What could not be done goes without it: it is logged and counted. session_id 0 = for the
 * whole tunnel. */
void failover_note(const struct failover *failover, uint32_t tunnel_id, uint32_t session_id,
                   const char *what, int error);
/* Have the peer answer something on it. */
void failover_confirm(const struct failover *failover, struct l2tpha_tunnel *tunnel);
/* So many go into one message of ours, of 1400 octets at most. */
static inline size_t failover_states(const struct l2tpha_tunnel *tunnel)
{
    const struct wire_format *wire = record_wire(&tunnel->entry.record);

    return (1400u - wire->header_len - WIRE_MESSAGE_TYPE) / wire->session_state_len;
}

/* An event about a tunnel; NULL when there is no room. */
struct event_item *failover_tell(struct failover *failover, uint8_t kind,
                                 struct l2tpha_tunnel *tunnel);

#endif
