/* SPDX-License-Identifier: MIT */
#include "sim/pair.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/redundancy.h>

#define SPINS_MAX 2000

static enum l2tpha_role role_of(const struct side *host)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(host->node, &info);
    return info.role;
}

int pair_init(struct pair *pair, struct world *world, struct net *net, struct oracle *oracle,
              const struct pair_options *options)
{
    *pair = (struct pair){
        .world = world,
        .net = net,
        .oracle = oracle,
        .options = *options,
        .root = talloc_named_const(NULL, 0, "pair"),
        .epoch = 1,
        .takeover_at = L2TPHA_NEVER,
        .standby_at = L2TPHA_NEVER,
    };
    replication_init(&pair->line, world, options->linked, options->stream_delay,
                     options->stream_jitter);
    return L2TPHA_OK;
}

static void drop_host(struct side *host)
{
    talloc_free(host->node);
    *host = (struct side){0};
}

void pair_free(struct pair *pair)
{
    drop_host(&pair->active);
    drop_host(&pair->standby);
    drop_host(&pair->retired);
    replication_clear(&pair->line);
    if (talloc_total_blocks(pair->root) != 1)
        world_fail(pair->world, "%zu blocks of memory are left",
                   talloc_total_blocks(pair->root) - 1);
    talloc_free(pair->root);
    pair->root = NULL;
}

/* --- replication --- */

static void attach(struct pair *pair)
{
    world_say(pair->world, "pair", "%s is connected to %s", pair->standby.name, pair->active.name);
    pair->line.delay = pair->options.stream_delay;
    pair->line.jitter = pair->options.stream_jitter;
    replication_attach(&pair->line, &pair->active, &pair->standby);
    pair_pump(pair);
}

void pair_add_standby(struct pair *pair)
{
    pair->standby_at = L2TPHA_NEVER;
    if (!pair->active.node || pair->line.attached)
        return;
    if (!pair->options.same_standby)
        drop_host(&pair->standby);
    if (!pair->standby.node && pair_node(pair, true, &pair->standby)) {
        world_fail(pair->world, "no standby");
        return;
    }
    attach(pair);
}

static void close_stream(struct pair *pair)
{
    pair->switching = false;
    replication_detach(&pair->line, &pair->active, &pair->standby);
}

void pair_detach(struct pair *pair)
{
    if (!pair->line.attached || !pair->active.node)
        return;
    world_say(pair->world, "pair", "the replication stream breaks");
    close_stream(pair);
    pair->standby_at = pair->world->now + pair->options.standby_delay;
    pair_pump(pair);
}

bool pair_protected(const struct pair *pair)
{
    if (!pair->active.node || !pair->line.attached || !pair->standby.node)
        return false;
    enum l2tpha_role role = role_of(&pair->active);
    if (role == L2TPHA_ROLE_ACTIVE)
        return true;
    return role == L2TPHA_ROLE_ACTIVE_BULK && pair->line.copying && !pair->options.same_standby &&
           role_of(&pair->standby) == L2TPHA_ROLE_STANDBY_HOT;
}

static void move_streams(struct pair *pair)
{
    while (replication_take_down(&pair->line, &pair->standby, pair->active.node))
        host_pump_silent(pair, &pair->standby, "the standby");
    while (replication_take_up(&pair->line, &pair->active))
        pair_pump(pair);
}

/* --- death and takeover --- */

void pair_arm(struct pair *pair, uint64_t steps)
{
    pair->dies_at = pair->step + steps;
}

static void retire(struct pair *pair)
{
    drop_host(&pair->retired);
    pair->retired = pair->active;
    int error = l2tpha_fence(pair->retired.node, pair->epoch + 1, pair->world->now);
    if (error)
        world_fail(pair->world, "fence: %s", l2tpha_strerror(error));
    if (pair->retired.link)
        l2tpha_link_free(pair->retired.link, pair->world->now);
    pair->retired.link = NULL;
}

static void die(struct pair *pair, const char *when)
{
    world_say(pair->world, "pair", "=== %s dies %s, step %llu ===", pair->active.name, when,
              (unsigned long long)pair->step);
    pair->dies_at = 0;
    uint64_t last = replication_cut(&pair->line);
    if (pair->options.fences) {
        retire(pair);
        pair->active = (struct side){0};
    } else {
        drop_host(&pair->active);
    }
    pair->switching = false;
    pair->takeover_at = pair->world->now + pair->options.takeover_delay;
    if (pair->takeover_at < last)
        pair->takeover_at = last;
}

void pair_kill(struct pair *pair)
{
    if (pair_protected(pair))
        die(pair, "now");
    else
        world_fail(pair->world, "nobody would take over");
}

bool pair_step(struct pair *pair, const char *what)
{
    if (!pair->dies_at || !pair_protected(pair))
        return true;
    if (++pair->step < pair->dies_at)
        return true;
    die(pair, what);
    return false;
}

static void take_over(struct pair *pair)
{
    uint64_t applied = l2tpha_checkpoint_last(pair->standby.node);

    pair->takeover_at = L2TPHA_NEVER;
    close_stream(pair);
    int error =
        l2tpha_takeover_as(pair->standby.node, ++pair->epoch, L2TPHA_TRUST_EXACT, pair->world->now);
    world_say(pair->world, "pair",
              "=== %s takes over, epoch %llu, checkpoint %llu ===", pair->standby.name,
              (unsigned long long)pair->epoch, (unsigned long long)applied);
    if (error) {
        world_fail(pair->world, "takeover: %s", l2tpha_strerror(error));
        return;
    }
    pair->active = pair->standby;
    pair->standby = (struct side){0};
    pair->answer_calls = true;
    pair->standby_at = pair->world->now + pair->options.standby_delay;
    pair->failovers++;
    oracle_takeover(pair->oracle, pair->active.node, applied);
    pair_pump(pair);
}

/* --- planned switchover --- */

void pair_switchover(struct pair *pair)
{
    if (!pair->active.node || !pair->line.attached || pair->switching)
        return;
    int error = l2tpha_switchover(pair->active.node, pair->world->now);
    if (error == L2TPHA_ERR_NOT_IN_SYNC)
        return;
    if (error)
        world_fail(pair->world, "switchover: %s", l2tpha_strerror(error));
    world_say(pair->world, "pair", "=== %s is to hand over ===", pair->active.name);
    pair->switching = true;
    pair_pump(pair);
}

/* The active has drained: the standby goes on. */
static void hand_over(struct pair *pair)
{
    replication_hand_over(&pair->line, &pair->active, &pair->standby);
    pair->switching = false;
    pair->dies_at = 0;
    stream_clear(&pair->line.up);
    retire(pair);
    pair->active = (struct side){0};
    pair->switchovers++;
    take_over(pair);
}

/* --- driving --- */

void pair_pump(struct pair *pair)
{
    if (!pair->active.node)
        return;
    host_pump_active(pair);
    if (!pair->active.node || !pair->line.attached || !pair->line.copying)
        return;
    if (role_of(&pair->active) == L2TPHA_ROLE_ACTIVE_SOLO) {
        pair_detach(pair);
        return;
    }
    if (pair->switching && l2tpha_switchover_ready(pair->active.node))
        hand_over(pair);
}

void pair_receive(struct pair *pair, struct packet *packet)
{
    struct l2tpha_path path;

    net_address(NET_NODE, &path.local);
    net_address(packet->from, &path.remote);
    if (pair->retired.node) {
        l2tpha_feed(pair->retired.node, &path, packet->data, packet->len, pair->world->now);
        host_pump_silent(pair, &pair->retired, "the fenced node");
    }
    if (!pair->active.node)
        return;
    int error = l2tpha_feed(pair->active.node, &path, packet->data, packet->len, pair->world->now);
    if (error && l2tpha_error_is_fatal(error))
        world_fail(pair->world, "feed: %s", l2tpha_strerror(error));
    if (error && error != L2TPHA_ERR_DUPLICATE)
        world_say(pair->world, pair->active.name, "refuses it: %s", l2tpha_strerror(error));
    pair_pump(pair);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t pair_deadline(const struct pair *pair)
{
    uint64_t at =
        sooner(pair->standby_at, replication_deadline(&pair->line, &pair->active, &pair->standby));

    if (!pair->line.down.head)
        at = sooner(at, pair->takeover_at);
    if (pair->active.node)
        at = sooner(at, l2tpha_deadline(pair->active.node));
    return at;
}

static void guard(struct pair *pair)
{
    if (pair->instant != pair->world->now)
        pair->spins = 0;
    pair->instant = pair->world->now;
    if (++pair->spins > SPINS_MAX)
        world_fail(pair->world, "work is due without end");
}

void pair_expire(struct pair *pair)
{
    guard(pair);
    move_streams(pair);
    replication_expire(&pair->line, &pair->active, &pair->standby);
    if (pair->active.node && l2tpha_deadline(pair->active.node) <= pair->world->now) {
        l2tpha_expire(pair->active.node, pair->world->now);
        pair_pump(pair);
    }
    if (pair->retired.node) {
        l2tpha_expire(pair->retired.node, pair->world->now);
        host_pump_silent(pair, &pair->retired, "the fenced node");
    }
    if (pair->takeover_at <= pair->world->now && !pair->line.down.head)
        take_over(pair);
    if (pair->standby_at <= pair->world->now)
        pair_add_standby(pair);
}

bool pair_idle(const struct pair *pair)
{
    return pair->active.node && pair->line.attached && !pair->line.down.head &&
           !pair->line.up.head && role_of(&pair->active) == L2TPHA_ROLE_ACTIVE;
}
