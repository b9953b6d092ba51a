/* SPDX-License-Identifier: MIT */
#include "bench/nodes.h"

#include "bench/relay.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_NS UINT64_C(60000000000)
#define TIMEOUT_MS 10000 /* a standby that has no turn on a busy machine is not silent */
#define RELAYS 100       /* 127.0.0.100 on; standbys have 127.0.0.2 on */
#define KEYS "key 1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

const char *way_name(enum way way)
{
    static const char *const names[] = {"unix", "tcp", "tcp, sealed"};

    return names[way];
}

const char *way_keys(enum way way)
{
    return way == WAY_SEALED ? KEYS "suite aes\n" : NULL;
}

/* --- what both ends have --- */

static void configure(struct l2tpha_config *config, bool is_lns)
{
    config->hello_ms = 0;
    if (is_lns)
        config->commit_timeout_ms = TIMEOUT_MS;
}

static bool have_socket(void *user, bool beside, const char **why)
{
    (void)user, (void)beside, (void)why;
    return true; /* from the outset */
}

static void log_line(void *user, enum l2tpha_log_category category, const char *text)
{
    (void)user;
    if (category == L2TPHA_LOG_ERROR)
        fprintf(stderr, "%s\n", text);
}

static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    check(fd < 0 ? L2TPHA_ERR_HOST : L2TPHA_OK, "socket");
    return fd;
}

static struct l2tpha_pair_options common(const struct nodes *nodes)
{
    return (struct l2tpha_pair_options){
        .size = sizeof(struct l2tpha_pair_options),
        .insecure = true,
        .takeover_manual = true,
        .keys = way_keys(nodes->way),
        .crypto = way_crypto(),
        .host = {.size = sizeof(struct l2tpha_pair_host), .open = have_socket, .log = log_line}};
}

static struct l2tpha_pair *begin(struct l2tpha_pair_options *options)
{
    struct l2tpha_pair *pair;

    check(l2tpha_pair_new(options, &pair), "pair");
    const char *why = l2tpha_pair_start(pair);
    if (why)
        fprintf(stderr, "%s\n", why);
    check(why ? L2TPHA_ERR_STATE : L2TPHA_OK, "start");
    return pair;
}

/* --- a standby's process --- */

static void let_go(void *user, const struct l2tpha_output *outputs, size_t count)
{
    (void)user, (void)outputs, (void)count; /* events */
}

static void run_standby(void *argument)
{
    const struct nodes *nodes = argument;
    struct l2tpha_pair_options options = common(nodes);
    struct l2tpha_config config;
    char listen[64], connect[64];
    int socket = new_socket();

    l2tpha_config_init(&config);
    config.name = "lns";
    config.failover = L2TPHA_FAILOVER_SILENT;
    configure(&config, true);
    options.role = L2TPHA_PAIR_STANDBY;
    options.config = &config;
    options.fd = &socket;
    options.host.outputs = let_go;
    snprintf(listen, sizeof(listen), "tcp:127.0.0.%u:%u", 2 + nodes->made, nodes->port);
    if (nodes->way == WAY_UNIX)
        snprintf(connect, sizeof(connect), "unix:%s/s", nodes->folder);
    else
        snprintf(connect, sizeof(connect), "tcp:127.0.0.%u:%u",
                 nodes->delay_us ? RELAYS + nodes->made : 1, nodes->port);
    options.connect = connect;
    options.listen = nodes->way == WAY_UNIX ? NULL : listen;
    struct l2tpha_pair *pair = begin(&options);
    for (struct pollfd ready = {.fd = l2tpha_pair_fd(pair), .events = POLLIN};;) {
        (void)poll(&ready, 1, -1);
        if (!l2tpha_pair_service(pair))
            return;
    }
}

/* --- the active --- */

static struct bench_host host_of_nodes(void)
{
    struct bench_host host = bench_host;

    host.configure = configure;
    return host;
}

/* Driven from here on by the pair, on the clock's time. */
static int hand_over_node(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    const struct nodes *nodes = user;

    (void)standby, (void)epoch;
    *node = nodes->pair.lns;
    return L2TPHA_OK;
}

static void keep_node(void *user, struct l2tpha_node *node)
{
    (void)user, (void)node; /* it goes with the bench */
}

static void take_outputs(void *user, const struct l2tpha_output *outputs, size_t count)
{
    struct nodes *nodes = user;

    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind != L2TPHA_OUTPUT_DATAGRAM)
            continue;
        nodes->datagrams++;
        bench_hear(&nodes->pair, &outputs[i]);
    }
}

static struct sockaddr_in place(unsigned last, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last),
                                .sin_port = htons(port)};
}

static uint16_t free_port(void)
{
    struct sockaddr_in any = place(1, 0);
    socklen_t len = sizeof(any);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(fd, (struct sockaddr *)&any, len) || getsockname(fd, (struct sockaddr *)&any, &len))
        check(L2TPHA_ERR_HOST, "port");
    close(fd);
    return ntohs(any.sin_port);
}

/* Before the active has anything that they would have a copy of. */
static void fork_standbys(struct nodes *nodes)
{
    for (nodes->made = 0; nodes->made < nodes->standbys; nodes->made++) {
        struct relay relay = {.from = place(RELAYS + nodes->made, nodes->port),
                              .to = place(1, nodes->port),
                              .delay_us = nodes->delay_us};
        if (nodes->delay_us)
            nodes->relay[nodes->made] = process_fork(relay_run, &relay);
        nodes->standby[nodes->made] = process_fork(run_standby, nodes);
    }
}

void nodes_open(struct nodes *nodes, uint32_t tunnels, uint32_t calls)
{
    static struct bench_host host;
    struct l2tpha_pair_options options = common(nodes);
    char listen[64], others[128] = "";
    size_t at = 0;

    host = host_of_nodes();
    snprintf(nodes->folder, sizeof(nodes->folder), "/tmp/bench-XXXXXX");
    check(mkdtemp(nodes->folder) ? L2TPHA_OK : L2TPHA_ERR_HOST, "folder");
    nodes->port = free_port();
    fork_standbys(nodes);
    bench_open_with(&nodes->pair, &host, 42);
    bench_calls(&nodes->pair, tunnels, calls, 16);
    nodes->pair.now = l2tpha_pair_now();
    nodes->socket = new_socket();
    options.role = L2TPHA_PAIR_ACTIVE;
    options.fd = &nodes->socket;
    options.host.user = nodes;
    options.host.make = hand_over_node;
    options.host.unmake = keep_node;
    options.host.outputs = take_outputs;
    if (nodes->way == WAY_UNIX)
        snprintf(listen, sizeof(listen), "unix:%s/s", nodes->folder);
    else
        snprintf(listen, sizeof(listen), "tcp:127.0.0.1:%u", nodes->port);
    for (unsigned i = 0; i < nodes->standbys; i++)
        at += (size_t)snprintf(others + at, sizeof(others) - at, "%stcp:127.0.0.%u:%u",
                               at > 0 ? "," : "", 2 + i, nodes->port);
    options.listen = listen;
    options.connect = nodes->standbys > 1 && !nodes->delay_us ? others : NULL;
    nodes->active = begin(&options);
}

struct l2tpha_redundancy_info nodes_info(const struct nodes *nodes)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    l2tpha_redundancy_get(nodes->pair.lns, &info);
    return info;
}

void nodes_turn(struct nodes *nodes, bool waits)
{
    struct pollfd ready = {.fd = l2tpha_pair_fd(nodes->active), .events = POLLIN};

    if (waits)
        (void)poll(&ready, 1, 1000);
    nodes->pair.now = l2tpha_pair_now();
    check(l2tpha_pair_service(nodes->active) ? L2TPHA_OK : L2TPHA_ERR_STATE, "the active");
}

static unsigned count_in_sync(const struct nodes *nodes)
{
    unsigned count = 0;

    for (uint32_t id = 1; id <= L2TPHA_CONSUMERS_MAX; id++) {
        struct l2tpha_consumer_info info = {.size = sizeof(info)};
        count += !l2tpha_consumer_get(nodes->pair.lns, id, &info) &&
                 info.state == L2TPHA_CONSUMER_IN_SYNC;
    }
    return count;
}

void nodes_join(struct nodes *nodes, unsigned which)
{
    unsigned wanted = count_in_sync(nodes) + 1;
    uint64_t began = wall_ns();

    if (nodes->relay[which].pid)
        process_begin(&nodes->relay[which]);
    process_begin(&nodes->standby[which]);
    while (count_in_sync(nodes) < wanted) {
        check(wall_ns() - began > PATIENCE_NS ? L2TPHA_ERR_TIMEOUT : L2TPHA_OK, "in sync");
        nodes_turn(nodes, true);
    }
}

void nodes_part(struct nodes *nodes, unsigned which)
{
    unsigned wanted = count_in_sync(nodes) - 1;

    process_end(&nodes->standby[which]);
    process_end(&nodes->relay[which]);
    while (count_in_sync(nodes) > wanted)
        nodes_turn(nodes, true);
}

void nodes_close(struct nodes *nodes)
{
    char path[64];

    for (unsigned i = 0; i < nodes->standbys; i++) {
        process_end(&nodes->standby[i]);
        process_end(&nodes->relay[i]);
    }
    l2tpha_pair_free(nodes->active);
    close(nodes->socket);
    bench_close(&nodes->pair);
    snprintf(path, sizeof(path), "rm -rf %s", nodes->folder);
    check(system(path) ? L2TPHA_ERR_HOST : L2TPHA_OK, "folder");
}
