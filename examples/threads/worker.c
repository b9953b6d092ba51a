/* SPDX-License-Identifier: MIT */
#include "worker.h"
#include "common/clock.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define RECOVERIES 512 /* ids of each node that are kept for recovery tunnels */

void worker_tell(const struct worker *worker, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("node %u: %s\n", worker->index, text);
    fflush(stdout);
}

/* ---- the node ---- */

static int answer_random(void *user, uint8_t *dst, size_t len)
{
    (void)user;
    return getrandom(dst, len, 0) == (ssize_t)len ? L2TPHA_OK : L2TPHA_ERR_HOST;
}

static void take_log(void *user, const struct l2tpha_log_line *line)
{
    const struct worker *worker = user;
    fprintf(stderr, "node %u: %s\n", worker->index, line->text);
}

static int make_node(void *user, bool standby, uint64_t epoch, struct l2tpha_node **node)
{
    struct worker *worker = user;
    const struct setup *setup = worker->setup;
    struct l2tpha_host host = {
        .size = sizeof(host), .user = worker, .random = answer_random, .log = take_log};
    struct l2tpha_config config;
    l2tpha_config_init(&config);
    config.name = setup->name;
    config.standby = standby;
    config.epoch = epoch;
    config.tunnel_id_first = port_first_id(setup->port, worker->index);
    config.tunnel_id_last = port_last_id(setup->port, worker->index);
    config.max_tunnels = config.tunnel_id_last - config.tunnel_id_first + 1 - RECOVERIES;
    config.max_half_open /= setup->nodes;
    config.crypto = l2tpha_crypto_nettle();
    return l2tpha_node_new(worker, &config, &host, clock_now(), node);
}

/* ---- datagrams in ---- */

static void echo(struct worker *worker, const struct l2tpha_frame *frame)
{
    const struct l2tpha_path *path;
    uint8_t header[L2TPHA_DATA_HEADER_MAX];
    size_t len;
    if (frame->session == NULL || !worker->setup->echo ||
        l2tpha_data_send(frame->session, frame->len, false, header, &len, &path, clock_now()) !=
            L2TPHA_OK)
        return;
    (void)udp_queue(worker->udp, path, header, len, frame->payload, frame->len);
}

static void take(struct worker *worker)
{
    struct inbox_batch *batch = port_take(worker->setup->port, worker->index);
    size_t done = 0;
    while (done < batch->count) {
        size_t more = l2tpha_feed_batch(l2tpha_pair_node(worker->pair), batch->datagrams + done,
                                        batch->count - done, clock_now());
        for (; more > 0; more--, done++)
            echo(worker, &batch->frames[done]);
    }
    if (worker->udp != NULL)
        (void)udp_flush(worker->udp);
}

/* ---- the port ---- */

static bool open_port(void *user, bool beside, const char **why)
{
    struct worker *worker = user;
    int fd = port_socket(worker->setup->port);
    (void)beside;
    *why = "the other process has the port";
    if (fd >= 0)
        worker->udp = udp_adopt(worker, fd);
    return worker->udp != NULL;
}

static int socket_of(void *user)
{
    const struct worker *worker = user;
    return worker->udp != NULL ? udp_fd(worker->udp) : -1;
}

static void close_port(void *user)
{
    struct worker *worker = user;
    TALLOC_FREE(worker->udp);
}

static void inherit_port(void *user, int fd)
{
    struct worker *worker = user;
    talloc_free(worker->udp);
    worker->udp = udp_adopt(worker, fd);
    port_keep(worker->setup->port, fd);
}

/* ---- outputs ---- */

static void take_event(struct worker *worker, const struct l2tpha_event *event)
{
    if (event->kind == L2TPHA_EVENT_ROLE_CHANGED)
        worker_tell(worker, "%s", l2tpha_role_name(event->role));
}

static void let_out(void *user, const struct l2tpha_output *outputs, size_t count)
{
    struct worker *worker = user;
    for (size_t i = 0; i < count; i++) {
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM && worker->udp != NULL)
            (void)udp_queue(worker->udp, outputs[i].path, outputs[i].data, outputs[i].len, NULL, 0);
        else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT)
            take_event(worker, outputs[i].event);
    }
    if (worker->udp != NULL)
        (void)udp_flush(worker->udp);
}

/* ---- the role ---- */

static void take_role(void *user, enum l2tpha_pair_event event)
{
    struct worker *worker = user;
    const struct port *port = worker->setup->port;
    if (event == L2TPHA_PAIR_SERVES)
        worker_tell(worker, "serves tunnels %u to %u", port_first_id(port, worker->index),
                    port_last_id(port, worker->index));
    if (event == L2TPHA_PAIR_TOOK_OVER)
        take(worker); /* another node was faster: what has come to the inbox before */
}

static void take_line(void *user, enum l2tpha_log_category category, const char *text)
{
    const struct worker *worker = user;
    (void)category;
    fprintf(stderr, "node %u: %s\n", worker->index, text);
}

static int make_pair(struct worker *worker)
{
    const struct setup *setup = worker->setup;
    char *meeting = talloc_asprintf(worker, "unix:%s.%u", setup->ha, worker->index);
    struct l2tpha_pair_options options = {.size = sizeof(options),
                                          .role = setup->standby ? L2TPHA_PAIR_AUTO
                                                                 : L2TPHA_PAIR_ACTIVE,
                                          .listen = meeting,
                                          .connect = setup->standby ? meeting : NULL,
                                          .host = {.size = sizeof(options.host),
                                                   .user = worker,
                                                   .make = make_node,
                                                   .open = open_port,
                                                   .socket = socket_of,
                                                   .inherit = inherit_port,
                                                   .close = close_port,
                                                   .outputs = let_out,
                                                   .event = take_role,
                                                   .log = take_line}};
    return l2tpha_pair_new(&options, &worker->pair);
}

/* ---- the loop ---- */

void *worker_run(void *user)
{
    struct worker *worker = user;
    struct port *port = worker->setup->port;
    struct pollfd ready[] = {
        {.fd = l2tpha_pair_fd(worker->pair), .events = POLLIN},
        {.fd = port_bell(port, worker->index), .events = POLLIN},
        {.events = POLLIN}, /* the port */
    };
    while (l2tpha_pair_service(worker->pair)) {
        bool reads = l2tpha_pair_reads(worker->pair);
        eventfd_t rings;
        ready[2].fd = reads ? udp_fd(worker->udp) : -1;
        ready[2].revents = 0;
        poll(ready, 3, -1);
        if (ready[2].revents != 0)
            port_read(port, worker->index, worker->udp);
        if (ready[1].revents != 0)
            (void)eventfd_read(ready[1].fd, &rings);
        if (reads)
            take(worker);
    }
    worker_tell(worker, "another node serves");
    return NULL;
}

struct worker *worker_new(const struct setup *setup, unsigned index, const char **why)
{
    struct worker *worker = talloc_zero(NULL, struct worker);
    worker->setup = setup;
    worker->index = index;
    int error = make_pair(worker);
    *why = error == L2TPHA_OK ? l2tpha_pair_start(worker->pair) : l2tpha_strerror(error);
    if (*why == NULL)
        return worker;
    l2tpha_pair_free(worker->pair);
    talloc_free(worker);
    return NULL;
}
