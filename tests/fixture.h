/* SPDX-License-Identifier: MIT */
/* What every suite shares: a talloc root that must be empty again when the test is over. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include <check.h>
#include <l2tpha/error.h>
#include <talloc.h>

/* The parent of all that a test allocates. */
extern TALLOC_CTX *root;

void fixture_setup(void);
/* Asserts that nothing hangs off root any more. */
void fixture_teardown(void);

/* What each test file defines for the runner. */
#define SUITE(name) Suite *suite_##name(void);
#include "suites.inc"
#undef SUITE

/* A suite with one checked test case that uses the fixture. */
Suite *fixture_suite(const char *name, TCase **tcase);

/* Of the suites made from here on this test alone, and of a loop test this turn alone; NULL: all
 * tests, -1: all turns. */
void fixture_only(const char *test, int turn);
/* Tests taken so far. */
unsigned fixture_tests(void);
/* All that adds a test comes down to this call of libcheck's. */
#define _tcase_add_test fixture_add_test
void fixture_add_test(TCase *tcase, const TTest *test, int signal, int exit_value, int start,
                      int end);

/* ck_assert() reports each check that passes as well, which is slow; this one is for long loops. */
#define assert_true(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("not so: %s", #condition);                                                \
    } while (0)

/* Assert success or a given error, naming both in the failure. */
#define assert_ok(call) assert_error(call, L2TPHA_OK)
#define assert_error(call, expected)                                                               \
    do {                                                                                           \
        int got_ = (call), want_ = (expected);                                                     \
        if (got_ != want_)                                                                         \
            ck_abort_msg("%s: %s, expected %s", #call, got_ ? l2tpha_error_name(got_) : "OK",      \
                         want_ ? l2tpha_error_name(want_) : "OK");                                 \
    } while (0)

#endif
