/* SPDX-License-Identifier: MIT */
/* A look into a store that another process writes. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

#include <string.h>

static void look(bool stale)
{
    assert_ok(stores_look(1));
    stores_assert_found(stale);
    ck_assert_uint_eq(stores.found.unproven, STORES_ITEMS);
    stores_close(1);
}

/* What replicas have, only the writer has asked. */
START_TEST(nothing_is_proven)
{
    stores_write_all();
    look(false);
}
END_TEST

START_TEST(of_another_run_of_the_server)
{
    stores_write_all();
    fake_server_restart(&world.server, false);
    look(true);
}
END_TEST

START_TEST(nobody_answers)
{
    world.server.dead = true;
    ck_assert_int_ne(stores_look(1), L2TPHA_OK);
    ck_assert_str_eq(stores.why, "the server cannot be reached");
    ck_assert(!stores.found.any);
}
END_TEST

Suite *suite_look(void);
Suite *suite_look(void)
{
    Suite *suite = suite_create("look");
    TCase *tcase = tcase_create("look");

    tcase_add_checked_fixture(tcase, stores_begin, world_end);
    tcase_add_test(tcase, nothing_is_proven);
    tcase_add_test(tcase, of_another_run_of_the_server);
    tcase_add_test(tcase, nobody_answers);
    suite_add_tcase(suite, tcase);
    return suite;
}
