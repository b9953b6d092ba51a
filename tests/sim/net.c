/* SPDX-License-Identifier: MIT */
#include "sim/net.h"

#include <l2tpha/message.h>
#include <stdlib.h>
#include <string.h>

#define STRAGGLE (6 * SECOND)

void net_init(struct net *net, struct world *world)
{
    *net = (struct net){.world = world, .faults = {.delay = MS}};
}

void net_free(struct net *net)
{
    struct packet *packet;

    while ((packet = net_take(net)))
        net_give_back(net, packet);
    while ((packet = net->spare)) {
        net->spare = packet->next;
        free(packet);
    }
}

static bool is_sooner(const struct packet *a, const struct packet *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct packet **a, struct packet **b)
{
    struct packet *keep = *a;

    *a = *b;
    *b = keep;
}

static void push(struct net *net, struct packet *packet)
{
    size_t at = net->count++;

    packet->order = net->order++;
    net->heap[at] = packet;
    while (at && is_sooner(net->heap[at], net->heap[(at - 1) / 2])) {
        swap(&net->heap[at], &net->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

static void sift_down(struct net *net)
{
    size_t at = 0, child;

    while ((child = 2 * at + 1) < net->count) {
        if (child + 1 < net->count && is_sooner(net->heap[child + 1], net->heap[child]))
            child++;
        if (!is_sooner(net->heap[child], net->heap[at]))
            return;
        swap(&net->heap[at], &net->heap[child]);
        at = child;
    }
}

static struct packet *new_packet(struct net *net)
{
    struct packet *packet = net->spare;

    if (!packet)
        return malloc(sizeof(*packet));
    net->spare = packet->next;
    return packet;
}

static void send_copy(struct net *net, unsigned from, unsigned to, const uint8_t *data, size_t len,
                      uint64_t late)
{
    struct packet *packet = net->count < NET_MAX ? new_packet(net) : NULL;

    if (!packet || len > NET_DATAGRAM) {
        world_fail(net->world, "the network is flooded: %zu datagrams, %zu bytes", net->count, len);
        free(packet);
        return;
    }
    packet->from = from;
    packet->to = to;
    packet->len = len;
    memcpy(packet->data, data, len);
    packet->at =
        net->world->now + net->faults.delay + late + world_below(net->world, net->faults.jitter);
    push(net, packet);
}

/* Whether the message is about a tunnel with two known ends. Until then RFC 2661 8.1 lets the
 * answer to a SCCRQ come from any port. */
static bool is_settled(const uint8_t *data, size_t len)
{
    bool has_tunnel = len >= L2TPHA_CONTROL_HEADER && (data[4] || data[5]);
    bool has_type = len >= L2TPHA_CONTROL_HEADER + 8;

    return has_tunnel && !(has_type && data[19] == L2TPHA_MESSAGE_SCCRP);
}

/* A copy from an address that is not the peer's. */
static void send_misrouted(struct net *net, unsigned from, const uint8_t *data, size_t len)
{
    if (from != NET_NODE && is_settled(data, len) && world_chance(net->world, net->faults.misroute))
        send_copy(net, from + NET_STRANGER, NET_NODE, data, len, 0);
}

void net_send(struct net *net, unsigned from, unsigned to, const uint8_t *data, size_t len)
{
    const char *who = from == NET_NODE ? "node ->" : "<- peer";
    bool lost = net->partitioned || world_chance(net->world, net->faults.loss);
    uint64_t late = 0;

    world_show(net->world, who, lost ? "lost" : "sent", data, len);
    if (lost)
        return;
    send_copy(net, from, to, data, len, 0);
    send_misrouted(net, from, data, len);
    if (!world_chance(net->world, net->faults.duplicate))
        return;
    if (world_chance(net->world, net->faults.straggle))
        late = world_below(net->world, STRAGGLE);
    send_copy(net, from, to, data, len, late);
}

void net_defer(struct net *net, struct packet *packet, uint64_t at)
{
    packet->at = at;
    push(net, packet);
}

uint64_t net_deadline(const struct net *net)
{
    return net->count ? net->heap[0]->at : L2TPHA_NEVER;
}

struct packet *net_take(struct net *net)
{
    if (!net->count)
        return NULL;
    struct packet *packet = net->heap[0];
    net->heap[0] = net->heap[--net->count];
    sift_down(net);
    return packet;
}

void net_give_back(struct net *net, struct packet *packet)
{
    packet->next = net->spare;
    net->spare = packet;
}

void net_address(unsigned place, struct l2tpha_address *address)
{
    *address = (struct l2tpha_address){.len = 4, .bytes = {192, 0, 2, (uint8_t)(1 + place)}};
}

unsigned net_place(const struct l2tpha_address *address)
{
    return address->bytes[3] - 1u;
}
