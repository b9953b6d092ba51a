/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <stdio.h>

TALLOC_CTX *root;

void fixture_setup(void)
{
    root = talloc_named_const(NULL, 0, "test root");
    ck_assert_ptr_nonnull(root);
}

void fixture_teardown(void)
{
    size_t blocks = talloc_total_blocks(root);
    if (blocks != 1)
        talloc_report_full(root, stderr);
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
