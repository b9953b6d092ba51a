/* SPDX-License-Identifier: MIT */
/* What an honest client sees while strangers ask for tunnels that they never complete: of a hundred
 * clients, each 20 ms from the node and answering at once, how many have their tunnel within 5 s,
 * and when. Time is virtual; requests that are not answered are repeated as RFC 2661 5.8 has it.
 * And what one request of the flood costs the node's processor. */
#include "bench/pair.h"

#include <l2tpha/builder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 100
#define EVERY_US 20000
#define ROUND_TRIP_US 20000
#define GIVE_UP_US 5000000
#define FIRST_WAIT_US 1000000
#define CLIENT_ID 50000 /* Assigned Tunnel IDs of the clients; those of the flood are lower */

struct client {
    uint64_t began, ask_at, wait, complete_at, done_at;
    uint16_t tunnel_id;
};

struct flood {
    struct l2tpha_node *node;
    struct client clients[CLIENTS];
    bool any_address; /* else one */
    bool neighbours;  /* the clients have the flood's address */
    uint32_t asked;
    uint64_t cost_ns;
};

static struct l2tpha_address ipv4(uint32_t address, uint16_t port)
{
    const uint16_t family = 2; /* in the machine's order */
    struct l2tpha_address socket = {.len = 16,
                                    .bytes = {0, 0, (uint8_t)(port >> 8), (uint8_t)port,
                                              (uint8_t)(address >> 24), (uint8_t)(address >> 16),
                                              (uint8_t)(address >> 8), (uint8_t)address}};
    memcpy(socket.bytes, &family, sizeof(family));
    return socket;
}

static struct l2tpha_path path_of_client(const struct flood *flood, uint32_t which)
{
    return (struct l2tpha_path){.remote = flood->neighbours
                                              ? ipv4(0x0b000001, (uint16_t)(CLIENT_ID + which))
                                              : ipv4(0x0a000001 + which, 1701)};
}

static int feed(struct flood *flood, const struct l2tpha_path *path, uint16_t type,
                uint16_t tunnel_id, uint16_t id, uint64_t now)
{
    struct l2tpha_builder builder;
    uint8_t data[256];
    size_t len;

    l2tpha_builder_begin(&builder, data, sizeof(data), type, tunnel_id, 0);
    if (type == L2TPHA_MESSAGE_SCCRQ) {
        l2tpha_builder_put_u8pair(&builder, L2TPHA_AVP_PROTOCOL_VERSION, 1, 0);
        l2tpha_builder_put_u32(&builder, L2TPHA_AVP_FRAMING_CAPABILITIES, 3);
        l2tpha_builder_put_bytes(&builder, L2TPHA_AVP_HOST_NAME, "client", 6);
        l2tpha_builder_put_u16(&builder, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, id);
    }
    check(l2tpha_builder_end(&builder, &len), "message");
    if (type != L2TPHA_MESSAGE_SCCRQ)
        l2tpha_header_stamp(data, 1, 1);
    uint64_t start = clock_ns();
    int error = l2tpha_feed(flood->node, path, data, len, now);
    flood->cost_ns += id < CLIENT_ID ? clock_ns() - start : 0;
    return error;
}

/* What comes out for a client reaches it, and its answer the node, one round trip later. */
static void drain(struct flood *flood, uint64_t now)
{
    struct l2tpha_output outputs[64];
    size_t count;

    while ((count = l2tpha_poll(flood->node, outputs, 64, now)) > 0)
        for (size_t i = 0; i < count; i++) {
            struct l2tpha_message message;
            if (outputs[i].kind != L2TPHA_OUTPUT_DATAGRAM ||
                l2tpha_message_decode(outputs[i].data, outputs[i].len, &message, NULL) ||
                message.type != L2TPHA_MESSAGE_SCCRP || message.header.tunnel_id < CLIENT_ID)
                continue;
            struct client *client = &flood->clients[message.header.tunnel_id - CLIENT_ID];
            l2tpha_message_u16(&message, L2TPHA_AVP_ASSIGNED_TUNNEL_ID, &client->tunnel_id);
            client->complete_at = now + ROUND_TRIP_US;
        }
}

static void run_client(struct flood *flood, uint32_t which, uint64_t now)
{
    struct client *client = &flood->clients[which];
    struct l2tpha_path path = path_of_client(flood, which);
    uint16_t id = (uint16_t)(CLIENT_ID + which);

    if (client->done_at || now < client->began || now > client->began + GIVE_UP_US)
        return;
    if (client->complete_at && now >= client->complete_at) {
        client->complete_at = 0;
        if (feed(flood, &path, L2TPHA_MESSAGE_SCCCN, client->tunnel_id, id, now) == L2TPHA_OK)
            client->done_at = now;
    } else if (now >= client->ask_at) {
        feed(flood, &path, L2TPHA_MESSAGE_SCCRQ, 0, id, now);
        client->ask_at = now + client->wait;
        client->wait *= 2;
    }
}

static void stranger_asks(struct flood *flood, uint64_t now)
{
    uint32_t number = ++flood->asked;
    struct l2tpha_path path = {.remote = flood->any_address
                                             ? ipv4(0x0c000000 + number % 0x01000000, 1701)
                                             : ipv4(0x0b000001, (uint16_t)number)};

    feed(flood, &path, L2TPHA_MESSAGE_SCCRQ, 0, (uint16_t)(1 + number % (CLIENT_ID - 1)), now);
}

static int by_time(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;
    return one < two ? -1 : one > two;
}

static void report(const struct flood *flood, const char *what, uint32_t rate)
{
    uint64_t times[CLIENTS];
    size_t served = 0;

    for (size_t i = 0; i < CLIENTS; i++)
        if (flood->clients[i].done_at)
            times[served++] = flood->clients[i].done_at - flood->clients[i].began;
    qsort(times, served, sizeof(times[0]), by_time);
    printf("%7u/s %-34s served %3zu of %d, median %7.1f ms, last %7.1f ms, %6.0f ns a request\n",
           rate, what, served, CLIENTS, served ? (double)times[served / 2] / 1e3 : 0.0,
           served ? (double)times[served - 1] / 1e3 : 0.0,
           flood->asked ? (double)flood->cost_ns / flood->asked : 0.0);
}

static int any_bytes(void *user, uint8_t *dst, size_t len)
{
    uint64_t *state = user;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

static void run(const char *what, uint32_t rate, bool any_address, bool neighbours)
{
    static struct flood flood;
    uint64_t seed = 42, step = 1000000 / rate, now = 1000000, start = now;
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .user = &seed, .random = any_bytes};

    memset(&flood, 0, sizeof(flood));
    l2tpha_config_init(&config);
    config.name = "node";
    check(l2tpha_node_new(NULL, &config, &host, now, &flood.node), "node");
    flood.any_address = any_address;
    flood.neighbours = neighbours;
    for (uint32_t i = 0; i < CLIENTS; i++)
        flood.clients[i] =
            (struct client){.began = start + 1000000 + i * EVERY_US, .wait = FIRST_WAIT_US};
    for (; now < start + 1000000 + CLIENTS * EVERY_US + GIVE_UP_US; now += step) {
        stranger_asks(&flood, now);
        for (uint32_t i = 0; i < CLIENTS; i++)
            run_client(&flood, i, now);
        l2tpha_expire(flood.node, now);
        drain(&flood, now);
    }
    report(&flood, what, rate);
    l2tpha_node_free(flood.node);
}

int main(void)
{
    static const uint32_t rates[] = {1000, 10000, 100000};

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        run("from one address", rates[i], false, false);
        run("from one address, the clients' too", rates[i], false, true);
        run("from any address", rates[i], true, false);
    }
    return 0;
}
