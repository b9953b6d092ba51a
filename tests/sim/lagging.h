/* SPDX-License-Identifier: MIT */
/* A node that runs ahead of its standby, dies, and is followed by it: one peer, a network that
 * loses, doubles and delays, replication several messages behind. Judged by what comes after the
 * tunnel is said to be in step again. */
#ifndef SIM_LAGGING_H
#define SIM_LAGGING_H

#include "sim/end.h"
#include "sim/lagging_peer.h"

#include <l2tpha/l2tpha.h>

struct lagging_options {
    enum l2tpha_commit commit;
    struct habits habits;
    struct net_faults faults;
    uint32_t resync_packets;
    uint32_t lag_ms;
    uint64_t stream_delay;
    uint64_t stream_jitter;
    uint64_t takeover_delay;
    uint16_t shift_ns, shift_nr; /* the numbers begin here */
    uint32_t busy_us;            /* time between two actions of the first term, 0 = idle */
    unsigned failovers;
    bool quiet; /* the last action is long before the death: everything is confirmed */
};

struct lagging_sim {
    struct world world;
    struct net net;
    struct lagging_options options;
    struct lagging_peer peer;
    struct end end;
    uint32_t resynced, ups;         /* events of this epoch */
    uint32_t told[LAGGING_NUMBERS]; /* numbers of WENs that this epoch's host was told of */
    uint32_t told_count;
    uint64_t resync_took;
    uint16_t behind; /* by how much the record of the last takeover was behind in Ns */
    uint16_t behind_nr;
    uint32_t number;
    uint64_t
        worst_lead; /* most numbers of ours ever beyond what the standby knew as acknowledged */
    bool taken_over;
    void (*tamper)(struct l2tpha_node *node); /* with one that took over, before it is polled */
};

/* Peers as they are deployed, by what they do with numbers; whatever the kind, a peer that sees
 * what it never sent acknowledged makes the run fail. */
enum lagging_kind {
    LAGGING_RFC,
    LAGGING_NG_L2TP,   /* drops what is ahead */
    LAGGING_ACCEL_PPP, /* keeps and acknowledges what is ahead */
    LAGGING_GO_L2TP,   /* acknowledges late */
    LAGGING_OPENL2TP,  /* answers a duplicate with its Ns + 1 */
    LAGGING_XL2TPD,    /* ignores whatever has not the Ns expected, Nr and ZLBs included */
    LAGGING_KINDS
};

void lagging_habits(struct habits *habits, enum lagging_kind kind);
void lagging_options_init(struct lagging_options *options);
/* By the world's generator. */
void lagging_options_draw(struct lagging_options *options, struct world *world);
/* Tunnel up, one call up, a standby in sync. */
void lagging_sim_begin(struct lagging_sim *sim, const struct lagging_options *options,
                       uint64_t seed);
void lagging_sim_end(struct lagging_sim *sim);
void lagging_sim_run(struct lagging_sim *sim, uint64_t us);
/* Random traffic of both ends. */
void lagging_sim_traffic(struct lagging_sim *sim, uint64_t us);
void lagging_sim_take_over(struct lagging_sim *sim);
/* Until the tunnel is in step; fails when that takes longer. */
void lagging_sim_await(struct lagging_sim *sim, uint64_t us);
/* New traffic: numbers both ways, exactly once and in order, and a call. */
void lagging_sim_judge(struct lagging_sim *sim);
/* All of it. */
void lagging_sim_whole(struct lagging_sim *sim, const struct lagging_options *options,
                       uint64_t seed, void (*tamper)(struct l2tpha_node *node));
struct l2tpha_tunnel *lagging_sim_tunnel(struct lagging_sim *sim);

#endif
