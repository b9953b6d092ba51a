/* SPDX-License-Identifier: MIT */
/* The ways between boxes: who follows has a link to whom it follows, and who serves one to each. */
#include "authority/cluster.h"

#include <stdlib.h>

#define READS 6 /* pieces of a stream in one turn */

struct l2tpha_link_info cluster_link_info(const struct cluster_box *box, unsigned other)
{
    struct l2tpha_link_info info = {.size = sizeof(info)};

    if (box->ports[other].link)
        l2tpha_link_get(box->ports[other].link, &info);
    return info;
}

static void flush(struct cluster *cluster, struct cluster_box *box, unsigned other)
{
    struct cluster_port *port = &box->ports[other];
    const uint8_t *data;
    size_t len;

    while (port->link && (len = l2tpha_link_poll(port->link, &data, cluster_now(cluster, box)))) {
        wires_write(cluster_wires(cluster, box->place, other), port->wire, cluster_side(box, other),
                    data, len);
        cluster->boxes[other].changed = true;
        l2tpha_link_sent(port->link, len);
    }
}

void cluster_flush_links(struct cluster *cluster, struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        flush(cluster, box, i);
}

void cluster_drop_link(struct cluster *cluster, struct cluster_box *box, unsigned other, bool told)
{
    struct cluster_port *port = &box->ports[other];
    struct wires *wires = cluster_wires(cluster, box->place, other);

    if (port->link && box->node)
        l2tpha_link_free(port->link, cluster_now(cluster, box));
    port->link = NULL;
    if (port->wire != NO_WIRE)
        wires_close(wires, port->wire, cluster_side(box, other), told);
    cluster->boxes[other].changed = box->changed = true;
    port->wire = NO_WIRE;
    box->retry_at = cluster->world.now + world_between(&cluster->world, 20 * MS, 200 * MS);
}

static void link_failed(struct cluster *cluster, struct cluster_box *box, unsigned other, int error)
{
    world_say(&cluster->world, box->name, "link to %u: %s", other, l2tpha_strerror(error));
    if (error == L2TPHA_ERR_EPOCH || error == L2TPHA_ERR_LINK || error == L2TPHA_ERR_RECORD)
        world_fail(&cluster->world, "%s: the link failed: %s", box->name, l2tpha_strerror(error));
    flush(cluster, box, other);
    cluster_drop_link(cluster, box, other, true);
}

static void open_link(struct cluster *cluster, struct cluster_box *box, unsigned other, int wire)
{
    const struct l2tpha_link_options options = {
        .size = sizeof(options), .ranks_differ = true, .name = cluster->boxes[other].name};

    box->ports[other].wire = wire;
    int error =
        l2tpha_link_new(box->node, &options, cluster_now(cluster, box), &box->ports[other].link);
    if (error)
        cluster_drop_link(cluster, box, other, true);
}

/* A program that looks for the claim accepts nothing. */
static void accept_stream(struct cluster *cluster, struct cluster_box *box, unsigned other)
{
    struct cluster_port *port = &box->ports[other];
    int wire = port->backlog;

    if (wire == NO_WIRE)
        return;
    port->backlog = NO_WIRE;
    if (port->wire != NO_WIRE)
        cluster_drop_link(cluster, box, other, true);
    open_link(cluster, box, other, wire);
}

/* Whoever serves is found, now and then one that does not. */
static void connect_stream(struct cluster *cluster, struct cluster_box *box)
{
    struct world *world = &cluster->world;
    unsigned at = (unsigned)world_below(world, cluster->box_count);
    struct cluster_box *other = &cluster->boxes[at];

    if (at == box->place)
        return;
    box->retry_at = world->now + world_between(world, 20 * MS, 200 * MS);
    if (!other->node || other->ports[box->place].backlog != NO_WIRE ||
        (!cluster_serves(other) && !world_chance(world, 10)))
        return;
    int wire = wires_connect(cluster_wires(cluster, box->place, at), cluster_side(box, at));
    if (wire == NO_WIRE)
        return;
    other->ports[box->place].backlog = wire;
    other->changed = true;
    open_link(cluster, box, at, wire);
}

static void read_link(struct cluster *cluster, struct cluster_box *box, unsigned other)
{
    struct cluster_port *port = &box->ports[other];
    struct wires *wires = cluster_wires(cluster, box->place, other);
    struct unit *unit;

    for (unsigned i = 0; i < READS && port->link; i++) {
        if (!(unit = wires_read(wires, port->wire, cluster_side(box, other))))
            break;
        int error = l2tpha_link_feed(port->link, unit->data, unit->len, cluster_now(cluster, box));
        free(unit);
        if (error)
            link_failed(cluster, box, other, error);
    }
    if (port->link && wires_ended(wires, port->wire, cluster_side(box, other)))
        cluster_drop_link(cluster, box, other, true);
}

static bool may_read(const struct cluster_box *box)
{
    return box->node && l2tpha_lease_reads(box->lease);
}

static bool is_linked(const struct cluster *cluster, const struct cluster_box *box)
{
    for (unsigned i = 0; i < cluster->box_count; i++)
        if (box->ports[i].link)
            return true;
    return false;
}

static bool seeks(const struct cluster *cluster, const struct cluster_box *box)
{
    return may_read(box) && !cluster_serves(box) && !is_linked(cluster, box);
}

void cluster_read_links(struct cluster *cluster, struct cluster_box *box)
{
    if (!may_read(box))
        return;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        accept_stream(cluster, box, i);
        read_link(cluster, box, i);
    }
    if (seeks(cluster, box) && box->retry_at <= cluster->world.now)
        connect_stream(cluster, box);
}

void cluster_expire_links(struct cluster *cluster, struct cluster_box *box)
{
    if (!may_read(box))
        return;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        struct l2tpha_link *link = box->ports[i].link;
        int error = link ? l2tpha_link_expire(link, cluster_now(cluster, box)) : L2TPHA_OK;
        if (error)
            link_failed(cluster, box, i, error);
    }
}

void cluster_send_checkpoint(struct cluster *cluster, struct cluster_box *box,
                             const struct l2tpha_output *output)
{
    for (unsigned i = 0; i < cluster->box_count; i++) {
        if (!box->ports[i].link || cluster_link_info(box, i).consumer != output->consumer)
            continue;
        int error = l2tpha_link_send(box->ports[i].link, output->position, output->data,
                                     output->len, cluster_now(cluster, box));
        if (error && error != L2TPHA_ERR_STATE)
            link_failed(cluster, box, i, error);
        flush(cluster, box, i);
        return;
    }
}

uint64_t cluster_links_deadline(const struct cluster *cluster, const struct cluster_box *box)
{
    uint64_t due = seeks(cluster, box) ? box->retry_at : L2TPHA_NEVER;

    if (!may_read(box))
        return L2TPHA_NEVER;
    for (unsigned i = 0; i < cluster->box_count; i++) {
        const struct cluster_port *port = &box->ports[i];
        const struct wires *wires =
            &cluster->wires[box->place < i ? box->place : i][box->place < i ? i : box->place];
        if (port->backlog != NO_WIRE)
            return 0;
        if (!port->link)
            continue;
        due = sooner(due, cluster_when(box, l2tpha_link_deadline(port->link)));
        due = sooner(due, wires_deadline(wires, port->wire, cluster_side(box, i)));
    }
    return due;
}
