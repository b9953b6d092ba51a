/* SPDX-License-Identifier: MIT */
/* Our side: an active and a standby, the replication stream between them, and their deaths. Every
 * action of the active counts as a step, so that a seed can name the exact step after which it
 * dies. */
#ifndef SIM_PAIR_H
#define SIM_PAIR_H

#include "sim/net.h"
#include "sim/oracle.h"
#include "sim/replication.h"

#include <talloc.h>

struct pair_options {
    enum l2tpha_side side; /* our end's */
    bool linked;           /* replicate through l2tpha_link, else checkpoint by checkpoint */
    bool fences;           /* the old active is fenced and goes on, else it dies */
    bool same_standby;     /* after a lost stream the old standby is filled again, else a new one */
    bool socket_held;      /* datagrams wait for the next active, else they are lost */
    unsigned batch;        /* outputs fetched at once, 1 to PAIR_BATCH */
    uint16_t window;
    uint32_t ack_delay_ms;
    uint32_t hello_ms;
    uint32_t retransmit_ms;
    const char *secret; /* NULL = none */
    bool hides;
    uint64_t stream_delay;   /* us */
    uint64_t stream_jitter;  /* us */
    uint64_t takeover_delay; /* us between death and takeover */
    uint64_t standby_delay;  /* us until there is a new standby */
};

#define PAIR_BATCH 8

struct pair {
    struct world *world;
    struct net *net;
    struct oracle *oracle;
    struct pair_options options;
    TALLOC_CTX *root;
    struct side active;  /* node NULL: dead, not yet replaced */
    struct side standby; /* node NULL: none */
    struct side retired; /* fenced; must stay silent */
    unsigned made;       /* nodes so far, for their names */
    struct replication line;
    bool switching;    /* planned switchover under way */
    bool answer_calls; /* the host owes an answer to outgoing calls */
    uint64_t epoch;
    uint64_t step;        /* steps of a protected active so far */
    uint64_t dies_at;     /* step; 0 = lives */
    uint64_t takeover_at; /* L2TPHA_NEVER = nobody is dead */
    uint64_t standby_at;  /* when to make a new standby */
    unsigned failovers;
    unsigned switchovers;
    uint64_t instant; /* guards against work that is always due */
    unsigned spins;
};

int pair_init(struct pair *pair, struct world *world, struct net *net, struct oracle *oracle,
              const struct pair_options *options);
/* Free everything; what is left hanging is a failure. */
void pair_free(struct pair *pair);

/* A node of this pair, active or standby. */
int pair_node(struct pair *pair, bool standby, struct side *host);
/* Make a standby and connect it. */
void pair_add_standby(struct pair *pair);
/* The active is covered: if it dies now the standby can go on. */
bool pair_protected(const struct pair *pair);
/* Die after this many more steps. */
void pair_arm(struct pair *pair, uint64_t steps);
/* Die now. */
void pair_kill(struct pair *pair);
/* Count one step. False: the active has just died, nothing of it may be touched. */
bool pair_step(struct pair *pair, const char *what);
/* The replication stream breaks; nobody dies. */
void pair_detach(struct pair *pair);
void pair_switchover(struct pair *pair);

/* A datagram for the node's address. */
void pair_receive(struct pair *pair, struct packet *packet);
/* Drain the active, after whatever was done to it. */
void pair_pump(struct pair *pair);
uint64_t pair_deadline(const struct pair *pair);
void pair_expire(struct pair *pair);
/* Nothing is under way inside the pair. */
bool pair_idle(const struct pair *pair);

/* --- host.c: what a host does with outputs --- */
void host_pump_active(struct pair *pair);
void host_pump_silent(struct pair *pair, struct side *host, const char *what);

#endif
