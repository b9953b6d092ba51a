/* SPDX-License-Identifier: MIT */
/* Whatever the build is, here an assertion counts and logs; test_invariants.c has what a checked
 * build does. */
#undef L2TPHA_CHECKED
#undef L2TPHA_UNCHECKED
#include "base/assert.h"

#include "fixture.h"

#include <string.h>

static struct {
    unsigned lines;
    enum l2tpha_log_category category;
    char text[128];
} heard;

static void hear(void *user, const struct l2tpha_log_line *line)
{
    (void)user;
    heard.lines++;
    heard.category = line->category;
    strncpy(heard.text, line->text, sizeof(heard.text) - 1);
}

static const struct l2tpha_host host = {.size = sizeof(host), .log = hear};

START_TEST(what_does_not_hold_is_counted_and_logged)
{
    uint64_t failed = 0;
    const struct log log = {.host = &host, .mask = L2TPHA_LOG_ERROR, .failed = &failed};
    int queued = 2;

    memset(&heard, 0, sizeof(heard));
    ASSERT(&log, queued == 2);
    ck_assert_uint_eq(failed, 0);
    ck_assert_uint_eq(heard.lines, 0);
    ASSERT(&log, queued == 3);
    ASSERT(&log, queued > 3);
    ck_assert_uint_eq(failed, 2);
    ck_assert_uint_eq(heard.lines, 2);
    ck_assert_int_eq(heard.category, L2TPHA_LOG_ERROR);
#ifdef __OPTIMIZE_SIZE__
    ck_assert_ptr_nonnull(strstr(heard.text, "does not hold: file "));
#else
    ck_assert_str_eq(heard.text, "does not hold: queued > 3");
#endif
}
END_TEST

/* As a build for size says it. */
START_TEST(a_place_is_file_and_line)
{
    uint64_t failed = 0;
    const struct log log = {.host = &host, .mask = L2TPHA_LOG_ERROR, .failed = &failed};

    assert_note_place(&log, 7 * ASSERT_LINES + 42);
    ck_assert_uint_eq(failed, 1);
    ck_assert_str_eq(heard.text, "does not hold: file 7, line 42");
    ck_assert_uint_eq(ASSERT_PLACE % ASSERT_LINES, __LINE__);
}
END_TEST

START_TEST(nobody_needs_to_listen)
{
    uint64_t failed = 0;
    const struct log deaf = {.host = &host, .failed = &failed},
                     uncounted = {.host = &host, .mask = L2TPHA_LOG_ERROR};

    memset(&heard, 0, sizeof(heard));
    ASSERT(NULL, failed == 1);
    ASSERT(&deaf, failed == 1);
    ck_assert_uint_eq(failed, 1);
    ck_assert_uint_eq(heard.lines, 0);
    ASSERT(&uncounted, failed == 0);
    ck_assert_uint_eq(heard.lines, 1);
}
END_TEST

/* A condition is looked at once, and has no effect besides. */
START_TEST(a_condition_is_looked_at_once)
{
    int looks = 0;

    ASSERT(NULL, ++looks);
    ck_assert_int_eq(looks, 1);
}
END_TEST

Suite *suite_assert(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("assert", &tcase);

    tcase_add_test(tcase, what_does_not_hold_is_counted_and_logged);
    tcase_add_test(tcase, a_place_is_file_and_line);
    tcase_add_test(tcase, nobody_needs_to_listen);
    tcase_add_test(tcase, a_condition_is_looked_at_once);
    return suite;
}
