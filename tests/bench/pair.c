/* SPDX-License-Identifier: MIT */
#define _POSIX_C_SOURCE 200809L
#include "bench/pair.h"
#include "control/find.h"
#include "control/transaction.h"
#include "control/tunnel_send.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BATCH 64
#define SEED 42

static const struct l2tpha_address lac_address = {.len = 1, .bytes = {1}};
static const struct l2tpha_address lns_address = {.len = 1, .bytes = {2}};

const struct bench_host bench_host = {.feed = l2tpha_feed,
                                      .deadline = l2tpha_deadline,
                                      .expire = l2tpha_expire,
                                      .open_tunnel = l2tpha_tunnel_open,
                                      .open_session = l2tpha_session_open};

void check(int error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "%s: %s\n", what, l2tpha_strerror(error));
    exit(1);
}

uint64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int cheap_random(void *user, uint8_t *dst, size_t len)
{
    uint64_t *state = user;

    for (size_t i = 0; i < len; i++) {
        *state = *state * 6364136223846793005u + 1442695040888963407u;
        dst[i] = (uint8_t)(*state >> 56);
    }
    return 0;
}

static struct l2tpha_node *make_node(struct bench *pair, bool is_lns, bool standby)
{
    struct l2tpha_config config;
    struct l2tpha_host host = {.size = sizeof(host), .user = &pair->seed, .random = cheap_random};
    struct l2tpha_node *node;

    l2tpha_config_init(&config);
    config.name = is_lns ? "lns" : "lac";
    config.standby = standby;
    config.failover = L2TPHA_FAILOVER_SILENT;
    if (pair->is_silent)
        config.hello_ms = 0;
    if (pair->host->configure)
        pair->host->configure(&config, is_lns);
    check(l2tpha_node_new(pair->root, &config, &host, pair->now, &node), "node");
    if (pair->host->made)
        pair->host->made(node, is_lns);
    return node;
}

void bench_look_ahead(const struct bench *pair, const struct l2tpha_node *node,
                      const struct l2tpha_bytes *datagrams, size_t count)
{
    struct l2tpha_header headers[BENCH_AHEAD];
    size_t known = 0;

    if (!pair->looks_ahead)
        return;
    for (size_t i = 0; i < count && i < BENCH_AHEAD; i++)
        if (!l2tpha_header_decode(datagrams[i].data, datagrams[i].len, &headers[known]))
            engine_prefetch_tunnel(&node->engine, headers[known++].tunnel_id);
    for (size_t i = 0; i < known; i++)
        engine_prefetch_slot(&node->engine, headers[i].tunnel_id, headers[i].session_id);
    for (size_t i = 0; i < known; i++)
        engine_prefetch_session(&node->engine, headers[i].tunnel_id, headers[i].session_id);
}

static void look_ahead(const struct bench *pair, const struct l2tpha_node *node,
                       const struct l2tpha_output *outputs, size_t count)
{
    struct l2tpha_bytes datagrams[BENCH_AHEAD];
    size_t known = 0;

    for (size_t i = 0; i < count && i < BENCH_AHEAD; i++)
        if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM)
            datagrams[known++] = (struct l2tpha_bytes){outputs[i].data, outputs[i].len};
    bench_look_ahead(pair, node, datagrams, known);
}

/* Drain one node into its peer. Returns whether anything came out. */
static bool drain(struct bench *pair, struct l2tpha_node *node, struct l2tpha_node *peer,
                  struct l2tpha_node *standby)
{
    struct l2tpha_path path = {.remote = node == pair->lac ? lac_address : lns_address};
    struct l2tpha_output outputs[BATCH];
    bool any = false;
    size_t count;

    while ((count = l2tpha_poll(node, outputs, BATCH, pair->now)) > 0) {
        uint64_t confirmed = 0;
        any = true;
        for (size_t i = 0; i < count; i++) {
            if (i % BENCH_AHEAD == 0)
                look_ahead(pair, peer, &outputs[i], count - i);
            if (outputs[i].kind == L2TPHA_OUTPUT_DATAGRAM) {
                pair->datagrams++;
                pair->bytes += outputs[i].len;
                pair->host->feed(peer, &path, outputs[i].data, outputs[i].len, pair->now);
            } else if (outputs[i].kind == L2TPHA_OUTPUT_EVENT && pair->host->told) {
                pair->host->told(node, outputs[i].event);
            } else if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT && standby) {
                check(l2tpha_checkpoint_apply(standby, outputs[i].data, outputs[i].len, pair->now,
                                              NULL),
                      "apply");
                confirmed = outputs[i].position;
            }
        }
        if (confirmed)
            check(l2tpha_checkpoint_done(node, confirmed, 0, pair->now), "done");
    }
    return any;
}

void bench_hello(struct bench *pair, struct l2tpha_tunnel *tunnel)
{
    check(tunnel_hello(tunnel), "hello");
    engine_commit(&pair->lac->engine);
}

void bench_hear(struct bench *pair, const struct l2tpha_output *output)
{
    struct l2tpha_path path = {.remote = lns_address};

    l2tpha_feed(pair->lac, &path, output->data, output->len, pair->now);
}

bool bench_answer(struct bench *pair)
{
    struct l2tpha_output output;

    if (l2tpha_poll(pair->lns, &output, 1, pair->now) == 0 || output.kind != L2TPHA_OUTPUT_DATAGRAM)
        return false;
    bench_hear(pair, &output);
    return true;
}

struct l2tpha_session *bench_frame(struct bench *pair, struct l2tpha_node *node,
                                   const uint8_t *data, size_t len)
{
    struct l2tpha_path path = {.remote = node == pair->lac ? lns_address : lac_address};
    struct l2tpha_frame frame;

    check(l2tpha_data_receive(node, &path, data, len, pair->now, &frame), "frame");
    return frame.session;
}

bool bench_exchange(struct bench *pair)
{
    bool any = drain(pair, pair->lac, pair->lns, NULL);

    return drain(pair, pair->lns, pair->lac, pair->standby) || any;
}

void bench_settle(struct bench *pair)
{
    while (bench_exchange(pair))
        ;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Both are called when they have asked for it: a node that is called late was away. */
void bench_pass(struct bench *pair, uint64_t us)
{
    uint64_t end = pair->now + us;

    do {
        uint64_t due = earlier(pair->host->deadline(pair->lac), pair->host->deadline(pair->lns));
        pair->now = due <= pair->now ? pair->now : earlier(due, end);
        pair->host->expire(pair->lac, pair->now);
        pair->host->expire(pair->lns, pair->now);
        bench_settle(pair);
    } while (pair->now < end);
}

static void open_pair(struct bench *pair, const struct bench_host *host, uint64_t seed,
                      bool is_silent)
{
    *pair = (struct bench){.host = host,
                           .root = talloc_new(NULL),
                           .now = 1000000,
                           .seed = seed,
                           .is_silent = is_silent};
    pair->lac = make_node(pair, false, false);
    pair->lns = make_node(pair, true, false);
}

void bench_open(struct bench *pair, bool with_standby)
{
    open_pair(pair, &bench_host, SEED, false);
    if (!with_standby)
        return;
    pair->standby = bench_standby(pair);
    check(l2tpha_checkpoint_bulk(pair->lns, pair->now), "bulk");
    bench_settle(pair);
}

void bench_open_with(struct bench *pair, const struct bench_host *host, uint64_t seed)
{
    open_pair(pair, host, seed, false);
}

void bench_open_silent(struct bench *pair)
{
    open_pair(pair, &bench_host, SEED, true);
}

void bench_active(struct bench *pair)
{
    pair->lns = make_node(pair, true, false);
}

struct l2tpha_node *bench_standby(struct bench *pair)
{
    return make_node(pair, true, true);
}

void bench_speak(struct bench *pair, uint64_t now)
{
    struct l2tpha_path path = {.remote = lac_address};
    struct l2tpha_output output;

    while (l2tpha_poll(pair->lac, &output, 1, pair->now) > 0)
        if (output.kind == L2TPHA_OUTPUT_DATAGRAM)
            l2tpha_feed(pair->lns, &path, output.data, output.len, now);
}

void bench_close(struct bench *pair)
{
    talloc_free(pair->root);
}

void bench_calls(struct bench *pair, uint32_t tunnels, uint32_t sessions, uint32_t batch)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options),
                                            .path = {.remote = lns_address}};
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct l2tpha_tunnel *tunnel;
    struct l2tpha_session *session;

    for (uint32_t t = 0; t < tunnels; t++) {
        check(pair->host->open_tunnel(pair->lac, &options, pair->now, &tunnel), "tunnel");
        for (uint32_t s = 0; s < sessions; s++)
            check(pair->host->open_session(tunnel, &call, pair->now, &session), "session");
        if (t % batch == batch - 1)
            bench_pass(pair, 1000);
    }
    /* Delayed acknowledgements and windows want a little time. */
    for (int i = 0; i < 200; i++)
        bench_pass(pair, 10000);
}
