/* SPDX-License-Identifier: MIT */
/* What comes of checkpoints: a standby that has taken them all, and how it is walked through, in
 * the order of ids. */
#ifndef DUMP_STATE_H
#define DUMP_STATE_H

#include "dump/draw.h"
#include "dump/queue.h"

#include <l2tpha/redundancy.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>

struct state {
    struct l2tpha_redundancy_info info; /* by state_end() */
    struct l2tpha_tunnel **tunnels;     /* likewise, by their ids */
    uint32_t tunnel_count;
    struct l2tpha_session **sessions; /* by the ids of their tunnels, and their own */
    uint32_t session_count;
    uint64_t generation; /* of the copy begun last */
    char why[256];
    /* private */
    struct l2tpha_node *node;
    struct queues *queues;
    struct draw draw;
    struct checkpoint checkpoint;
    bool attached;
    uint32_t id_first, id_last; /* of the node's range */
    struct held *held;          /* nobody knows yet whose they are */
    struct held **held_end;
    uint32_t held_count;
};

/* A child of nobody; NULL: memory is out. */
struct state *state_new(void);
void state_free(struct state *state);
/* The next checkpoint. False: state->why. */
bool state_take(struct state *state, const struct item *item);
/* That was all. False: state->why; what there is may be looked at all the same, but for a state
 * without a node: info.size is 0 then. */
bool state_end(struct state *state);

/* Records as in a copy: the node, tunnels with their messages, sessions. */
typedef bool (*state_record)(void *user, const struct l2tpha_record *record);
bool state_walk(const struct state *state, state_record fn, void *user);
void state_tunnel(const struct l2tpha_tunnel *tunnel, struct l2tpha_record *record);
void state_session(const struct l2tpha_session *session, struct l2tpha_record *record);
/* Orders sessions: the id of the tunnel, then its own. */
uint64_t state_session_key(const struct l2tpha_session *session);
/* The messages of a tunnel. */
bool state_messages(const struct state *state, const struct l2tpha_tunnel_record *tunnel,
                    state_record fn, void *user);

#endif
