/* SPDX-License-Identifier: MIT */
/* A node that runs ahead of its standby, dies, and is followed by it: one peer, a network that
 * loses, doubles and delays, replication several messages behind. Judged by what comes after the
 * tunnel is said to be in step again. */
#ifndef SIM_LAZY_H
#define SIM_LAZY_H

#include "sim/end.h"
#include "sim/lazy_peer.h"

#include <l2tpha/l2tpha.h>

struct lazy_options {
    enum l2tpha_commit commit;
    struct habits habits;
    struct net_faults faults;
    uint32_t resync_packets;
    uint32_t lag_ms;
    uint64_t stream_delay;
    uint64_t stream_jitter;
    uint64_t takeover_delay;
    uint16_t shift_ns, shift_nr; /* the numbers begin here */
    uint32_t busy_us;            /* time between two actions of the first reign, 0 = idle */
    unsigned failovers;
    bool quiet; /* the last action is long before the death: everything is confirmed */
};

struct lazy_sim {
    struct world world;
    struct net net;
    struct lazy_options options;
    struct lazy_peer peer;
    struct end end;
    uint32_t resynced, ups;      /* events of this reign */
    uint32_t told[LAZY_NUMBERS]; /* numbers of WENs that this reign's host was told of */
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
enum lazy_kind {
    LAZY_RFC,
    LAZY_NG_L2TP,   /* drops what is ahead */
    LAZY_ACCEL_PPP, /* keeps and acknowledges what is ahead */
    LAZY_GO_L2TP,   /* acknowledges late */
    LAZY_OPENL2TP,  /* answers a duplicate with its Ns + 1 */
    LAZY_XL2TPD,    /* ignores whatever has not the Ns expected, Nr and ZLBs included */
    LAZY_KINDS
};

void lazy_habits(struct habits *habits, enum lazy_kind kind);
void lazy_options_init(struct lazy_options *options);
/* By the world's generator. */
void lazy_options_draw(struct lazy_options *options, struct world *world);
/* Tunnel up, one call up, a standby in sync. */
void lazy_sim_begin(struct lazy_sim *sim, const struct lazy_options *options, uint64_t seed);
void lazy_sim_end(struct lazy_sim *sim);
void lazy_sim_run(struct lazy_sim *sim, uint64_t us);
/* Random traffic of both ends. */
void lazy_sim_traffic(struct lazy_sim *sim, uint64_t us);
void lazy_sim_take_over(struct lazy_sim *sim);
/* Until the tunnel is in step; fails when that takes longer. */
void lazy_sim_await(struct lazy_sim *sim, uint64_t us);
/* New traffic: numbers both ways, exactly once and in order, and a call. */
void lazy_sim_judge(struct lazy_sim *sim);
/* All of it. */
void lazy_sim_whole(struct lazy_sim *sim, const struct lazy_options *options, uint64_t seed,
                    void (*tamper)(struct l2tpha_node *node));
struct l2tpha_tunnel *lazy_sim_tunnel(struct lazy_sim *sim);

#endif
