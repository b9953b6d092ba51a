/* SPDX-License-Identifier: MIT */
/* What a host decides. A switchover with an authority: the active drains, offers, and once the
 * standby has been told to serve it gives the lease back; the standby takes the claim, and only
 * then takes over. Whoever of the two loses the other goes by the claim alone. */
#include "authority/cluster.h"

#define OFFER (SECOND)      /* an offer that is not accepted is taken back */
#define HANDED (4 * SECOND) /* ... and who has handed over looks then whether the other serves */
#define HEIR (2 * SECOND)   /* whoever was told to serve tries for so long */
#define LEAVING (6 * SECOND)
#define HURRY (50 * MS)

static void took(struct cluster *cluster, struct cluster_box *box,
                 const struct l2tpha_lease_event *event)
{
    bool covered = cluster_covers(cluster, box);

    int error =
        l2tpha_takeover_as(box->node, event->epoch, event->trust, cluster_now(cluster, box));
    world_say(&cluster->world, box->name,
              "=== takes over as %d, epoch %llu: %s (%s) ===", (int)event->trust,
              (unsigned long long)event->epoch, l2tpha_strerror(error),
              covered ? "whole" : "behind");
    if (error) {
        world_fail(&cluster->world, "%s cannot take over as %d: %s", box->name, (int)event->trust,
                   l2tpha_strerror(error));
        return;
    }
    box->asked_at = 0;
    cluster_check_takeover(cluster, box, event->trust, covered);
    cluster_flush_links(cluster, box);
}

/* A node that has handed over, and serves all the same, has given up all its standbys. */
static void begin_links_anew(struct cluster *cluster, struct cluster_box *box)
{
    struct l2tpha_consumer_info info = {.size = sizeof(info)};

    for (unsigned i = 0; i < cluster->box_count; i++) {
        uint32_t consumer = cluster_link_info(box, i).consumer;
        if (consumer && !l2tpha_consumer_get(box->node, consumer, &info) &&
            info.state == L2TPHA_CONSUMER_OUT)
            cluster_drop_link(cluster, box, i, true);
    }
}

static void end_switchover(struct cluster *cluster, struct cluster_box *box)
{
    box->heir = CLUSTER_BOXES;
    box->handed = false;
    box->patience = 0;
    if (!l2tpha_switchover_cancel(box->node, cluster_now(cluster, box)))
        begin_links_anew(cluster, box);
}

/* False: the box has no node any more, or is dead. */
static bool take_event(struct cluster *cluster, struct cluster_box *box,
                       const struct l2tpha_lease_event *event)
{
    struct cluster_sums *sums = &cluster->sums;

    switch (event->kind) {
    case L2TPHA_LEASE_TOOK:
        took(cluster, box, event);
        return true;
    case L2TPHA_LEASE_ENDED:
        world_say(&cluster->world, box->name, "=== its lease has ended ===");
        sums->ended++;
        return true;
    case L2TPHA_LEASE_BACK:
        world_say(&cluster->world, box->name, "=== its lease runs again ===");
        sums->back++;
        end_switchover(cluster, box);
        return true;
    case L2TPHA_LEASE_GIVEN:
        sums->given++;
        if (!box->leaving)
            return true;
        box->restart_at = cluster->world.now + world_below(&cluster->world, 4 * SECOND);
        cluster_kill(cluster, box);
        return false;
    default:
        sums->over++;
        cluster_begin_anew(cluster, box);
        return false;
    }
}

/* --- on the active --- */

static void add_standbys(struct cluster *cluster, struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->box_count; i++) {
        uint32_t consumer = cluster_link_info(box, i).consumer;
        int error =
            consumer ? l2tpha_lease_add(box->lease, cluster->boxes[i].name, consumer) : L2TPHA_OK;
        if (error)
            world_fail(&cluster->world, "no standby: %s", l2tpha_strerror(error));
    }
}

void cluster_switch_over(struct cluster *cluster, struct cluster_box *box)
{
    unsigned heir = (unsigned)world_below(&cluster->world, cluster->box_count);

    if (!cluster_serves(box) || box->heir != CLUSTER_BOXES || box->leaving ||
        !cluster_link_info(box, heir).in_sync || cluster_lease(box).state != L2TPHA_LEASE_HELD ||
        l2tpha_switchover(box->node, cluster_now(cluster, box)))
        return;
    world_say(&cluster->world, box->name, "=== is to hand over to %u ===", heir);
    cluster->sums.switchovers++;
    box->heir = heir;
    box->patience = cluster->world.now + OFFER;
}

static void go_back(struct cluster *cluster, struct cluster_box *box)
{
    world_say(&cluster->world, box->name, "=== would serve again ===");
    box->handed = false;
    box->patience = 0;
    if (l2tpha_lease_return(box->lease, cluster_now(cluster, box)))
        end_switchover(cluster, box);
}

static void pursue_switchover(struct cluster *cluster, struct cluster_box *box)
{
    struct l2tpha_link *link = box->ports[box->heir].link;
    struct l2tpha_link_info info = cluster_link_info(box, box->heir);
    uint64_t now = cluster_now(cluster, box);

    if (info.handed && !box->handed) { /* silent from here on */
        box->handed = true;
        box->patience = cluster->world.now + HANDED;
        (void)l2tpha_lease_leave(box->lease, now);
    } else if (box->handed && (!link || info.declined)) {
        go_back(cluster, box);
    } else if (box->handed && box->patience && box->patience <= cluster->world.now) {
        cluster_drop_link(cluster, box, box->heir, true);
        go_back(cluster, box);
    } else if (!box->handed && box->patience && (!link || box->patience <= cluster->world.now)) {
        if (link && info.offered)
            (void)l2tpha_link_withdraw(link, now);
        end_switchover(cluster, box);
    } else if (!box->handed && box->patience && !info.offered &&
               l2tpha_switchover_ready(box->node)) {
        (void)l2tpha_link_hand_over(link, now);
    }
}

static void leave(struct cluster *cluster, struct cluster_box *box)
{
    if (!box->patience) {
        box->patience = cluster->world.now + LEAVING;
        if (!l2tpha_lease_leave(box->lease, cluster_now(cluster, box)))
            return;
    } else if (box->patience > cluster->world.now) {
        return;
    }
    box->restart_at = cluster->world.now + world_below(&cluster->world, 4 * SECOND);
    cluster_kill(cluster, box);
}

/* --- on a standby --- */

static void be_asked(struct cluster *cluster, struct cluster_box *box, unsigned other)
{
    struct l2tpha_lease_info lease = cluster_lease(box);

    if (!box->asked_at) {
        world_say(&cluster->world, box->name, "is to serve");
        box->asked_at = cluster->world.now;
        if (world_chance(&cluster->world, 10)) /* it cannot */
            box->asked_at -= box->asked_at < HEIR ? box->asked_at : HEIR;
    }
    if (lease.state != L2TPHA_LEASE_WATCHING)
        return;
    if (cluster->world.now - box->asked_at < HEIR) {
        l2tpha_lease_want(box->lease, L2TPHA_LEASE_SERVE, cluster_now(cluster, box));
        return;
    }
    world_say(&cluster->world, box->name, "declines");
    box->asked_at = 0;
    (void)l2tpha_link_decline(box->ports[other].link, L2TPHA_ERR_TIMEOUT,
                              cluster_now(cluster, box));
}

static void look_for_wishes(struct cluster *cluster, struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        if (cluster_link_info(box, i).switchover) {
            be_asked(cluster, box, i);
            return;
        }
    box->asked_at = 0;
}

/* --- its turn --- */

void cluster_program(struct cluster *cluster, struct cluster_box *box)
{
    struct l2tpha_lease_event event;

    while (l2tpha_lease_event(box->lease, &event))
        if (!take_event(cluster, box, &event))
            return;
    if (info_of(box->node).role == L2TPHA_ROLE_FENCED) {
        cluster_begin_anew(cluster, box);
    } else if (box->leaving) {
        leave(cluster, box);
    } else if (!cluster_serves(box)) {
        look_for_wishes(cluster, box);
    } else {
        add_standbys(cluster, box);
        if (box->heir != CLUSTER_BOXES)
            pursue_switchover(cluster, box);
    }
}

uint64_t cluster_program_deadline(const struct cluster_box *box)
{
    if (info_of(box->node).role == L2TPHA_ROLE_FENCED)
        return 0;
    if (box->heir != CLUSTER_BOXES || box->leaving)
        return box->at + 5 * MS; /* it looks often */
    return box->asked_at ? box->at + HURRY : L2TPHA_NEVER;
}
