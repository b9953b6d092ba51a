/* SPDX-License-Identifier: MIT */
/* Whatever well-formed records a standby is given, it refuses them and changes nothing, or it takes
 * over what they say and lives with it: no fault, no loop, nothing that stays for ever. */
#include "fixture.h"
#include "info.h"
#include "sim/wild.h"

#define SEEDS 4000
#define GROUPS 10
#define INCREMENTS 4
#define STEPS 80
#define LONG (20 * 60 * SECOND) /* longer than any peer is waited for */

/* True: none was refused. */
static bool feed(struct wild *wild)
{
    for (unsigned i = 0; i < INCREMENTS; i++)
        if (wild_feed(wild, wild_write(wild)))
            return false;
    return wild_complete(wild) == L2TPHA_OK;
}

static void assert_empty(const struct l2tpha_node *node)
{
    struct l2tpha_redundancy_info info = info_of(node);

    ck_assert_uint_eq(info.tunnels, 0);
    ck_assert_uint_eq(info.sessions, 0);
}

static bool run(struct wild *wild, uint64_t seed)
{
    wild_new(wild, root, seed);
    bool taken = feed(wild);
    if (taken) {
        wild_take_over(wild);
        wild_live(wild, STEPS);
        wild_rest(wild, LONG);
        assert_empty(wild->node);
        assert_empty(wild->next);
    }
    wild_free(wild);
    return taken;
}

START_TEST(records_are_refused_or_lived_with)
{
    struct wild *wild = talloc(root, struct wild);
    unsigned taken = 0;

    for (unsigned i = 0; i < SEEDS / GROUPS; i++)
        taken += run(wild, (uint64_t)_i * (SEEDS / GROUPS) + i);
    ck_assert_uint_ge(taken, SEEDS / GROUPS / 4); /* else this says little */
    talloc_free(wild);
}
END_TEST

Suite *suite_wild_records(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("wild_records", &tcase);

    tcase_add_loop_test(tcase, records_are_refused_or_lived_with, 0, GROUPS);
    return suite;
}
