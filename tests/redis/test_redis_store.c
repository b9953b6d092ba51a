/* SPDX-License-Identifier: MIT */
/* A store in a server that answers as it should: what
 * becomes of late commands and of it when the server is another one, or has lost something. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

static bool is_exact(void)
{
    return fake_server_field(&world.server, "exact")[0];
}

/* An answer that comes for a stream that is there no more says nothing of the one in its place. */
START_TEST(a_stream_in_the_place_of_another)
{
    uint32_t stream;

    stores_write_all();
    world.links[0].keeps = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    assert_ok(stores.list[0]->commit(stores.list[0]->user));
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    ck_assert_uint_eq(stream, 0);
    world.links[0].keeps = false;
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, 0);
    ck_assert(is_exact());
}
END_TEST

/* --- who may write --- */

/* Who has nothing to write asks by itself. */
START_TEST(an_idle_writer_is_refused)
{
    stores_write_all();
    assert_ok(stores_read(1, false));
    world.server.now += 2 * SECOND;
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_error(stores.status, L2TPHA_ERR_FENCED);
    assert_error(stores_mark(0), L2TPHA_ERR_FENCED);
    ck_assert(is_exact());
    ck_assert_uint_eq(fake_server_copy(&world.server)->count, STORES_ITEMS / 2);
}
END_TEST

/* What an older connection has sent may come late: behind the next one it does nothing. */
START_TEST(a_late_command_is_refused)
{
    struct fake_link late;
    uint32_t stream;

    stores_write_all();
    world.links[0].keeps = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    assert_ok(stores.list[0]->commit(stores.list[0]->user));
    ck_assert_uint_gt(world.links[0].in_len, 0);
    late = (struct fake_link){.server = &world.server, .in_len = world.links[0].in_len};
    late.in = malloc(late.in_len);
    memcpy(late.in, world.links[0].in, late.in_len);
    world.links[0].keeps = false;
    world.links[0].connected = false;
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_HOST);
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, 1);
    fake_link_do(&late);
    ck_assert_uint_eq(fake_server_copy(&world.server)->count, STORES_ITEMS / 2);
    free(late.in);
    free(late.out);
}
END_TEST

/* A head without levels is of level 1. */
START_TEST(a_head_of_the_first_release)
{
    stores_write_all();
    stores_close(0);
    fake_server_forget(&world.server, "level");
    fake_server_forget(&world.server, "level_min");
    assert_ok(stores_look(1));
    ck_assert_uint_eq(stores.found.level, 1);
    stores_close(1);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.level, 1);
    ck_assert_uint_eq(stores.found.level_min, 1);
}
END_TEST

/* --- another server --- */

START_TEST(another_run_is_stale)
{
    world.options.exact = _i == 1;
    world.server.fsync = "always";
    stores_write_all();
    stores_close(0);
    fake_server_restart(&world.server, false);
    assert_ok(stores_read(1, false));
    stores_assert_found(_i == 0);
    stores_close(1);
    assert_ok(stores_read(2, false)); /* it stays so */
    stores_assert_found(_i == 0);
}
END_TEST

/* The writer lives on, and knows what was confirmed. */
START_TEST(a_writer_sees_what_is_lost)
{
    uint32_t stream;

    stores_write_all();
    fake_server_restart(&world.server, false);
    fake_server_lose(&world.server, (uint32_t)_i);
    world.links[0].connected = false;
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_HOST);
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, 1);
    ck_assert_int_eq(is_exact(), _i == 0);
}
END_TEST

START_TEST(a_server_that_is_empty_gets_another_copy)
{
    uint32_t stream;

    stores_write_all();
    fake_server_restart(&world.server, true);
    if (_i == 0)
        world.links[0].connected = false;
    else
        stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    ck_assert_int_lt(stores.status, 0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_ITEMS);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    stores_close(0);
    assert_ok(stores_read(1, false));
    stores_assert_found(false);
}
END_TEST

/* --- what is confirmed --- */

START_TEST(replicas_have_it_first)
{
    world.server.replicas = world.server.following = 1;
    stores_write_all();
    world.server.following = 0;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_error(stores.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_ptr_nonnull(strstr(stores.list[0]->note(stores.list[0]->user), "0 of 1 replicas"));
    stores_close(0);
    world.server.replicas = 0; /* it is remembered that there was one */
    assert_error(stores_read(1, false), L2TPHA_ERR_NOT_IN_SYNC);
    stores_close(1);
    world.options.alone = true;
    assert_ok(stores_read(1, false));
    ck_assert_uint_eq(stores.items, STORES_ITEMS + 1);
}
END_TEST

START_TEST(more_replicas_are_asked_for)
{
    world.options.replicas = 2;
    world.server.replicas = 2;
    world.server.following = 1;
    stores_write(0, 7);
    assert_error(stores.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_uint_eq(stores.confirmed, 0);
}
END_TEST

/* An idle writer is not protected either when nobody follows its server. */
START_TEST(replicas_that_go_are_seen)
{
    world.server.replicas = world.server.following = 1;
    stores_write_all();
    world.server.following = 0;
    world.server.now += 2 * SECOND;
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_NOT_IN_SYNC);
}
END_TEST

/* Where fsync is not always, a store that is exact asks for the disk. */
START_TEST(exact_waits_for_the_disk)
{
    world.options.exact = true;
    world.server.waitaof = true;
    stores_write_all();
    world.server.disk_is_late = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_error(stores.status, L2TPHA_ERR_NOT_IN_SYNC);
}
END_TEST

START_TEST(a_full_server_says_so)
{
    stores_write_all();
    world.server.full = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(stores.list[0]->note(stores.list[0]->user), "OOM"));
}
END_TEST

/* It does not count where replicas must have all and have not, unless another run is stale anyway.
 */
START_TEST(a_mark_that_may_be_lost)
{
    world.options.exact = _i == 1;
    world.server.fsync = "always";
    world.server.replicas = world.server.following = 1;
    stores_write_all();
    world.server.following = 0;
    assert_error(stores_mark(0), _i == 1 ? L2TPHA_ERR_NOT_IN_SYNC : L2TPHA_OK);
}
END_TEST

START_TEST(a_mark_without_a_server)
{
    stores_write_all();
    world.server.dead = true;
    world.links[0].connected = false;
    stores_settle(0);
    assert_error(stores_mark(0), L2TPHA_ERR_HOST);
    world.server.dead = false;
    assert_ok(stores_mark(0));
    ck_assert(!is_exact());
    stores_close(0);
    assert_ok(stores_open(1));
    assert_ok(stores_mark(1)); /* nothing is its own */
}
END_TEST

/* A node that takes over cannot reach the server, and is to go on: what the other one has left is
 * not what is served from now on. */
START_TEST(a_mark_of_what_another_has_left)
{
    uint32_t stream;

    stores_write_all();
    assert_ok(stores_open(1));
    world.server.dead = true;
    world.links[1].connected = false;
    assert_ok(stores_stream(1, 8, &stream));
    stores_settle(1);
    assert_error(stores.status, L2TPHA_ERR_HOST);
    assert_error(stores_mark(1), L2TPHA_ERR_HOST);
    ck_assert(is_exact());
    world.server.dead = false;
    assert_ok(stores_mark(1));
    ck_assert(!is_exact());
}
END_TEST

/* --- time --- */

START_TEST(a_server_is_silent)
{
    stores_write_all();
    world.server.silent = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    ck_assert_uint_eq(world.links[0].wakes_at, world.server.now + 3 * SECOND);
    world.server.now += 3 * SECOND - 1;
    stores_settle(0);
    assert_ok(stores.status);
    world.server.now++;
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_TIMEOUT);
    assert_error(stores_open(1), L2TPHA_ERR_TIMEOUT);
    ck_assert_str_eq(stores.why, "the server does not answer");
}
END_TEST

/* A process that was stopped takes what has come meanwhile. */
START_TEST(a_process_was_stopped)
{
    stores_write_all();
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    assert_ok(stores.list[0]->commit(stores.list[0]->user));
    world.server.now += 100 * SECOND;
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS + 1);
}
END_TEST

/* --- limits --- */

START_TEST(limits)
{
    const struct l2tpha_store *store;
    uint32_t stream;
    static uint8_t item[BATCH_ITEM_MAX];

    assert_ok(stores_open(0));
    store = stores.list[0];
    assert_ok(stores_stream(0, 7, &stream));
    for (uint64_t i = 1; i <= 10; i++)
        assert_ok(store->append(store->user, stream, i, item, BATCH_ITEM_MAX, false));
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, 10);
    for (uint32_t i = 0; i < (256u << 20) / BATCH_ITEM_MAX; i++)
        assert_ok(store->append(store->user, stream, 11 + i, item, BATCH_ITEM_MAX - 100, false));
    assert_error(store->append(store->user, stream, 99, item, BATCH_ITEM_MAX, false),
                 L2TPHA_ERR_LIMIT);
}
END_TEST

START_TEST(urls)
{
    static const char *const good[] = {"redis://h:1/g", "redis://127.0.0.1:6379/A-z_0.9",
                                       "redis://[::1]:6379/g"};
    static const char *const bad[] = {"",
                                      "redis://",
                                      "redis://h/g",
                                      "redis://h:1",
                                      "redis://h:1/",
                                      "redis://h:x/g",
                                      "redis://h:123456/g",
                                      "redis://:1/g",
                                      "redis://u@h:1/g",
                                      "redis://::1:1/g",
                                      "redis://h:1/a b",
                                      "redis://h:1/{g}",
                                      "rediss://h:1/g"};
    struct l2tpha_redis_options wrong = {.size = 1};
    struct l2tpha_store *store;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_ok(l2tpha_redis_store_new(root, good[i], NULL, &store));
        ck_assert_int_ge(store->fd(store->user), 0);
        store->free(store->user);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_error(l2tpha_redis_store_new(root, bad[i], NULL, &store), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_redis_store_new(root, NULL, NULL, &store), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_redis_store_new(root, good[0], &wrong, &store), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_redis_store(void);
Suite *suite_redis_store(void)
{
    Suite *suite = suite_create("redis_store");
    TCase *tcase = tcase_create("redis_store");

    tcase_add_checked_fixture(tcase, stores_begin, world_end);
    tcase_add_test(tcase, a_stream_in_the_place_of_another);
    tcase_add_test(tcase, an_idle_writer_is_refused);
    tcase_add_test(tcase, a_late_command_is_refused);
    tcase_add_test(tcase, a_head_of_the_first_release);
    tcase_add_loop_test(tcase, another_run_is_stale, 0, 2);
    tcase_add_loop_test(tcase, a_writer_sees_what_is_lost, 0, 3);
    tcase_add_loop_test(tcase, a_server_that_is_empty_gets_another_copy, 0, 2);
    tcase_add_test(tcase, replicas_have_it_first);
    tcase_add_test(tcase, more_replicas_are_asked_for);
    tcase_add_test(tcase, replicas_that_go_are_seen);
    tcase_add_test(tcase, exact_waits_for_the_disk);
    tcase_add_test(tcase, a_full_server_says_so);
    tcase_add_loop_test(tcase, a_mark_that_may_be_lost, 0, 2);
    tcase_add_test(tcase, a_mark_without_a_server);
    tcase_add_test(tcase, a_mark_of_what_another_has_left);
    tcase_add_test(tcase, a_server_is_silent);
    tcase_add_test(tcase, a_process_was_stopped);
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, urls);
    suite_add_tcase(suite, tcase);
    return suite;
}
