/* SPDX-License-Identifier: MIT */
/* A store in a server that answers as it should: what is read again, who may write, and what
 * becomes of it when the server is another one, or has lost something. */
#include "redis/redis_private.h"
#include "redis/world.h"

#include "fixture.h"

#include <string.h>

#define SECOND UINT64_C(1000000)

static void assert_found(bool stale)
{
    ck_assert(world.found.any);
    ck_assert_int_eq(world.found.stale, stale);
    ck_assert(!world.found.torn);
    ck_assert_uint_eq(world.items, WORLD_ITEMS);
    ck_assert_uint_eq(world.found.items, WORLD_ITEMS);
    ck_assert_uint_eq(world.found.bytes, WORLD_ITEMS * 24);
}

static void write_all(void)
{
    world_write(0, 7);
    assert_ok(world.status);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    ck_assert(world.whole);
}

static int mark(unsigned store)
{
    world.marked = 0;
    assert_ok(world.stores[store]->mark_stale(world.stores[store]->user));
    world_settle(store);
    ck_assert_uint_eq(world.marked, 1);
    return world.mark_status;
}

static bool is_exact(void)
{
    return fake_server_field(&world.server, "exact")[0];
}

START_TEST(what_was_written_is_read)
{
    write_all();
    world_close(0);
    assert_ok(world_read(1, false));
    assert_found(false);
    ck_assert_uint_eq(world.found.epoch, 7);
    ck_assert_ptr_null(world.found.fault);
    ck_assert_uint_eq(fake_server_logs(&world.server), 1);
}
END_TEST

START_TEST(nothing_is_found_in_an_empty_server)
{
    assert_ok(world_read(0, false));
    ck_assert(!world.found.any);
    ck_assert(!world.found.stale);
}
END_TEST

/* A copy that has not ended is none; what it has goes. */
START_TEST(half_a_copy_is_none)
{
    uint32_t stream;

    assert_ok(world_open(0));
    assert_ok(world_stream(0, 7, &stream));
    world_append(0, stream, 1, WORLD_WHOLE - 1);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_WHOLE - 1);
    ck_assert(!world.whole);
    world.links[0].connected = false;
    assert_ok(world_read(1, false));
    ck_assert(!world.found.any);
    assert_ok(world_stream(1, 8, &stream));
    world_append(1, stream, 1, 1);
    world_settle(1);
    ck_assert_uint_eq(fake_server_logs(&world.server), 1);
}
END_TEST

/* Two streams, as when a copy is made anew: the older one goes when it is dropped. */
START_TEST(a_copy_is_made_anew)
{
    uint32_t second, third;

    write_all();
    assert_ok(world_stream(0, 7, &second));
    assert_error(world.stores[0]->begin(world.stores[0]->user, 7, &third), L2TPHA_ERR_LIMIT);
    world_append(0, second, 1, WORLD_WHOLE - 1);
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 2);
    world_settle(0);
    ck_assert_uint_eq(fake_server_logs(&world.server), 2);
    world_append(0, second, WORLD_WHOLE, WORLD_ITEMS);
    world_settle(0);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, false));
    world_settle(0);
    ck_assert_uint_eq(fake_server_logs(&world.server), 1);
    world_close(0);
    assert_ok(world_read(1, false));
    assert_found(false);
}
END_TEST

/* The only whole one stays, whatever is said of it. */
START_TEST(the_copy_stays)
{
    uint32_t second;

    write_all();
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, _i));
    assert_ok(world_stream(0, 7, &second));
    world_append(0, second, 1, 2);
    world_settle(0);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, second, false));
    world_settle(0);
    ck_assert_uint_eq(fake_server_logs(&world.server), 1);
    world_close(0);
    assert_ok(world_read(1, false));
    assert_found(false);
}
END_TEST

/* An answer that comes for a stream that is there no more says nothing of the one in its place. */
START_TEST(a_stream_in_the_place_of_another)
{
    uint32_t stream;

    write_all();
    world.links[0].keeps = true;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    assert_ok(world.stores[0]->commit(world.stores[0]->user));
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, true));
    assert_ok(world_stream(0, 7, &stream));
    ck_assert_uint_eq(stream, 0);
    world.links[0].keeps = false;
    world_settle(0);
    assert_ok(world.status);
    ck_assert_uint_eq(world.confirmed, 0);
    ck_assert(is_exact());
}
END_TEST

/* --- who may write --- */

/* The newest one that has read it; the older one is told, and marks nothing. */
START_TEST(an_older_writer_is_refused)
{
    uint32_t stream;

    write_all();
    assert_ok(world_read(1, false));
    assert_found(false);
    if (_i == 0)
        world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    else
        world.server.now += 2 * SECOND; /* an idle one asks by itself */
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    assert_error(world.status, L2TPHA_ERR_FENCED);
    assert_error(mark(0), L2TPHA_ERR_FENCED);
    ck_assert(is_exact());
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, false));
    world_settle(0);
    assert_error(world_stream(0, 7, &stream), L2TPHA_ERR_FENCED);
    ck_assert_uint_eq(fake_server_copy(&world.server)->count, WORLD_ITEMS / 2);
    ck_assert_uint_eq(fake_server_logs(&world.server), 1);
    world_close(0);
    assert_ok(world_stream(1, 8, &stream));
    world_append(1, stream, 1, WORLD_ITEMS);
    world_settle(1);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
}
END_TEST

/* A node with it open is no writer before it serves; one that takes over has a newer epoch. */
START_TEST(a_newer_epoch_has_it)
{
    uint32_t stream;

    write_all();
    assert_ok(world_open(1));
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    assert_ok(world.status);
    assert_ok(world_stream(1, 6 + (uint64_t)_i, &stream));
    world_append(1, stream, 1, 1);
    world_settle(1);
    if (_i < 2) { /* older, or the same: it is refused, and nothing has changed */
        assert_error(world.status, L2TPHA_ERR_FENCED);
        ck_assert_uint_eq(world.confirmed, 0);
        ck_assert(is_exact());
        return;
    }
    ck_assert_uint_eq(world.confirmed, 1);
    ck_assert(!is_exact()); /* what another one had is not what is served from now on */
    world_append(0, 0, WORLD_ITEMS + 2, WORLD_ITEMS + 2);
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_FENCED);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, true));
    assert_ok(world_stream(0, 9, &stream)); /* it takes over again */
    world_append(0, stream, 1, WORLD_ITEMS);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    ck_assert(is_exact());
}
END_TEST

/* What an older connection has sent may come late: behind the next one it does nothing. */
START_TEST(a_late_command_is_refused)
{
    struct fake_link late;
    uint32_t stream;

    write_all();
    world.links[0].keeps = true;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    assert_ok(world.stores[0]->commit(world.stores[0]->user));
    ck_assert_uint_gt(world.links[0].in_len, 0);
    late = (struct fake_link){.server = &world.server, .in_len = world.links[0].in_len};
    late.in = malloc(late.in_len);
    memcpy(late.in, world.links[0].in, late.in_len);
    world.links[0].keeps = false;
    world.links[0].connected = false;
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_HOST);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, true));
    assert_ok(world_stream(0, 7, &stream));
    world_append(0, stream, 1, 1);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, 1);
    fake_link_do(&late);
    ck_assert_uint_eq(fake_server_copy(&world.server)->count, WORLD_ITEMS / 2);
    free(late.in);
    free(late.out);
}
END_TEST

/* --- another server --- */

START_TEST(another_run_is_stale)
{
    world.options.exact = _i == 1;
    world.server.fsync = "always";
    write_all();
    world_close(0);
    fake_server_restart(&world.server, false);
    assert_ok(world_read(1, false));
    assert_found(_i == 0);
    world_close(1);
    assert_ok(world_read(2, false)); /* it stays so */
    assert_found(_i == 0);
}
END_TEST

/* The writer lives on, and knows what was confirmed. */
START_TEST(a_writer_sees_what_is_lost)
{
    uint32_t stream;

    write_all();
    fake_server_restart(&world.server, false);
    fake_server_lose(&world.server, (uint32_t)_i);
    world.links[0].connected = false;
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_HOST);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, true));
    assert_ok(world_stream(0, 7, &stream));
    world_append(0, stream, 1, 1);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, 1);
    ck_assert_int_eq(is_exact(), _i == 0);
}
END_TEST

START_TEST(a_server_that_is_empty_gets_another_copy)
{
    uint32_t stream;

    write_all();
    fake_server_restart(&world.server, true);
    if (_i == 0)
        world.links[0].connected = false;
    else
        world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    ck_assert_int_lt(world.status, 0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    assert_ok(world.stores[0]->drop(world.stores[0]->user, 0, true));
    assert_ok(world_stream(0, 7, &stream));
    world_append(0, stream, 1, WORLD_ITEMS);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    world_close(0);
    assert_ok(world_read(1, false));
    assert_found(false);
}
END_TEST

/* --- what is confirmed --- */

START_TEST(replicas_have_it_first)
{
    world.server.replicas = world.server.following = 1;
    write_all();
    world.server.following = 0;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    assert_error(world.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_ptr_nonnull(strstr(world.stores[0]->note(world.stores[0]->user), "0 of 1 replicas"));
    world_close(0);
    world.server.replicas = 0; /* it is remembered that there was one */
    assert_error(world_read(1, false), L2TPHA_ERR_NOT_IN_SYNC);
    world_close(1);
    world.options.alone = true;
    assert_ok(world_read(1, false));
    ck_assert_uint_eq(world.items, WORLD_ITEMS + 1);
}
END_TEST

START_TEST(more_replicas_are_asked_for)
{
    world.options.replicas = 2;
    world.server.replicas = 2;
    world.server.following = 1;
    world_write(0, 7);
    assert_error(world.status, L2TPHA_ERR_NOT_IN_SYNC);
    ck_assert_uint_eq(world.confirmed, 0);
}
END_TEST

/* An idle writer is not protected either when nobody follows its server. */
START_TEST(replicas_that_go_are_seen)
{
    world.server.replicas = world.server.following = 1;
    write_all();
    world.server.following = 0;
    world.server.now += 2 * SECOND;
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_NOT_IN_SYNC);
}
END_TEST

/* Where fsync is not always, a store that is exact asks for the disk. */
START_TEST(exact_waits_for_the_disk)
{
    world.options.exact = true;
    world.server.waitaof = true;
    write_all();
    world.server.disk_is_late = true;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS);
    assert_error(world.status, L2TPHA_ERR_NOT_IN_SYNC);
}
END_TEST

START_TEST(a_mark_needs_no_memory)
{
    write_all();
    world.server.full = true;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(world.stores[0]->note(world.stores[0]->user), "OOM"));
    assert_ok(mark(0));
    world_close(0);
    world.server.full = false;
    assert_ok(world_read(1, false));
    assert_found(true);
}
END_TEST

/* It does not count where replicas must have all and have not, unless another run is stale anyway.
 */
START_TEST(a_mark_that_may_be_lost)
{
    world.options.exact = _i == 1;
    world.server.fsync = "always";
    world.server.replicas = world.server.following = 1;
    write_all();
    world.server.following = 0;
    assert_error(mark(0), _i == 1 ? L2TPHA_ERR_NOT_IN_SYNC : L2TPHA_OK);
}
END_TEST

START_TEST(a_mark_without_a_server)
{
    write_all();
    world.server.dead = true;
    world.links[0].connected = false;
    world_settle(0);
    assert_error(mark(0), L2TPHA_ERR_HOST);
    world.server.dead = false;
    assert_ok(mark(0));
    ck_assert(!is_exact());
    world_close(0);
    assert_ok(world_open(1));
    assert_ok(mark(1)); /* nothing is its own */
}
END_TEST

/* A node that takes over cannot reach the server, and is to go on: what the other one has left is
 * not what is served from now on. */
START_TEST(a_mark_of_what_another_has_left)
{
    uint32_t stream;

    write_all();
    assert_ok(world_open(1));
    world.server.dead = true;
    world.links[1].connected = false;
    assert_ok(world_stream(1, 8, &stream));
    world_settle(1);
    assert_error(world.status, L2TPHA_ERR_HOST);
    assert_error(mark(1), L2TPHA_ERR_HOST);
    ck_assert(is_exact());
    world.server.dead = false;
    assert_ok(mark(1));
    ck_assert(!is_exact());
}
END_TEST

/* --- time --- */

START_TEST(a_server_is_silent)
{
    write_all();
    world.server.silent = true;
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    world_settle(0);
    ck_assert_uint_eq(world.links[0].wakes_at, world.server.now + 3 * SECOND);
    world.server.now += 3 * SECOND - 1;
    world_settle(0);
    assert_ok(world.status);
    world.server.now++;
    world_settle(0);
    assert_error(world.status, L2TPHA_ERR_TIMEOUT);
    assert_error(world_open(1), L2TPHA_ERR_TIMEOUT);
    ck_assert_str_eq(world.why, "the server does not answer");
}
END_TEST

/* A process that was stopped takes what has come meanwhile. */
START_TEST(a_process_was_stopped)
{
    write_all();
    world_append(0, 0, WORLD_ITEMS + 1, WORLD_ITEMS + 1);
    assert_ok(world.stores[0]->commit(world.stores[0]->user));
    world.server.now += 100 * SECOND;
    world_settle(0);
    assert_ok(world.status);
    ck_assert_uint_eq(world.confirmed, WORLD_ITEMS + 1);
}
END_TEST

/* --- limits --- */

START_TEST(limits)
{
    const struct l2tpha_store *store;
    uint32_t stream;
    static uint8_t item[BATCH_ITEM_MAX + 1];

    assert_ok(world_open(0));
    store = world.stores[0];
    assert_ok(world_stream(0, 7, &stream));
    assert_error(store->append(store->user, 9, 1, item, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 0, item, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, item, 0, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, item, sizeof(item), false),
                 L2TPHA_ERR_LIMIT);
    for (uint64_t i = 1; i <= 10; i++)
        assert_ok(store->append(store->user, stream, i, item, BATCH_ITEM_MAX, false));
    world_settle(0);
    assert_ok(world.status);
    ck_assert_uint_eq(world.confirmed, 10);
    for (uint32_t i = 0; i < (256u << 20) / BATCH_ITEM_MAX; i++)
        assert_ok(store->append(store->user, stream, 11 + i, item, BATCH_ITEM_MAX - 100, false));
    assert_error(store->append(store->user, stream, 99, item, BATCH_ITEM_MAX, false),
                 L2TPHA_ERR_LIMIT);
    assert_error(store->drop(store->user, 1, false), L2TPHA_ERR_INVALID);
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

    tcase_add_checked_fixture(tcase, world_begin, world_end);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, nothing_is_found_in_an_empty_server);
    tcase_add_test(tcase, half_a_copy_is_none);
    tcase_add_test(tcase, a_copy_is_made_anew);
    tcase_add_loop_test(tcase, the_copy_stays, 0, 2);
    tcase_add_test(tcase, a_stream_in_the_place_of_another);
    tcase_add_loop_test(tcase, an_older_writer_is_refused, 0, 2);
    tcase_add_loop_test(tcase, a_newer_epoch_has_it, 0, 3);
    tcase_add_test(tcase, a_late_command_is_refused);
    tcase_add_loop_test(tcase, another_run_is_stale, 0, 2);
    tcase_add_loop_test(tcase, a_writer_sees_what_is_lost, 0, 3);
    tcase_add_loop_test(tcase, a_server_that_is_empty_gets_another_copy, 0, 2);
    tcase_add_test(tcase, replicas_have_it_first);
    tcase_add_test(tcase, more_replicas_are_asked_for);
    tcase_add_test(tcase, replicas_that_go_are_seen);
    tcase_add_test(tcase, exact_waits_for_the_disk);
    tcase_add_test(tcase, a_mark_needs_no_memory);
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
