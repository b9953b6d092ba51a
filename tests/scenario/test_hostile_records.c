/* SPDX-License-Identifier: MIT */
/* Whatever well-formed records a standby is given, it refuses them and changes nothing, or it takes
 * over what they say and lives with it: no fault, no loop, nothing that stays for ever. */
#include "fixture.h"
#include "info.h"
#include "sim/hostile.h"

#define SEEDS 4000
#define GROUPS 10
#define INCREMENTS 4
#define STEPS 80
#define LONG (20 * 60 * SECOND) /* longer than any peer is waited for */

/* True: none was refused. */
static bool feed(struct hostile *hostile)
{
    for (unsigned i = 0; i < INCREMENTS; i++)
        if (hostile_feed(hostile, hostile_write(hostile)))
            return false;
    return hostile_complete(hostile) == L2TPHA_OK;
}

static void assert_empty(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = info_of(node);

    ck_assert_uint_eq(info.tunnels, 0);
    ck_assert_uint_eq(info.sessions, 0);
}

static bool run(struct hostile *hostile, uint64_t seed)
{
    hostile_new(hostile, root, seed);
    bool taken = feed(hostile);
    if (taken) {
        hostile_take_over(hostile);
        hostile_live(hostile, STEPS);
        hostile_rest(hostile, LONG);
        assert_empty(hostile->node);
        assert_empty(hostile->next);
    }
    hostile_free(hostile);
    return taken;
}

START_TEST(records_are_refused_or_lived_with)
{
    struct hostile *hostile = talloc(root, struct hostile);
    unsigned taken = 0;

    for (unsigned i = 0; i < SEEDS / GROUPS; i++)
        taken += run(hostile, (uint64_t)_i * (SEEDS / GROUPS) + i);
    ck_assert_uint_ge(taken, SEEDS / GROUPS / 4); /* else this says little */
    talloc_free(hostile);
}
END_TEST

Suite *suite_hostile_records(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("hostile_records", &tcase);

    tcase_add_loop_test(tcase, records_are_refused_or_lived_with, 0, GROUPS);
    return suite;
}
