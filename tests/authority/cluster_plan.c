/* SPDX-License-Identifier: MIT */
/* What goes wrong, and when. */
#include "authority/cluster.h"

static const enum cluster_fault_kind mix[] = {
    CLUSTER_STOP,    CLUSTER_STOP,    CLUSTER_STOP,    CLUSTER_KILL,       CLUSTER_KILL,
    CLUSTER_KILL,    CLUSTER_CUT,     CLUSTER_CUT,     CLUSTER_CUT_OFF,    CLUSTER_CUT_OFF,
    CLUSTER_ISOLATE, CLUSTER_ISOLATE, CLUSTER_OUTAGE,  CLUSTER_STALE,      CLUSTER_SWITCHOVER,
    CLUSTER_HEAL,    CLUSTER_LEAVE,   CLUSTER_CUT_OFF, CLUSTER_SWITCHOVER, CLUSTER_SWITCHOVER,
};
static const enum cluster_fault_kind work[] = {CLUSTER_CALL, CLUSTER_CALL, CLUSTER_CALL,
                                               CLUSTER_HANG_UP, CLUSTER_HELLO};

static void add(struct cluster *cluster, struct cluster_fault fault)
{
    unsigned at = cluster->fault_count;

    if (at == CLUSTER_FAULTS)
        return;
    cluster->fault_count++;
    for (; at > cluster->next_fault && cluster->faults[at - 1].at > fault.at; at--)
        cluster->faults[at] = cluster->faults[at - 1];
    cluster->faults[at] = fault;
}

static uint64_t any_time(struct cluster *cluster)
{
    struct world *world = &cluster->world;
    uint64_t ttl = cluster->ttl_ms * MS;

    return world_chance(world, 40)   ? world_below(world, 400 * MS)
           : world_chance(world, 60) ? world_between(world, ttl * 3 / 4, ttl * 5 / 4)
                                     : world_below(world, 3 * ttl);
}

static void burst(struct cluster *cluster, uint64_t at)
{
    struct world *world = &cluster->world;

    for (uint64_t i = world_between(world, 1, 4); i; i--)
        add(cluster,
            (struct cluster_fault){
                .at = at + world_below(world, world_chance(world, 50) ? 20 * MS : 2 * SECOND),
                .kind = mix[world_below(world, sizeof(mix) / sizeof(mix[0]))],
                .box = world_chance(world, 60) ? CLUSTER_BOXES
                                               : (unsigned)world_below(world, cluster->box_count),
                .number = any_time(cluster),
                .steps = 1 + world_below(world, UINT64_C(1) << world_between(world, 1, 8))});
    for (uint64_t i = world_between(world, 4, 14); i; i--)
        add(cluster,
            (struct cluster_fault){.at = at + (world_chance(world, 30) ? world_below(world, 30 * MS)
                                                                       : any_time(cluster)),
                                   .kind = work[world_below(world, sizeof(work) / sizeof(work[0]))],
                                   .box = (unsigned)world_below(world, cluster->peer_count)});
}

void cluster_plan(struct cluster *cluster)
{
    struct world *world = &cluster->world;
    struct fake_authority *authority = &cluster->authority;

    cluster->box_count = (unsigned)world_between(world, 2, CLUSTER_BOXES);
    cluster->peer_count = world_chance(world, 70) ? 1 : CLUSTER_PEERS;
    cluster->ttl_ms = world_chance(world, 30) ? 5000 : (uint32_t)world_between(world, 1000, 3000);
    cluster->net.faults = (struct net_faults){
        .loss = world_chance(world, 60) ? 0 : (unsigned)world_between(world, 1, 20),
        .duplicate = world_chance(world, 70) ? 0 : (unsigned)world_between(world, 1, 20),
        .delay = world_between(world, 10, 10 * MS),
        .jitter = world_chance(world, 50) ? 0 : world_between(world, 1, 20 * MS)};
    authority->rate = world_between(world, 950000, 1050000);
    authority->delay = world_between(world, 100, world_chance(world, 30) ? 60 * MS : 5 * MS);
    authority->loss = world_chance(world, 50) ? 0 : (unsigned)world_between(world, 1, 15);
    authority->duplicate = world_chance(world, 50) ? 0 : (unsigned)world_between(world, 1, 30);
    authority->late = world_chance(world, 40) ? 0 : (unsigned)world_between(world, 1, 15);
    for (unsigned i = 0; i < CLUSTER_BOXES; i++)
        for (unsigned j = i + 1; j < CLUSTER_BOXES; j++)
            wires_init(&cluster->wires[i][j], world, world_between(world, 10, 5 * MS),
                       world_between(world, 1, 2 * MS));
    uint64_t at = 500 * MS;
    for (uint64_t bursts = world_between(world, 1, 5); bursts; bursts--) {
        burst(cluster, at);
        at += world_chance(world, 50) ? world_below(world, SECOND)
                                      : world_below(world, 2 * cluster->ttl_ms * MS);
    }
    cluster->end = at + SECOND;
}

/* --- carrying it out --- */

static struct cluster_box *pick(struct cluster *cluster, const struct cluster_fault *fault)
{
    for (unsigned i = 0; i < cluster->box_count && fault->box == CLUSTER_BOXES; i++)
        if (cluster_serves(&cluster->boxes[i]))
            return &cluster->boxes[i];
    return &cluster->boxes[fault->box % cluster->box_count];
}

static void cut(struct cluster *cluster, unsigned a, unsigned b, bool hung)
{
    if (a == b)
        return;
    wires_hang(cluster_wires(cluster, a, b), 0, hung);
    wires_hang(cluster_wires(cluster, a, b), 1, hung);
}

void cluster_heal(struct cluster *cluster)
{
    world_say(&cluster->world, "ways", "are healed");
    for (unsigned i = 0; i < cluster->box_count; i++) {
        cluster->authority.nodes[i].cut = false;
        for (unsigned j = i + 1; j < cluster->box_count; j++)
            cut(cluster, i, j, false);
    }
}

static void heal_later(struct cluster *cluster, uint64_t delay)
{
    add(cluster, (struct cluster_fault){.at = cluster->world.now + delay, .kind = CLUSTER_HEAL});
}

static void cut_ways(struct cluster *cluster, const struct cluster_box *box,
                     const struct cluster_fault *fault)
{
    bool authority = fault->kind != CLUSTER_CUT, nodes = fault->kind != CLUSTER_CUT_OFF;

    world_say(&cluster->world, box->name, "is cut off%s%s", authority ? " from the authority" : "",
              nodes ? " from others" : "");
    if (authority)
        cluster->authority.nodes[box->place].cut = true;
    for (unsigned i = 0; nodes && i < cluster->box_count; i++)
        if (fault->kind == CLUSTER_ISOLATE || world_chance(&cluster->world, 60))
            cut(cluster, box->place, i, true);
    heal_later(cluster, 50 * MS + fault->number);
}

static void outage(struct cluster *cluster, const struct cluster_fault *fault)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        cluster->authority.nodes[i].cut = true;
    heal_later(cluster, fault->number);
}

static void work_of(struct cluster *cluster, const struct cluster_fault *fault)
{
    struct peer *peer = &cluster->peers[fault->box % cluster->peer_count];
    struct peer_tunnel *tunnel = peer_tunnel(peer);
    struct peer_session *session;

    if (!tunnel && !cluster->clean)
        peer_open_tunnel(peer);
    if (!tunnel || peer_channel_room(&tunnel->channel) < 8)
        return;
    if (fault->kind == CLUSTER_CALL && tunnel->session_count < PEER_SESSIONS - 1)
        peer_open_session(peer, tunnel);
    if (fault->kind == CLUSTER_HELLO)
        peer_hello(peer, tunnel);
    if (fault->kind == CLUSTER_HANG_UP && (session = peer_pick(peer, tunnel, PEER_ESTABLISHED)))
        peer_close_session(peer, tunnel, session);
}

void cluster_fault(struct cluster *cluster, const struct cluster_fault *fault)
{
    struct cluster_box *box = pick(cluster, fault);

    switch (fault->kind) {
    case CLUSTER_STOP:
        box->stop_in = fault->steps;
        box->stop_for = fault->number;
        break;
    case CLUSTER_KILL:
        box->die_in = fault->steps;
        box->restart_at = cluster->world.now + fault->number;
        break;
    case CLUSTER_CUT:
    case CLUSTER_CUT_OFF:
    case CLUSTER_ISOLATE:
        cut_ways(cluster, box, fault);
        break;
    case CLUSTER_OUTAGE:
        outage(cluster, fault);
        break;
    case CLUSTER_HEAL:
        cluster_heal(cluster);
        break;
    case CLUSTER_STALE:
        if (box->node)
            l2tpha_lease_want(box->lease, L2TPHA_LEASE_SERVE_STALE, cluster_now(cluster, box));
        break;
    case CLUSTER_SWITCHOVER:
        cluster_switch_over(cluster, box);
        break;
    case CLUSTER_LEAVE:
        box->leaving = cluster_serves(box) && box->heir == CLUSTER_BOXES;
        break;
    default:
        work_of(cluster, fault);
        break;
    }
}
