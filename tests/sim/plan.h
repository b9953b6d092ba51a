/* SPDX-License-Identifier: MIT */
/* A scenario: who is who, how bad the network is, what happens when. Made from a seed, or by hand
 * for a named scenario. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include "sim/end.h"
#include "sim/peer.h"

#define PLAN_PEERS 2
#define PLAN_ACTIONS 200

enum action_kind {
    ACT_NOTHING,
    ACT_ADD_STANDBY,
    ACT_PEER_OPENS_TUNNEL,
    ACT_NODE_OPENS_TUNNEL,
    ACT_PEER_CLOSES_TUNNEL,
    ACT_NODE_CLOSES_TUNNEL,
    ACT_PEER_CALLS,
    ACT_NODE_CALLS,
    ACT_PEER_HANGS_UP, /* an established call, or one half set up */
    ACT_NODE_HANGS_UP,
    ACT_PEER_SENDS, /* a numbered SLI or WEN */
    ACT_NODE_SENDS,
    ACT_PEER_HELLO,
    ACT_NODE_APP_STATE,
    ACT_ARM,   /* the active dies after so many protected steps */
    ACT_BREAK, /* the replication stream breaks */
    ACT_SWITCHOVER,
    ACT_PARTITION,
    ACT_HEAL
};

struct action {
    uint64_t at;
    enum action_kind kind;
    unsigned peer;
    uint64_t number; /* ACT_ARM: steps */
};

struct plan {
    enum l2tpha_side side; /* our end's */
    struct end_options ours;
    bool socket_held; /* datagrams wait for the next active, else they are lost */
    unsigned peer_count;
    struct peer_options peers[PLAN_PEERS];
    struct net_faults faults;
    bool restored; /* begins with tunnels that are up and whose numbers are about to wrap */
    unsigned action_count;
    struct action actions[PLAN_ACTIONS]; /* by time */
    uint64_t end;                        /* of actions and faults; what follows is peace */
};

/* A quiet plan: one well-behaved peer, no faults, no actions. side is our end's. */
void plan_init(struct plan *plan, enum l2tpha_side side);
/* Add an action; they may come in any order of time. */
void plan_add(struct plan *plan, uint64_t at, enum action_kind kind, unsigned peer,
              uint64_t number);
/* Everything from the world's generator. */
void plan_generate(struct plan *plan, struct world *world);
void plan_print(const struct plan *plan);

#endif
