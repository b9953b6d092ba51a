/* SPDX-License-Identifier: MIT */
/* A look into a store that another process writes. */
#include "etcd/store_private.h"
#include "keeping.h"

#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define G "l2tpha/g/"

/* All keys with what they have. */
static void describe(char *text, size_t room)
{
    const char *key;
    size_t at = 0;

    text[0] = '\0';
    for (uint32_t i = 0; (key = cluster_key(G, i)) && at < room; i++)
        at += (size_t)snprintf(text + at, room - at, "%s=%.40s\n", key, cluster_value(key));
}

static void look(uint64_t items)
{
    static char before[8192], after[8192];

    describe(before, sizeof(before));
    assert_ok(keeping_look(1));
    ck_assert_uint_eq(keeping.items, items);
    ck_assert_uint_eq(keeping.found.items, items);
    ck_assert(keeping.found.any == (items > 0));
    keeping_close(1);
    describe(after, sizeof(after));
    ck_assert_str_eq(before, after);
}

START_TEST(it_takes_nothing)
{
    uint32_t stream;

    look(0); /* nobody has ever written */
    assert_ok(keeping_open(0));
    assert_ok(keeping_stream(0, 7, &stream));
    keeping_append(0, stream, 1, KEEPING_WHOLE - 1);
    keeping_settle(0);
    look(0); /* the copy is not whole */
    for (uint64_t i = KEEPING_WHOLE; i <= KEEPING_ITEMS; i++) {
        keeping_append(0, stream, i, i);
        keeping_settle(0);
        assert_ok(keeping.status);
        look(i);
        ck_assert(!keeping.found.stale);
        ck_assert_uint_eq(keeping.found.epoch, 7);
    }
    ck_assert_uint_eq(keeping.confirmed, KEEPING_ITEMS);
}
END_TEST

START_TEST(what_is_stale)
{
    keeping_write(0, 7);
    assert_ok(keeping_mark(0));
    look(KEEPING_ITEMS);
    ck_assert(keeping.found.stale);
}
END_TEST

START_TEST(nobody_answers)
{
    keeping_write(0, 7);
    keeping_close(0);
    for (uint32_t i = 0; i < 3; i++)
        cluster_kill(i);
    ck_assert_int_ne(keeping_look(1), L2TPHA_OK);
    ck_assert(!keeping.found.any);
}
END_TEST

Suite *suite_look(void);
Suite *suite_look(void)
{
    Suite *suite = suite_create("look");
    TCase *tcase = tcase_create("look");

    tcase_add_checked_fixture(tcase, keeping_begin, keeping_end);
    tcase_add_test(tcase, it_takes_nothing);
    tcase_add_test(tcase, what_is_stale);
    tcase_add_test(tcase, nobody_answers);
    suite_add_tcase(suite, tcase);
    return suite;
}
