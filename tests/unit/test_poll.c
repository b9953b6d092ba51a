/* SPDX-License-Identifier: MIT */
#include "bench/pair.h"
#include "fixture.h"
#include "unit/starve.h"

/* Poll until nothing comes; returns how often the node told of a role. */
static unsigned count_roles(struct l2tpha_node *node, enum l2tpha_role role, uint64_t now)
{
    struct l2tpha_output outputs[8];
    unsigned roles = 0;
    size_t count;

    while ((count = l2tpha_poll(node, outputs, 8, now)) > 0)
        for (size_t i = 0; i < count; i++)
            roles += outputs[i].kind == L2TPHA_OUTPUT_EVENT &&
                     outputs[i].event->kind == L2TPHA_EVENT_ROLE_CHANGED &&
                     outputs[i].event->role == role;
    return roles;
}

/* The parts of a copy are made while polling, so it is there that memory runs out for them. */
START_TEST(copy_that_fails_while_polling_is_told)
{
    struct bench pair;

    bench_open(&pair, false);
    bench_calls(&pair, 1, 100, 1);
    assert_ok(l2tpha_checkpoint_bulk(pair.lns, pair.now));
    starve(pair.lns, 0);
    ck_assert_uint_eq(count_roles(pair.lns, L2TPHA_ROLE_ACTIVE_SOLO, pair.now), 1);
    starve(pair.lns, NOT_STARVED);
    /* It goes on, and a second copy finds nothing of the first one. */
    bench_pass(&pair, 1000);
    assert_ok(l2tpha_checkpoint_bulk(pair.lns, pair.now));
    ck_assert_uint_eq(count_roles(pair.lns, L2TPHA_ROLE_ACTIVE_BULK, pair.now), 1);
    bench_close(&pair);
}
END_TEST

Suite *suite_poll(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("poll", &tcase);

    tcase_add_test(tcase, copy_that_fails_while_polling_is_told);
    return suite;
}
