/* SPDX-License-Identifier: MIT */
/* simulate: run scenarios by seed. Each is a whole life of a pair of nodes and their peers, with
 * failovers at moments that the seed chooses, and is judged at its end. */
#ifdef SIM_CLUSTER
#include "authority/cluster.h"
#endif
#include "machine_set.h"
#include "sim/crowd.h"
#include "sim/duo.h"
#include "sim/roles.h"
#include "sim/sim.h"

#ifdef TESTS_CBOR
#include <l2tpha/cbor.h>
#endif
#ifdef TESTS_JSON
#include <l2tpha/json.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    uint64_t first;
    uint64_t seeds;
    bool verbose;
    bool faults;             /* of world failover: the standby's records differ */
    uint64_t tunnels, calls; /* of a crowd */
    enum { WORLD_FAILOVER, WORLD_RECOVERY, WORLD_ROLES, WORLD_CROWD, WORLD_CLUSTER, WORLDS } world;
};

static const char *const worlds[WORLDS] = {"failover", "recovery", "roles", "crowd", "cluster"};

static void usage(FILE *out)
{
    fprintf(
        out,
        "usage: simulate [--seeds N] [--first S] [--seed S] [--faults] [--verbose]\n"
        "                [--world failover|recovery|roles|crowd|cluster] [--tunnels N] [--calls "
        "N]\n"
        "                [--machines builtin|naive|naive-both|attached|attached-both]\n"
        "                [--serializer proto|cbor|json]\n"
        "  --seeds N    how many scenarios (default 1000)\n"
        "  --first S    the first one's seed (default 1)\n"
        "  --seed S     this one alone\n"
        "  --world W    failover: one end with a standby, recovered silently (default);\n"
        "               recovery: two ends with standbys, recovered by RFC 4951;\n"
        "               roles: two nodes, one of which serves, whatever happens;\n"
        "               crowd: takeovers and copies of very many tunnels;\n"
        "               cluster: two to four nodes with an authority, builtin machines alone\n"
        "  --machines M builtin (default); naive: those of tests/naive, near the standbys, or at\n"
        "               the first of two ends; naive-both: at both, in recovery and crowd;\n"
        "               attached, attached-both: those of a daemon on attached tunnels, as\n"
        "               tests/attached has it; attached-both not in crowd\n"
        "  --serializer S  how the nodes write checkpoints (default proto)\n"
        "  --tunnels N  of a crowd (default 2000)\n"
        "  --calls N    of each of its tunnels (default 1)\n"
        "  --faults     of failover: records of the standby differ silently, and are mended\n"
        "  --verbose    print every message and event\n"
        "Exit status 0: all went well; 1: failures, one line each; 2: bad options.\n");
}

static bool parse_world(struct options *options, const char *name)
{
    for (int i = 0; i < WORLDS; i++)
        if (strcmp(name, worlds[i]) == 0) {
            options->world = i;
            return true;
        }
    return false;
}

static bool parse_serializer(const char *name)
{
    if (strcmp(name, "proto") == 0)
        machines_use(l2tpha_serializer_proto());
#ifdef TESTS_CBOR
    else if (strcmp(name, "cbor") == 0)
        machines_use(l2tpha_serializer_cbor());
#endif
#ifdef TESTS_JSON
    else if (strcmp(name, "json") == 0)
        machines_use(l2tpha_serializer_json());
#endif
    else
        return false;
    return true;
}

static bool parse(struct options *options, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--verbose") == 0) {
            options->verbose = true;
            continue;
        }
        if (strcmp(argv[i], "--faults") == 0) {
            options->faults = true;
            continue;
        }
        if (i + 1 == argc)
            return false;
        if (strcmp(argv[i], "--machines") == 0) {
            if (!machines_choose(argv[++i]))
                return false;
            continue;
        }
        if (strcmp(argv[i], "--serializer") == 0) {
            if (!parse_serializer(argv[++i]))
                return false;
            continue;
        }
        if (strcmp(argv[i], "--world") == 0) {
            if (!parse_world(options, argv[++i]))
                return false;
            continue;
        }
        char *end;
        uint64_t value = strtoull(argv[i + 1], &end, 10);
        if (*end || end == argv[i + 1])
            return false;
        if (strcmp(argv[i], "--seeds") == 0) {
            options->seeds = value;
        } else if (strcmp(argv[i], "--tunnels") == 0) {
            options->tunnels = value;
        } else if (strcmp(argv[i], "--calls") == 0) {
            options->calls = value;
        } else if (strcmp(argv[i], "--first") == 0) {
            options->first = value;
        } else if (strcmp(argv[i], "--seed") == 0) {
            options->first = value;
            options->seeds = 1;
        } else {
            return false;
        }
        i++;
    }
    /* The crowd's LAC places calls on tunnels that are not up yet, which its daemon does not. */
    return options->world != WORLD_CROWD || !machines_are_attached(false);
}

struct sums {
    uint64_t failed;
    uint64_t failovers;
    uint64_t switchovers;
    uint64_t calls;
    uint64_t numbers;
    uint64_t datagrams;
    uint64_t faults, mended, refused, longest, shared;
};

#define SURE 1000 /* among so many scenarios some leave calls to one end only, */

/* ... and many increments have several transactions. */
static bool have_shared(uint64_t shared, uint64_t seeds)
{
    printf("%llu increments of several messages\n", (unsigned long long)shared);
    return shared > 0 || seeds < SURE;
}

static uint64_t count_calls(const struct sim *sim)
{
    uint64_t calls = 0;

    for (unsigned i = 0; i < sim->plan.peer_count; i++)
        for (uint32_t t = 0; t < sim->peers[i].tunnel_count; t++)
            calls += sim->peers[i].tunnels[t].session_count;
    return calls;
}

static void run(struct sim *sim, uint64_t seed, bool verbose, struct sums *sums)
{
    if (!sim_run_seed(sim, seed, verbose)) {
        printf("seed %llu failed: %s\n", (unsigned long long)seed, sim->world.why);
        sums->failed++;
    }
    sums->failovers += sim->end.takeovers - sim->end.switchovers;
    sums->switchovers += sim->end.switchovers;
    sums->calls += count_calls(sim);
    sums->numbers += sim->oracle.order_count + sim->oracle.news_count;
    sums->datagrams += sim->net.order;
    sums->shared += sim->end.shared;
    sums->faults += sim->faults.made;
    sums->mended += sim->faults.mended;
    sums->refused += sim->faults.refused;
    if (sim->faults.longest > sums->longest)
        sums->longest = sim->faults.longest;
}

static bool run_failovers(const struct options *options)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    struct sums sums = {0};

    if (!sim)
        return false;
    clock_t start = clock();
    for (uint64_t i = 0; i < options->seeds; i++) {
        sim->faults.wanted = options->faults;
        run(sim, options->first + i, options->verbose, &sums);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%llu calls, %llu numbered messages, %llu datagrams\n", (unsigned long long)sums.calls,
           (unsigned long long)sums.numbers, (unsigned long long)sums.datagrams);
    printf("%llu scenarios, %llu failovers, %llu switchovers, %llu failed, %.1f s\n",
           (unsigned long long)options->seeds, (unsigned long long)sums.failovers,
           (unsigned long long)sums.switchovers, (unsigned long long)sums.failed, seconds);
    if (options->faults)
        printf("%llu silent faults, %llu of them mended by themselves, after %llu ms at most, %llu "
               "ended with a new standby\n",
               (unsigned long long)sums.faults, (unsigned long long)sums.mended,
               (unsigned long long)(sums.longest / 1000), (unsigned long long)sums.refused);
    free(sim);
    return have_shared(sums.shared, options->seeds) && sums.failed == 0;
}

/* --- two ends --- */

struct duo_sums {
    uint64_t failed, deaths, attempts, recoveries, by_peer, queries, desynced, calls, datagrams,
        shared;
};

static void run_duo(struct duo *duo, uint64_t seed, bool verbose, struct duo_sums *sums)
{
    if (!duo_run_seed(duo, seed, verbose)) {
        printf("seed %llu failed: %s\n", (unsigned long long)seed, duo->world.why);
        sums->failed++;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct end *end = &duo->ends[i];
        sums->deaths += end->deaths;
        sums->attempts += end->attempts;
        sums->recoveries += end->recoveries;
        sums->by_peer += end->by_peer;
        sums->queries += end->queries;
        sums->desynced += end->desynced;
        sums->shared += end->shared;
    }
    sums->calls += duo->calls;
    sums->datagrams += duo->net.order;
}

static bool run_recoveries(const struct options *options)
{
    struct duo *duo = calloc(1, sizeof(*duo));
    struct duo_sums sums = {0};

    if (!duo)
        return false;
    clock_t start = clock();
    for (uint64_t i = 0; i < options->seeds; i++)
        run_duo(duo, options->first + i, options->verbose, &sums);
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%llu calls, %llu datagrams, %llu recoveries attempted, %llu done, %llu seen by peers\n",
           (unsigned long long)sums.calls, (unsigned long long)sums.datagrams,
           (unsigned long long)sums.attempts, (unsigned long long)sums.recoveries,
           (unsigned long long)sums.by_peer);
    printf("%llu calls asked about, %llu of them known to one end only and cleared\n",
           (unsigned long long)sums.queries, (unsigned long long)sums.desynced);
    printf("%llu scenarios, %llu deaths, %llu failed, %.1f s\n", (unsigned long long)options->seeds,
           (unsigned long long)sums.deaths, (unsigned long long)sums.failed, seconds);
    free(duo);
    if (options->seeds >= SURE && !sums.desynced)
        printf("no call was known to one end only\n");
    return have_shared(sums.shared, options->seeds) && sums.failed == 0 &&
           (options->seeds < SURE || sums.desynced);
}

/* --- who serves --- */

static void add_sums(struct roles_sums *sums, const struct roles_sums *one)
{
    for (int i = 0; i < 5; i++)
        sums->takeovers[i] += one->takeovers[i];
    sums->switchovers += one->switchovers;
    sums->not_come_off += one->not_come_off;
    sums->fenced += one->fenced;
    sums->stops += one->stops;
    sums->deaths += one->deaths;
    sums->splits += one->splits;
    sums->leaks += one->leaks;
    sums->claims += one->claims;
    if (one->longest_split > sums->longest_split)
        sums->longest_split = one->longest_split;
}

static bool run_roles(const struct options *options)
{
    struct roles *roles = calloc(1, sizeof(*roles));
    struct roles_sums sums = {0};
    uint64_t failed = 0, clean = 0;

    if (!roles)
        return false;
    clock_t start = clock();
    for (uint64_t i = 0; i < options->seeds; i++) {
        if (!roles_run_seed(roles, options->first + i, options->verbose)) {
            printf("seed %llu failed: %s\n", (unsigned long long)(options->first + i),
                   roles->world.why);
            failed++;
        }
        clean += roles->clean;
        add_sums(&sums, &roles->sums);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf(
        "%llu stops, %llu deaths, takeovers: %llu by what the node knew, %llu exact, %llu stale, "
        "%llu from nothing; %llu switchovers begun, %llu taken back; %llu fenced\n",
        (unsigned long long)sums.stops, (unsigned long long)sums.deaths,
        (unsigned long long)sums.takeovers[0], (unsigned long long)sums.takeovers[1],
        (unsigned long long)sums.takeovers[3], (unsigned long long)sums.takeovers[4],
        (unsigned long long)sums.switchovers, (unsigned long long)sums.not_come_off,
        (unsigned long long)sums.fenced);
    printf("%llu claims held; after cuts two served %llu times, in hearing for %llu ms at most, "
           "%llu datagrams\n",
           (unsigned long long)sums.claims, (unsigned long long)sums.splits,
           (unsigned long long)(sums.longest_split / 1000), (unsigned long long)sums.leaks);
    printf("%llu scenarios, %llu lost nothing, %llu failed, %.1f s\n",
           (unsigned long long)options->seeds, (unsigned long long)clean,
           (unsigned long long)failed, seconds);
    free(roles);
    return failed == 0;
}

/* --- very many tunnels --- */

static bool run_crowds(const struct options *options)
{
    static const char *const kinds[CROWD_KINDS] = {"in sync", "in a copy", "and in its takeover"};
    struct crowd crowd;
    uint64_t failed = 0;

    clock_t start = clock();
    for (uint64_t i = 0; i < options->seeds; i++) {
        bool well = crowd_run_seed(&crowd, options->first + i, (uint32_t)options->tunnels,
                                   (uint32_t)options->calls, options->verbose);
        printf(
            "seed %llu %s: died %s, round trip %llu ms, %u of 1000 lost: %u calls opened, %u "
            "ended, %u lost; %u peers asked at once; all confirmed after %llu ms; %zu KiB of the "
            "copy under way\n",
            (unsigned long long)(options->first + i), well ? "well" : "failed", kinds[crowd.kind],
            (unsigned long long)(2 * crowd.delay / MS), crowd.loss, crowd.opened, crowd.closed,
            crowd.lost, crowd.out_most, (unsigned long long)(crowd.confirmed_us / MS),
            crowd.most_unconfirmed / 1024);
        if (!well)
            printf("seed %llu failed: %s\n", (unsigned long long)(options->first + i),
                   crowd.world.why);
        failed += !well;
    }
    printf("%llu scenarios, %llu failed, %.1f s\n", (unsigned long long)options->seeds,
           (unsigned long long)failed, (double)(clock() - start) / CLOCKS_PER_SEC);
    return failed == 0;
}

/* --- an authority --- */

#ifdef SIM_CLUSTER
static void add_cluster(struct cluster_sums *sums, const struct cluster_sums *one)
{
    for (int i = 0; i < 5; i++)
        sums->takeovers[i] += one->takeovers[i];
    sums->deaths += one->deaths;
    sums->stops += one->stops;
    sums->ended += one->ended;
    sums->back += one->back;
    sums->over += one->over;
    sums->given += one->given;
    sums->switchovers += one->switchovers;
    sums->changes += one->changes;
    sums->unknown += one->unknown;
    sums->datagrams += one->datagrams;
    sums->voids += one->voids;
    sums->from_void += one->from_void;
    if (one->longest_none > sums->longest_none)
        sums->longest_none = one->longest_none;
}

static void print_cluster(const struct cluster_sums *sums)
{
    printf("%llu stops, %llu deaths, takeovers: %llu exact, %llu stale, %llu from nothing; leases: "
           "%llu ended, %llu ran again, %llu given back; %llu fenced; %llu switchovers begun\n",
           (unsigned long long)sums->stops, (unsigned long long)sums->deaths,
           (unsigned long long)sums->takeovers[1], (unsigned long long)sums->takeovers[3],
           (unsigned long long)sums->takeovers[4], (unsigned long long)sums->ended,
           (unsigned long long)sums->back, (unsigned long long)sums->given,
           (unsigned long long)sums->over, (unsigned long long)sums->switchovers);
    printf("%llu changes of claims, %llu of them to nobody, after %llu of which another served; "
           "%llu requests given up and carried out, %llu datagrams; in peace nobody served who "
           "might for %llu ms at most\n",
           (unsigned long long)sums->changes, (unsigned long long)sums->voids,
           (unsigned long long)sums->from_void, (unsigned long long)sums->unknown,
           (unsigned long long)sums->datagrams, (unsigned long long)(sums->longest_none / 1000));
}

static bool run_clusters(const struct options *options)
{
    struct cluster *cluster = calloc(1, sizeof(*cluster));
    struct cluster_sums sums = {0};
    uint64_t failed = 0, clean = 0;

    if (!cluster)
        return false;
    clock_t start = clock();
    for (uint64_t i = 0; i < options->seeds; i++) {
        if (!cluster_run_seed(cluster, options->first + i, options->verbose)) {
            printf("seed %llu failed: %s\n", (unsigned long long)(options->first + i),
                   cluster->world.why);
            failed++;
        }
        clean += cluster->clean;
        add_cluster(&sums, &cluster->sums);
    }
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    print_cluster(&sums);
    printf("%llu scenarios, %llu lost nothing, %llu failed, %.1f s\n",
           (unsigned long long)options->seeds, (unsigned long long)clean,
           (unsigned long long)failed, seconds);
    free(cluster);
    return failed == 0;
}
#else
static bool run_clusters(const struct options *options)
{
    (void)options;
    fprintf(stderr, "simulate: built without L2TPHA_AUTHORITY\n");
    return false;
}
#endif

int main(int argc, char **argv)
{
    struct options options = {.first = 1, .seeds = 1000, .tunnels = 2000, .calls = 1};

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return 0;
    }
    if (!parse(&options, argc, argv)) {
        usage(stderr);
        return 2;
    }
    bool well = options.world == WORLD_ROLES      ? run_roles(&options)
                : options.world == WORLD_RECOVERY ? run_recoveries(&options)
                : options.world == WORLD_CROWD    ? run_crowds(&options)
                : options.world == WORLD_CLUSTER  ? run_clusters(&options)
                                                  : run_failovers(&options);
    return well ? 0 : 1;
}
