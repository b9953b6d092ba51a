/* SPDX-License-Identifier: MIT */
/* What a store costs: a copy of everything, beginning again from it, and how long an output waits.
 * `bench_store DIR [TUNNELS [CALLS]]`: DIR is on the disk that is meant, and is filled and emptied.
 * `bench_store redis://HOST:PORT/GROUP ...`, `bench_store etcd://HOST:PORT,.../GROUP ...`: a server
 * instead, where it is built in. Beside each figure stands what the same disk or server does
 * without us, measured in turn. */
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
#ifdef BENCH_ETCD
#include <curl/curl.h>
#include <l2tpha/etcd.h>
#endif

#define ROUNDS 400
#define RECORD 80
#define REDIS "redis://"
#define ETCD "etcd://"
#define BENCH_KEY "bDJ0cGhhLWJlbmNo" /* l2tpha-bench */

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

static bool is_in(const struct box *box, const char *scheme)
{
    return strncmp(box->directory, scheme, strlen(scheme)) == 0;
}

static int make_store(struct box *box)
{
#ifdef BENCH_REDIS
    if (is_in(box, REDIS))
        return l2tpha_redis_store_new(box->pair.root, box->directory, NULL, &box->store);
#endif
#ifdef BENCH_ETCD
    if (is_in(box, ETCD))
        return l2tpha_etcd_store_new(box->pair.root, box->directory + strlen(ETCD), NULL,
                                     &box->store);
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

/* What a server takes for itself, asked without us. */
struct floor {
    const char *what;
    void (*ask)(void *server);
};

static void measure_floors(struct box *box, void *server, const struct floor floors[2])
{
    static uint64_t gated[ROUNDS], bare[2][ROUNDS];
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(box->pair.lac, NULL);

    for (unsigned i = 0; i < ROUNDS; i++) {
        gated[i] = gated_round(box, tunnel);
        for (unsigned f = 0; f < 2; f++) {
            uint64_t began = wall_us();
            floors[f].ask(server);
            bare[f][i] = wall_us() - began;
        }
    }
    report_times("an acknowledgement that waits for the store", gated);
    for (unsigned f = 0; f < 2; f++)
        report_times(floors[f].what, bare[f]);
}

#ifdef BENCH_REDIS
static void command(void *server, const char *text)
{
    redisReply *reply = redisCommand(server, text);

    if (!reply || reply->type == REDIS_REPLY_ERROR)
        exit(1);
    freeReplyObject(reply);
}

static void ping(void *server)
{
    command(server, "PING");
}

static void add(void *server)
{
    char text[64 + RECORD];

    snprintf(text, sizeof(text), "XADD l2tpha-bench * c %0*d", RECORD, 1);
    command(server, text);
}

static void measure_redis(struct box *box)
{
    static const struct floor floors[] = {{"... a bare PING", ping}, {"... a bare XADD", add}};
    char host[256];
    int port = 0;

    if (sscanf(box->directory, REDIS "%255[^:]:%d", host, &port) != 2)
        exit(1);
    redisContext *server = redisConnect(host, port);
    if (!server || server->err)
        exit(1);
    measure_floors(box, server, floors);
    command(server, "UNLINK l2tpha-bench");
    redisFree(server);
}
#endif

#ifdef BENCH_ETCD
static char member[256]; /* the first one, as a URL */

static size_t pass_over(char *data, size_t size, size_t count, void *user)
{
    (void)data;
    (void)user;
    return size * count;
}

static void post(void *server, const char *path, const char *body)
{
    char url[320];
    long code = 0;

    snprintf(url, sizeof(url), "%s%s", member, path);
    curl_easy_setopt(server, CURLOPT_URL, url);
    curl_easy_setopt(server, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(server, CURLOPT_WRITEFUNCTION, pass_over);
    if (curl_easy_perform(server) != CURLE_OK ||
        curl_easy_getinfo(server, CURLINFO_RESPONSE_CODE, &code) != CURLE_OK || code != 200)
        exit(1);
}

static void range(void *server)
{
    post(server, "/v3/kv/range", "{\"key\":\"" BENCH_KEY "\"}");
}

static void put(void *server)
{
    char body[128 + RECORD];

    snprintf(body, sizeof(body), "{\"key\":\"" BENCH_KEY "\",\"value\":\"%0*d\"}", RECORD, 1);
    post(server, "/v3/kv/put", body);
}

static void measure_etcd(struct box *box)
{
    static const struct floor floors[] = {{"... a bare read", range}, {"... a bare put", put}};
    const char *from = box->directory + strlen(ETCD);

    snprintf(member, sizeof(member), "http://%.*s", (int)strcspn(from, ",/"), from);
    CURL *server = curl_easy_init();
    if (!server)
        exit(1);
    measure_floors(box, server, floors);
    post(server, "/v3/kv/deleterange", "{\"key\":\"" BENCH_KEY "\"}");
    curl_easy_cleanup(server);
}
#endif

static void measure_disk(struct box *box)
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

static void measure_gate(struct box *box)
{
#ifdef BENCH_REDIS
    if (is_in(box, REDIS)) {
        measure_redis(box);
        return;
    }
#endif
#ifdef BENCH_ETCD
    if (is_in(box, ETCD)) {
        measure_etcd(box);
        return;
    }
#endif
    measure_disk(box);
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
    measure_gate(&box);
    close_box(&box);
    bench_close(&box.pair);
    return 0;
}
