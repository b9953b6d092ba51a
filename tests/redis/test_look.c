/* SPDX-License-Identifier: MIT */
/* A look into a store that another process writes. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

#include <string.h>

static void look(uint64_t items)
{
    char owner[64];

    strcpy(owner, fake_server_field(&world.server, "owner"));
    assert_ok(world_look(1));
    ck_assert_uint_eq(world.items, items);
    ck_assert_uint_eq(world.found.items, items);
    ck_assert_uint_eq(world.found.unproven, items);
    ck_assert(world.found.any == (items > 0));
    world_close(1);
    ck_assert_str_eq(fake_server_field(&world.server, "owner"), owner);
}

START_TEST(it_takes_nothing)
{
    uint32_t stream;

    look(0); /* nobody has ever written */
    assert_ok(world_open(0));
    assert_ok(world_stream(0, 7, &stream));
    world_append(0, stream, 1, WORLD_WHOLE - 1);
    world_settle(0);
    look(0); /* the copy is not whole */
    for (uint64_t i = WORLD_WHOLE; i <= WORLD_ITEMS; i++) {
        world_append(0, stream, i, i);
        world_settle(0);
        assert_ok(world.status);
        look(i);
        ck_assert(!world.found.stale);
        ck_assert_uint_eq(world.found.epoch, 7);
    }
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
}
END_TEST

START_TEST(what_is_stale)
{
    world_write(0, 7);
    assert_ok(world.stores[0]->mark_stale(world.stores[0]->user));
    world_settle(0);
    look(WORLD_ITEMS);
    ck_assert(world.found.stale);
}
END_TEST

START_TEST(of_another_run_of_the_server)
{
    world_write(0, 7);
    fake_server_restart(&world.server, false);
    look(WORLD_ITEMS);
    ck_assert(world.found.stale);
}
END_TEST

/* What is before the damage is given back, and the damage told. */
START_TEST(damage)
{
    struct fake_log *log;

    world_write(0, 7);
    world_close(0);
    log = fake_server_copy(&world.server);
    struct fake_entry *entry = &log->entries[log->count - 2];
    entry->value[entry->len - 1] ^= 1;
    assert_error(world_look(1), L2TPHA_ERR_RECORD);
    ck_assert(world.found.any && world.found.stale);
    ck_assert_ptr_nonnull(world.found.fault);
    ck_assert_uint_gt(world.items, WORLD_WHOLE - 1);
    ck_assert_uint_lt(world.items, WORLD_ITEMS);
}
END_TEST

START_TEST(nobody_answers)
{
    world.server.dead = true;
    ck_assert_int_ne(world_look(1), L2TPHA_OK);
    ck_assert_str_eq(world.why, "the server cannot be reached");
    ck_assert(!world.found.any);
}
END_TEST

Suite *suite_look(void);
Suite *suite_look(void)
{
    Suite *suite = suite_create("look");
    TCase *tcase = tcase_create("look");

    tcase_add_checked_fixture(tcase, world_begin, world_end);
    tcase_add_test(tcase, it_takes_nothing);
    tcase_add_test(tcase, what_is_stale);
    tcase_add_test(tcase, of_another_run_of_the_server);
    tcase_add_test(tcase, damage);
    tcase_add_test(tcase, nobody_answers);
    suite_add_tcase(suite, tcase);
    return suite;
}
