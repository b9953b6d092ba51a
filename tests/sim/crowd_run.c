/* SPDX-License-Identifier: MIT */
#include "sim/crowd.h"

#include "info.h"
#include "node/node.h"

#include <l2tpha/failover.h>

#define WINDOW (4u << 20)      /* bytes of a copy that may be ahead of their confirmation */
#define SLACK (256u << 10)     /* ... and the last part, and what is told meanwhile */
#define BUDGET (31 * SECOND)   /* in which a peer repeats what is not answered */
#define RECOVERY (60 * SECOND) /* Recovery Time, RFC 4951 5.1 */
#define MOST_WITHIN                                                                                \
    (5 * SECOND)   /* all peers but those whose HELLO, or its answer, was lost twice */
#define PAUSE_MS 8 /* one batch goes so often, whoever has answered */
#define WINDOW_BATCHES 8

static bool runs(const struct crowd *crowd)
{
    return !crowd->world.failed;
}

static void pass(struct crowd *crowd, uint64_t us)
{
    for (uint64_t end = crowd->world.now + us; crowd->world.now < end && runs(crowd);)
        crowd_tick(crowd);
}

/* --- the copy --- */

static void begin_copy(struct crowd *crowd)
{
    crowd->most_unconfirmed = 0;
    check(l2tpha_checkpoint_bulk(crowd->pair.lns, crowd->world.now), "bulk");
}

/* A session's record has some forty bytes; the window goes once in a round trip. */
static void copy(struct crowd *crowd)
{
    uint64_t bytes = (uint64_t)crowd->tunnels * (crowd->calls * 60 + 200);
    uint64_t trips = bytes / WINDOW + 4, began = crowd->world.now;

    begin_copy(crowd);
    while (runs(crowd) && info_of(crowd->pair.lns).role == L2TPHA_ROLE_ACTIVE_BULK) {
        crowd_tick(crowd);
        if (crowd->world.now - began > trips * (2 * crowd->delay + 4 * MS))
            world_fail(&crowd->world, "the copy has taken %llu ms",
                       (unsigned long long)((crowd->world.now - began) / MS));
    }
    if (runs(crowd) && info_of(crowd->pair.lns).role != L2TPHA_ROLE_ACTIVE)
        world_fail(&crowd->world, "the standby was given up");
    if (crowd->most_unconfirmed > WINDOW + SLACK)
        world_fail(&crowd->world, "%zu bytes of the copy were under way", crowd->most_unconfirmed);
}

/* The same standby is filled anew, and that comes to nothing. */
static void copy_in_vain(struct crowd *crowd)
{
    uint64_t ms = world_between(&crowd->world, 1, 2 * crowd->delay / MS + 20);

    begin_copy(crowd);
    while (ms-- > 0 && runs(crowd) && info_of(crowd->pair.lns).role == L2TPHA_ROLE_ACTIVE_BULK)
        crowd_tick(crowd);
    if (crowd->most_unconfirmed > WINDOW + SLACK)
        world_fail(&crowd->world, "%zu bytes of the copy were under way", crowd->most_unconfirmed);
}

/* --- the takeover --- */

static uint32_t count_half_up(const struct crowd *crowd)
{
    const struct session_entry *entry;
    uint32_t place = 0, count = 0;

    while ((entry = table_session_next(crowd->pair.lac->engine.table, &place)))
        count += entry->state != L2TPHA_SESSION_ESTABLISHED;
    return count;
}

static void die(struct crowd *crowd)
{
    crowd->half_up = count_half_up(crowd);
    crowd->opened_before = crowd->opened;
    crowd->closed_before = crowd->closed;
    crowd_kill(crowd);
    pass(crowd, world_below(&crowd->world, 200 * MS));
}

static void serve(struct crowd *crowd, struct l2tpha_node **standby, uint64_t epoch,
                  enum l2tpha_trust trust)
{
    struct l2tpha_node *node = *standby;
    int error = l2tpha_takeover_as(node, epoch, trust, crowd->world.now);

    if (error)
        world_fail(&crowd->world, "takeover refused: %s", l2tpha_strerror(error));
    *standby = NULL;
    crowd->pair.lns = node;
    crowd->down = error != L2TPHA_OK;
    if (!error)
        machines_restore(node, crowd->world.now);
}

/* So many peers may have been asked and not answered: the window, what goes each few milliseconds
 * beside it in a round trip, those who did not hear, and those who have spoken first. */
static uint32_t allowed_out(const struct crowd *crowd)
{
    const struct l2tpha_config *config = l2tpha_node_config(crowd->pair.lns);
    uint32_t trip_ms = (uint32_t)(2 * crowd->delay / MS);
    uint32_t spoke = crowd->opened - crowd->opened_before + crowd->closed - crowd->closed_before;

    return (WINDOW_BATCHES + trip_ms / PAUSE_MS + 2) * config->takeover_batch +
           crowd->tunnels * 3 * crowd->loss / 1000 + spoke + 32;
}

static void watch(struct crowd *crowd)
{
    const struct engine *engine = &crowd->pair.lns->engine;

    if (engine->unconfirmed > crowd->out_most)
        crowd->out_most = engine->unconfirmed;
    if (engine->unconfirmed > allowed_out(crowd))
        world_fail(&crowd->world, "%u peers are asked at once, %u may be", engine->unconfirmed,
                   allowed_out(crowd));
}

static uint32_t waiting(const struct crowd *crowd)
{
    const struct engine *engine = &crowd->pair.lns->engine;

    return engine->unrestored + engine->unconfirmed;
}

/* From a record in step: silently, paced. */
static void confirm_silently(struct crowd *crowd)
{
    uint64_t began = crowd->world.now;

    for (; runs(crowd) && waiting(crowd) > 0; crowd->confirmed_us = crowd->world.now - began) {
        crowd_tick(crowd);
        watch(crowd);
        if (crowd->world.now - began == MOST_WITHIN && waiting(crowd) > crowd->tunnels / 100 + 2)
            world_fail(&crowd->world, "%u tunnels are not confirmed yet", waiting(crowd));
        if (crowd->world.now - began > BUDGET)
            world_fail(&crowd->world, "%u tunnels stay unconfirmed", waiting(crowd));
    }
}

/* From one that is behind: by RFC 4951, all of them, in the time that the peer grants. */
static void recover(struct crowd *crowd)
{
    const struct l2tpha_counters *counters = l2tpha_counters(crowd->pair.lns);
    uint64_t began = crowd->world.now;

    for (; runs(crowd) && waiting(crowd) > 0; crowd->confirmed_us = crowd->world.now - began) {
        crowd_tick(crowd);
        if (crowd->world.now - began > RECOVERY)
            world_fail(&crowd->world, "%u tunnels are not recovered", waiting(crowd));
    }
    if (runs(crowd) && (counters->recoveries != crowd->tunnels || counters->recoveries_failed))
        world_fail(&crowd->world, "%llu of %u tunnels were recovered",
                   (unsigned long long)counters->recoveries, crowd->tunnels);
}

static void die_in_takeover(struct crowd *crowd)
{
    uint32_t left = (uint32_t)world_below(&crowd->world, crowd->tunnels);

    while (runs(crowd) && crowd->pair.lns->engine.unrestored > left) {
        crowd_tick(crowd);
        watch(crowd);
    }
    crowd_kill(crowd);
    pass(crowd, world_below(&crowd->world, 200 * MS));
}

static void fail_over(struct crowd *crowd)
{
    if (crowd->kind == CROWD_COPY)
        copy_in_vain(crowd);
    die(crowd);
    if (!runs(crowd))
        return;
    if (info_of(crowd->pair.standby).role == L2TPHA_ROLE_STANDBY_BULK) {
        if (l2tpha_takeover(crowd->pair.standby, 0, crowd->world.now) != L2TPHA_ERR_STALE)
            world_fail(&crowd->world, "a stale copy is taken for good");
        serve(crowd, &crowd->pair.standby, 2, L2TPHA_TRUST_STALE);
        recover(crowd);
        return;
    }
    serve(crowd, &crowd->pair.standby, 2, L2TPHA_TRUST_AUTO);
    if (crowd->kind != CROWD_TWICE) {
        confirm_silently(crowd);
        return;
    }
    die_in_takeover(crowd);
    serve(crowd, &crowd->third, 3, L2TPHA_TRUST_UNCERTAIN);
    recover(crowd);
}

/* --- what is found --- */

/* What one end has the other one has as well, established and paired. */
static void judge_pairs(struct crowd *crowd, const struct l2tpha_node *one,
                        const struct l2tpha_node *other)
{
    const struct table *table = one->engine.table, *others = other->engine.table;
    const struct session_entry *entry;
    uint32_t place = 0;

    while ((entry = table_session_next(table, &place)) && runs(crowd)) {
        const struct tunnel_entry *twin =
            table_tunnel_find(others, entry->tunnel->record.remote_id);
        const struct session_entry *far =
            twin ? table_session_find(others, twin, entry->remote_id) : NULL;
        if (entry->state != L2TPHA_SESSION_ESTABLISHED || !far || far->remote_id != entry->local_id)
            world_fail(&crowd->world, "call %u/%u is %s at one end%s",
                       entry->tunnel->record.local_id, entry->local_id,
                       l2tpha_session_state_name(entry->state), far ? "" : " only");
    }
}

static void judge_machines(struct crowd *crowd, const struct l2tpha_node *node)
{
    const char *fault = machines_fault(node, false);

    if (fault)
        world_fail(&crowd->world, "%s: %s", node == crowd->pair.lac ? "LAC" : "LNS", fault);
}

static void judge(struct crowd *crowd)
{
    const struct table *lac = crowd->pair.lac->engine.table, *lns = crowd->pair.lns->engine.table;
    uint32_t begun = crowd->tunnels * crowd->calls + crowd->opened;
    uint32_t at_risk = crowd->half_up + crowd->opened - crowd->opened_before;
    uint32_t kept = table_session_count(lac) + crowd->closed + crowd->lost;

    judge_machines(crowd, crowd->pair.lac);
    judge_machines(crowd, crowd->pair.lns);
    judge_pairs(crowd, crowd->pair.lac, crowd->pair.lns);
    judge_pairs(crowd, crowd->pair.lns, crowd->pair.lac);
    if (table_session_count(lac) != table_session_count(lns))
        world_fail(&crowd->world, "%u calls at the LAC, %u at the LNS", table_session_count(lac),
                   table_session_count(lns));
    if (kept != begun)
        world_fail(&crowd->world, "%u calls were begun, %u are accounted for", begun, kept);
    if (crowd->lost > (crowd->kind == CROWD_LIVE ? 0 : at_risk))
        world_fail(&crowd->world, "%u calls are lost", crowd->lost);
}

/* Few tunnels are restored in as many slices as many. */
static struct l2tpha_node *make_standby(struct crowd *crowd)
{
    struct l2tpha_node *node = bench_standby(&crowd->pair);

    node->engine.config.takeover_batch = crowd->tunnels / 256 + 1;
    return node;
}

bool crowd_run_seed(struct crowd *crowd, uint64_t seed, uint32_t tunnels, uint32_t calls,
                    bool verbose)
{
    *crowd = (struct crowd){
        .world = {.state = seed, .verbose = verbose}, .tunnels = tunnels, .calls = calls};
    struct world *world = &crowd->world;
    crowd->kind = (enum crowd_kind)world_below(world, CROWD_KINDS);
    crowd->delay = world_between(world, 1, 25) * MS;
    crowd->loss = (unsigned)world_below(world, 11);
    crowd_open(crowd);
    crowd->pair.standby = make_standby(crowd);
    if (crowd->kind == CROWD_TWICE)
        crowd->third = make_standby(crowd);
    copy(crowd);
    pass(crowd, world_below(world, 2 * SECOND));
    fail_over(crowd);
    pass(crowd, SECOND);
    crowd->quiet = true;
    pass(crowd, 2 * BUDGET);
    if (runs(crowd))
        judge(crowd);
    crowd_close(crowd);
    return runs(crowd);
}
