/* SPDX-License-Identifier: MIT */
/* The standby's records differ silently from the active's, while both go on. What is judged: that
 * it is found and mended in time; and, by all that is judged anyway, that nothing is lost by a
 * death after it. */
#include "sim/sim.h"

#include <l2tpha/observe.h>

#include "node/node.h"

#define IN_TIME (62 * SECOND) /* a minute, and the way */

static const char *const kinds[DIFFER_KINDS] = {
    [DIFFER_TUNNEL] = "a field of a tunnel",  [DIFFER_TUNNEL_NAME] = "a name",
    [DIFFER_MESSAGE] = "a message",           [DIFFER_TUNNEL_LOST] = "a tunnel is lost",
    [DIFFER_TUNNEL_MORE] = "a tunnel more",   [DIFFER_SESSION] = "a field of a call",
    [DIFFER_SESSION_LOST] = "a call is lost", [DIFFER_SESSION_MORE] = "a call more",
    [DIFFER_NODE] = "the order of ids",
};

void sim_want_faults(struct sim *sim, uint64_t seed)
{
    sim->faults = (struct faults){.wanted = true, .dice.state = ~seed};
    sim->plan.ours.linked = true;
}

static uint64_t mended(const struct l2tpha_node *node)
{
    return l2tpha_counters(node)->digest_repairs;
}

/* What is on its way to the standby may stand on what it has lost. */
static bool has_all(const struct end *end)
{
    return l2tpha_checkpoint_last(end->standby.node) == l2tpha_checkpoint_last(end->active.node);
}

static bool is_hot(const struct end *end)
{
    return info_of(end->standby.node).role == L2TPHA_ROLE_STANDBY_HOT;
}

static void make(struct sim *sim)
{
    struct faults *faults = &sim->faults;
    struct end *end = &sim->end;
    enum differ_kind kind = (enum differ_kind)world_below(&faults->dice, DIFFER_KINDS);

    faults->at = sim->world.now + world_below(&faults->dice, 2 * SECOND);
    if (!differ(end->standby.node->engine.table, kind, world_random(&faults->dice)))
        return;
    world_say(&sim->world, end->standby.name, "=== differs: %s ===", kinds[kind]);
    faults->what = kinds[kind];
    faults->standby = end->standby.node;
    faults->since = sim->world.now;
    faults->mended_before = mended(faults->standby);
    faults->steps = end->steps_left;
    faults->made++;
    end_arm(end, 0);
}

static void over(struct sim *sim)
{
    sim->faults.standby = NULL;
    end_arm(&sim->end, sim->faults.steps);
}

/* One that was filled anew has the active's. */
static void look(struct sim *sim)
{
    struct faults *faults = &sim->faults;
    struct end *end = &sim->end;
    uint64_t time = sim->world.now - faults->since;

    if (end->standby.node != faults->standby) {
        faults->refused++;
        over(sim);
    } else if (!end->line.attached || !end_is_protected(end)) {
        faults->since = sim->world.now;
    } else if (has_all(end) && end_is_copied(end) && is_hot(end)) {
        faults->mended += mended(faults->standby) != faults->mended_before;
        faults->longest = time > faults->longest ? time : faults->longest;
        over(sim);
    } else if (time > IN_TIME) {
        world_fail(&sim->world, "%s, and nobody has noticed", faults->what);
    }
}

void sim_fault(struct sim *sim)
{
    struct faults *faults = &sim->faults;
    struct end *end = &sim->end;

    if (!faults->wanted || sim->world.failed)
        return;
    end->line.faulty = true;
    if (faults->standby)
        look(sim);
    else if (sim->world.now >= faults->at && end_is_protected(end) && !end->switching &&
             sim->world.now < sim->plan.end && is_hot(end))
        make(sim);
    end->line.forgives = faults->standby != NULL;
}

bool sim_fault_forbids(struct sim *sim, const struct action *action)
{
    if (!sim->faults.standby)
        return false;
    if (action->kind == ACT_ARM)
        sim->faults.steps = action->number;
    return action->kind == ACT_ARM || action->kind == ACT_SWITCHOVER;
}
