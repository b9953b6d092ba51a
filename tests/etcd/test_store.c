/* SPDX-License-Identifier: MIT */
/* A store in etcd: what is read again, who may write, what becomes of requests without an answer,
 * and of what a cluster has lost, or has no room for. */
#include "etcd/store_private.h"
#include "keeping.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define G "l2tpha/g/"

static void assert_found(bool stale)
{
    ck_assert(keeping.found.any);
    ck_assert_int_eq(keeping.found.stale, stale);
    ck_assert_uint_eq(keeping.items, KEEPING_ITEMS);
    ck_assert_uint_eq(keeping.found.items, KEEPING_ITEMS);
    ck_assert_uint_eq(keeping.found.bytes, KEEPING_ITEMS * keeping.item_len);
}

static void write_all(void)
{
    keeping_write(0, 7);
    assert_ok(keeping.status);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    ck_assert(keeping.whole);
}

static bool is_exact(void)
{
    const char *key;

    for (uint32_t i = 0; (key = cluster_key(G "store/", i)); i++)
        if (strstr(key, "/exact"))
            return true;
    return false;
}

static void fault(const char *path, enum fate fate, uint32_t after, uint32_t times)
{
    cluster.faults[0] = (struct fault){.path = path, .fate = fate, .after = after, .times = times};
}

static void read_back(bool stale)
{
    assert_ok(keeping_read(2, false));
    assert_found(stale);
    keeping_close(2);
}

START_TEST(what_was_written_is_read)
{
    write_all();
    keeping_close(0);
    ck_assert(is_exact());
    read_back(false);
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

    write_all();
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
    read_back(false);
}
END_TEST

/* The only whole one stays, whatever is said of it. */
START_TEST(the_copy_stays)
{
    uint32_t second;

    write_all();
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, _i));
    assert_ok(keeping_stream(0, 7, &second));
    keeping_append(0, second, 1, 2);
    keeping_settle(0);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, second, false));
    keeping_settle(0);
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    keeping_close(0);
    read_back(false);
}
END_TEST

/* --- who may write --- */

START_TEST(an_older_writer_is_refused)
{
    uint32_t stream;

    write_all();
    assert_ok(keeping_read(1, false));
    assert_found(false);
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
    ck_assert(is_exact());
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
    write_all();
    fault("deleterange", HELD, 0, 1);
    cluster.faults[1] = (struct fault){.path = "deleterange", .fate = LOST, .times = 1000};
    assert_error(keeping_mark(0), L2TPHA_ERR_TIMEOUT);
    memset(cluster.faults, 0, sizeof(cluster.faults));
    assert_ok(keeping_read(1, false));
    assert_found(false);
    cluster_release();
    ck_assert(is_exact());
}
END_TEST

/* A node with it open is no writer before it serves; one that takes over has a newer epoch. */
START_TEST(a_newer_epoch_has_it)
{
    uint32_t stream;

    write_all();
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
        ck_assert(is_exact());
        return;
    }
    ck_assert_uint_eq(keeping.confirmed, 1);
    ck_assert(!is_exact()); /* what another one had is not what is served from now on */
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
    read_back(false);
}
END_TEST

START_TEST(an_answer_to_a_reader_does_not_come)
{
    static const enum fate fates[] = {CUT, LOST, SILENT};

    write_all();
    keeping_close(0);
    fault("/v3/", fates[_i % 3], (uint32_t)_i / 3, 1);
    cluster.faults[0].octets = 60;
    read_back(false);
    ck_assert_uint_eq(cluster.faults[0].times, 0);
}
END_TEST

/* It comes to pass when its stream has been given up: then it must not. */
START_TEST(a_batch_comes_too_late)
{
    uint32_t stream;

    write_all();
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
    read_back(false);
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
    ck_assert(!is_exact());
}
END_TEST

START_TEST(nobody_answers)
{
    write_all();
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
    write_all();
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

    write_all();
    cluster.full = true;
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_nonnull(
        strstr(keeping.stores[0]->note(keeping.stores[0]->user), "space exceeded"));
    assert_ok(keeping_mark(0));
    ck_assert(!is_exact());
    cluster.full = false;
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, true));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, KEEPING_WHOLE - 1);
    keeping_settle(0);
    assert_ok(keeping.status);
    ck_assert(!is_exact()); /* it is when the copy is whole */
    keeping_kill(0);
    read_back(true);
}
END_TEST

/* Half a copy for which there is no room goes, although there is none. */
START_TEST(a_sweep_needs_no_space)
{
    uint32_t stream;

    write_all();
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

    write_all();
    assert_ok(keeping_open(1));
    assert_ok(keeping_mark(1)); /* nothing is its own */
    ck_assert(is_exact());
    cluster.full = true;
    assert_ok(keeping_stream(1, 8, &stream));
    keeping_append(1, stream, 1, 1);
    keeping_settle(1);
    assert_error(keeping.status, L2TPHA_ERR_LIMIT);
    assert_ok(keeping_mark(1));
    ck_assert(!is_exact());
}
END_TEST

/* --- what is lost, or other --- */

START_TEST(the_cluster_has_lost_something)
{
    uint32_t stream;

    write_all();
    if (_i == 0)
        cluster_put(cluster_key(G "log/", KEEPING_ITEMS / 2 - 1), NULL);
    while (_i > 0 && cluster_key(_i == 1 ? G "store/" : G, 0))
        cluster_put(cluster_key(_i == 1 ? G "store/" : G, 0), NULL);
    keeping_append(0, 0, KEEPING_ITEMS + 1, KEEPING_ITEMS + 1);
    keeping_settle(0);
    assert_error(keeping.status, L2TPHA_ERR_GAP);
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
    assert_ok(keeping.stores[0]->drop(keeping.stores[0]->user, 0, true));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, 1);
    keeping_settle(0);
    assert_ok(keeping.status);
    ck_assert(!is_exact()); /* what was lost may have been served */
    keeping_append(0, stream, 2, KEEPING_ITEMS);
    keeping_settle(0);
    ck_assert(is_exact());
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    keeping_close(0);
    read_back(false);
}
END_TEST

/* One made of a backup has less than was served, perhaps. */
START_TEST(a_cluster_of_another_name_is_stale)
{
    write_all();
    keeping_close(0);
    cluster.id++;
    read_back(true);
}
END_TEST

START_TEST(members_of_two_clusters)
{
    assert_ok(keeping_open(0));
    cluster.id++;
    assert_error(keeping.stores[0]->open(keeping.stores[0]->user, &keeping.why), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(keeping.why, "members are of two clusters");
}
END_TEST

START_TEST(a_batch_is_damaged)
{
    const char *key;
    size_t len;

    write_all();
    keeping_close(0);
    key = cluster_key(G "log/", 4);
    if (_i == 0)
        cluster_octets(key, &len)[50] ^= 1;
    else
        cluster_put(key, NULL);
    assert_error(keeping_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(keeping.found.fault, _i == 0 ? "an entry has changed" : "an entry is missing");
    ck_assert_uint_eq(keeping.items, 0);
    assert_ok(keeping_read(2, true));
    ck_assert(keeping.found.any && keeping.found.stale);
    ck_assert_uint_eq(keeping.items, 8);
}
END_TEST

static const struct {
    const char *head;
    int error;
} heads[] = {{"{\"format\":2}", L2TPHA_ERR_RECORD_VERSION},
             {"none", L2TPHA_ERR_RECORD},
             {"{\"format\":1}", L2TPHA_ERR_RECORD},
             {"{\"format\":1,\"copy\":\"0000000000000000\",\"epoch\":\"0000000000000000\","
              "\"cluster\":\"1\",\"owner\":\"x\"}",
              L2TPHA_ERR_RECORD}};

START_TEST(a_head_is_none)
{
    cluster_put(G "store/head", heads[_i].head);
    assert_error(keeping_open(0), heads[_i].error);
    ck_assert_str_eq(keeping.why, heads[_i].error == L2TPHA_ERR_RECORD
                                      ? "its head is none"
                                      : "another release has written it");
}
END_TEST

/* --- limits --- */

START_TEST(limits)
{
    static const uint8_t item[ITEM_MAX + 1];
    uint32_t stream;

    assert_ok(keeping_open(0));
    const struct l2tpha_store *store = keeping.stores[0];
    assert_ok(keeping_stream(0, 7, &stream));
    assert_error(store->append(store->user, 9, 1, item, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 0, item, 1, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, item, 0, false), L2TPHA_ERR_INVALID);
    assert_error(store->append(store->user, stream, 1, item, sizeof(item), false),
                 L2TPHA_ERR_LIMIT);
    assert_error(store->drop(store->user, 1, false), L2TPHA_ERR_INVALID);
}
END_TEST

/* The largest there are, one batch each. */
START_TEST(large_checkpoints)
{
    keeping.item_len = ITEM_MAX;
    write_all();
    ck_assert_uint_eq(cluster_keys(G "log/"), KEEPING_ITEMS);
    keeping_close(0);
    read_back(false);
}
END_TEST

START_TEST(places)
{
    static const char *const bad[] = {"", "h", "/g", "h:1/", "h:0/g", "127.0.0.1:1/a b"};
    const struct l2tpha_etcd_store_options wrong = {.size = 1};
    struct l2tpha_store *store;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_error(l2tpha_etcd_store_new(root, bad[i], NULL, &store), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_etcd_store_new(root, NULL, NULL, &store), L2TPHA_ERR_INVALID);
    assert_error(l2tpha_etcd_store_new(root, "127.0.0.1/g", &wrong, &store), L2TPHA_ERR_INVALID);
    assert_ok(l2tpha_etcd_store_new(root, "127.0.0.1,[::1]:2/g", NULL, &store));
    ck_assert_str_eq(store->name, "etcd");
    ck_assert_int_ge(store->fd(store->user), 0);
    store->free(store->user);
}
END_TEST

static void add_losses(TCase *tcase)
{
    tcase_add_loop_test(tcase, the_cluster_has_lost_something, 0, 3);
    tcase_add_test(tcase, a_cluster_of_another_name_is_stale);
    tcase_add_test(tcase, members_of_two_clusters);
    tcase_add_loop_test(tcase, a_batch_is_damaged, 0, 2);
    tcase_add_loop_test(tcase, a_head_is_none, 0, (int)(sizeof(heads) / sizeof(heads[0])));
    tcase_add_test(tcase, limits);
    tcase_add_test(tcase, large_checkpoints);
    tcase_add_test(tcase, places);
}

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
    add_losses(tcase);
    suite_add_tcase(suite, tcase);
    return suite;
}
