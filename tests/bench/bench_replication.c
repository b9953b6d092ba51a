/* SPDX-License-Identifier: MIT */
/* What replication costs: an active in one process and its standbys in others, by libl2tpha-pair's
 * streams. `bench_replication [short] [rate] [lag] [gate] [standbys] [copy]`. Beside each figure
 * stands its floor, measured in turn: as many bytes on such a stream to a process that only counts
 * them. Rates are of the clock, so of a machine without other work; what each process takes of the
 * processor tells more where there is any. Without an optimised build that is not sanitized it runs
 * and reports nothing. */
#include "bench/bare.h"

#include <l2tpha/checkpoint.h>
#include <l2tpha/session.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__OPTIMIZE__) && !defined(BENCH_SANITIZED)
#define IS_MEASURED true
#else
#define IS_MEASURED false
#endif

#define STATE 16 /* bytes of an update: what a host has of a session */
#define FRAME 13 /* of the link, around a checkpoint */

static struct {
    uint32_t tunnels, calls, updates, rounds, placed;
} size = {6250, 16, 400000, 3, 4000};

const struct l2tpha_crypto *way_crypto(void)
{
    return BENCH_CRYPTO();
}

/* --- the load --- */

struct box {
    struct nodes nodes;
    struct l2tpha_session **sessions; /* of the active */
    uint32_t session_count;
    uint64_t *number; /* that an update waits for */
    uint64_t seed;
};

static uint32_t draw(struct box *box, uint32_t below)
{
    box->seed = box->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((box->seed >> 33) % below);
}

static void open_box(struct box *box, enum way way, unsigned standbys, uint32_t delay_us)
{
    uint32_t place = 0, most = size.tunnels * size.calls;

    *box = (struct box){
        .nodes = {.way = way, .standbys = standbys, .delay_us = delay_us},
        .sessions = calloc(most, sizeof(struct l2tpha_session *)),
        .number = calloc(size.updates, sizeof(uint64_t)),
        .seed = 7,
    };
    check(box->sessions && box->number ? L2TPHA_OK : L2TPHA_ERR_NOMEM, "box");
    nodes_open(&box->nodes, size.tunnels, size.calls);
    while (box->session_count < most &&
           (box->sessions[box->session_count] = l2tpha_session_walk(box->nodes.pair.lns, &place)))
        box->session_count++;
    check(box->session_count < most ? L2TPHA_ERR_STATE : L2TPHA_OK, "calls");
}

static void close_box(struct box *box)
{
    nodes_close(&box->nodes);
    free(box->sessions);
    free(box->number);
}

static void update(struct box *box, uint32_t which)
{
    struct l2tpha_node *node = box->nodes.pair.lns;
    uint8_t state[STATE] = {0};

    memcpy(state, &which, sizeof(which));
    check(l2tpha_session_set_app_state(box->sessions[draw(box, box->session_count)], state, STATE,
                                       box->nodes.pair.now),
          "update");
    box->number[which] = l2tpha_checkpoint_last(node);
}

/* As a host does: some of what there is, then what has to leave. */
static struct figures replicate(struct box *box, const struct load *load)
{
    struct nodes *nodes = &box->nodes;
    uint64_t here = clock_ns(), there = process_ns(&nodes->standby[0]);
    struct timing timing;

    timing_begin(&timing, load);
    while (timing.done < load->count) {
        for (uint32_t more = timing_room(&timing, load); more > 0; more--) {
            update(box, timing.made);
            timing_say(&timing);
        }
        nodes_turn(nodes, timing.made - timing.done == load->window);
        uint64_t confirmed = nodes_info(nodes).confirmed;
        while (timing.done < timing.made && box->number[timing.done] <= confirmed)
            timing_done(&timing);
    }
    here = clock_ns() - here;
    there = process_ns(&nodes->standby[0]) - there;
    struct figures figures = timing_end(&timing);
    if (load->rate) /* it has looked at the clock all the time */
        return figures;
    figures.here_ns = (double)here / load->count;
    figures.there_ns = (double)there / load->count;
    return figures;
}

/* --- reports --- */

static void tell(const char *what, const struct figures *figures)
{
    if (!IS_MEASURED)
        return;
    printf("%-44s %9.0f/s  median %7.0f us, p99 %7.0f us", what, figures->rate, figures->median_us,
           figures->p99_us);
    if (figures->here_ns > 0)
        printf(", processor %5.0f + %5.0f ns", figures->here_ns, figures->there_ns);
    printf("\n");
}

static void tell_value(const char *what, double value, const char *unit)
{
    if (IS_MEASURED)
        printf("%-44s %9.2f %s\n", what, value, unit);
}

/* The one with most updates in a second, of several. */
static void keep_better(struct figures *best, const struct figures *figures)
{
    if (figures->rate > best->rate)
        *best = *figures;
}

/* What a run of updates makes: checkpoints, and bytes of them. */
static uint32_t tell_checkpoints(const struct box *box, const struct l2tpha_counters *before,
                                 uint32_t updates)
{
    const struct l2tpha_counters *now = l2tpha_counters(box->nodes.pair.lns);
    double made = (double)(now->checkpoints - before->checkpoints);
    double bytes = (double)(now->checkpoint_bytes - before->checkpoint_bytes);

    tell_value("... updates in a checkpoint", updates / made, "");
    tell_value("... bytes of checkpoints, each update", bytes / updates, "");
    return (uint32_t)((bytes + made * FRAME) / updates);
}

/* --- parts --- */

static void beside(struct box *box, const struct load *load, const char *what)
{
    struct l2tpha_counters before = *l2tpha_counters(box->nodes.pair.lns);
    struct figures best = {0}, floor = {0}, each;
    uint32_t bytes = STATE + FRAME;
    char line[80];

    for (uint32_t round = 0; round < size.rounds; round++) {
        each = replicate(box, load);
        keep_better(&best, &each);
        if (round == 0) {
            const struct l2tpha_counters *now = l2tpha_counters(box->nodes.pair.lns);
            bytes =
                (uint32_t)((now->checkpoint_bytes - before.checkpoint_bytes) / load->count) + FRAME;
        }
        each = bare_run(&box->nodes, box->nodes.way, bytes, load);
        keep_better(&floor, &each);
    }
    snprintf(line, sizeof(line), "%s, %s", what, way_name(box->nodes.way));
    tell(line, &best);
    snprintf(line, sizeof(line), "... bare, %u bytes", bytes);
    tell(line, &floor);
    (void)tell_checkpoints(box, &before, load->count * size.rounds);
}

static void on_each_way(const char *what, const struct load *load)
{
    for (enum way way = WAY_UNIX; way < WAYS; way++) {
        struct box box;
        open_box(&box, way, 1, 0);
        nodes_join(&box.nodes, 0);
        beside(&box, load, what);
        close_box(&box);
    }
}

static void bench_rate(void)
{
    const struct load load = {.count = size.updates, .window = 100, .together = 16};
    const struct load wide = {.count = size.updates, .window = 1000, .together = 64};

    on_each_way("updates, 100 not confirmed", &load);
    on_each_way("updates, 1,000 not confirmed", &wide);
}

static void bench_lag(void)
{
    const struct load load = {
        .count = size.updates / 4, .window = 100000, .together = 64, .rate = 100000};

    on_each_way("updates, 100,000 in a second", &load);
}

/* A call's request comes, and the answer that waits for the standby leaves. */
static void bench_gate_of(enum way way, bool gated)
{
    const struct load load = {.count = size.placed, .window = 1, .together = 1};
    const struct l2tpha_session_options call = {
        .size = sizeof(call), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session;
    struct timing timing;
    struct box box;
    char line[80];

    open_box(&box, way, 1, 0);
    struct nodes *nodes = &box.nodes;
    struct bench *pair = &nodes->pair;
    if (gated)
        nodes_join(nodes, 0);
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(pair->lac, NULL);
    timing_begin(&timing, &load);
    while (timing.done < load.count) {
        uint64_t datagrams = nodes->datagrams;
        check(l2tpha_session_open(tunnel, &call, pair->now, &session), "call");
        timing_say(&timing);
        for (bench_speak(pair, pair->now); nodes->datagrams == datagrams;)
            nodes_turn(nodes, false);
        timing_done(&timing);
        bench_speak(pair, pair->now); /* ICCN */
        check(l2tpha_session_close(session, &why, pair->now), "close");
        bench_speak(pair, pair->now);
        for (uint64_t until = wall_ns() + 200000; wall_ns() < until;)
            nodes_turn(nodes, false);
        tunnel = l2tpha_tunnel_next(pair->lac, tunnel);
        tunnel = tunnel ? tunnel : l2tpha_tunnel_next(pair->lac, NULL);
    }
    struct figures figures = timing_end(&timing);
    snprintf(line, sizeof(line), "ICRQ to ICRP, %s", gated ? way_name(way) : "without a standby");
    if (IS_MEASURED)
        printf("%-44s median %7.1f us, p99 %7.1f us\n", line, figures.median_us, figures.p99_us);
    close_box(&box);
}

static void bench_gate(void)
{
    const struct load load = {.count = size.placed, .window = 1, .together = 1};

    bench_gate_of(WAY_UNIX, false);
    for (enum way way = WAY_UNIX; way < WAYS; way++) {
        struct figures bare = bare_run(NULL, way, 128, &load);
        bench_gate_of(way, true);
        if (IS_MEASURED)
            printf("%-44s median %7.1f us, p99 %7.1f us\n", "... a bare round trip", bare.median_us,
                   bare.p99_us);
    }
}

/* What another standby costs the active. */
static void bench_standbys(void)
{
    static const struct load narrow = {.window = 100, .together = 16};
    static const struct load wide = {.window = 1000, .together = 64};
    const struct load *loads[] = {&narrow, &wide};
    double first[] = {0, 0};
    struct box box;
    char line[80];

    open_box(&box, WAY_SEALED, NODES_STANDBYS, 0);
    for (unsigned i = 0; i < 2 * NODES_STANDBYS; i++) {
        struct load load = *loads[i % 2];
        struct figures best = {.here_ns = 1e30}, each;
        if (i % 2 == 0)
            nodes_join(&box.nodes, i / 2);
        load.count = size.updates;
        for (uint32_t round = 0; round < size.rounds; round++) {
            each = replicate(&box, &load);
            if (each.here_ns < best.here_ns)
                best = each;
        }
        snprintf(line, sizeof(line), "updates, %u not confirmed, %u standbys", load.window,
                 i / 2 + 1);
        tell(line, &best);
        if (first[i % 2] > 0)
            tell_value("... of the active's processor, each further one",
                       100 * (best.here_ns / first[i % 2] - 1) / (i / 2), "%, must 15");
        else
            first[i % 2] = best.here_ns;
    }
    close_box(&box);
}

static void bench_copy(void)
{
    static const uint32_t trips_ms[] = {0, 1, 10};
    struct box box;
    char line[80];

    size.tunnels *= 10;
    for (size_t i = 0; i < sizeof(trips_ms) / sizeof(trips_ms[0]); i++) {
        open_box(&box, WAY_SEALED, 1, trips_ms[i] * 500);
        uint64_t began = wall_ns(), here = clock_ns();
        nodes_join(&box.nodes, 0);
        snprintf(line, sizeof(line), "copy of %u sessions, round trip %u ms", box.session_count,
                 trips_ms[i]);
        tell_value(line, (double)(wall_ns() - began) / 1e6, "ms");
        tell_value("... processor, active", (double)(clock_ns() - here) / 1e6, "ms");
        tell_value("... processor, standby", (double)process_ns(&box.nodes.standby[0]) / 1e6, "ms");
        close_box(&box);
    }
    size.tunnels /= 10;
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    {"rate", bench_rate},         {"lag", bench_lag},   {"gate", bench_gate},
    {"standbys", bench_standbys}, {"copy", bench_copy},
};

/* All parts, or those named. */
int main(int argc, char **argv)
{
    int first = argc > 1 && strcmp(argv[1], "short") == 0 ? 2 : 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (first == 2) {
        size.tunnels = 50;
        size.updates = 2000;
        size.rounds = 1;
        size.placed = 20;
    }
    if (!IS_MEASURED)
        printf("sanitized, or not optimised: nothing is reported\n");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        bool wanted = argc == first;
        for (int j = first; j < argc; j++)
            wanted = wanted || strcmp(argv[j], parts[i].name) == 0;
        if (wanted)
            parts[i].run();
    }
    return 0;
}
