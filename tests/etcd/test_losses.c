/* SPDX-License-Identifier: MIT */
/* A store in etcd whose cluster has lost something, has something else, or has too much of it; and
 * somebody who looks. */
#include "etcd/store_private.h"
#include "keeping.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define G "l2tpha/g/"

/* --- what is lost, or other --- */

START_TEST(the_cluster_has_lost_something)
{
    uint32_t stream;

    stores_write_all();
    if (_i == 0)
        cluster_put(cluster_key(G "log/", STORES_ITEMS / 2 - 1), NULL);
    while (_i > 0 && cluster_key(_i == 1 ? G "store/" : G, 0))
        cluster_put(cluster_key(_i == 1 ? G "store/" : G, 0), NULL);
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_error(stores.status, L2TPHA_ERR_GAP);
    ck_assert_uint_eq(stores.confirmed, STORES_ITEMS);
    assert_ok(stores.list[0]->drop(stores.list[0]->user, 0, true));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 1);
    stores_settle(0);
    assert_ok(stores.status);
    ck_assert(!keeping_is_exact()); /* what was lost may have been served */
    stores_append(0, stream, 2, STORES_ITEMS);
    stores_settle(0);
    ck_assert(keeping_is_exact());
    ck_assert_uint_eq(cluster_keys(G "logs/"), 1);
    stores_close(0);
    stores_read_back(false);
}
END_TEST

/* One made of a backup has less than was served, perhaps. */
START_TEST(a_cluster_of_another_name_is_stale)
{
    stores_write_all();
    stores_close(0);
    cluster.id++;
    stores_read_back(true);
}
END_TEST

START_TEST(members_of_two_clusters)
{
    assert_ok(stores_open(0));
    cluster.id++;
    assert_error(stores.list[0]->open(stores.list[0]->user, &stores.why), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(stores.why, "members are of two clusters");
}
END_TEST

START_TEST(a_batch_is_damaged)
{
    const char *key;
    size_t len;

    stores_write_all();
    stores_close(0);
    key = cluster_key(G "log/", 4);
    if (_i == 0)
        cluster_octets(key, &len)[50] ^= 1;
    else
        cluster_put(key, NULL);
    assert_error(stores_read(1, false), L2TPHA_ERR_RECORD);
    ck_assert_str_eq(stores.found.fault, _i == 0 ? "an entry has changed" : "an entry is missing");
    ck_assert_uint_eq(stores.items, 0);
    assert_ok(stores_read(2, true));
    ck_assert(stores.found.any && stores.found.stale);
    ck_assert_uint_eq(stores.items, 8);
}
END_TEST

#define HEAD                                                                                       \
    "{\"format\":1,\"copy\":\"0000000000000000\",\"epoch\":\"0000000000000000\","                  \
    "\"cluster\":\"1\",\"owner\":\"0123456789012345678901234567890123456789\""

static const struct {
    const char *head;
    int error;
} heads[] = {{"{\"format\":2}", L2TPHA_ERR_RECORD_VERSION},
             {"none", L2TPHA_ERR_RECORD},
             {"{\"format\":1}", L2TPHA_ERR_RECORD},
             {"{\"format\":1,\"copy\":\"0000000000000000\",\"epoch\":\"0000000000000000\","
              "\"cluster\":\"1\",\"owner\":\"x\"}",
              L2TPHA_ERR_RECORD},
             {HEAD ",\"level\":0}", L2TPHA_ERR_RECORD},
             {HEAD ",\"level_min\":\"1\"}", L2TPHA_ERR_RECORD},
             {HEAD ",\"level_min\":4294967296}", L2TPHA_ERR_RECORD}};

START_TEST(a_head_is_none)
{
    cluster_put(G "store/head", heads[_i].head);
    assert_error(stores_open(0), heads[_i].error);
    ck_assert_str_eq(stores.why, heads[_i].error == L2TPHA_ERR_RECORD
                                     ? "its head is none"
                                     : "another release has written it");
}
END_TEST

/* A head without levels is of level 1. */
START_TEST(a_head_of_the_first_release)
{
    char text[512], *level;

    stores_write_all();
    stores_close(0);
    snprintf(text, sizeof(text), "%s", cluster_value(G "store/head"));
    level = strstr(text, ",\"level\":");
    ck_assert_ptr_nonnull(level);
    memmove(level, strstr(text, ",\"owner\""), strlen(strstr(text, ",\"owner\"")) + 1);
    cluster_put(G "store/head", text);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.level, 1);
    ck_assert_uint_eq(stores.found.level_min, 1);
}
END_TEST

/* Who has it from now on has written nothing of it. */
START_TEST(a_level_stays_with_the_copy)
{
    char text[512], *level;

    stores_write_all();
    stores_close(0);
    snprintf(text, sizeof(text), "%s", cluster_value(G "store/head"));
    level = strstr(text, "\"level\":");
    ck_assert_ptr_nonnull(level);
    level[8] = '9';
    cluster_put(G "store/head", text);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.level, 9);
    stores_read_back(false);
    ck_assert_uint_eq(stores.found.level, 9);
}
END_TEST

/* --- a look --- */

static int look(void)
{
    const char *why = NULL;

    if (stores_open(2)) /* it is asked again by the look */
        return L2TPHA_ERR_STATE;
    stores.items = 0;
    int error = stores.list[2]->look(stores.list[2]->user, stores_take, NULL, &stores.found, &why);
    stores_close(2);
    return error;
}

/* The writer goes on, and nothing has changed. */
START_TEST(somebody_looks)
{
    assert_ok(look());
    ck_assert(!stores.found.any);
    stores_write_all();
    uint64_t revision = cluster.revision;
    assert_ok(look());
    stores_assert_found(false);
    ck_assert_uint_eq(stores.found.unproven, 2);
    ck_assert_uint_eq(cluster.revision, revision);
    stores_append(0, 0, STORES_ITEMS + 1, STORES_ITEMS + 1);
    stores_settle(0);
    assert_ok(stores.status);
    assert_ok(stores_mark(0));
    assert_ok(look());
    ck_assert(stores.found.stale);
    ck_assert_uint_eq(stores.found.unproven, 1);
    cluster_put(cluster_key(G "log/", 4), NULL);
    assert_error(look(), L2TPHA_ERR_RECORD);
    ck_assert_uint_eq(stores.items, 8);
}
END_TEST

/* Each has a batch of its own. */
START_TEST(large_checkpoints)
{
    uint32_t stream;

    stores.item_len = BATCH_MAX / 2;
    assert_ok(stores_open(0));
    assert_ok(stores_stream(0, 7, &stream));
    stores_append(0, stream, 1, 3);
    stores_settle(0);
    ck_assert_uint_eq(stores.confirmed, 3);
    ck_assert_uint_eq(cluster_keys(G "log/"), 3);
}
END_TEST

START_TEST(nobody_is_there_to_be_asked)
{
    stores_write_all();
    stores_close(0);
    for (uint32_t i = 0; i < 3; i++)
        cluster_kill(i);
    ck_assert_int_ne(stores_look(1), L2TPHA_OK);
    ck_assert(!stores.found.any);
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

Suite *suite_losses(void);
Suite *suite_losses(void)
{
    Suite *suite = suite_create("losses");
    TCase *tcase = tcase_create("losses");

    tcase_add_checked_fixture(tcase, stores_begin, keeping_end);
    tcase_add_loop_test(tcase, the_cluster_has_lost_something, 0, 3);
    tcase_add_test(tcase, a_cluster_of_another_name_is_stale);
    tcase_add_test(tcase, members_of_two_clusters);
    tcase_add_loop_test(tcase, a_batch_is_damaged, 0, 2);
    tcase_add_loop_test(tcase, a_head_is_none, 0, (int)(sizeof(heads) / sizeof(heads[0])));
    tcase_add_test(tcase, a_head_of_the_first_release);
    tcase_add_test(tcase, a_level_stays_with_the_copy);
    tcase_add_test(tcase, somebody_looks);
    tcase_add_test(tcase, nobody_is_there_to_be_asked);
    tcase_add_test(tcase, large_checkpoints);
    tcase_add_test(tcase, places);
    suite_add_tcase(suite, tcase);
    return suite;
}
