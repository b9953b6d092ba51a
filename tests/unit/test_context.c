/* SPDX-License-Identifier: MIT */
#include "bench/pair.h"
#include "control/event.h"
#include "fixture.h"
#include "node/node.h"
#include "unit/starve.h"

#include <string.h>

static struct bench pair;

static void setup(void)
{
    fixture_setup();
    bench_open(&pair, false);
}

static void teardown(void)
{
    bench_close(&pair);
    fixture_teardown();
}

static struct engine *engine(void)
{
    return &pair.lns->engine;
}

START_TEST(room_for_messages_grows_and_stays)
{
    size_t before = talloc_total_size(pair.lns);

    ck_assert_uint_eq(engine()->scratch_size, ENGINE_ANSWER);
    ck_assert_uint_eq(engine()->build_size, ENGINE_BUILD);
    assert_ok(engine_make_room(engine(), ENGINE_ANSWER));
    ck_assert_uint_eq(talloc_total_size(pair.lns), before);
    assert_ok(engine_make_room(engine(), ENGINE_ANSWER + 1));
    ck_assert_uint_eq(engine()->scratch_size, 2 * ENGINE_ANSWER);
    ck_assert_uint_eq(engine()->build_size, ENGINE_BUILD);
    assert_ok(engine_make_room(engine(), ENGINE_LONGEST));
    assert_ok(engine_make_room(engine(), 1));
    ck_assert_uint_eq(engine()->scratch_size, ENGINE_LONGEST);
    ck_assert_uint_eq(engine()->build_size, ENGINE_LONGEST);
}
END_TEST

/* What a message in it has led to may be done with it still. */
START_TEST(an_old_area_goes_with_the_transaction)
{
    uint8_t *old = engine()->scratch;

    memset(old, 1, ENGINE_ANSWER);
    assert_ok(engine_make_room(engine(), ENGINE_LONGEST));
    ck_assert_ptr_ne(engine()->scratch, old);
    ck_assert_ptr_eq(talloc_parent(old), engine()->gone_parts);
    engine_reap_parts(engine());
    ck_assert_uint_eq(talloc_total_blocks(engine()->gone_parts), 1);
}
END_TEST

START_TEST(without_memory_it_stays_as_it_is)
{
    starve(pair.lns, 0);
    assert_error(engine_make_room(engine(), ENGINE_LONGEST), L2TPHA_ERR_NOMEM);
    ck_assert_uint_eq(engine()->scratch_size, ENGINE_ANSWER);
    ck_assert_uint_eq(engine()->build_size, ENGINE_BUILD);
    starve(pair.lns, NOT_STARVED);
    assert_ok(engine_make_room(engine(), ENGINE_LONGEST));
}
END_TEST

Suite *suite_context(void)
{
    Suite *suite = suite_create("context");
    TCase *tcase = tcase_create("all");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, room_for_messages_grows_and_stays);
    tcase_add_test(tcase, an_old_area_goes_with_the_transaction);
    tcase_add_test(tcase, without_memory_it_stays_as_it_is);
    suite_add_tcase(suite, tcase);
    return suite;
}
