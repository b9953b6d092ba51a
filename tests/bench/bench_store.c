/* SPDX-License-Identifier: MIT */
/* What a store costs: a copy of everything, beginning again from it, and how long an output waits.
 * `bench_store DIR [TUNNELS [CALLS]]`: DIR is on the disk that is meant, and is filled and emptied.
 * `bench_store redis://HOST:PORT/GROUP ...`: a server instead, where it is built in. Beside each
 * figure stands what the same disk or server does without us, measured in turn. */
#define _GNU_SOURCE
#include "bench/pair.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/failover.h>
#include <l2tpha/redundancy.h>
#include <l2tpha/store.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef BENCH_REDIS
#include <hiredis/hiredis.h>
#include <l2tpha/redis.h>
#endif

#define ROUNDS 400
#define RECORD 80

struct box {
    struct bench pair;
    struct l2tpha_store *store;
    struct l2tpha_storage *storage;
    char directory[4096]; /* or a URL */
    uint64_t datagrams;   /* of the LNS */
};

static void report(const char *what, double value, const char *unit, const char *beside)
{
    printf("%-52s %12.1f %-8s %s\n", what, value, unit, beside);
}

static uint64_t wall_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
}

/* --- the store --- */

static bool is_server(const struct box *box)
{
    return strstr(box->directory, "://") != NULL;
}

static int make_store(struct box *box)
{
#ifdef BENCH_REDIS
    if (is_server(box))
        return l2tpha_redis_store_new(box->pair.root, box->directory, NULL, &box->store);
#endif
    return l2tpha_file_store_new(box->pair.root, box->directory, &box->store);
}

static void open_box(struct box *box)
{
    const char *why = "";

    check(make_store(box), "store");
    if (box->store->open(box->store->user, &why)) {
        fprintf(stderr, "%s: %s\n", box->directory, why);
        exit(1);
    }
    struct l2tpha_storage_options options = {.size = sizeof(options), .store = box->store};
    check(l2tpha_storage_new(box->pair.root, &options, &box->storage), "storage");
}

static void close_box(struct box *box)
{
    l2tpha_storage_free(box->storage);
    box->store->free(box->store->user);
}

static bool drain(struct box *box)
{
    static const struct l2tpha_path from_lns = {.remote = {.len = 1, .bytes = {2}}};
    struct l2tpha_output outputs[64];
    bool any = false;
    size_t count;

    while ((count = l2tpha_poll(box->pair.lns, outputs, 64, box->pair.now)) > 0) {
        any = true;
        for (size_t i = 0; i < count; i++) {
            if (outputs[i].kind == L2TPHA_OUTPUT_CHECKPOINT)
                (void)l2tpha_storage_output(box->storage, &outputs[i]);
            if (outputs[i].kind != L2TPHA_OUTPUT_DATAGRAM)
                continue;
            box->datagrams++;
            l2tpha_feed(box->pair.lac, &from_lns, outputs[i].data, outputs[i].len, box->pair.now);
        }
    }
    return l2tpha_storage_service(box->storage, box->pair.now) || any;
}

static enum l2tpha_storage_state state_of(const struct box *box)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};

    l2tpha_storage_get(box->storage, &info);
    return info.state;
}

/* Until the store or the node has something to do. The node's time goes on as the clock does. */
static void await_store(struct box *box)
{
    struct pollfd ready = {.fd = box->store->fd(box->store->user), .events = POLLIN};
    uint64_t began = wall_us(), datagrams = box->datagrams;

    while (drain(box))
        ;
    if (box->datagrams != datagrams) /* that is what is waited for */
        return;
    uint64_t due = l2tpha_deadline(box->pair.lns);
    uint64_t left = due > box->pair.now ? (due - box->pair.now) / 1000 + 1 : 0;
    (void)poll(&ready, 1, left < 20 ? (int)left : 20);
    box->pair.now += wall_us() - began + 1;
    l2tpha_expire(box->pair.lns, box->pair.now);
}

static void await_sync(struct box *box)
{
    while (state_of(box) != L2TPHA_STORAGE_IN_SYNC)
        await_store(box);
}

/* --- a copy, and beginning again from it --- */

static void measure_copy(struct box *box)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    uint64_t began = wall_us(), cpu = clock_ns();

    check(l2tpha_storage_begin(box->storage, box->pair.lns, box->pair.now), "begin");
    await_sync(box);
    l2tpha_storage_get(box->storage, &info);
    report("copy to the store", (double)(wall_us() - began) / 1000, "ms", "");
    report("... processor", (double)(clock_ns() - cpu) / 1e6, "ms", "all threads of ours");
    report("... bytes", (double)info.bytes / 1e6, "MB", "");
}

static void measure_restore(struct box *box)
{
    struct l2tpha_store_found found;
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};

    close_box(box);
    l2tpha_node_free(box->pair.lns);
    uint64_t began = wall_us(), cpu = clock_ns();
    open_box(box);
    struct l2tpha_node *node = bench_standby(&box->pair);
    check(l2tpha_storage_restore(box->storage, node, false, box->pair.now, &found), "restore");
    report("restore from the store", (double)(wall_us() - began) / 1000, "ms",
           "must 1500 for 1 M sessions, goal 300");
    report("... processor", (double)(clock_ns() - cpu) / 1e6, "ms", "");
    began = wall_us();
    box->pair.lns = node;
    check(l2tpha_storage_begin(box->storage, node, box->pair.now), "begin");
    check(l2tpha_takeover_as(node, 0, L2TPHA_TRUST_EXACT, box->pair.now), "takeover");
    uint64_t datagrams = box->datagrams;
    while (box->datagrams == datagrams)
        await_store(box);
    report("takeover to the first datagram", (double)(wall_us() - began) / 1000, "ms", "");
    await_sync(box);
    report("takeover to a store in sync under the new epoch", (double)(wall_us() - began) / 1000,
           "ms", "");
    l2tpha_redundancy_get(node, &info);
    printf("%u tunnels, %u sessions\n", info.tunnels, info.sessions);
}

/* --- waiting for the store, beside the bare disk --- */

static int by_value(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

    return one < other ? -1 : one > other;
}

static void report_times(const char *what, uint64_t *times)
{
    char line[64];

    qsort(times, ROUNDS, sizeof(*times), by_value);
    snprintf(line, sizeof(line), "p99 %.1f us, longest %.1f us", (double)times[ROUNDS * 99 / 100],
             (double)times[ROUNDS - 1]);
    report(what, (double)times[ROUNDS / 2], "us", line);
}

static uint64_t bare_sync(int file, uint64_t at)
{
    uint8_t record[RECORD] = {1};
    uint64_t began = wall_us();

    if (pwrite(file, record, sizeof(record), (off_t)at) != (ssize_t)sizeof(record) ||
        fdatasync(file))
        exit(1);
    return wall_us() - began;
}

/* From a message that comes to the acknowledgement that leaves, which waits for the store. */
static uint64_t gated_round(struct box *box, struct l2tpha_tunnel *tunnel)
{
    uint64_t datagrams = box->datagrams;

    bench_hello(&box->pair, tunnel);
    uint64_t began = wall_us();
    bench_speak(&box->pair, box->pair.now);
    box->pair.now += 60000; /* an acknowledgement waits for company no longer */
    l2tpha_expire(box->pair.lns, box->pair.now);
    while (box->datagrams == datagrams)
        await_store(box);
    return wall_us() - began;
}

#ifdef BENCH_REDIS
static redisContext *open_server(const struct box *box)
{
    char host[256];
    int port = 0;

    if (sscanf(box->directory, "redis://%255[^:]:%d", host, &port) != 2)
        exit(1);
    redisContext *server = redisConnect(host, port);
    if (!server || server->err)
        exit(1);
    return server;
}

static uint64_t bare_command(redisContext *server, const char *command)
{
    uint64_t began = wall_us();
    redisReply *reply = redisCommand(server, command);

    if (!reply || reply->type == REDIS_REPLY_ERROR)
        exit(1);
    freeReplyObject(reply);
    return wall_us() - began;
}

static void measure_server(struct box *box)
{
    static uint64_t gated[ROUNDS], ping[ROUNDS], add[ROUNDS];
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(box->pair.lac, NULL);
    redisContext *server = open_server(box);
    char command[64 + RECORD];

    snprintf(command, sizeof(command), "XADD l2tpha-bench * c %0*d", RECORD, 1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        gated[i] = gated_round(box, tunnel);
        ping[i] = bare_command(server, "PING");
        add[i] = bare_command(server, command);
    }
    (void)bare_command(server, "UNLINK l2tpha-bench");
    redisFree(server);
    report_times("an acknowledgement that waits for the store", gated);
    report_times("... a bare PING", ping);
    report_times("... a bare XADD", add);
}
#else
static void measure_server(struct box *box)
{
    (void)box; /* it was never made */
}
#endif

static void measure_gate(struct box *box)
{
    static uint64_t gated[ROUNDS], bare[ROUNDS];
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(box->pair.lac, NULL);
    char path[4200];

    snprintf(path, sizeof(path), "%s/bare", box->directory);
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (file < 0 || posix_fallocate(file, 0, ROUNDS * RECORD))
        exit(1);
    for (unsigned i = 0; i < ROUNDS; i++) {
        gated[i] = gated_round(box, tunnel);
        bare[i] = bare_sync(file, (uint64_t)i * RECORD);
    }
    close(file);
    unlink(path);
    report_times("an acknowledgement that waits for the store", gated);
    report_times("... a bare write and fdatasync", bare);
}

int main(int argc, char **argv)
{
    struct box box = {0};
    uint32_t tunnels = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 62500;
    uint32_t calls = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 16;

    if (argc < 2 || argc > 4) {
        fprintf(stderr, "usage: bench_store DIR|URL [TUNNELS [CALLS]]\n");
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(box.directory, sizeof(box.directory), "%s", argv[1]);
    bench_open(&box.pair, false);
    bench_calls(&box.pair, tunnels, calls, 16);
    open_box(&box);
    measure_copy(&box);
    measure_restore(&box);
    if (is_server(&box))
        measure_server(&box);
    else
        measure_gate(&box);
    close_box(&box);
    bench_close(&box.pair);
    return 0;
}
