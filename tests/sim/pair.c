/* SPDX-License-Identifier: MIT */
#include "sim/pair.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/redundancy.h>
#include <stdlib.h>

#define SPINS_MAX 2000

static enum l2tpha_role role_of(const struct host *host)
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
    stream_init(&pair->down, world, options->stream_delay, options->stream_jitter);
    stream_init(&pair->up, world, options->stream_delay, options->stream_jitter);
    return L2TPHA_OK;
}

static void drop_host(struct host *host)
{
    talloc_free(host->node);
    *host = (struct host){0};
}

void pair_free(struct pair *pair)
{
    drop_host(&pair->active);
    drop_host(&pair->standby);
    drop_host(&pair->retired);
    stream_clear(&pair->down);
    stream_clear(&pair->up);
    if (talloc_total_blocks(pair->root) != 1)
        world_fail(pair->world, "%zu blocks of memory are left",
                   talloc_total_blocks(pair->root) - 1);
    talloc_free(pair->root);
    pair->root = NULL;
}

/* --- replication --- */

static void new_link(struct pair *pair, struct host *host)
{
    const struct l2tpha_link_options options = {
        .size = sizeof(options), .heartbeat_ms = 20000, .silence_ms = 90000};

    int error = l2tpha_link_new(host->node, &options, pair->world->now, &host->link);
    if (error)
        world_fail(pair->world, "link_new: %s", l2tpha_strerror(error));
}

static void attach(struct pair *pair)
{
    world_say(pair->world, "pair", "%s is connected to %s", pair->standby.name, pair->active.name);
    stream_init(&pair->down, pair->world, pair->options.stream_delay, pair->options.stream_jitter);
    stream_init(&pair->up, pair->world, pair->options.stream_delay, pair->options.stream_jitter);
    pair->attached = true;
    pair->copying = false;
    if (pair->options.linked) {
        new_link(pair, &pair->active);
        new_link(pair, &pair->standby);
        host_flush_link(pair, &pair->standby, &pair->up);
    } else {
        int error = l2tpha_checkpoint_bulk(pair->active.node, pair->world->now);
        if (error)
            world_fail(pair->world, "bulk: %s", l2tpha_strerror(error));
    }
    pair_pump(pair);
}

void pair_add_standby(struct pair *pair)
{
    pair->standby_at = L2TPHA_NEVER;
    if (!pair->active.node || pair->attached)
        return;
    if (!pair->options.same_standby)
        drop_host(&pair->standby);
    if (!pair->standby.node && pair_node(pair, true, &pair->standby)) {
        world_fail(pair->world, "no standby");
        return;
    }
    attach(pair);
}

/* Both ends learn that the stream is closed. */
static void close_stream(struct pair *pair)
{
    stream_clear(&pair->down);
    stream_clear(&pair->up);
    pair->attached = pair->switching = false;
    if (pair->standby.link)
        l2tpha_link_free(pair->standby.link, pair->world->now);
    pair->standby.link = NULL;
    if (!pair->active.node)
        return;
    if (pair->active.link)
        l2tpha_link_free(pair->active.link, pair->world->now);
    else
        l2tpha_checkpoint_stop(pair->active.node, pair->world->now);
    pair->active.link = NULL;
}

void pair_detach(struct pair *pair)
{
    if (!pair->attached || !pair->active.node)
        return;
    world_say(pair->world, "pair", "the replication stream breaks");
    close_stream(pair);
    pair->standby_at = pair->world->now + pair->options.standby_delay;
    pair_pump(pair);
}

bool pair_protected(const struct pair *pair)
{
    if (!pair->active.node || !pair->attached || !pair->standby.node)
        return false;
    enum l2tpha_role role = role_of(&pair->active);
    if (role == L2TPHA_ROLE_ACTIVE)
        return true;
    return role == L2TPHA_ROLE_ACTIVE_BULK && pair->copying && !pair->options.same_standby &&
           role_of(&pair->standby) == L2TPHA_ROLE_STANDBY_HOT;
}

static void take_down(struct pair *pair, const struct unit *unit)
{
    uint64_t number = 0;
    int error;

    if (!pair->options.linked) {
        error = l2tpha_checkpoint_apply(pair->standby.node, unit->data, unit->len, pair->world->now,
                                        &number);
        if (pair->active.node)
            stream_put(&pair->up, unit->number, error, NULL, 0);
        if (!error && number != unit->number)
            error = L2TPHA_ERR_GAP;
    } else {
        error = l2tpha_link_feed(pair->standby.link, unit->data, unit->len, pair->world->now);
        if (pair->active.node)
            host_flush_link(pair, &pair->standby, &pair->up);
    }
    if (error)
        world_fail(pair->world, "the standby refuses: %s", l2tpha_strerror(error));
    host_pump_silent(pair, &pair->standby, "the standby");
}

static void take_up(struct pair *pair, const struct unit *unit)
{
    int error = pair->options.linked
                    ? l2tpha_link_feed(pair->active.link, unit->data, unit->len, pair->world->now)
                    : l2tpha_checkpoint_done(pair->active.node, unit->number, unit->status,
                                             pair->world->now);

    if (error)
        world_fail(pair->world, "the active refuses a confirmation: %s", l2tpha_strerror(error));
    pair_pump(pair);
}

static void move_streams(struct pair *pair)
{
    struct unit *unit;

    while (pair->standby.node && (unit = stream_take(&pair->down))) {
        take_down(pair, unit);
        free(unit);
    }
    while (pair->active.node && pair->attached && (unit = stream_take(&pair->up))) {
        take_up(pair, unit);
        free(unit);
    }
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
    stream_cut(&pair->down);
    stream_clear(&pair->up);
    if (pair->options.fences) {
        retire(pair);
        pair->active = (struct host){0};
    } else {
        drop_host(&pair->active);
    }
    pair->switching = false;
    pair->takeover_at = pair->world->now + pair->options.takeover_delay;
    if (pair->down.count && pair->takeover_at < pair->down.last)
        pair->takeover_at = pair->down.last;
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
    int error = l2tpha_takeover(pair->standby.node, ++pair->epoch, pair->world->now);
    world_say(pair->world, "pair",
              "=== %s takes over, epoch %llu, checkpoint %llu ===", pair->standby.name,
              (unsigned long long)pair->epoch, (unsigned long long)applied);
    if (error) {
        world_fail(pair->world, "takeover: %s", l2tpha_strerror(error));
        return;
    }
    pair->active = pair->standby;
    pair->standby = (struct host){0};
    pair->answer_calls = true;
    pair->standby_at = pair->world->now + pair->options.standby_delay;
    pair->failovers++;
    oracle_takeover(pair->oracle, pair->active.node, applied);
    pair_pump(pair);
}

/* --- planned switchover --- */

void pair_switchover(struct pair *pair)
{
    if (!pair->active.node || !pair->attached || pair->switching)
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
    struct l2tpha_link_info info = {.size = sizeof(info)};

    if (pair->options.linked) {
        int error = l2tpha_link_hand_over(pair->active.link, pair->world->now);
        host_flush_link(pair, &pair->active, &pair->down);
        while (!error && pair->down.head) {
            pair->world->now = pair->down.head->at;
            struct unit *unit = stream_take(&pair->down);
            error = l2tpha_link_feed(pair->standby.link, unit->data, unit->len, pair->world->now);
            free(unit);
        }
        l2tpha_link_get(pair->standby.link, &info);
        if (error || !info.switchover)
            world_fail(pair->world, "handing over: %s", l2tpha_strerror(error));
    }
    pair->switching = false;
    pair->dies_at = 0;
    stream_clear(&pair->up);
    retire(pair);
    pair->active = (struct host){0};
    pair->switchovers++;
    take_over(pair);
}

/* --- driving --- */

void pair_pump(struct pair *pair)
{
    if (!pair->active.node)
        return;
    host_pump_active(pair);
    if (!pair->active.node || !pair->attached || !pair->copying)
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
    uint64_t at = sooner(pair->standby_at, stream_deadline(&pair->down));

    if (!pair->down.head)
        at = sooner(at, pair->takeover_at);
    if (pair->active.node) {
        at = sooner(at, l2tpha_deadline(pair->active.node));
        at = sooner(at, stream_deadline(&pair->up));
    }
    if (pair->active.link)
        at = sooner(at, l2tpha_link_deadline(pair->active.link));
    if (pair->standby.link)
        at = sooner(at, l2tpha_link_deadline(pair->standby.link));
    return at;
}

static void expire_link(struct pair *pair, struct host *host, struct stream *stream)
{
    if (!host->link || l2tpha_link_deadline(host->link) > pair->world->now)
        return;
    int error = l2tpha_link_expire(host->link, pair->world->now);
    if (error)
        world_fail(pair->world, "link_expire: %s", l2tpha_strerror(error));
    host_flush_link(pair, host, stream);
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
    expire_link(pair, &pair->active, &pair->down);
    if (pair->active.node)
        expire_link(pair, &pair->standby, &pair->up);
    if (pair->active.node && l2tpha_deadline(pair->active.node) <= pair->world->now) {
        l2tpha_expire(pair->active.node, pair->world->now);
        pair_pump(pair);
    }
    if (pair->retired.node) {
        l2tpha_expire(pair->retired.node, pair->world->now);
        host_pump_silent(pair, &pair->retired, "the fenced node");
    }
    if (pair->takeover_at <= pair->world->now && !pair->down.head)
        take_over(pair);
    if (pair->standby_at <= pair->world->now)
        pair_add_standby(pair);
}

bool pair_idle(const struct pair *pair)
{
    return pair->active.node && pair->attached && !pair->down.head && !pair->up.head &&
           role_of(&pair->active) == L2TPHA_ROLE_ACTIVE;
}
