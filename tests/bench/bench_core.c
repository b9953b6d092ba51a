/* SPDX-License-Identifier: MIT */
/* The figures of the library on this machine, beside those to reach. Each runs several times and
 * the best is printed; a floor measured in the same run (copying, hashing one message) says how
 * fast the machine is just now. Times are of the processor, not of the clock, so that other
 * programs disturb little. Build without sanitizers. */
#include "base/bits.h"
#include "base/timing.h"
#include "bench/pair.h"
#include "bench/record.h"
#include "bench/traffic.h"
#include "control/transaction.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

static void report(const char *what, double value, const char *unit, const char *must,
                   const char *goal)
{
    printf("%-52s %12.2f %-8s must %-8s goal %s\n", what, value, unit, must, goal);
}

/* Keeps the optimiser from dropping what is measured. */
static volatile uint64_t sink;

static void bench_floor(void)
{
    uint8_t from[128], to[128];
    double best = 1e30;

    memset(from, 7, sizeof(from));
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_ns();
        for (int i = 0; i < 1000000; i++) {
            from[0] = (uint8_t)i;
            memcpy(to, from, sizeof(to));
            sink += to[(unsigned)i % sizeof(to)];
        }
        double each = (double)(clock_ns() - start) / 1e6;
        best = each < best ? each : best;
    }
    report("floor: copy of 128 bytes", best, "ns", "-", "-");
}

/* What one load costs that is in no cache and that nothing can begin early, over as much memory as
 * a million calls take at both ends. */
static void bench_miss(void)
{
    enum { BYTES = 1 << 29, COUNT = BYTES / sizeof(uint64_t), STEPS = 20000 };
    uint64_t *memory = malloc(BYTES);
    uint64_t at = 0;
    double best = 1e30;

    check(memory ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "memory");
    memset(memory, 1, BYTES); /* so that it is there */
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_ns();
        for (uint64_t i = 0; i < STEPS; i++)
            at = bits_mix(at + i + memory[at]) % COUNT;
        double each = (double)(clock_ns() - start) / STEPS;
        best = each < best ? each : best;
    }
    sink += at;
    free(memory);
    report("floor: a load that is in no cache", best, "ns", "-", "-");
}

static void bench_floors(void)
{
    bench_floor();
    bench_miss();
}

static void bench_record(void)
{
    struct record_cost cost = record_cost(l2tpha_serializer_proto());

    report("encode a session record", cost.encode_ns, "ns", "60", "20");
    report("decode a session record", cost.decode_ns, "ns", "120", "50");
    report("session record, encoded", cost.bytes, "bytes", "48", "36");
}

static void bench_setup(bool with_standby)
{
    struct bench pair;
    double best = 0;

    for (int round = 0; round < ROUNDS; round++) {
        bench_open(&pair, with_standby);
        uint64_t start = clock_ns();
        bench_calls(&pair, 20000, 1, 16);
        double seconds = (double)(clock_ns() - start) / 1e9;
        if (l2tpha_counters(pair.lns)->sessions_up != 20000)
            check(L2TPHA_ERR_STATE, "not all calls came up");
        best = 20000 / seconds > best ? 20000 / seconds : best;
        bench_close(&pair);
    }
    /* Both ends run on the one core: a node alone has half of the work. */
    report(with_standby ? "tunnels with a call set up, LAC+LNS+standby"
                        : "tunnels with a call set up, LAC+LNS",
           best, "1/s", "50000", "200000");
}

/* Of two, what a message and a frame cost: where the other end reads after each visit, where a
 * batch of them waits in its socket, and where it looks ahead in the batch. */
enum { ONE_BY_ONE, IN_BATCHES, AHEAD, WAYS };

struct size {
    uint32_t tunnels;
    uint32_t calls;
    struct bench pair;
    struct traffic traffic;
    double message[WAYS];
    double frame[WAYS];
};

static const uint32_t batches[WAYS] = {1, TRAFFIC_BATCH, TRAFFIC_BATCH};

static double lower(double a, double b)
{
    return a < b ? a : b;
}

static void measure_size(struct size *size)
{
    for (int i = 0; i < WAYS; i++) {
        size->pair.looks_ahead = i == AHEAD;
        size->message[i] = lower(size->message[i], traffic_messages(&size->traffic, batches[i]));
        size->frame[i] = lower(size->frame[i], traffic_frames(&size->traffic, batches[i]));
    }
}

static void report_sizes(const char *what, const double *small, const double *large,
                         const char *must)
{
    static const char *const how[WAYS] = {"one by one", "in batches", "ahead"};
    char line[80];

    for (int i = 0; i < WAYS; i++) {
        snprintf(line, sizeof(line), "%s, %s, at 1 k sessions", what, how[i]);
        report(line, small[i], "ns", "-", "-");
        snprintf(line, sizeof(line), "%s, %s, at 1 M sessions", what, how[i]);
        report(line, large[i], "ns", "-", "-");
        report("... the second against the first", large[i] / small[i], "x", must, "-");
    }
}

/* By turns, so that both see the same machine. */
static void bench_scale(void)
{
    static struct size sizes[2] = {
        {.tunnels = 64, .calls = 16, .message = {1e30, 1e30, 1e30}, .frame = {1e30, 1e30, 1e30}},
        {.tunnels = 15625,
         .calls = 64,
         .message = {1e30, 1e30, 1e30},
         .frame = {1e30, 1e30, 1e30}}};

    for (int i = 0; i < 2; i++)
        traffic_open(&sizes[i].traffic, &sizes[i].pair, sizes[i].tunnels, sizes[i].calls);
    for (int round = 0; round < 3 * ROUNDS; round++)
        for (int i = 0; i < 2; i++)
            measure_size(&sizes[i]);
    report_sizes("control message", sizes[0].message, sizes[1].message, "1.5");
    report_sizes("data frame", sizes[0].frame, sizes[1].frame, "-");
    for (int i = 0; i < 2; i++)
        bench_close(&sizes[i].pair);
}

static void bench_memory(struct bench *pair, uint32_t tunnels, uint32_t sessions)
{
    bench_open(pair, true);
    size_t empty_active = talloc_total_size(pair->lns);
    size_t empty_standby = talloc_total_size(pair->standby);
    bench_calls(pair, tunnels, sessions, 16);
    size_t active = talloc_total_size(pair->lns) - empty_active;
    size_t standby = talloc_total_size(pair->standby) - empty_standby;
    printf("%u tunnels of %u sessions\n", tunnels, sessions);
    report("memory per session, active", (double)active / tunnels / sessions, "bytes", "512",
           "256");
    report("memory per session, standby", (double)standby / tunnels / sessions, "bytes", "256",
           "144");
}

/* A peer speaks on the tunnel that would be restored last; what it is answered is the first answer
 * that anybody waits for. */
static void first_answer(struct bench *pair)
{
    struct l2tpha_tunnel *tunnel = NULL, *last = NULL;
    uint64_t before, start;

    while ((tunnel = l2tpha_tunnel_next(pair->lac, tunnel)))
        last = tunnel;
    bench_hello(pair, last);
    start = clock_ns();
    check(l2tpha_takeover(pair->lns, 2, pair->now), "takeover");
    while (!bench_answer(pair))
        ;
    report("takeover: first datagram", (double)(clock_ns() - start) / 1e6, "ms", "20", "2");
    before = l2tpha_counters(pair->lns)->messages_in;
    bench_exchange(pair);
    if (l2tpha_counters(pair->lns)->messages_in == before)
        check(L2TPHA_ERR_STATE, "nobody has spoken");
    report("takeover: first batch, and an answer to the last tunnel",
           (double)(clock_ns() - start) / 1e6, "ms", "-", "-");
}

static void bench_takeover_of(uint32_t tunnels, uint32_t sessions)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    struct bench pair;

    bench_memory(&pair, tunnels, sessions);
    /* The one before stays: what freeing it costs belongs to its own process. */
    pair.lns = pair.standby;
    pair.standby = NULL;
    uint64_t start = clock_ns(), began = pair.now;
    first_answer(&pair);
    for (int i = 0; i < 10000; i++) {
        l2tpha_redundancy_get(pair.lns, &info);
        if (info.resyncing == 0)
            break;
        bench_pass(&pair, l2tpha_deadline(pair.lns) <= pair.now ? 0 : 1000);
    }
    report("takeover: last tunnel confirmed, both ends", (double)(clock_ns() - start) / 1e6, "ms",
           "-", "-");
    report("... in time of the hosts, no round trip", (double)(pair.now - began) / 1e3, "ms", "-",
           "-");
    if (info.resyncing != 0 || info.sessions != tunnels * sessions)
        check(L2TPHA_ERR_STATE, "takeover lost something");
    bench_close(&pair);
}

/* A tunnel is restored as a whole: the longest call that a host makes while as many full ones are
 * as a million calls fill. By then none of them is in any cache. */
static void bench_full_tunnels(void)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    enum { TUNNELS = 15, CALLS = 65535 };
    struct bench pair;
    double longest;

    bench_open(&pair, true);
    bench_calls(&pair, TUNNELS, CALLS, 1);
    pair.lns = pair.standby;
    pair.standby = NULL;
    uint64_t start = clock_ns();
    check(l2tpha_takeover(pair.lns, 2, pair.now), "takeover");
    longest = (double)(clock_ns() - start);
    for (int i = 0; i < 10000 && pair.lns->engine.unrestored > 0; i++) {
        start = clock_ns();
        check(l2tpha_expire(pair.lns, pair.now), "expire");
        double each = (double)(clock_ns() - start);
        longest = each > longest ? each : longest;
        bench_settle(&pair);
        pair.now += 1000;
    }
    l2tpha_redundancy_get(pair.lns, &info);
    if (pair.lns->engine.unrestored > 0 || info.sessions != TUNNELS * CALLS)
        check(L2TPHA_ERR_STATE, "takeover lost something");
    bench_close(&pair);
    report("takeover of tunnels with 65,535 calls: longest call", longest / 1e6, "ms", "-", "5");
}

static void bench_takeover(void)
{
    bench_takeover_of(6250, 16);
    bench_takeover_of(62500, 16);
    bench_takeover_of(15625, 64);
    bench_full_tunnels();
}

/* One end asks the other about all calls of a tunnel that has all it can have. */
static void bench_query(void)
{
    enum { SESSIONS = 65535 };
    double best = 1e30;
    uint32_t trips = 0;
    struct bench pair;

    bench_open(&pair, false);
    bench_calls(&pair, 1, SESSIONS, 1);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(pair.lac, NULL);
    uint64_t bytes = pair.bytes;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t start = clock_ns();
        bytes = pair.bytes;
        check(l2tpha_tunnel_query(tunnel, pair.now), "query");
        for (trips = 0; bench_exchange(&pair); trips++)
            ;
        double each = (double)(clock_ns() - start) / 1e6;
        best = each < best ? each : best;
        bytes = pair.bytes - bytes;
        bench_pass(&pair, 1000000);
    }
    if (l2tpha_counters(pair.lns)->queries_in != (uint64_t)ROUNDS * SESSIONS ||
        l2tpha_counters(pair.lac)->sessions_desynced != 0)
        check(L2TPHA_ERR_STATE, "not all calls were asked about");
    bench_close(&pair);
    report("FSQ and FSR of 65,535 calls in a tunnel, both ends", best, "ms", "300", "40");
    report("... round trips, window 128 open", trips, "", "20", "13");
    report("... bytes, both ways", (double)bytes, "", "-", "2200000");
}

/* A million timers that nothing disturbs: every minute all fire and are armed again, spread over
 * it or all together. */
static double timer_cost(uint64_t spread)
{
    enum { TIMERS = 1000000 };
    const uint64_t period = 60000000;
    TALLOC_CTX *root = talloc_new(NULL);
    struct timer *timers = talloc_zero_array(root, struct timer, TIMERS), *timer;
    struct wheel *wheel = NULL;
    uint64_t now = 0, fired = 0;

    check(timers ? wheel_new(root, 0, &wheel) : L2TPHA_ERR_NOMEM, "wheel");
    for (uint64_t i = 0; i < TIMERS; i++)
        wheel_arm(wheel, &timers[i * 7919 % TIMERS], period + i * spread / TIMERS);
    uint64_t start = clock_ns();
    while (now < 4 * period) {
        now = wheel_deadline(wheel);
        while ((timer = wheel_pop(wheel, now))) {
            wheel_arm(wheel, timer, timer->at + period);
            fired++;
        }
    }
    double each = (double)(clock_ns() - start) / (double)fired;
    talloc_free(root);
    return each;
}

static void bench_timers(void)
{
    report("HELLO timer of 1 M, spread over its minute", timer_cost(60000000), "ns", "-", "-");
    report("HELLO timer of 1 M, all due together", timer_cost(0), "ns", "-", "-");
}

/* Data frames of random calls, as they come from many subscribers. */
#define FRAMES 64
struct frames {
    uint8_t data[FRAMES][64];
    struct l2tpha_datagram batch[FRAMES];
    struct l2tpha_frame frames[FRAMES];
    struct l2tpha_session **calls;
    uint32_t count;
};

static void write_frames(struct frames *frames, struct bench *pair)
{
    static const struct l2tpha_path path = {.remote = {.len = 1, .bytes = {1}}}; /* as in pair.c */
    struct l2tpha_header header = {.has_length = true, .version = 2, .length = 64};
    size_t len;

    for (uint32_t i = 0; i < FRAMES; i++) {
        pair->seed = pair->seed * 6364136223846793005u + 1442695040888963407u;
        struct l2tpha_session *call = frames->calls[(pair->seed >> 33) % frames->count];
        header.tunnel_id = l2tpha_tunnel_id(l2tpha_session_tunnel(call));
        header.session_id = l2tpha_session_id(call);
        check(l2tpha_header_encode(&header, frames->data[i], 12, &len), "header");
        frames->batch[i] = (struct l2tpha_datagram){
            .path = &path, .data = frames->data[i], .len = 64, .frame = &frames->frames[i]};
    }
}

/* In nanoseconds each, `together` of them in one call. */
static double frame_cost(struct frames *frames, struct bench *pair, size_t together)
{
    enum { BATCHES = 2000 };
    uint64_t before = l2tpha_counters(pair->lns)->data_in, spent = 0;

    for (int i = 0; i < BATCHES; i++) {
        write_frames(frames, pair);
        uint64_t start = clock_ns();
        for (size_t at = 0; at < FRAMES; at += together)
            sink += l2tpha_feed_batch(pair->lns, frames->batch + at, together, pair->now);
        spent += clock_ns() - start;
    }
    if (l2tpha_counters(pair->lns)->data_in - before != BATCHES * FRAMES)
        check(L2TPHA_ERR_STATE, "not all frames were taken");
    return (double)spent / (BATCHES * FRAMES);
}

static void bench_frames_of(uint32_t tunnels, uint32_t sessions)
{
    double alone = 1e30, together = 1e30;
    struct frames frames = {.calls = calloc((size_t)tunnels * sessions, sizeof(void *))};
    struct bench pair;
    uint32_t place = 0;

    check(frames.calls ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "calls");
    bench_open(&pair, false);
    bench_calls(&pair, tunnels, sessions, 16);
    while (frames.count < tunnels * sessions &&
           (frames.calls[frames.count] = l2tpha_session_walk(pair.lns, &place)))
        frames.count++;
    for (int round = 0; round < ROUNDS; round++) {
        double each = frame_cost(&frames, &pair, 1);
        alone = each < alone ? each : alone;
        each = frame_cost(&frames, &pair, FRAMES);
        together = each < together ? each : together;
    }
    printf("%u tunnels of %u sessions\n", tunnels, sessions);
    report("data frame of a random call, one by one", alone, "ns", "-", "-");
    report("... 64 in a call", together, "ns", "-", "-");
    bench_close(&pair);
    free(frames.calls);
}

static void bench_frames(void)
{
    bench_frames_of(64, 16);
    bench_frames_of(6250, 16);
    bench_frames_of(15625, 64);
}

static void bench_setups(void)
{
    bench_setup(false);
    bench_setup(true);
}

/* The LNS has failed, and recovers each tunnel on its own, the LAC being the remote endpoint: both
 * ends run on the one core. */
static void bench_recovery(void)
{
    enum { TUNNELS = 65000 };
    struct tunnel_entry *entry;
    struct bench pair;
    uint32_t place = 0;

    bench_open(&pair, true);
    bench_calls(&pair, TUNNELS, 1, 16);
    while ((entry = table_tunnel_next(pair.lns->engine.table, &place))) {
        entry->record.effective_method = L2TPHA_FAILOVER_PROTOCOL;
        ledger_mark_tunnel(pair.lns->engine.ledger, entry, DIRTY_FULL);
        engine_commit(&pair.lns->engine);
    }
    bench_settle(&pair);
    l2tpha_node_free(pair.lns);
    pair.lns = pair.standby;
    pair.standby = NULL;
    uint64_t start = clock_ns(), began = pair.now;
    check(l2tpha_takeover_as(pair.lns, 2, L2TPHA_TRUST_UNCERTAIN, pair.now), "takeover");
    for (int i = 0; i < 60000 && l2tpha_counters(pair.lns)->recoveries < TUNNELS; i++)
        bench_pass(&pair, 1100);
    report("recovery of 65,000 tunnels by RFC 4951", (double)(clock_ns() - start) / 1e9, "s", "10",
           "3");
    report("... in time of the hosts, no round trip", (double)(pair.now - began) / 1e6, "s", "10",
           "3");
    if (l2tpha_counters(pair.lns)->recoveries != TUNNELS ||
        table_session_count(pair.lns->engine.table) != TUNNELS)
        check(L2TPHA_ERR_STATE, "recovery lost something");
    bench_close(&pair);
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"floor", bench_floors},      {"record", bench_record},     {"setup", bench_setups},
    {"takeover", bench_takeover}, {"timers", bench_timers},     {"scale", bench_scale},
    {"query", bench_query},       {"recovery", bench_recovery}, {"frames", bench_frames},
};

/* All parts, or those named. */
int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bool wanted = argc == 1;
        for (int j = 1; j < argc; j++)
            wanted = wanted || strcmp(argv[j], parts[i].name) == 0;
        if (wanted)
            parts[i].run();
    }
    return 0;
}
