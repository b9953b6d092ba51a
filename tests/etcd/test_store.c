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

START_TEST(what_was_written_is_read)
{
    keeping_write_all();
    keeping_close(0);
    ck_assert(keeping_is_exact());
    keeping_read_back(false);
    ck_assert_uint_eq(keeping.found.epoch, 7);
    ck_assert_ptr_null(keeping.found.fault);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    ck_assert_uint_eq(cluster_keys(G "log/"), KEEPING_ITEMS / 2);
    ck_assert_uint_eq(cluster_keys(G "store/"), 3);
}
END_TEST

START_TEST(nothing_is_found_in_an_empty_cluster)
{
    assert_ok(keeping_read(0, false));
    ck_assert(!keeping.found.any);
    ck_assert(!keeping.found.stale);
}
END_TEST

/* A copy that has not ended is none; what it has goes. */
START_TEST(half_a_copy_is_none)
{
    uint32_t stream;

    assert_ok(keeping_open(0));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, KEEPING_WHOLE - 1);
    keeping_settle(0);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_WHOLE - 1);
    ck_assert(!keeping.whole);
    keeping_kill(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    assert_ok(keeping_read(1, false));
    ck_assert(!keeping.found.any);
    assert_ok(keeping_stream(1, 8, &stream));
    keeping_append(1, stream, 1, 1);
    keeping_settle(1);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    ck_assert_uint_eq(cluster_keys(G "log/"), 1);
}
END_TEST

/* Two streams, as when a copy is made anew: the older one goes when it is dropped, and history. */
START_TEST(a_copy_is_made_anew)
{
    uint32_t second, third;

    keeping_write_all();
    ck_assert_uint_eq(cluster.compacted, 0);
    assert_ok(keeping_stream(0, 7, &second));
    assert_error(keeping.stores[0]->begin(keeping.stores[0]->user, 7, &third), L2TPHA_ERR_LIMIT);
    keeping_append(0, second, 1, KEEPING_WHOLE - 1);
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 2);
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 2);
    keeping_append(0, second, KEEPING_WHOLE, KEEPING_ITEMS);
    keeping_settle(0);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, false));
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    ck_assert_uint_gt(cluster.compacted, 0);
    keeping_close(0);
    keeping_read_back(false);
}
END_TEST

/* The only whole one stays, whatever is said of it. */
START_TEST(the_copy_stays)
{
    uint32_t second;

    keeping_write_all();
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, _i));
    assert_ok(keeping_stream(0, 7, &second));
    keeping_append(0, second, 1, 2);
    keeping_settle(0);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, second, false));
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    keeping_close(0);
    keeping_read_back(false);
}
END_TEST

/* --- who may write --- */

START_TEST(an_older_writer_is_refused)
{
    uint32_t stream;

    keeping_write_all();
    assert_ok(keeping_read(1, false));
    keeping_assert_found(false);
    if (_i == 0)
        keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    else
        keeping.skipped += 2 * SECOND; /* an idle one asks by itself */
    keeping_settle(0);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    assert_error(keeping.status, L2TPHA_ERR_FENCED);
    assert_error(keeping_mark(0), L2TPHA_ERR_FENCED);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, false));
    keeping_settle(0);
    assert_error(keeping_stream(0, 7, &stream), L2TPHA_ERR_FENCED);
    keeping_close(0);
    ck_assert(keeping_is_exact());
    ck_assert_uint_eq(cluster_keys(G "log/"), KEEPING_ITEMS / 2);
    assert_ok(keeping_stream(1, 8, &stream));
    keeping_append(1, stream, 1, KEEPING_ITEMS);
    keeping_settle(1);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
}
END_TEST

/* A mark that was asked for, and comes when another one has the store, is of nothing. */
START_TEST(a_late_mark_of_an_older_writer)
{
    keeping_write_all();
    fault("deleterange", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "deleterange", .fate = LOST, .times = 1000};
    assert_error(keeping_mark(0), L2TPHA_ERR_TIMEOUT);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    assert_ok(keeping_read(1, false));
    keeping_assert_found(false);
    cluster_release();
    ck_assert(keeping_is_exact());
}
END_TEST

/* A node with it open is no writer before it serves; one that takes over has a newer epoch. */
START_TEST(a_newer_epoch_has_it)
{
    uint32_t stream;

    keeping_write_all();
    assert_ok(keeping_open(1));
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_ok(keeping.status);
    assert_ok(keeping_stream(1, 6 + (uint64_t)_i, &stream));
    keeping_append(1, stream, 1, 1);
    keeping_settle(1);
    if (_i < 2) { /* older, or the same: it is refused, and nothing has changed */
        assert_error(keeping.status, L2TPHA_ERR_FENCED);
        ck_assert_uint_eq(keeping.confirmed, 0);
        assert_error(keeping_mark(1), L2TPHA_ERR_FENCED);
        ck_assert(keeping_is_exact());
        return;
    }
    ck_assert_uint_eq(keeping.confirmed, 1);
    ck_assert(!keeping_is_exact()); /* what another one had is not what is served from now on */
    keeping_append(0, 0, KEEPING_ITEMS + 2, KEEPING_ITEMS + 2);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_FENCED);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, true));
    assert_ok(keeping_stream(0, 9, &stream)); /* it takes over again */
    keeping_append(0, stream, 1, KEEPING_ITEMS);
    keeping_settle(0);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
}
END_TEST

/* --- requests without an answer --- */

/* Whichever of them it is, and whether it has come to pass: the next member knows. */
START_TEST(an_answer_does_not_come)
{
    static const enum fate fates[] = {CUT, LOST, SILENT};

    fault("/v3/", fates[_i % 3], (uint32_t)_i / 3, 1);
    cluster.faults[0].octets = _i % 2 ? 60 : 0;
    keeping_write(0, 7);
    assert_ok(keeping.status);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    ck_assert_uint_eq(cluster.faults[0].times, 0);
    ck_assert_uint_eq(cluster_keys(G "log/"), KEEPING_ITEMS / 2);
    keeping_close(0);
    keeping_read_back(false);
}
END_TEST

START_TEST(an_answer_to_a_reader_does_not_come)
{
    static const enum fate fates[] = {CUT, LOST, SILENT};

    keeping_write_all();
    keeping_close(0);
    fault("/v3/", fates[_i % 3], (uint32_t)_i / 3, 1);
    cluster.faults[0].octets = 60;
    keeping_read_back(false);
    ck_assert_uint_eq(cluster.faults[0].times, 0);
}
END_TEST

/* It comes to pass when its stream has been given up: then it must not. */
START_TEST(a_batch_comes_too_late)
{
    uint32_t stream;

    keeping_write_all();
    fault("txn", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "txn", .fate = LOST, .times = 1000};
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, true));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, 1);
    keeping_settle(0);
    assert_ok(keeping.status);
    cluster_release();
    keeping_close(0);
    keeping_read_back(false);
}
END_TEST

/* The end of a copy comes to pass behind the mark: what it says is not so any more. */
START_TEST(a_copy_ends_behind_a_mark)
{
    uint32_t stream;

    assert_ok(keeping_open(0));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, KEEPING_WHOLE - 1);
    keeping_settle(0);
    fault("txn", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "txn", .fate = LOST, .times = 1000};
    keeping_append(0, stream, KEEPING_WHOLE, KEEPING_WHOLE);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_TIMEOUT);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    cluster.full = _i;
    assert_ok(keeping_mark(0));
    cluster.full = false;
    cluster_release();
    ck_assert(!keeping_is_exact());
}
END_TEST

START_TEST(nobody_answers)
{
    keeping_write_all();
    fault("/v3/", SILENT, 0, 1000);
    uint64_t begun = keeping.skipped;
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_TIMEOUT);
    ck_assert_uint_ge(keeping.skipped - begun, 3 * SECOND);
    ck_assert_uint_le(keeping.skipped - begun, 6 * SECOND);
    ck_assert_str_eq(keeping.stores[0]->note(keeping.stores[0]->user), "a member does not answer");
    assert_error(keeping_open(1), L2TPHA_ERR_TIMEOUT);
    ck_assert_str_eq(keeping.why, "a member does not answer");
    assert_error(keeping_mark(0), L2TPHA_ERR_TIMEOUT);
}
END_TEST

START_TEST(nobody_is_there)
{
    for (uint32_t i = 0; i < 3; i++)
        cluster_kill(i);
    assert_error(keeping_open(0), L2TPHA_ERR_HOST);
    ck_assert_str_eq(keeping.why, "a member cannot be reached");
}
END_TEST

/* A process that was stopped takes what has come meanwhile. */
START_TEST(a_process_was_stopped)
{
    keeping_write_all();
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    assert_ok(keeping.stores[0]->commit(keeping.stores[0]->user));
    struct l2tpha_store_event event;
    for (uint32_t before = cluster.requests; cluster.requests == before;) {
        cluster_turn(keeping.stores[0]->fd(keeping.stores[0]->user), 1);
        if (cluster.requests == before)
            ck_assert(!keeping.stores[0]->event(keeping.stores[0]->user, &event));
    }
    keeping.skipped += 100 * SECOND;
    keeping_settle(0);
    assert_ok(keeping.status);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS + 1);
}
END_TEST

/* --- space --- */

START_TEST(a_mark_needs_no_space)
{
    uint32_t stream;

    keeping_write_all();
    cluster.full = true;
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_nonnull(
        strstr(keeping.stores[0]->note(keeping.stores[0]->user), "space exceeded"));
    assert_ok(keeping_mark(0));
    ck_assert(!keeping_is_exact());
    cluster.full = false;
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, true));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, KEEPING_WHOLE - 1);
    keeping_settle(0);
    assert_ok(keeping.status);
    ck_assert(!keeping_is_exact()); /* it is when the copy is whole */
    keeping_kill(0);
    keeping_read_back(true);
}
END_TEST

/* Half a copy for which there is no room goes, although there is none. */
START_TEST(a_sweep_needs_no_space)
{
    uint32_t stream;

    keeping_write_all();
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, 2);
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 2);
    cluster.full = true;
    keeping_append(0, stream, 3, 3);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_LIMIT);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, stream, false));
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
}
END_TEST

/* A node that takes over and finds no space is to go on: what the other one has left is stale. */
START_TEST(a_mark_of_what_another_has_left)
{
    uint32_t stream;

    keeping_write_all();
    assert_ok(keeping_open(1));
    assert_ok(keeping_mark(1)); /* nothing is its own */
    ck_assert(keeping_is_exact());
    cluster.full = true;
    assert_ok(keeping_stream(1, 8, &stream));
    keeping_append(1, stream, 1, 1);
    keeping_settle(1);
    assert_error(keeping.status, L2TPHA_ERR_LIMIT);
    assert_ok(keeping_mark(1));
    ck_assert(!keeping_is_exact());
}
END_TEST

Suite *suite_store(void);
Suite *suite_store(void)
{
    Suite *suite = suite_create("store");
    TCase *tcase = tcase_create("store");

    tcase_add_checked_fixture(tcase, keeping_begin, keeping_end);
    tcase_add_test(tcase, what_was_written_is_read);
    tcase_add_test(tcase, nothing_is_found_in_an_empty_cluster);
    tcase_add_test(tcase, half_a_copy_is_none);
    tcase_add_test(tcase, a_copy_is_made_anew);
    tcase_add_loop_test(tcase, the_copy_stays, 0, 2);
    tcase_add_loop_test(tcase, an_older_writer_is_refused, 0, 2);
    tcase_add_test(tcase, a_late_mark_of_an_older_writer);
    tcase_add_loop_test(tcase, a_newer_epoch_has_it, 0, 3);
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
