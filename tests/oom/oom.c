/* SPDX-License-Identifier: MIT */
/* Every allocation of every scenario fails, alone and with all that follow it. Nothing may crash,
 * contradict itself or leak; what did not come to pass must have been told; and with memory back
 * all goes on. `oom [SCENARIO [N]]` runs one, or one failure of it. */
#include "oom/alloc.h"
#include "oom/scenario.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_MAX 400          /* of one scenario in one mode; above it some failures are left out */
#define LONG (400 * SECOND)   /* longer than any limit on something half open */
#define PARTING (90 * SECOND) /* longer than a closed tunnel lingers */

static const char *const mode_names[] = {[ALLOC_ONCE] = "once", [ALLOC_STICKY] = "from then on"};

static struct {
    const struct scenario *scenario;
    enum alloc_mode mode;
    uint64_t n;
    uint64_t random;
} current;

void fail(const char *file, int line, const char *format, ...)
{
    va_list args;

    alloc_disarm();
    fprintf(stderr, "%s, allocation %" PRIu64 " failed %s: ", current.scenario->name, current.n,
            mode_names[current.mode]);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, " (%s:%d)\n", file, line);
    exit(EXIT_FAILURE);
}

/* An assertion of the library has said what does not hold. */
static void aborted(int signal)
{
    (void)signal;
    fprintf(stderr, "%s, allocation %" PRIu64 " failed %s\n", current.scenario->name, current.n,
            mode_names[current.mode]);
    _Exit(EXIT_FAILURE);
}

/* What an undisturbed run comes to, and how many allocations it takes. */
struct measure {
    uint64_t allocations;
    uint32_t up;
    uint64_t told; /* failures that are none of memory's: calls that a recovery costs */
};

static void audit(const struct world *world)
{
    audit_node(world->lac);
    audit_node(world->lns);
    if (world->standby)
        audit_node(world->standby);
    if (world->double_lac)
        audit_node(world->double_lac);
    for (const struct l2tpha_node *const *node =
             (const struct l2tpha_node *const[]){world->lac, world->lns, NULL};
         *node; node++) {
        bool empty = audit_held(*node) == 0;
        EXPECT(empty || l2tpha_checkpoint_digest(*node) != 0, "no digest");
    }
}

/* Memory is back: a standby is filled anew, and is as good as any. */
static void judge_standby(struct world *world)
{
    if (world_role(world->lns) != L2TPHA_ROLE_ACTIVE || (world->linked && !world->up)) {
        EXPECT(world->named > 0, "the standby was lost without a word");
        world_connect(world);
    }
    world_pass(world, 5 * SECOND);
    EXPECT(world_role(world->lns) == L2TPHA_ROLE_ACTIVE, "%s with memory back",
           l2tpha_role_name(world_role(world->lns)));
    EXPECT(world_role(world->standby) == L2TPHA_ROLE_STANDBY_HOT, "%s with memory back",
           l2tpha_role_name(world_role(world->standby)));
    EXPECT(l2tpha_checkpoint_digest(world->lns) == l2tpha_checkpoint_digest(world->standby),
           "active and standby differ");
}

static void judge(struct world *world, struct measure *undisturbed)
{
    uint32_t up = audit_held(world->lac);

    audit_nothing_waits(world->lac);
    audit_nothing_waits(world->lns);
    audit_agreement(world->lac, world->lns);
    audit_agreement(world->lns, world->lac);
    attached_audit(world->lns);
    uint64_t told = world->named + world_counted(world->lac) + world_counted(world->lns);
    if (current.n == ALLOC_ALL) {
        undisturbed->up = up;
        undisturbed->told = told;
    }
    EXPECT(current.n == ALLOC_ALL ? told == 0 || current.scenario->costs_calls
                                  : up == undisturbed->up || told > undisturbed->told,
           "%u are up, %u should be, and %" PRIu64 " failures were told", up, undisturbed->up,
           told);
    if (current.scenario->standby)
        judge_standby(world);
}

/* All tunnels end, and then nothing is left. */
static void wind_down(struct world *world)
{
    struct l2tpha_tunnel *tunnel = NULL;

    while ((tunnel = l2tpha_tunnel_next(world->lac, tunnel)))
        world_note(world, l2tpha_tunnel_close(tunnel, 6, 0, NULL, world->now));
    world_pass(world, PARTING);
    EXPECT(audit_held(world->lac) == 0 && audit_held(world->lns) == 0, "tunnels stay for ever");
    audit(world);
}

/* Returns whether an allocation failed. */
static bool run_once(uint64_t n, enum alloc_mode mode, struct measure *undisturbed)
{
    const struct scenario *scenario = current.scenario;
    struct world world = {.secret = scenario->secret,
                          .attached = scenario->attached,
                          .linked = scenario->linked,
                          .reorder = scenario->reorder,
                          .large = scenario->large,
                          .trust = scenario->trust,
                          .commit = scenario->commit};
    uint64_t before = alloc_live();

    current.mode = mode;
    current.n = n;
    world_open(&world);
    if (scenario->prepare)
        scenario->prepare(&world);
    EXPECT(world.named == 0, "it fails before memory is out");
    world.dry = scenario->dry;
    alloc_arm(n, mode);
    scenario->run(&world);
    bool failed = alloc_disarm();
    dry_end(&world);
    if (!failed)
        undisturbed->allocations = alloc_count();
    audit(&world);
    world_pass(&world, LONG);
    audit(&world);
    judge(&world, undisturbed);
    wind_down(&world);
    world_close(&world);
    EXPECT(alloc_live() == before, "%" PRIu64 " blocks before, %" PRIu64 " afterwards", before,
           alloc_live());
    return failed;
}

/* The step to the next failure: 1, or around so many more that RUNS_MAX are enough. */
static uint64_t step(uint64_t allocations)
{
    uint64_t mean = allocations / RUNS_MAX + 1;

    current.random = current.random * 6364136223846793005u + 1442695040888963407u;
    return mean == 1 ? 1 : 1 + (current.random >> 33) % (2 * mean - 1);
}

static void sweep(enum alloc_mode mode, struct measure *undisturbed)
{
    unsigned runs = 1;

    for (uint64_t n = 0; run_once(n, mode, undisturbed); n += step(undisturbed->allocations))
        runs++;
    printf("%-26s %-12s %5u of %5" PRIu64 " allocations\n", current.scenario->name,
           mode_names[mode], runs - 1, undisturbed->allocations);
}

static void run_scenario(const struct scenario *scenario, const char *n)
{
    struct measure undisturbed = {0};

    current.scenario = scenario;
    current.random = 42;
    run_once(ALLOC_ALL, ALLOC_ONCE, &undisturbed);
    for (unsigned mode = ALLOC_ONCE; mode <= ALLOC_STICKY; mode++) {
        if (n)
            run_once(strtoull(n, NULL, 10), (enum alloc_mode)mode, &undisturbed);
        else
            sweep((enum alloc_mode)mode, &undisturbed);
    }
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGABRT, aborted);
    for (size_t i = 0; i < scenario_count; i++)
        if (argc < 2 || strcmp(argv[1], scenarios[i].name) == 0)
            run_scenario(&scenarios[i], argc > 2 ? argv[2] : NULL);
    return EXIT_SUCCESS;
}
