/* SPDX-License-Identifier: MIT */
/* An end dies, its tunnels are being recovered by RFC 4951, and at each step of that either end
 * dies once more: what both have had stays, what one has had goes, and calls can be placed. */
#include "fixture.h"
#include "sim/duo.h"

#define STEPS 70 /* more than a recovery with its queries has */
#define SEEDS 16 /* windows, delays, losses and loads of many kinds */

static struct duo duo;

START_TEST(either_end_dies_at_each_step_of_a_recovery)
{
    unsigned first = (unsigned)_i & 1, second = (unsigned)_i >> 1 & 1, deaths = 0;
    uint64_t seed = 4951000 + ((unsigned)_i >> 2);

    for (uint64_t steps = 1; steps <= STEPS; steps++) {
        bool died = false;
        bool sound = duo_run_steps(&duo, seed, first, second, steps, &died);
        ck_assert_msg(sound, "seed %llu, end %u, then end %u after %llu steps: %s",
                      (unsigned long long)seed, first, second, (unsigned long long)steps,
                      duo.world.why);
        deaths += died;
    }
    ck_assert_uint_ge(deaths, STEPS / 2); /* the second one did come */
}
END_TEST

Suite *suite_recovery_steps(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("recovery_steps", &tcase);
    tcase_add_loop_test(tcase, either_end_dies_at_each_step_of_a_recovery, 0, 4 * SEEDS);
    return suite;
}
