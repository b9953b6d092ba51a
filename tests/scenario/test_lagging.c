/* SPDX-License-Identifier: MIT */
/* Takeover from a record that outputs ran ahead of: after it the tunnel is in step, and nothing new
 * is lost or doubled, whoever the peer is. */
#include "control/find.h"
#include "control/transaction.h"
#include "failover/lagging.h"
#include "fixture.h"
#include "node/node.h"
#include "sim/lagging.h"

#define SEEDS 3000

static struct lagging_sim sim;

static void report(uint64_t seed)
{
    if (sim.world.failed)
        ck_abort_msg("seed %llu: %s", (unsigned long long)seed, sim.world.why);
}

START_TEST(new_epoch_is_exact)
{
    struct lagging_options options;
    uint32_t behind = 0, behind_nr = 0;

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world world = {.state = seed * 77};
        lagging_options_draw(&options, &world);
        lagging_sim_whole(&sim, &options, seed, NULL);
        report(seed);
        behind += sim.behind >= 3;
        behind_nr += sim.behind_nr >= 3;
    }
    ck_assert_uint_gt(behind, SEEDS / 10); /* else there was nothing to find out */
    ck_assert_uint_gt(behind_nr, SEEDS / 20);
}
END_TEST

START_TEST(every_kind_of_peer)
{
    struct lagging_options options;
    uint32_t behind = 0;

    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct world world = {.state = seed};
        lagging_options_draw(&options, &world);
        options.quiet = false;
        lagging_habits(&options.habits, (enum lagging_kind)_i);
        lagging_sim_whole(&sim, &options, seed, NULL);
        report(seed);
        behind += sim.behind >= 2;
    }
    ck_assert_uint_gt(behind, 10);
}
END_TEST

/* Nothing under way and nothing missing: no time is lost on listening. */
START_TEST(idle_tunnel_is_in_step_soon)
{
    struct lagging_options options;

    for (int kind = 0; kind < LAGGING_KINDS; kind++) {
        lagging_options_init(&options);
        lagging_habits(&options.habits, (enum lagging_kind)kind);
        options.quiet = true;
        lagging_sim_whole(&sim, &options, 5, NULL);
        report(5);
        ck_assert_uint_lt(sim.resync_took, 2 * SECOND);
    }
}
END_TEST

/* What READ has told is taken as it is, and the numbers between are not filled. */
static void skip_filling(struct l2tpha_node *node)
{
    struct l2tpha_tunnel *tunnel = l2tpha_tunnel_next(node, NULL);
    struct lagging *lagging = tunnel ? tunnel->lagging : NULL;

    if (!lagging || lagging->state != LAGGING_FILLING ||
        serial_diff(lagging->ceiling, lagging->first) <= 0)
        return;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    channel_reset(&node->engine, &tunnel->channel, record->acked, record->nr);
    tunnel->channel.lagging = true; /* as before: nothing else is set right */
    lagging->first = lagging->ceiling = lagging->lease_end = (uint16_t)(record->acked - 1);
    engine_leave(&node->engine, L2TPHA_OK);
}

START_TEST(without_filling_messages_are_lost)
{
    struct lagging_options options;
    uint32_t found = 0;

    for (uint64_t seed = 1; seed <= SEEDS / 10; seed++) {
        struct world world = {.state = seed * 77};
        lagging_options_draw(&options, &world);
        options.habits.echoes_duplicates = false;
        lagging_sim_whole(&sim, &options, seed, skip_filling);
        found += sim.world.failed;
    }
    ck_assert_uint_gt(found, SEEDS / 100);
}
END_TEST

Suite *suite_lagging(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("lagging", &tcase);

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, new_epoch_is_exact);
    tcase_add_loop_test(tcase, every_kind_of_peer, 0, LAGGING_KINDS);
    tcase_add_test(tcase, idle_tunnel_is_in_step_soon);
    tcase_add_test(tcase, without_filling_messages_are_lost);
    return suite;
}
