/* SPDX-License-Identifier: MIT */
/* A whole simulation: world, network, our end, its peers and the oracle, driven by a plan. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/differ.h"
#include "sim/oracle.h"
#include "sim/plan.h"

/* Silent faults of the standby. */
struct faults {
    bool wanted;
    struct world dice;                 /* of its own */
    const struct l2tpha_node *standby; /* that has one; NULL = none has */
    const char *what;
    uint64_t at;    /* when there may be the next one */
    uint64_t since; /* when it could have been found first */
    uint64_t steps; /* after which the active dies, once it is mended */
    uint64_t mended_before;
    uint64_t longest;               /* time until one was mended */
    unsigned made, mended, refused; /* the latter: since the standby found no sense in what came */
};

struct sim {
    struct world world;
    struct plan plan;
    struct net net;
    struct oracle oracle;
    struct end end;
    struct peer peers[PLAN_PEERS];
    unsigned next_action;
    struct faults faults;
};

/* Run a seed's scenario to its end. False: it has failed, sim->world.why says how. */
bool sim_run_seed(struct sim *sim, uint64_t seed, bool verbose);
/* Run a plan made by hand; the seed decides what is left open. */
bool sim_run_plan(struct sim *sim, const struct plan *plan, uint64_t seed, bool verbose);

/* For scenarios that look between the steps. */
bool sim_begin(struct sim *sim, const struct plan *plan, uint64_t seed, bool verbose);
void sim_run_until(struct sim *sim, uint64_t time);
/* Run until something is so; false when it does not come to be within the time. */
bool sim_run_to(struct sim *sim, bool (*condition)(struct sim *sim), uint64_t time);
/* Peace, then every check. */
bool sim_finish(struct sim *sim);
/* Free everything in the middle. */
void sim_end(struct sim *sim);

/* Carry out one action now. */
void sim_act(struct sim *sim, const struct action *action);

/* --- faults.c --- */
/* From now on the standby's records differ now and then. No active dies, and none hands over, until
 * that is mended; it has to be in time. */
void sim_want_faults(struct sim *sim, uint64_t seed);
/* Between any two steps. */
void sim_fault(struct sim *sim);
/* Whether the action has to wait. */
bool sim_fault_forbids(struct sim *sim, const struct action *action);

/* --- restore.c --- */
/* The active has taken over tunnels whose numbers are about to wrap; the peers know them too. */
void sim_restore(struct sim *sim);

#endif
