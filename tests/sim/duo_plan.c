/* SPDX-License-Identifier: MIT */
#include "sim/duo.h"

#define INACTIVITY_MS 120000  /* longer than the hosts act, who may be silent */
#define BUSY (12 * SECOND)    /* the hosts act for so long */
#define CUT_MAX (15 * SECOND) /* nothing gets through: well below what ends a tunnel */

void duo_end_init(struct end_options *end, unsigned place)
{
    *end = (struct end_options){.name = place ? "end-1" : "end-0", .batch = 1, .writes_last = true};
    world_config(&end->config);
    end->config.inactivity_ms = INACTIVITY_MS;
    end->config.hello_ms = 20000;
    /* So many that only a mistake, never bad luck, loses a message. */
    end->config.retries = 20;
    end->config.setup_ms = 60000;
    end->config.answer_ms = 60000;
    end->config.recovery_ms = 150000;
    end->config.recovery_answer_ms = 20000;
    end->config.query_ms = 3000;
    end->config.query_tries = 20;
}

static void plan_end(struct end_options *end, struct world *world, unsigned place)
{
    static const uint16_t windows[] = {1, 4, 8, 128};
    static const uint8_t methods[] = {L2TPHA_FAILOVER_PROTOCOL, L2TPHA_FAILOVER_PROTOCOL,
                                      L2TPHA_FAILOVER_FALLBACK, L2TPHA_FAILOVER_FALLBACK,
                                      L2TPHA_FAILOVER_SILENT};

    duo_end_init(end, place);
    end->config.failover = methods[world_below(world, 5)];
    end->config.window = windows[world_below(world, 4)];
    end->batch = (unsigned)world_between(world, 1, END_BATCH);
    end->linked = world_chance(world, 50);
    end->config.commit = L2TPHA_COMMIT_GATED;
    end->config.commit_lag_ms = (uint32_t)world_between(world, 1, 100);
    end->config.resync_packets = (uint32_t)world_between(world, 1, 16);
    end->stream_delay = end->stream_jitter = world_between(world, 1, 3000);
    end->takeover_delay = world_below(world, world_chance(world, 50) ? 5 * MS : 3 * SECOND);
    end->standby_delay = world_below(world, world_chance(world, 70) ? 5 * MS : 2 * SECOND);
    end->config.retransmit_ms = (uint32_t)world_between(world, 100, 400);
    end->trust = world_chance(world, 25)   ? L2TPHA_TRUST_EXACT
                 : world_chance(world, 75) ? L2TPHA_TRUST_UNCERTAIN
                                           : L2TPHA_TRUST_STALE;
}

/* Outputs run ahead of the standby, which is behind when it takes over. */
static void plan_lag(struct end_options *end, struct world *world)
{
    if (world_chance(world, 70))
        return;
    bool async = world_chance(world, 60);
    end->config.commit = async ? L2TPHA_COMMIT_ASYNC : L2TPHA_COMMIT_BOUNDED;
    /* Twice as much there and back: a standby that is given up is none. */
    end->stream_delay = end->stream_jitter = world_between(world, MS, async ? 200 * MS : 45 * MS);
}

static void plan_cut(struct duo_plan *plan, struct world *world)
{
    if (world_chance(world, 75))
        return;
    plan->cut_at = world_below(world, BUSY);
    plan->cut_for = world_between(world, 100 * MS, world_chance(world, 70) ? 5 * SECOND : CUT_MAX);
}

static void plan_faults(struct net_faults *faults, struct world *world)
{
    bool clean = world_chance(world, 30);

    *faults = (struct net_faults){
        .loss = clean ? 0 : (unsigned)world_below(world, 31),
        .duplicate = clean ? 0 : (unsigned)world_below(world, 20),
        .straggle = 30,
        .delay = world_between(world, 100, 20 * MS),
        .jitter = world_chance(world, 50) ? 0 : world_between(world, 1, 100 * MS),
    };
}

static uint8_t plan_deed(struct world *world)
{
    static const struct {
        uint8_t percent, deed;
    } shares[] = {{40, DUO_CALL},  {60, DUO_CALL_OUT}, {72, DUO_HANG_UP},
                  {74, DUO_CLOSE}, {80, DUO_OPEN},     {100, DUO_DATA}};
    uint64_t at = world_below(world, 100);
    unsigned i = 0;

    while (at >= shares[i].percent)
        i++;
    return shares[i].deed;
}

static void plan_actions(struct duo_plan *plan, struct world *world)
{
    uint64_t at = 0;
    unsigned opens = (unsigned)world_between(world, 1, 3);

    plan->action_count = (unsigned)world_between(world, 8, DUO_ACTIONS);
    for (unsigned i = 0; i < plan->action_count; i++) {
        if (i >= opens)
            at += world_below(world, 2 * BUSY / plan->action_count);
        plan->actions[i] = (struct duo_action){
            .at = at,
            .deed = i < opens ? DUO_OPEN : plan_deed(world),
            .end = (uint8_t)world_below(world, 2),
            .pick = (uint32_t)world_random(world),
        };
    }
}

static void plan_death(struct duo_death *death, struct world *world, unsigned end, bool first)
{
    death->end = (uint8_t)end;
    death->after_takeover = world_chance(world, 70);
    if (first)
        death->delay = world_below(world, BUSY);
    else
        death->delay = world_chance(world, 60) ? 0 : world_below(world, 500 * MS);
    death->steps = world_between(world, 1, world_chance(world, 70) ? 12 : 60);
}

static void plan_deaths(struct duo_plan *plan, struct world *world)
{
    unsigned end = (unsigned)world_below(world, 2);

    switch (plan->kind) {
    case DUO_AGAIN:
        plan->death_count = (unsigned)world_between(world, 2, DUO_DEATHS);
        break;
    case DUO_BOTH:
        plan->death_count = 2;
        break;
    default:
        plan->death_count = 1;
        break;
    }
    for (unsigned i = 0; i < plan->death_count; i++) {
        plan_death(&plan->deaths[i], world, end, i == 0);
        if (plan->kind == DUO_BOTH || world_chance(world, 50))
            end = !end;
    }
    if (plan->kind != DUO_BOTH)
        return;
    plan->deaths[1].after_takeover = world_chance(world, 30);
    if (world_chance(world, 40))
        plan->ends[0].equal_ties = plan->ends[1].equal_ties = (unsigned)world_between(world, 1, 4);
}

static void plan_kind(struct duo_plan *plan, struct world *world)
{
    struct end_options *failing = &plan->ends[plan->deaths[0].end];
    bool secret = world_chance(world, 40) || plan->kind == DUO_UNTRUE;

    if (secret)
        plan->ends[0].secret = plan->ends[1].secret = "shared";
    plan->capability_off = plan->kind == DUO_REFUSED && world_chance(world, 50);
    /* A daemon's recovery tunnels have the name that its own messages had. */
    if (plan->kind == DUO_REFUSED && machines_are_attached(plan->deaths[0].end == 0))
        plan->capability_off = true;
    if (plan->kind == DUO_REFUSED && !plan->capability_off)
        failing->renamed = "somebody else";
    failing->forgets_secret = plan->kind == DUO_UNTRUE;
    plan->ends[0].distrusted = plan->ends[1].distrusted = plan->kind == DUO_UNTRUE;
}

void duo_plan(struct duo_plan *plan, struct world *world)
{
    uint64_t kind = world_below(world, 20);

    *plan = (struct duo_plan){
        .kind = kind < 4    ? DUO_ONE
                : kind < 9  ? DUO_BOTH
                : kind < 16 ? DUO_AGAIN
                            : (enum duo_kind)(DUO_REFUSED + kind % 3),
        .near_wrap = world_chance(world, 25),
    };
    plan_end(&plan->ends[0], world, 0);
    plan_end(&plan->ends[1], world, 1);
    plan_lag(&plan->ends[0], world);
    plan_lag(&plan->ends[1], world);
    plan_faults(&plan->faults, world);
    plan_cut(plan, world);
    plan_actions(plan, world);
    plan_deaths(plan, world);
    plan_kind(plan, world);
    for (unsigned i = 0; i < 2; i++)
        plan->ends[i].turn = world_chance(world, 50) ? 0 : world_between(world, 1, 20 * MS);
}
