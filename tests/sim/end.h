/* SPDX-License-Identifier: MIT */
/* One end of the tunnels of a world: an active, a standby that follows it, what is between the two,
 * the host's program around them, and deaths, takeovers and switchovers. What a node says goes to
 * the net, its checkpoints to the standby, its questions and events to the host. Every action of
 * the active counts as a step, so that a seed can name the exact step after which it dies. */
#ifndef SIM_END_H
#define SIM_END_H

#include "info.h"
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
    struct l2tpha_config config; /* of every node; its name, role and batch are set by the end */
    const char *name;            /* Host Name */
    const char *renamed;         /* Host Name of nodes made after the first; NULL = the same */
    const char *secret;          /* NULL = none */
    bool forgets_secret;         /* whoever takes over has another one for the tunnels there are */
    bool distrusted;             /* one of the two ends does: authentication may fail */
    unsigned equal_ties;         /* so many tie breakers are the same at both ends */
    unsigned batch;              /* outputs fetched at once, 1 to END_BATCH */
    bool linked;                 /* replicates through l2tpha_link, else checkpoint by checkpoint */
    bool writes_last;            /* to the link when nothing is left to fetch, else each batch */
    bool same_standby;       /* after a lost stream the old one is filled again, else a new one */
    bool dies_in_copy;       /* as soon as the new standby has all, unknown to the active */
    bool dies_clean;         /* nothing arrives that was under way to the standby */
    bool fences;             /* the old active is fenced and goes on, else it dies */
    enum l2tpha_trust trust; /* in what the standby has; it is never worse than that */
    uint64_t turn; /* us in which it reads what comes before it polls; 0 = after each datagram */
    uint64_t stream_delay;   /* us */
    uint64_t stream_jitter;  /* us */
    uint64_t takeover_delay; /* us between death and takeover */
    uint64_t standby_delay;  /* us until there is a new standby */
};

struct end;

/* Who looks on; NULL = nobody. */
struct end_watch {
    void *user;
    /* The active is about to be polled. */
    void (*polls)(void *user, struct end *end);
    /* A datagram that is about to leave. */
    void (*sent)(void *user, const struct l2tpha_output *output);
    /* An event that the host has fetched. */
    void (*told)(void *user, const struct end *end, const struct l2tpha_event *event);
    /* A daemon with machines of its own has dealt with a number of the peer's. */
    void (*heard)(void *user, const struct end *end, uint32_t number);
    /* A standby has just taken over; applied is the last checkpoint that it got. */
    void (*taken_over)(void *user, const struct end *end, uint64_t applied);
};

struct end {
    struct world *world;
    struct net *net;
    unsigned place; /* in the net */
    struct end_options options;
    struct end_watch watch;
    TALLOC_CTX *root;
    struct side active;  /* node NULL: dead, not yet replaced */
    struct side standby; /* node NULL: none */
    struct side retired; /* fenced; must stay silent */
    struct replication line;
    bool switching;     /* planned switchover under way */
    bool answer_calls;  /* the host owes an answer to outgoing calls */
    bool restoring;     /* a daemon has no objects yet for what its node has taken over */
    const char *doomed; /* where its daemon has died, deep in what it did; NULL = it lives */
    uint64_t epoch;
    uint64_t steps_left;  /* of a protected active; 0 = it lives */
    uint64_t takeover_at; /* L2TPHA_NEVER = nobody is dead */
    uint64_t standby_at;  /* when there is to be a standby; likewise */
    uint64_t turn_at;     /* when it polls for what it has read; L2TPHA_NEVER = for nothing */
    uint64_t read;        /* messages that its open increment has, */
    uint64_t shared;      /* ... and increments that had several */
    uint64_t served_since;
    unsigned made; /* nodes so far */
    unsigned deaths, takeovers, switchovers;
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

/* --- end.c: its nodes --- */

/* No node yet. */
void end_init(struct end *end, struct world *world, struct net *net, unsigned place,
              const struct end_options *options, const struct end_watch *watch);
/* Its first active. */
void end_start(struct end *end);
/* Free everything; what is left hanging is a failure. */
void end_free(struct end *end);

/* If the active dies now the standby can go on. */
bool end_is_protected(const struct end *end);
/* Make a standby and connect it. */
void end_add_standby(struct end *end);
/* The replication stream breaks; nobody dies. */
void end_detach(struct end *end);
/* Die after this many more steps under protection; 0 = live. */
void end_arm(struct end *end, uint64_t steps);
/* Die now. */
void end_kill(struct end *end);
/* Count one step. False: the active has just died, nothing of it may be touched. */
bool end_step(struct end *end, const char *what);
/* The same within what a daemon does, which goes back from there without a word. */
bool end_step_within(struct end *end, const char *what);
/* Whether it has, and so has just died. */
bool end_perish(struct end *end);
void end_switchover(struct end *end);
/* The active has drained: the standby goes on. */
void end_hand_over(struct end *end);
void end_take_over(struct end *end);

/* --- end_run.c: its time --- */

void end_receive(struct end *end, const struct packet *packet);
/* Drain the active, after whatever was done to it. */
void end_pump(struct end *end);
uint64_t end_deadline(const struct end *end);
void end_expire(struct end *end);
/* In sync, and nothing is under way inside. */
bool end_is_idle(const struct end *end);
/* The standby holds what the active holds. */
bool end_is_copied(const struct end *end);
/* A frame of data on an established session; harmless when it may not be sent. */
void end_send_data(struct end *end, struct l2tpha_session *session);
/* Tell the standby what it may lag behind in: the data numbers expected. */
void end_catch_up(struct end *end);
/* Longest time from a takeover to the end of every recovery of ours. */
uint64_t end_patience(const struct end *end);

/* --- end_host.c: the host's program --- */

int end_make_node(struct end *end, bool standby, struct side *side);
void end_drain(struct end *end);
/* A node that has nothing to say. */
void end_drain_silent(struct end *end, struct side *side, const char *what);

#endif
