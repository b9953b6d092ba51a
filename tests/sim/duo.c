/* SPDX-License-Identifier: MIT */
#include "sim/duo.h"

#include "node/node.h"

#include <string.h>

#define PEACE (2400 * SECOND)    /* longest time to come to rest */
#define GRACE (30 * SECOND)      /* after the last action, before the net is made perfect */
#define DATA_EVERY (20 * SECOND) /* on calls that might be taken for dead */

/* --- driving --- */

static uint64_t next_event(const struct duo *duo)
{
    uint64_t at = sooner(net_deadline(&duo->net), duo->death_at);

    at = sooner(at, sooner(end_deadline(&duo->ends[0]), end_deadline(&duo->ends[1])));
    if (duo->next_action < duo->plan.action_count)
        at = sooner(at, duo->plan.actions[duo->next_action].at);
    if (duo->world.now < duo->plan.cut_at)
        at = sooner(at, duo->plan.cut_at);
    return at;
}

/* What begins a tunnel never reaches the peer of an end that has failed. */
static bool is_unheard(const struct duo *duo, const struct packet *packet)
{
    return duo->plan.kind == DUO_DEAF && duo->seen_deaths && packet->data[0] & 0x80 &&
           packet->data[4] == 0 && packet->data[5] == 0;
}

static void deliver(struct duo *duo, struct packet *packet)
{
    if (packet->to > 1)
        world_fail(&duo->world, "a stranger is answered");
    else if (!is_unheard(duo, packet))
        end_receive(&duo->ends[packet->to], packet);
    net_give_back(&duo->net, packet);
}

/* The capability goes with the first death: what was announced before still stands. */
static void switch_off(struct duo *duo)
{
    struct end *peer = &duo->ends[!duo->plan.deaths[0].end];

    if (duo->plan.capability_off && peer->active.node)
        peer->active.node->engine.config.failover_capability = false;
}

static void plan_next_death(struct duo *duo)
{
    const struct duo_death *death = &duo->plan.deaths[duo->next_death];

    if (duo->next_death < duo->plan.death_count && duo->death_at == L2TPHA_NEVER &&
        (death->after_takeover ? duo->seen_takeovers : duo->seen_deaths) >= duo->next_death)
        duo->death_at = duo->world.now + death->delay;
}

static void count_deaths(struct duo *duo)
{
    unsigned deaths = duo->ends[0].deaths + duo->ends[1].deaths;
    unsigned takeovers = duo->ends[0].takeovers + duo->ends[1].takeovers;

    if (deaths && !duo->seen_deaths)
        switch_off(duo);
    duo->seen_deaths = deaths;
    duo->seen_takeovers = takeovers;
    plan_next_death(duo);
}

static void arm_death(struct duo *duo)
{
    const struct duo_death *death = &duo->plan.deaths[duo->next_death++];

    duo->death_at = L2TPHA_NEVER;
    end_arm(&duo->ends[death->end], death->steps);
}

static void step(struct duo *duo, uint64_t at)
{
    if (at > duo->world.now)
        duo->world.now = at;
    duo->net.partitioned =
        duo->world.now >= duo->plan.cut_at && duo->world.now < duo->plan.cut_at + duo->plan.cut_for;
    while (net_deadline(&duo->net) <= duo->world.now && !duo->world.failed)
        deliver(duo, net_take(&duo->net));
    /* Both ends shall have told their standbys before either dies. */
    if (duo->plan.near_wrap && !duo->aged && duo->next_death == 0 &&
        duo->death_at > duo->world.now + SECOND)
        duo->aged = duo_age(duo);
    while (duo->next_action < duo->plan.action_count && !duo->world.failed &&
           duo->plan.actions[duo->next_action].at <= duo->world.now)
        duo_act(duo, &duo->plan.actions[duo->next_action++]);
    if (duo->death_at <= duo->world.now)
        arm_death(duo);
    for (unsigned i = 0; i < 2; i++)
        end_expire(&duo->ends[i]);
    count_deaths(duo);
    duo_watch(duo);
}

static void run_until(struct duo *duo, uint64_t time)
{
    uint64_t at;

    while (!duo->world.failed && (at = next_event(duo)) <= time)
        step(duo, at);
    if (!duo->world.failed && duo->world.now < time)
        duo->world.now = time;
}

/* Until nothing moves and both ends agree. */
static void come_to_rest(struct duo *duo)
{
    uint64_t limit = duo->world.now + PEACE, touched = 0;
    bool caught_up = false;

    duo->copied[0] = duo->copied[1] = false;
    const char *why;

    while (!duo->world.failed && (why = duo_unrest(duo))) {
        if (strcmp(why, "a replica differs") == 0 && !caught_up) {
            caught_up = true;
            end_catch_up(&duo->ends[0]);
            end_catch_up(&duo->ends[1]);
            continue;
        }
        if (duo->world.now >= touched + DATA_EVERY) {
            touched = duo->world.now;
            caught_up = duo->copied[0] = duo->copied[1] = false;
            duo_touch(duo);
        }
        uint64_t at = next_event(duo);
        if (at > limit)
            world_fail(&duo->world, "no rest: %s (end %u, tunnel %u, session %u)", why,
                       duo->restless.place, (unsigned)duo->restless.tunnel,
                       (unsigned)duo->restless.session);
        else
            step(duo, at);
    }
}

/* No more faults, no more deaths. */
static void make_peace(struct duo *duo)
{
    duo->net.faults.loss = duo->net.faults.duplicate = 0;
    duo->plan.cut_for = 0;
    duo->death_at = L2TPHA_NEVER;
    duo->next_death = duo->plan.death_count;
    end_arm(&duo->ends[0], 0);
    end_arm(&duo->ends[1], 0);
}

/* --- a scenario --- */

static const char *const kinds[DUO_KIND_COUNT] = {"one end", "both ends", "again",
                                                  "refused", "untrue",    "deaf"};

static const char *const commits[] = {"gated", "bounded", "async"};

static const char *const trusts[] = {"as known", "exact", "uncertain", "stale", "empty"};

static void make_plan(struct duo *duo, uint64_t seed, bool verbose)
{
    *duo = (struct duo){
        .world = {.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 2, .verbose = verbose},
        .death_at = L2TPHA_NEVER};
    duo_plan(&duo->plan, &duo->world);
}

static void on_taken_over(void *user, const struct end *end, uint64_t applied)
{
    (void)applied;
    duo_note_kept(user, end);
}

static void begin(struct duo *duo)
{
    const struct end_watch watch = {.user = duo, .taken_over = on_taken_over};

    world_say(&duo->world, "plan", "%s, methods %s and %s, %u deaths, loss %u %%",
              kinds[duo->plan.kind], l2tpha_failover_method_name(duo->plan.ends[0].config.failover),
              l2tpha_failover_method_name(duo->plan.ends[1].config.failover), duo->plan.death_count,
              duo->plan.faults.loss);
    for (unsigned i = 0; i < 2; i++)
        world_say(&duo->world, "plan", "end %u: %s, %s, %s%s, lease %u, window %u", i,
                  commits[duo->plan.ends[i].config.commit], trusts[duo->plan.ends[i].trust],
                  duo->plan.ends[i].linked ? "link" : "direct", duo->plan.cut_for ? ", cut" : "",
                  duo->plan.ends[i].config.resync_packets, duo->plan.ends[i].config.window);
    net_init(&duo->net, &duo->world);
    duo->net.faults = duo->plan.faults;
    for (unsigned i = 0; i < 2; i++) {
        end_init(&duo->ends[i], &duo->world, &duo->net, i, &duo->plan.ends[i], &watch);
        end_start(&duo->ends[i]);
        duo->ends[i].standby_at = duo->world.now;
    }
    plan_next_death(duo);
}

static uint64_t end_of_actions(const struct duo *duo)
{
    return duo->plan.action_count ? duo->plan.actions[duo->plan.action_count - 1].at : 0;
}

static void run(struct duo *duo)
{
    run_until(duo, end_of_actions(duo) + world_below(&duo->world, GRACE));
    make_peace(duo);
    come_to_rest(duo);
    if (duo->world.failed)
        return;
    duo_check_kept(duo);
    if (duo->world.failed)
        return;
    duo_call_all(duo);
    come_to_rest(duo);
    if (!duo->world.failed)
        duo_check_calls(duo);
}

static bool run_plan(struct duo *duo)
{
    begin(duo);
    if (!duo->world.failed)
        run(duo);
    for (unsigned i = 0; i < 2; i++)
        end_free(&duo->ends[i]);
    net_free(&duo->net);
    return !duo->world.failed;
}

bool duo_run_seed(struct duo *duo, uint64_t seed, bool verbose)
{
    make_plan(duo, seed, verbose);
    return run_plan(duo);
}

bool duo_run_steps(struct duo *duo, uint64_t seed, unsigned first, unsigned second, uint64_t steps,
                   bool *died)
{
    make_plan(duo, seed, false);
    struct duo_plan *plan = &duo->plan;
    plan->kind = DUO_AGAIN;
    plan->near_wrap = plan->capability_off = false;
    for (unsigned i = 0; i < 2; i++) {
        plan->ends[i].config.failover = L2TPHA_FAILOVER_PROTOCOL;
        plan->ends[i].trust = L2TPHA_TRUST_UNCERTAIN;
        plan->ends[i].name = i ? "end-1" : "end-0";
        plan->ends[i].renamed = NULL;
        plan->ends[i].forgets_secret = plan->ends[i].distrusted = false;
        plan->ends[i].takeover_delay = plan->ends[i].standby_delay = 1 * MS;
        plan->ends[i].turn = 0; /* which is most steps */
    }
    plan->death_count = 2;
    plan->deaths[0] =
        (struct duo_death){.end = (uint8_t)first, .delay = end_of_actions(duo) / 2, .steps = 1};
    plan->deaths[1] =
        (struct duo_death){.end = (uint8_t)second, .after_takeover = true, .steps = steps};
    bool sound = run_plan(duo);
    *died = duo->seen_deaths == 2;
    return sound;
}

/* --- one instant --- */

#define INSTANT_DEATH (5 * SECOND) /* of end 0 */

static void plan_instant(struct duo *duo, const struct duo_instant *instant)
{
    struct duo_plan *plan = &duo->plan;
    unsigned calls = instant->tunnels * instant->calls;

    plan->kind = DUO_BOTH;
    plan->faults = (struct net_faults){.delay = instant->delay};
    for (unsigned i = 0; i < 2; i++)
        plan->ends[i] = instant->ends[i];
    plan->action_count = instant->tunnels + calls;
    for (unsigned i = 0; i < plan->action_count; i++)
        plan->actions[i] = (struct duo_action){.at = i < instant->tunnels ? 0 : SECOND,
                                               .deed = i < instant->tunnels ? DUO_OPEN : DUO_CALL,
                                               .end = (uint8_t)(i % 2),
                                               .pick = i};
    for (unsigned i = 0; i < 2; i++) /* what has them say something then */
        plan->actions[plan->action_count++] = (struct duo_action){
            .at = INSTANT_DEATH, .deed = DUO_CALL, .end = (uint8_t)i, .pick = i};
    plan->death_count = 2;
    plan->deaths[0] = (struct duo_death){.end = 0, .delay = INSTANT_DEATH, .steps = 1};
    plan->deaths[1] =
        (struct duo_death){.end = 1, .delay = instant->apart, .steps = instant->steps};
}

bool duo_run_instant(struct duo *duo, const struct duo_instant *instant, bool verbose, bool *died,
                     uint64_t *took)
{
    *duo = (struct duo){.world = {.state = 1, .verbose = verbose}, .death_at = L2TPHA_NEVER};
    plan_instant(duo, instant);
    begin(duo);
    run_until(duo, INSTANT_DEATH - 1);
    unsigned wanted = instant->steps ? 2 : 1;
    while (!duo->world.failed && duo->seen_takeovers < wanted &&
           duo->world.now < INSTANT_DEATH + SECOND)
        step(duo, next_event(duo));
    uint64_t since = duo->world.now;
    while (!duo->world.failed && !duo_is_whole(duo) && duo->world.now < since + 100 * SECOND)
        step(duo, next_event(duo));
    *took = duo->world.now - since;
    *died = duo->seen_takeovers == 2;
    make_peace(duo);
    come_to_rest(duo);
    if (!duo->world.failed)
        duo_check_kept(duo);
    for (unsigned i = 0; i < 2; i++)
        end_free(&duo->ends[i]);
    net_free(&duo->net);
    return !duo->world.failed;
}
