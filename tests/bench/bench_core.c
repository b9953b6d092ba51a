/* SPDX-License-Identifier: MIT */
/* The figures of the library on this machine, beside those to reach. Each runs several times and
 * the best is printed; a floor measured in the same run (copying, hashing one message) says how
 * fast the machine is just now. Times are of the processor, not of the clock, so that other
 * programs disturb little. Build without sanitizers. */
#include "base/timing.h"
#include "bench/pair.h"
#include "control/transaction.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

static void report(const char *what, double value, const char *unit, const char *must,
                   const char *goal)
{
    printf("%-52s %12.1f %-8s must %-8s goal %s\n", what, value, unit, must, goal);
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

static void bench_record(void)
{
    enum { COUNT = 200000 };
    const struct l2tpha_serializer *proto = l2tpha_serializer_proto();
    struct l2tpha_record record = {.kind = L2TPHA_RECORD_SESSION};
    struct l2tpha_record back;
    uint8_t buffer[256], *start = NULL;
    double encode = 1e30, decode = 1e30;

    record.of.session = (struct l2tpha_session_record){.size = sizeof(record.of.session),
                                                       .tunnel_id = 4711,
                                                       .local_id = 33333,
                                                       .remote_id = 44444,
                                                       .state = L2TPHA_SESSION_ESTABLISHED,
                                                       .side = L2TPHA_LNS,
                                                       .call = L2TPHA_CALL_INCOMING,
                                                       .serial = 123456,
                                                       .framing = 1,
                                                       .bearer = 1,
                                                       .tx_speed = 100000000,
                                                       .rx_speed = 100000000};
    for (int round = 0; round < 5 * ROUNDS; round++) {
        uint64_t from = clock_ns();
        for (uint32_t i = 0; i < COUNT; i++) {
            record.of.session.local_id = 1 + (i & 0x7fff);
            start = buffer + sizeof(buffer);
            check(proto->put_record(&record, &start, sizeof(buffer)), "encode");
            sink += start[0];
        }
        uint64_t middle = clock_ns();
        for (uint32_t i = 0; i < COUNT; i++) {
            struct l2tpha_bytes records = {start, (size_t)(buffer + sizeof(buffer) - start)};
            check(proto->get_record(&records, &back), "decode");
            sink += back.of.session.local_id;
        }
        double one = (double)(middle - from) / COUNT, two = (double)(clock_ns() - middle) / COUNT;
        encode = one < encode ? one : encode;
        decode = two < decode ? two : decode;
    }
    report("encode a session record", encode, "ns", "60", "20");
    report("decode a session record", decode, "ns", "120", "50");
    report("session record, encoded", (double)(buffer + sizeof(buffer) - start), "bytes", "48",
           "36");
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

/* Messages of calls that come and go, one tunnel after the other. */
static double message_cost(struct bench *pair)
{
    struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    uint64_t before = l2tpha_counters(pair->lns)->messages_in;
    struct l2tpha_tunnel *tunnel = NULL;
    struct l2tpha_session *session;
    uint64_t start = clock_ns();

    for (int i = 0; i < 5000; i++) {
        tunnel = l2tpha_tunnel_next(pair->lac, tunnel);
        if (!tunnel)
            tunnel = l2tpha_tunnel_next(pair->lac, NULL);
        check(l2tpha_session_open(tunnel, &call, pair->now, &session), "session");
        bench_settle(pair);
        check(l2tpha_session_close(session, &why, pair->now), "close");
        bench_settle(pair);
    }
    double messages = (double)(l2tpha_counters(pair->lns)->messages_in - before);
    double each = (double)(clock_ns() - start) / messages;
    bench_pass(pair, 1000000);
    return each;
}

/* By turns, so that both see the same machine. */
static void bench_scale(void)
{
    double small = 1e30, large = 1e30;
    struct bench few, many;

    bench_open(&few, false);
    bench_calls(&few, 64, 16, 16);
    bench_open(&many, false);
    bench_calls(&many, 15625, 64, 16);
    for (int round = 0; round < 3 * ROUNDS; round++) {
        double each = message_cost(&few);
        small = each < small ? each : small;
        each = message_cost(&many);
        large = each < large ? each : large;
    }
    bench_close(&few);
    bench_close(&many);
    report("cost of a control message at 1 k sessions", small, "ns", "-", "-");
    report("cost of a control message at 1 M sessions", large, "ns", "-", "-");
    report("the second against the first", large / small, "x", "1.5", "1.1");
    report("control messages through a node", 1e9 / small, "1/s", "-", "-");
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
        engine_seal(&pair.lns->engine);
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
    {"floor", bench_floor},       {"record", bench_record},     {"setup", bench_setups},
    {"takeover", bench_takeover}, {"timers", bench_timers},     {"scale", bench_scale},
    {"query", bench_query},       {"recovery", bench_recovery},
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
