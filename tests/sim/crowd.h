/* SPDX-License-Identifier: MIT */
/* Very many tunnels between one LAC and one LNS with standbys: takeovers and copies at size, in
 * virtual time, over paths with a round trip time that lose datagrams. Both ends are nodes of the
 * library; what they say one by one is for the other worlds to judge. */
#ifndef SIM_CROWD_H
#define SIM_CROWD_H

#include "bench/pair.h"
#include "sim/world.h"

/* How the active ends. */
enum crowd_kind {
    CROWD_LIVE,  /* in sync, at any instant; the standby takes over by what it knows */
    CROWD_COPY,  /* while its standby is filled anew, whose copy is stale then */
    CROWD_TWICE, /* in sync; and so does the next one in its takeover, and another standby that had
                    followed the first takes over */
    CROWD_KINDS
};

/* Datagrams, checkpoints and confirmations under way, in order. */
struct crowd_parcel {
    struct crowd_parcel *next;
    uint64_t at;
    uint64_t number; /* of a checkpoint */
    size_t len;
    uint8_t data[];
};

struct crowd_way {
    struct crowd_parcel *first;
    struct crowd_parcel **end;
};

struct crowd {
    struct world world;
    struct bench pair;
    struct l2tpha_node
        *third; /* follows the first active, too; NULL = it serves, or there is none */
    enum crowd_kind kind;
    uint32_t tunnels;
    uint32_t calls;                         /* of each, at first */
    uint64_t delay;                         /* one way */
    unsigned loss;                          /* of a thousand datagrams */
    bool down;                              /* nobody serves: what comes waits in the socket */
    bool quiet;                             /* nobody calls or hangs up any more */
    struct crowd_way to_lac, to_lns;        /* datagrams */
    struct crowd_way to_standby, to_active; /* checkpoints, confirmations */
    size_t unconfirmed, most_unconfirmed;   /* bytes of checkpoints */
    uint32_t *ids;                          /* of the LAC's tunnels */
    uint32_t opened, closed;                /* by the LAC's host */
    uint32_t lost;                          /* calls that ended otherwise, at the LAC */
    uint32_t half_up;                       /* calls, when the active died */
    uint32_t opened_before, closed_before;  /* likewise */
    uint32_t out_most;                      /* peers asked and not heard of yet, in the takeover */
    uint64_t confirmed_us;                  /* from the takeover on */
};

/* --- crowd.c: the network, and what happens in it --- */
/* All tunnels with their calls, without a standby yet. */
void crowd_open(struct crowd *crowd);
void crowd_close(struct crowd *crowd);
/* A millisecond. */
void crowd_tick(struct crowd *crowd);
/* The active dies; what it has shipped arrives. */
void crowd_kill(struct crowd *crowd);
/* Nothing is under way. */
bool crowd_is_still(const struct crowd *crowd);

/* --- crowd_run.c: what is done to it, and what is found --- */
/* Whether the run of this seed is as it should be; else world.why says what is not. */
bool crowd_run_seed(struct crowd *crowd, uint64_t seed, uint32_t tunnels, uint32_t calls,
                    bool verbose);

#endif
