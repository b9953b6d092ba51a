/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#undef _tcase_add_test

TALLOC_CTX *root;

static const char *only_test;
static int only_turn = -1;
static unsigned test_count;

void fixture_only(const char *test, int turn)
{
    only_test = test;
    only_turn = turn;
}

unsigned fixture_tests(void)
{
    return test_count;
}

void fixture_add_test(TCase *tcase, const TTest *test, int signal, int exit_value, int start,
                      int end)
{
    if (only_test && strcmp(test->name, only_test) != 0)
        return;
    if (only_turn >= 0 && (only_turn < start || only_turn >= end))
        return;
    if (only_turn >= 0) {
        start = only_turn;
        end = only_turn + 1;
    }
    test_count++;
    _tcase_add_test(tcase, test, signal, exit_value, start, end);
}

void fixture_setup(void)
{
    root = talloc_named_const(NULL, 0, "test root");
    ck_assert_ptr_nonnull(root);
}

static void tell(const void *block, int depth, int max_depth, int is_ref, void *user)
{
    (void)max_depth, (void)is_ref, (void)user;
    fprintf(stderr, "%*s%s: %zu bytes\n", 4 * depth, "", talloc_get_name(block),
            talloc_get_size(block));
}

void fixture_teardown(void)
{
    size_t blocks = talloc_total_blocks(root);
    if (blocks != 1)
        talloc_report_depth_cb(root, 0, -1, tell, NULL);
    ck_assert_uint_eq(blocks, 1);
    talloc_free(root);
}

Suite *fixture_suite(const char *name, TCase **tcase)
{
    Suite *suite = suite_create(name);
    *tcase = tcase_create(name);
    tcase_add_checked_fixture(*tcase, fixture_setup, fixture_teardown);
    tcase_set_timeout(*tcase, 120);
    suite_add_tcase(suite, *tcase);
    return suite;
}
