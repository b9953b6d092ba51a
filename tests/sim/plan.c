/* SPDX-License-Identifier: MIT */
#include "sim/plan.h"

#include <stdio.h>

#define SECRET "open sesame"

static enum l2tpha_side other(enum l2tpha_side side)
{
    return side == L2TPHA_LAC ? L2TPHA_LNS : L2TPHA_LAC;
}

void plan_init(struct plan *plan, enum l2tpha_side side)
{
    *plan = (struct plan){
        .side = side,
        .ours = {.name = "node",
                 .batch = 1,
                 .dies_in_copy = true,
                 .trust = L2TPHA_TRUST_EXACT,
                 .stream_delay = 200,
                 .takeover_delay = 100 * MS,
                 .standby_delay = 100 * MS},
        .peer_count = 1,
        .faults = {.delay = 2 * MS},
    };
    world_config(&plan->ours.config);
    plan->ours.config.window = 16;
    plan->ours.config.ack_delay_ms = 50;
    plan->ours.config.hello_ms = 60000;
    plan->ours.config.retransmit_ms = 1000;
    /* Long enough that only a mistake, never bad luck, ends a tunnel or a call. */
    plan->ours.config.retries = 60;
    plan->ours.config.setup_ms = plan->ours.config.answer_ms = 3600 * 1000;
    for (unsigned i = 0; i < PLAN_PEERS; i++)
        plan->peers[i] = (struct peer_options){
            .side = other(side),
            .habits = {.keeps_future = true, .window = 16, .first = SECOND, .cap = 8 * SECOND}};
}

void plan_add(struct plan *plan, uint64_t at, enum action_kind kind, unsigned peer, uint64_t number)
{
    unsigned place = plan->action_count;

    if (place == PLAN_ACTIONS)
        return;
    plan->action_count++;
    for (; place && plan->actions[place - 1].at > at; place--)
        plan->actions[place] = plan->actions[place - 1];
    plan->actions[place] = (struct action){.at = at, .kind = kind, .peer = peer, .number = number};
    if (plan->end < at)
        plan->end = at;
}

/* --- from a seed --- */

static const struct habits peers_known[] = {
    /* the RFC's model */
    {.keeps_future = true, .acks_future = true, .window = 16},
    /* in the manner of xl2tpd */
    {.ignores_odd_zlb = true, .ignores_odd_nr = true, .stale_nr = true, .window = 4},
    /* in the manner of openl2tp */
    {.keeps_future = true, .echoes_duplicates = true, .window = 10},
    /* in the manner of accel-ppp */
    {.keeps_future = true, .acks_future = true, .resends_all = true, .window = 16},
    /* in the manner of lwIP: one message at a time */
    {.window = 1},
};

static void generate_peer(struct peer_options *peer, struct world *world)
{
    static const uint16_t windows[] = {1, 2, 4, 16, 64};

    peer->habits = peers_known[world_below(world, sizeof(peers_known) / sizeof(peers_known[0]))];
    if (world_chance(world, 30))
        peer->habits.window = windows[world_below(world, sizeof(windows) / sizeof(windows[0]))];
    peer->habits.ack_delay = world_chance(world, 50) ? 0 : world_below(world, 250 * MS);
    peer->habits.first = world_chance(world, 50) ? SECOND : world_between(world, 50 * MS, SECOND);
    peer->habits.cap = world_between(world, 8, 16) * SECOND;
}

static void generate_ours(struct plan *plan, struct world *world)
{
    static const uint16_t windows[] = {1, 4, 16, 128};
    struct end_options *ours = &plan->ours;
    struct l2tpha_config *config = &ours->config;

    ours->linked = world_chance(world, 50);
    ours->fences = world_chance(world, 20);
    ours->same_standby = world_chance(world, 30);
    plan->socket_held = world_chance(world, 50);
    ours->batch = world_chance(world, 50) ? 1 : (unsigned)world_between(world, 2, END_BATCH);
    config->window = windows[world_below(world, sizeof(windows) / sizeof(windows[0]))];
    config->ack_delay_ms = world_chance(world, 40) ? 0 : 50;
    config->hello_ms = world_chance(world, 30) ? 1000 : 60000;
    config->retransmit_ms =
        world_chance(world, 40) ? 1000 : (uint32_t)world_between(world, 50, 500);
    ours->stream_delay = world_between(world, 10, world_chance(world, 50) ? 70 * MS : 2 * MS);
    ours->stream_jitter = world_between(world, 1, world_chance(world, 20) ? 60 * MS : 3 * MS);
    ours->takeover_delay = world_between(world, 0, world_chance(world, 30) ? 3 * SECOND : 50 * MS);
    ours->standby_delay = world_between(world, 0, world_chance(world, 30) ? SECOND : 20 * MS);
    ours->turn = world_chance(world, 50) ? 0 : world_between(world, 1, 20 * MS);
}

/* Steps until death: small numbers often, large ones too. */
static uint64_t generate_steps(struct world *world)
{
    return 1 + world_below(world, UINT64_C(1) << world_between(world, 1, 8));
}

static const enum action_kind mix[] = {
    ACT_PEER_CALLS, ACT_PEER_CALLS,     ACT_NODE_CALLS,    ACT_NODE_CALLS,    ACT_PEER_SENDS,
    ACT_PEER_SENDS, ACT_PEER_SENDS,     ACT_PEER_SENDS,    ACT_NODE_SENDS,    ACT_NODE_SENDS,
    ACT_NODE_SENDS, ACT_NODE_SENDS,     ACT_PEER_HANGS_UP, ACT_NODE_HANGS_UP, ACT_NODE_HANGS_UP,
    ACT_PEER_HELLO, ACT_NODE_APP_STATE,
};

/* A burst of work around one moment, and often a death in it. */
static uint64_t generate_burst(struct plan *plan, struct world *world, uint64_t at)
{
    uint64_t length = world_chance(world, 50) ? 20 * MS : world_between(world, 1, SECOND);
    unsigned actions = (unsigned)world_between(world, 1, 20);

    if (world_chance(world, 80))
        plan_add(plan, at + world_below(world, length), ACT_ARM, 0, generate_steps(world));
    for (unsigned i = 0; i < actions; i++)
        plan_add(plan, at + world_below(world, length),
                 mix[world_below(world, sizeof(mix) / sizeof(mix[0]))],
                 (unsigned)world_below(world, plan->peer_count), 0);
    return at + length;
}

static void generate_rare(struct plan *plan, struct world *world)
{
    unsigned peer = (unsigned)world_below(world, plan->peer_count);

    if (world_chance(world, 12))
        plan_add(plan, world_below(world, plan->end), ACT_PEER_CLOSES_TUNNEL, peer, 0);
    if (world_chance(world, 12))
        plan_add(plan, world_below(world, plan->end), ACT_NODE_CLOSES_TUNNEL, peer, 0);
    if (world_chance(world, 12))
        plan_add(plan, world_below(world, plan->end), ACT_BREAK, 0, 0);
    if (world_chance(world, 20))
        plan_add(plan, world_below(world, plan->end), ACT_SWITCHOVER, 0, 0);
    if (world_chance(world, 10)) {
        uint64_t at = world_below(world, plan->end);
        plan_add(plan, at, ACT_PARTITION, 0, 0);
        plan_add(plan, at + world_below(world, 4 * SECOND), ACT_HEAL, 0, 0);
    }
}

static void generate_start(struct plan *plan, struct world *world)
{
    plan->restored = world_chance(world, 25);
    plan_add(plan, world_chance(world, 60) ? 0 : world_below(world, 400 * MS), ACT_ADD_STANDBY, 0,
             0);
    if (plan->restored)
        return;
    for (unsigned i = 0; i < plan->peer_count; i++) {
        bool by_node = world_chance(world, plan->side == L2TPHA_LAC ? 90 : 10);
        plan_add(plan, world_below(world, 10 * MS),
                 by_node ? ACT_NODE_OPENS_TUNNEL : ACT_PEER_OPENS_TUNNEL, i, 0);
    }
    /* The set-up itself is worth a death. */
    if (world_chance(world, 25))
        plan_add(plan, 0, ACT_ARM, 0, generate_steps(world));
}

void plan_generate(struct plan *plan, struct world *world)
{
    plan_init(plan, world_chance(world, 60) ? L2TPHA_LNS : L2TPHA_LAC);
    generate_ours(plan, world);
    plan->peer_count = world_chance(world, 75) ? 1 : PLAN_PEERS;
    if (world_chance(world, 30)) {
        plan->ours.secret = SECRET;
        plan->ours.config.hide_avps = world_chance(world, 50);
    }
    for (unsigned i = 0; i < plan->peer_count; i++) {
        generate_peer(&plan->peers[i], world);
        plan->peers[i].secret = plan->ours.secret;
        plan->peers[i].hides = plan->ours.secret && world_chance(world, 50);
    }
    plan->faults = (struct net_faults){
        .loss = world_chance(world, 30) ? 0 : (unsigned)world_between(world, 1, 30),
        .duplicate = world_chance(world, 50) ? 0 : (unsigned)world_between(world, 1, 30),
        .straggle = 30,
        .misroute = world_chance(world, 80) ? 0 : 10,
        .delay = world_between(world, 10, 10 * MS),
        .jitter = world_chance(world, 50) ? 0 : world_between(world, 1, 100 * MS),
    };
    generate_start(plan, world);
    uint64_t at = 0;
    for (uint64_t bursts = world_between(world, 2, 9); bursts; bursts--)
        at = generate_burst(plan, world, at) + world_below(world, 2 * SECOND);
    generate_rare(plan, world);
}

void plan_print(const struct plan *plan)
{
    printf("we are the %s, %s, %u peer%s, loss %u %%, doubled %u %%, delay %llu+%llu us%s%s%s%s\n",
           plan->side == L2TPHA_LAC ? "LAC" : "LNS", plan->ours.linked ? "link" : "checkpoints",
           plan->peer_count, plan->peer_count > 1 ? "s" : "", plan->faults.loss,
           plan->faults.duplicate, (unsigned long long)plan->faults.delay,
           (unsigned long long)plan->faults.jitter, plan->restored ? ", restored" : "",
           plan->ours.fences ? ", fenced" : "", plan->ours.secret ? ", secret" : "",
           plan->ours.config.hide_avps ? ", hidden" : "");
    for (unsigned i = 0; i < plan->peer_count; i++) {
        const struct habits *habits = &plan->peers[i].habits;
        printf("peer %u: window %u%s%s%s%s%s%s%s\n", i, habits->window,
               habits->keeps_future ? ", keeps future" : "",
               habits->acks_future ? ", acks future" : "",
               habits->echoes_duplicates ? ", echoes" : "",
               habits->ignores_odd_zlb ? ", ignores odd ZLB" : "",
               habits->ignores_odd_nr ? ", ignores odd Nr" : "",
               habits->stale_nr ? ", stale Nr" : "", habits->resends_all ? ", resends all" : "");
    }
}
