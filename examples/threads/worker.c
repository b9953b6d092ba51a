/* SPDX-License-Identifier: MIT */
#include "worker.h"
#include "common/clock.h"
#include "partner.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#define OUTPUTS 64
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

static int make_node(struct worker *worker)
{
    const struct setup *setup = worker->setup;
    struct l2tpha_host host = {
        .size = sizeof(host), .user = worker, .random = answer_random, .log = take_log};
    struct l2tpha_config config;
    l2tpha_config_init(&config);
    config.name = setup->name;
    config.standby = setup->standby;
    config.tunnel_id_first = port_first_id(setup->port, worker->index);
    config.tunnel_id_last = port_last_id(setup->port, worker->index);
    config.max_tunnels = config.tunnel_id_last - config.tunnel_id_first + 1 - RECOVERIES;
    config.max_half_open /= setup->nodes;
    config.crypto = l2tpha_crypto_nettle();
    return l2tpha_node_new(worker, &config, &host, clock_now(), &worker->node);
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
        size_t more = l2tpha_feed_batch(worker->node, batch->datagrams + done, batch->count - done,
                                        clock_now());
        for (; more > 0; more--, done++)
            echo(worker, &batch->frames[done]);
    }
    if (worker->udp != NULL)
        (void)udp_flush(worker->udp);
}

static void on_socket(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct worker *worker = user;
    (void)ev, (void)fde, (void)flags;
    port_read(worker->setup->port, worker->index, worker->udp);
    take(worker);
}

static void on_bell(struct tevent_context *ev, struct tevent_fd *fde, uint16_t flags, void *user)
{
    struct worker *worker = user;
    eventfd_t rings;
    (void)ev, (void)fde, (void)flags;
    (void)eventfd_read(port_bell(worker->setup->port, worker->index), &rings);
    if (worker->serving) /* else it waits for the takeover: another node was faster */
        take(worker);
}

void worker_inherit(struct worker *worker, int fd)
{
    talloc_free(worker->udp);
    worker->udp = udp_adopt(worker, fd);
}

void worker_serve(struct worker *worker)
{
    worker->serving = true;
    udp_read_start(worker->udp, worker->ev, on_socket, worker);
    take(worker);
}

/* ---- outputs ---- */

static void take_event(struct worker *worker, const struct l2tpha_event *event)
{
    if (event->kind == L2TPHA_EVENT_ROLE_CHANGED)
        worker_tell(worker, "%s", l2tpha_role_name(event->role));
}

static void drain(struct worker *worker)
{
    struct l2tpha_output outputs[OUTPUTS];
    size_t count;
    while ((count = l2tpha_poll(worker->node, outputs, OUTPUTS, clock_now())) > 0) {
        partner_tell_sync(worker->partner);
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM && worker->udp != NULL)
                (void)udp_queue(worker->udp, outputs[i].path, outputs[i].data, outputs[i].len, NULL,
                                0);
            else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT)
                take_event(worker, outputs[i].event);
        }
        if (worker->udp != NULL)
            (void)udp_flush(worker->udp);
        for (size_t i = 0; i < count; i++)
            if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
                partner_ship(worker->partner, outputs[i].number, outputs[i].data, outputs[i].len);
    }
    partner_flush(worker->partner);
}

/* ---- the loop ---- */

static void on_timer(struct tevent_context *ev, struct tevent_timer *timer, struct timeval now,
                     void *user)
{
    struct worker *worker = user;
    (void)ev, (void)timer, (void)now;
    worker->timer = NULL; /* freed by tevent */
}

static void set_timer(struct worker *worker)
{
    uint64_t due = l2tpha_deadline(worker->node), now = clock_now();
    if (partner_deadline(worker->partner) < due)
        due = partner_deadline(worker->partner);
    TALLOC_FREE(worker->timer);
    if (due == L2TPHA_NEVER)
        return;
    uint64_t wait = due > now ? due - now : 0;
    worker->timer = tevent_add_timer(
        worker->ev, worker,
        tevent_timeval_current_ofs((uint32_t)(wait / 1000000), (uint32_t)(wait % 1000000)),
        on_timer, worker);
}

static void settle(struct worker *worker)
{
    uint64_t now = clock_now();
    if (l2tpha_deadline(worker->node) <= now)
        (void)l2tpha_expire(worker->node, now);
    if (partner_deadline(worker->partner) <= now)
        partner_expire(worker->partner, now);
    drain(worker);
    set_timer(worker);
}

void *worker_run(void *user)
{
    struct worker *worker = user;
    do
        settle(worker);
    while (tevent_loop_once(worker->ev) == 0);
    return NULL;
}

struct worker *worker_new(const struct setup *setup, unsigned index, const char **why)
{
    struct worker *worker = talloc_zero(NULL, struct worker);
    worker->setup = setup;
    worker->index = index;
    worker->ev = tevent_context_init(worker);
    int error = make_node(worker);
    *why = error == L2TPHA_OK ? NULL : l2tpha_strerror(error);
    if (*why == NULL && !setup->standby) {
        worker_inherit(worker, dup(setup->fd));
        worker_serve(worker);
    }
    if (*why == NULL)
        worker->partner = partner_new(worker, why);
    if (*why != NULL) {
        talloc_free(worker);
        return NULL;
    }
    tevent_add_fd(worker->ev, worker, port_bell(setup->port, index), TEVENT_FD_READ, on_bell,
                  worker);
    if (!setup->standby)
        worker_tell(worker, "serves tunnels %u to %u", port_first_id(setup->port, index),
                    port_last_id(setup->port, index));
    return worker;
}
