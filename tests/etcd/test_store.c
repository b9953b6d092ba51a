/* SPDX-License-Identifier: MIT */
/* A store in etcd: what is read again, who may write, what becomes of requests without an answer,
 * and of what a cluster has lost, or has no room for. */
#include "etcd/store_private.h"
#include "keeping.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define G "l2tpha/g/"

static void fault(const char *path, enum fate fate, uint32_t after, uint32_t times)
{
    cluster.faults[0] = (struct fault){.path = path, .fate = fate, .after = after, .times = times};
}

START_TEST(keys_of_a_copy)
{
    stores_write_all();
    stores_close(0);
    ck_assert(keeping_is_exact());
    stores_read_back(false);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    ck_assert_uint_eq(cluster_keys(G "log/"), STORES_ITEMS / 2);
    ck_assert_uint_eq(cluster_keys(G "store/"), 3);
}
END_TEST

/* With a log its batches go, and then history that is old enough; what has gone meanwhile waits for
 * as long once more. */
START_TEST(a_copy_is_made_anew)
{
    uint32_t second, third;

    stores_write_all();
    ck_assert_uint_eq(cluster.compacted, 0);
    assert_ok(stores_stream(0, 7, &second));
    stores_append(0, second, 1, STORES_ITEMS);
    stores_settle(0);
    ck_assert_uint_eq(cluster_keys(G "log/"), STORES_ITEMS / 2 + 1);
    assert_ok(stores_drop(0, 0, false));
    stores_settle(0);
    ck_assert_uint_eq(cluster_keys(G "log/"), 1);
    uint64_t gone = cluster.revision;
    keeping_skipped += 500 * SECOND;
    assert_ok(stores_stream(0, 7, &third));
    stores_append(0, third, 1, STORES_ITEMS);
    stores_settle(0);
    assert_ok(stores_drop(0, second, false));
    stores_settle(0);
    ck_assert_uint_eq(cluster.compacted, 0);
    uint64_t later = cluster.revision;
    keeping_skipped += 101 * SECOND;
    stores_settle(0);
    ck_assert_uint_gt(cluster.compacted, 0);
    ck_assert_uint_le(cluster.compacted, gone);
    keeping_skipped += 601 * SECOND;
    stores_settle(0);
    ck_assert_uint_gt(cluster.compacted, gone);
    ck_assert_uint_le(cluster.compacted, later);
}
END_TEST

START_TEST(history_is_left_alone)
{
    uint32_t second;

    keeping_options.keeps_history = true;
    stores_write_all();
    assert_ok(stores_stream(0, 7, &second));
    stores_append(0, second, 1, STORES_ITEMS);
    stores_settle(0);
    assert_ok(stores_drop(0, 0, false));
    stores_settle(0);
    ck_assert_uint_eq(cluster_keys(G "log/"), 1);
    keeping_skipped += 100000 * SECOND;
    stores_settle(0);
    ck_assert_uint_eq(cluster.compacted, 0);
}
END_TEST

/* --- who may write --- */

/* Who has nothing to write asks by itself. */
START_TEST(an_idle_writer_is_refused)
{
    stores_write_all();
    assert_ok(stores_read(1, false));
    stores_assert_found(false);
    keeping_skipped += 2 * SECOND;
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_error(stores.status, L2TPHA_ERR_FENCED);
    assert_error(stores_mark(0), L2TPHA_ERR_FENCED);
    stores_close(0);
    ck_assert(keeping_is_exact());
    ck_assert_uint_eq(cluster_keys(G "log/"), STORES_ITEMS / 2);
}
END_TEST

/* A mark that was asked for, and comes when another one has the store, is of nothing. */
START_TEST(a_late_mark_of_an_older_writer)
{
    stores_write_all();
    fault("deleterange", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "deleterange", .fate = LOST, .times = 1000};
    assert_error(stores_mark(0), L2TPHA_ERR_TIMEOUT);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    assert_ok(stores_read(1, false));
    stores_assert_found(false);
    cluster_release();
    ck_assert(keeping_is_exact());
}
END_TEST

/* --- requests without an answer --- */

/* Whichever of them it is, and whether it has come to pass: the next member knows. */
START_TEST(an_answer_does_not_come)
{
    static const enum fate fates[] = {CUT, LOST, SILENT};

    fault("/v3/", fates[_i % 3], (uint32_t)_i / 3, 1);
    cluster.faults[0].octets = _i % 2 ? 60 : 0;
    stores_write(0, 7);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    ck_assert_uint_eq(cluster.faults[0].times, 0);
    ck_assert_uint_eq(cluster_keys(G "log/"), STORES_ITEMS / 2);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

START_TEST(an_answer_to_a_reader_does_not_come)
{
    static const enum fate fates[] = {CUT, LOST, SILENT};

    stores_write_all();
    stores_close(0);
    fault("/v3/", fates[_i % 3], (uint32_t)_i / 3, 1);
    cluster.faults[0].octets = 60;
    stores_read_back(false);
    ck_assert_uint_eq(cluster.faults[0].times, 0);
}
END_TEST

/* It comes to pass when its stream has been given up: then it must not. */
START_TEST(a_batch_comes_too_late)
{
    uint32_t stream;

    stores_write_all();
    fault("txn", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "txn", .fate = LOST, .times = 1000};
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 1);
    stores_settle(0);
    assert_ok(stores.status);
    cluster_release();
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* The end of a copy comes to pass behind the mark: what it says is not so any more. */
START_TEST(a_copy_ends_behind_a_mark)
{
    uint32_t stream;

    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_WHOLE - 1);
    stores_settle(0);
    fault("txn", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "txn", .fate = LOST, .times = 1000};
    stores_append(0, stream, STORES_WHOLE, STORES_WHOLE);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_TIMEOUT);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    cluster.full = _i;
    assert_ok(stores_mark(0));
    cluster.full = false;
    cluster_release();
    ck_assert(!keeping_is_exact());
}
END_TEST

START_TEST(nobody_answers)
{
    stores_write_all();
    fault("/v3/", SILENT, 0, 1000);
    uint64_t begun = keeping_skipped;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_ge(keeping_skipped - begun, 3 * SECOND);
    ck_assert_uint_le(keeping_skipped - begun, 6 * SECOND);
    ck_assert_str_eq(stores.list[0]->note(stores.list[0]->user), "a member does not answer");
    assert_error(stores_open(1), L2TPHA_ERR_TIMEOUT);
    ck_assert_str_eq(stores.why, "a member does not answer");
    assert_error(stores_mark(0), L2TPHA_ERR_TIMEOUT);
}
END_TEST

START_TEST(nobody_is_there)
{
    for (uint32_t i = 0; i < 3; i++)
        cluster_kill(i);
    assert_error(stores_open(0), L2TPHA_ERR_HOST);
    ck_assert_str_eq(stores.why, "a member cannot be reached");
}
END_TEST

/* A process that was stopped takes what has come meanwhile. */
START_TEST(a_process_was_stopped)
{
    stores_write_all();
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    assert_ok(stores.list[0]->commit(stores.list[0]->user));
    struct l2tpha_store_event event;
    for (uint32_t before = cluster.requests; cluster.requests == before;) {
        cluster_turn(stores.list[0]->fd(stores.list[0]->user), 1);
        if (cluster.requests == before)
            ck_assert(!stores.list[0]->event(stores.list[0]->user, &event));
    }
    keeping_skipped += 100 * SECOND;
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS + 1);
}
END_TEST

/* --- space --- */

START_TEST(a_mark_needs_no_space)
{
    uint32_t stream;

    stores_write_all();
    cluster.full = true;
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_nonnull(strstr(stores.list[0]->note(stores.list[0]->user), "space exceeded"));
    assert_ok(stores_mark(0));
    ck_assert(!keeping_is_exact());
    cluster.full = false;
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, STORES_WHOLE - 1);
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert(!keeping_is_exact()); /* it is when the copy is whole */
    stores_kill(0, false);
    stores_read_back(true);
}
END_TEST

/* Half a copy for which there is no room goes, although there is none. */
START_TEST(a_sweep_needs_no_space)
{
    uint32_t stream;

    stores_write_all();
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 2);
    stores_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 2);
    cluster.full = true;
    stores_append(0, stream, 3, 3);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
    assert_ok(stores.list[0]->drop(stores.list[0]->user, stream, false));
    stores_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
}
END_TEST

/* A node that takes over and finds no space is to go on: what the other one has left is stale. */
START_TEST(a_mark_of_what_another_has_left)
{
    uint32_t stream;

    stores_write_all();
    assert_ok(stores_open(1));
    assert_ok(stores_mark(1)); /* nothing is its own */
    ck_assert(keeping_is_exact());
    cluster.full = true;
    assert_ok(stores_stream(1, 8, &stream));
    stores_append(1, stream, 1, 1);
    stores_settle(1);
    assert_error(stores.status, L2TPHA_ERR_LIMIT);
    assert_ok(stores_mark(1));
    ck_assert(!keeping_is_exact());
}
END_TEST

Suite *suite_store(void);
Suite *suite_store(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");

    tcase_add_checked_fixture(tcase, stores_begin, keeping_end);
    tcase_add_test(tcase, keys_of_a_copy);
    tcase_add_test(tcase, a_copy_is_made_anew);
    tcase_add_test(tcase, history_is_left_alone);
    tcase_add_test(tcase, an_idle_writer_is_refused);
    tcase_add_test(tcase, a_late_mark_of_an_older_writer);
    tcase_add_loop_test(tcase, an_answer_does_not_come, 0, 3 * 9);
    tcase_add_loop_test(tcase, an_answer_to_a_reader_does_not_come, 0, 3 * 5);
    tcase_add_test(tcase, a_batch_comes_too_late);
    tcase_add_loop_test(tcase, a_copy_ends_behind_a_mark, 0, 2);
    tcase_add_test(tcase, nobody_answers);
    tcase_add_test(tcase, nobody_is_there);
    tcase_add_test(tcase, a_process_was_stopped);
    tcase_add_test(tcase, a_mark_needs_no_space);
    tcase_add_test(tcase, a_sweep_needs_no_space);
    tcase_add_test(tcase, a_mark_of_what_another_has_left);
    suite_add_tcase(suite, tcase);
    return suite;
}
