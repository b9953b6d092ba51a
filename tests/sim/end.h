/* SPDX-License-Identifier: MIT */
/* One end of a world in which both ends are nodes of ours: an active, a standby that applies its
 * checkpoints, and their deaths. Every output of the active counts as a step, so that a seed can
 * name the exact step after which it dies. */
#ifndef SIM_END_H
#define SIM_END_H

#include "failover/failover.h"
#include "sim/net.h"
#include "sim/replication.h"

#include <l2tpha/failover.h>
#include <l2tpha/node.h>
#include <l2tpha/session.h>
#include <l2tpha/tunnel.h>
#include <talloc.h>

#define END_BATCH 8
#define END_IDS 512 /* ids remembered */

struct end_options {
    uint8_t method;      /* of every tunnel, once it is established */
    const char *name;    /* Host Name */
    const char *renamed; /* Host Name of nodes made after the first; NULL = the same */
    const char *secret;  /* NULL = none */
    bool forgets_secret; /* whoever takes over has another one for the tunnels there are */
    uint16_t window;
    unsigned batch; /* outputs fetched at once, 1 to END_BATCH */
    bool linked;    /* replicates through l2tpha_link, else checkpoint by checkpoint */
    enum l2tpha_commit commit;
    uint32_t commit_lag_ms;
    uint32_t resync_packets;
    uint64_t stream_delay;   /* us */
    uint64_t takeover_delay; /* us between death and takeover */
    uint64_t standby_delay;  /* us until there is a new standby */
    uint32_t retransmit_ms;
    enum l2tpha_trust trust; /* in what the standby has; it is never worse than that */
    unsigned equal_ties;     /* so many tie breakers are the same at both ends */
};

struct end {
    struct world *world;
    struct net *net;
    unsigned place; /* in the net: 0 or 1 */
    struct end_options options;
    TALLOC_CTX *root;
    struct side active;  /* node NULL: dead, not yet replaced */
    struct side standby; /* node NULL: none */
    struct replication line;
    bool answer_calls;
    uint64_t epoch;
    uint64_t steps_left;  /* of a protected active; 0 = it lives */
    uint64_t takeover_at; /* L2TPHA_NEVER = nobody is dead */
    uint64_t standby_at;  /* likewise */
    uint64_t served_since;
    unsigned made; /* nodes so far */
    unsigned deaths;
    unsigned takeovers;
    uint64_t attempts, recoveries, by_peer, degraded, queries, desynced, resets,
        resyncs; /* of dead nodes */
    unsigned id_count;
    struct {
        uint32_t tunnel; /* 0 = the id is a tunnel's */
        uint16_t id;
        uint64_t hash;
    } ids[END_IDS]; /* that were given to the peer, each with what it was said in */
    uint64_t instant;
    unsigned spins; /* guards against work that is always due */
};

void end_init(struct end *end, struct world *world, struct net *net, unsigned place,
              const struct end_options *options);
void end_free(struct end *end);

/* If the active dies now the standby can go on. */
bool end_is_protected(const struct end *end);
/* Die after this many more steps under protection. */
void end_arm(struct end *end, uint64_t steps);
void end_receive(struct end *end, const struct packet *packet);
/* Drain the active, after whatever was done to it. */
void end_pump(struct end *end);
uint64_t end_deadline(const struct end *end);
/* What is due. True when a standby has just taken over. */
bool end_expire(struct end *end);
/* A frame of data on an established session; harmless when it may not be sent. */
void end_send_data(struct end *end, struct l2tpha_session *session);
/* Nothing is under way inside, and the standby holds what the active holds. */
bool end_is_idle(const struct end *end);
/* Tell the standby what it may lag behind in: the data numbers expected. */
void end_catch_up(struct end *end);
/* Longest time from a takeover to the end of every recovery of ours. */
uint64_t end_patience(const struct end *end);

/* --- end_host.c --- */
int end_make_node(struct end *end, bool standby, struct l2tpha_node **node);
void end_drain(struct end *end);
void end_drain_standby(struct end *end);
/* Count one step. False: the active has just died, nothing of it may be touched. */
bool end_step(struct end *end, const char *what);

#endif
