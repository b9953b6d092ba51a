/* SPDX-License-Identifier: MIT */
#include "authority/cluster.h"

#include <stdio.h>
#include <string.h>

#define PEACE (120 * SECOND)
#define SPINS 20000

static void change_all(struct cluster *cluster)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        cluster->boxes[i].changed = true;
}

static uint64_t next_event(struct cluster *cluster)
{
    uint64_t at = sooner(net_deadline(&cluster->net), fake_authority_deadline(&cluster->authority));

    for (unsigned i = 0; i < cluster->box_count; i++)
        at = sooner(at, cluster_deadline(cluster, &cluster->boxes[i]));
    for (unsigned i = 0; i < cluster->peer_count; i++)
        at = sooner(at, peer_deadline(&cluster->peers[i]));
    if (cluster->next_fault < cluster->fault_count)
        at = sooner(at, cluster->faults[cluster->next_fault].at);
    return at;
}

static void deliver(struct cluster *cluster, struct packet *packet)
{
    if (packet->to == NET_NODE) {
        cluster_receive(cluster, packet);
        return;
    }
    peer_receive(&cluster->peers[packet->to - NET_PEER], packet->data, packet->len);
    net_give_back(&cluster->net, packet);
}

static void step(struct cluster *cluster, uint64_t at)
{
    struct world *world = &cluster->world;

    cluster->spins = at > world->now ? 0 : cluster->spins + 1;
    if (cluster->spins > SPINS)
        world_fail(world, "work is due without end");
    if (at > world->now)
        world->now = at;
    if (net_deadline(&cluster->net) <= world->now)
        deliver(cluster, net_take(&cluster->net));
    if (fake_authority_deadline(&cluster->authority) <= world->now) {
        fake_authority_run(&cluster->authority);
        change_all(cluster);
    }
    while (cluster->next_fault < cluster->fault_count &&
           cluster->faults[cluster->next_fault].at <= world->now) {
        struct cluster_fault fault = cluster->faults[cluster->next_fault++];
        cluster_fault(cluster, &fault);
        change_all(cluster);
    }
    for (unsigned i = 0; i < cluster->peer_count; i++)
        peer_expire(&cluster->peers[i]);
    unsigned first = (unsigned)world_below(world, cluster->box_count);
    for (unsigned i = 0; i < cluster->box_count && !world->failed; i++) {
        struct cluster_box *box = &cluster->boxes[(first + i) % cluster->box_count];
        if (cluster_deadline(cluster, box) > world->now)
            continue;
        cluster_step(cluster, box);
        cluster_check_members(cluster, box);
    }
}

static void begin(struct cluster *cluster)
{
    static const struct peer_options peer = {.side = L2TPHA_LAC,
                                             .habits = {.keeps_future = true,
                                                        .acks_future = true,
                                                        .window = 16,
                                                        .first = SECOND,
                                                        .cap = 4 * SECOND}};
    struct world *world = &cluster->world;

    net_init(&cluster->net, world);
    oracle_init(&cluster->oracle, world);
    fake_authority_init(&cluster->authority, world);
    cluster_plan(cluster);
    cluster->clean = true;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        struct cluster_box *box = &cluster->boxes[i];
        *box = (struct cluster_box){.place = i,
                                    .world = world,
                                    .rate = world_between(world, 950000, 1050000),
                                    .offset = world_below(world, 100 * SECOND)};
        snprintf(box->name, sizeof(box->name), "box %u", i);
        cluster_start(cluster, box);
    }
    for (unsigned i = 0; i < cluster->peer_count; i++) {
        peer_begin(&cluster->peers[i], world, &cluster->net, &cluster->oracle, NET_PEER + i, &peer);
        peer_open_tunnel(&cluster->peers[i]);
    }
}

/* Nothing goes wrong any more. */
static void make_peace(struct cluster *cluster)
{
    struct world *world = &cluster->world;
    uint64_t limit = world->now + PEACE;

    cluster->net.faults.loss = cluster->net.faults.duplicate = 0;
    cluster->authority.loss = cluster->authority.duplicate = cluster->authority.late = 0;
    cluster->fault_count = cluster->next_fault = 0;
    cluster_heal(cluster);
    cluster->none_since = world->now;
    change_all(cluster);
    for (unsigned i = 0; i < cluster->box_count; i++) {
        struct cluster_box *box = &cluster->boxes[i];
        box->stop_in = box->die_in = 0;
        if (!box->root)
            box->restart_at = world->now;
        if (box->root && box->at > cluster->none_since) /* until it wakes it is as good as dead */
            cluster->none_since = box->at;
        cluster->none_may = cluster->none_since;
    }
    while (!world->failed && !cluster_is_at_rest(cluster)) {
        uint64_t at = next_event(cluster);
        if (at > limit) {
            world_fail(world, "it finds no rest");
            break;
        }
        step(cluster, at);
        if (world->now >= cluster->none_since)
            cluster_check_served(cluster);
    }
}

static void end(struct cluster *cluster)
{
    uint64_t deaths = cluster->sums.deaths;

    for (unsigned i = 0; i < cluster->box_count; i++)
        cluster_kill(cluster, &cluster->boxes[i]);
    cluster->sums.deaths = deaths;
    for (unsigned i = 0; i < CLUSTER_BOXES; i++)
        for (unsigned j = i + 1; j < CLUSTER_BOXES; j++)
            wires_free(&cluster->wires[i][j]);
    net_free(&cluster->net);
    cluster->sums.unknown = cluster->authority.unknown;
    cluster->sums.voids = cluster->authority.voids;
}

bool cluster_run_seed(struct cluster *cluster, uint64_t seed, bool verbose)
{
    uint64_t at;

    memset(cluster, 0, sizeof(*cluster));
    cluster->world =
        (struct world){.state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1, .verbose = verbose};
    begin(cluster);
    while (!cluster->world.failed && (at = next_event(cluster)) <= cluster->end)
        step(cluster, at);
    make_peace(cluster);
    if (!cluster->world.failed)
        cluster_check_end(cluster);
    end(cluster);
    return !cluster->world.failed;
}
