/* SPDX-License-Identifier: MIT */
/* A host's loop. */
#include "authority/cluster.h"

#include <stdio.h>
#include <string.h>

#define READS 6
#define BATCH 8
#define LOOK (2 * SECOND) /* for the claim, before there is a node */

enum step { LINKS_IN, SOCKET, EXPIRE, LINKS_EXPIRE, POLL, LINKS_OUT, LEASE, PROGRAM, STEPS };

/* --- beginning and end --- */

static void log_lease(void *user, const char *text)
{
    const struct cluster_box *box = user;

    world_say(box->world, box->name, "%s", text);
}

void cluster_start(struct cluster *cluster, struct cluster_box *box)
{
    const struct l2tpha_lease_options options = {
        .size = sizeof(options),
        .authority = fake_authority_of(&cluster->authority, box->place, box->name),
        .name = box->name,
        .ttl_ms = cluster->ttl_ms,
        .renew_ms = cluster->ttl_ms * 3 / 10,
        .user = box,
        .log = log_lease};

    world_say(&cluster->world, box->name, "=== starts ===");
    box->root = talloc_named_const(NULL, 0, "box");
    int error = l2tpha_lease_new(box->root, &options, &box->lease);
    if (error)
        world_fail(&cluster->world, "no lease: %s", l2tpha_strerror(error));
    for (unsigned i = 0; i < CLUSTER_BOXES; i++)
        box->ports[i] = (struct cluster_port){.wire = NO_WIRE, .backlog = NO_WIRE};
    box->next = STEPS;
    box->at = box->retry_at = cluster->world.now;
    box->restart_at = L2TPHA_NEVER;
    box->look_until = cluster->world.now + LOOK;
    box->stop_in = box->die_in = box->patience = box->asked_at = 0;
    box->leaving = box->handed = false;
    box->heir = CLUSTER_BOXES;
}

/* Of what has been looked at before, a copy of this epoch cannot be another one. */
static void make_node(struct cluster *cluster, struct cluster_box *box)
{
    const struct l2tpha_host host = {.size = sizeof(host),
                                     .user = &cluster->world,
                                     .random = world_draw,
                                     .admit_session = world_admit,
                                     .log = cluster->world.verbose ? world_log : NULL};
    struct l2tpha_config config;

    world_config(&config);
    config.name = "node";
    config.window = 16;
    config.retransmit_ms = 500;
    config.retries = 100;
    config.setup_ms = config.answer_ms = 3600 * 1000;
    config.hello_ms = 3000;
    config.debug = cluster->world.verbose ? L2TPHA_LOG_RF | L2TPHA_LOG_CF : 0;
    config.failover_capability = false;
    config.standby = true;
    config.rank = box->place + 1;
    if (cluster_lease(box).claim.epoch)
        config.epoch = cluster_lease(box).claim.epoch;
    int error = l2tpha_node_new(box->root, &config, &host, cluster_now(cluster, box), &box->node);
    if (!error)
        error = l2tpha_lease_begin(box->lease, box->node, cluster_now(cluster, box));
    if (error)
        world_fail(&cluster->world, "no node: %s", l2tpha_strerror(error));
    l2tpha_lease_want(box->lease, L2TPHA_LEASE_SERVE, cluster_now(cluster, box));
}

static void drop_inbox(struct cluster *cluster, struct cluster_box *box)
{
    for (unsigned i = 0; i < box->inbox_count; i++)
        net_give_back(&cluster->net, box->inbox[i]);
    box->inbox_count = 0;
}

void cluster_kill(struct cluster *cluster, struct cluster_box *box)
{
    if (!box->root)
        return;
    bool power = world_chance(&cluster->world, 50);
    world_say(&cluster->world, box->name, "=== dies ===");
    cluster->sums.deaths++;
    cluster->sums.changes += cluster_lease(box).changes;
    talloc_free(box->node); /* its links with it */
    box->node = NULL;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        struct wires *wires = cluster_wires(cluster, box->place, i);
        int wire = box->ports[i].wire, backlog = box->ports[i].backlog;
        if (wire != NO_WIRE && power)
            stream_cut(&wires->all[wire].way[!cluster_side(box, i)]);
        cluster_drop_link(cluster, box, i, !power);
        if (backlog != NO_WIRE)
            wires_close(wires, backlog, cluster_side(box, i), !power);
        box->ports[i].backlog = NO_WIRE;
    }
    l2tpha_lease_free(box->lease);
    box->lease = NULL;
    fake_authority_forget(&cluster->authority, box->place);
    drop_inbox(cluster, box);
    if (talloc_total_blocks(box->root) != 1)
        world_fail(&cluster->world, "%zu blocks of memory are left",
                   talloc_total_blocks(box->root) - 1);
    talloc_free(box->root);
    box->root = NULL;
    box->at = L2TPHA_NEVER;
}

void cluster_begin_anew(struct cluster *cluster, struct cluster_box *box)
{
    world_say(&cluster->world, box->name, "=== is fenced ===");
    cluster_flush_links(cluster, box);
    for (unsigned i = 0; i < cluster->box_count; i++)
        cluster_drop_link(cluster, box, i, true);
    l2tpha_lease_end(box->lease);
    talloc_free(box->node);
    box->node = NULL;
    box->look_until = cluster->world.now + LOOK;
    box->handed = false;
    box->heir = CLUSTER_BOXES;
    box->patience = box->asked_at = 0;
}

/* --- its steps --- */

void cluster_receive(struct cluster *cluster, struct packet *packet)
{
    struct cluster_box *box = &cluster->boxes[cluster->owner];

    if (!box->root || box->inbox_count == CLUSTER_INBOX)
        net_give_back(&cluster->net, packet);
    else
        box->inbox[box->inbox_count++] = packet;
    box->changed = true;
}

static void read_socket(struct cluster *cluster, struct cluster_box *box)
{
    struct l2tpha_path path;

    if (!cluster_serves(box)) {
        drop_inbox(cluster, box);
        return;
    }
    unsigned count = box->inbox_count < READS ? box->inbox_count : READS;
    for (unsigned i = 0; i < count; i++) {
        struct packet *packet = box->inbox[i];
        net_address(NET_NODE, &path.local);
        net_address(packet->from, &path.remote);
        l2tpha_feed(box->node, &path, packet->data, packet->len, cluster_now(cluster, box));
        net_give_back(&cluster->net, packet);
    }
    box->inbox_count -= count;
    memmove(box->inbox, box->inbox + count, box->inbox_count * sizeof(box->inbox[0]));
}

/* It may die between any two outputs. */
static bool survives(struct cluster *cluster, struct cluster_box *box)
{
    if (!box->die_in || --box->die_in > 0)
        return true;
    cluster_kill(cluster, box);
    return false;
}

static void send(struct cluster *cluster, struct cluster_box *box,
                 const struct l2tpha_output *output)
{
    cluster_check_sent(cluster, box, output->tunnel_id, output->data, output->len);
    world_show(&cluster->world, box->name, "sends", output->data, output->len);
    cluster->owner = box->place;
    cluster->sums.datagrams++;
    net_send(&cluster->net, NET_NODE, net_place(&output->path->remote), output->data, output->len);
}

static void poll_node(struct cluster *cluster, struct cluster_box *box)
{
    struct l2tpha_output outputs[BATCH];

    (void)l2tpha_lease_check(box->lease, cluster_now(cluster, box));
    size_t count = l2tpha_poll(box->node, outputs, BATCH, cluster_now(cluster, box));
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            send(cluster, box, &outputs[i]);
        else if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
            cluster_send_checkpoint(cluster, box, &outputs[i]);
        if (!survives(cluster, box))
            return;
    }
    if (count == BATCH)
        box->next--; /* once more */
}

static void make_step(struct cluster *cluster, struct cluster_box *box)
{
    enum step step = box->order[box->next++];
    uint64_t now = cluster_now(cluster, box);

    if (!box->node && step != LEASE && step != PROGRAM)
        return;
    switch (step) {
    case LINKS_IN:
        cluster_read_links(cluster, box);
        break;
    case SOCKET:
        read_socket(cluster, box);
        break;
    case EXPIRE:
        l2tpha_expire(box->node, now);
        break;
    case LINKS_EXPIRE:
        cluster_expire_links(cluster, box);
        break;
    case POLL:
        poll_node(cluster, box);
        break;
    case LINKS_OUT:
        cluster_flush_links(cluster, box);
        break;
    case LEASE:
        l2tpha_lease_service(box->lease, now);
        break;
    default:
        if (box->node)
            cluster_program(cluster, box);
        else if (cluster_lease(box).looked || box->look_until <= cluster->world.now)
            make_node(cluster, box);
        break;
    }
}

static void shuffle(struct cluster *cluster, struct cluster_box *box)
{
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned at = (unsigned)world_below(&cluster->world, i + 1);
        box->order[i] = box->order[at];
        box->order[at] = (uint8_t)i;
    }
    box->next = 0;
}

void cluster_step(struct cluster *cluster, struct cluster_box *box)
{
    uint64_t wait = world_below(&cluster->world, 30);

    box->changed = true;
    if (!box->root) {
        if (box->restart_at <= cluster->world.now)
            cluster_start(cluster, box);
        return;
    }
    if (box->next >= STEPS)
        shuffle(cluster, box);
    make_step(cluster, box);
    if (!box->root || !survives(cluster, box))
        return;
    if (box->stop_in && --box->stop_in == 0) {
        wait = box->stop_for;
        cluster->sums.stops++;
        world_say(&cluster->world, box->name, "is stopped for %llu ms",
                  (unsigned long long)(wait / MS));
    }
    box->at = cluster->world.now + 1 + wait;
}

static uint64_t find_deadline(const struct cluster *cluster, const struct cluster_box *box)
{
    if (!box->root)
        return box->restart_at;
    if (box->next < STEPS)
        return box->at;
    uint64_t due = cluster_when(box, l2tpha_lease_deadline(box->lease));
    if (!box->node) {
        due = sooner(due, cluster_lease(box).looked ? 0 : box->look_until);
    } else {
        due = sooner(due, cluster_when(box, l2tpha_deadline(box->node)));
        due = sooner(due, cluster_links_deadline(cluster, box));
        due = sooner(due, cluster_program_deadline(box));
        if (box->inbox_count)
            due = 0;
    }
    return due > box->at ? due : box->at;
}

uint64_t cluster_deadline(const struct cluster *cluster, struct cluster_box *box)
{
    if (box->changed)
        box->due = find_deadline(cluster, box);
    box->changed = false;
    return box->due;
}
