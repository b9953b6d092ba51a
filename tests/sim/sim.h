/* SPDX-License-Identifier: MIT */
/* A whole simulation: world, network, our end, its peers and the oracle, driven by a plan. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "sim/oracle.h"
#include "sim/plan.h"

struct sim {
    struct world world;
    struct plan plan;
    struct net net;
    struct oracle oracle;
    struct end end;
    struct peer peers[PLAN_PEERS];
    unsigned next_action;
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

/* --- restore.c --- */
/* The active has taken over tunnels whose numbers are about to wrap; the peers know them too. */
void sim_restore(struct sim *sim);

#endif
