/* SPDX-License-Identifier: MIT */
#include "common/log_limit.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000)
#define START (100 * SECOND)

static const char one[] = "one", other[] = "other";
static struct log_limit *limit;

static void begin(void)
{
    limit = log_limit_new(root);
}

/* How many of so many lines are written, at equal distances from a time on. */
static unsigned written(const char *kind, uint32_t tunnel_id, unsigned lines, uint64_t from,
                        uint64_t step)
{
    unsigned count = 0;
    for (unsigned i = 0; i < lines; i++)
        count += log_limit_take(limit, L2TPHA_LOG_ERROR, kind, tunnel_id, from + i * step);
    return count;
}

static uint64_t told(uint64_t now)
{
    struct log_left_out left_out;
    uint64_t lines = 0;
    while (log_limit_tell(limit, now, &left_out))
        lines += left_out.lines;
    return lines;
}

START_TEST(a_flood_is_bounded_and_counted)
{
    unsigned most = LOG_STRANGE_PER_S + 10 * LOG_STRANGE_PER_S + 1;
    begin();
    unsigned count = written(one, 0, 1000000, START, 10); /* ten seconds */
    ck_assert_uint_le(count, most);
    ck_assert_uint_ge(count, most - 2);
    ck_assert_uint_eq(log_limit_total(limit), 1000000 - count);
    ck_assert_uint_eq(told(START + 20 * SECOND), 1000000 - count);
    talloc_free(limit);
}
END_TEST

START_TEST(kinds_do_not_share)
{
    begin();
    ck_assert_uint_eq(written(one, 0, 100000, START, 0), LOG_STRANGE_PER_S);
    ck_assert_uint_eq(written(other, 0, 1, START, 0), 1);
    talloc_free(limit);
}
END_TEST

/* Nor do tunnels that are known with strangers, whoever of them floods, nor with one another. */
START_TEST(strangers_take_no_place_of_the_known)
{
    begin();
    written(one, 0, 100000, START, 0);
    ck_assert_uint_eq(written(one, 7, 1000, START, 0), 1000);
    ck_assert_uint_eq(written(one, 7, 100000, START, 0), 0);
    ck_assert_uint_eq(written(one, 8, 1000, START, 0), 1000);
    ck_assert_uint_eq(written(one, 0, 100, START + 2 * SECOND, 0), LOG_STRANGE_PER_S);
    talloc_free(limit);
}
END_TEST

START_TEST(what_was_left_out_is_told_once_and_in_time)
{
    struct log_left_out left_out;
    begin();
    ck_assert_uint_eq(log_limit_deadline(limit), UINT64_MAX);
    written(one, 0, 50, START, 0);
    written(other, 7, 3, START, 0);
    ck_assert_uint_eq(log_limit_deadline(limit), START + LOG_TELL_US);
    written(one, 9, 1001, START + 500, 0);
    ck_assert(!log_limit_tell(limit, START + LOG_TELL_US - 1, &left_out));
    ck_assert(log_limit_tell(limit, START + LOG_TELL_US, &left_out));
    ck_assert_str_eq(left_out.kind, one);
    ck_assert_uint_eq(left_out.lines, 30);
    ck_assert_int_eq(left_out.category, L2TPHA_LOG_ERROR);
    ck_assert(!log_limit_tell(limit, START + LOG_TELL_US, &left_out));
    ck_assert_uint_eq(log_limit_deadline(limit), START + 500 + LOG_TELL_US);
    ck_assert_uint_eq(told(START + 10 * SECOND), 1);
    ck_assert_uint_eq(log_limit_deadline(limit), UINT64_MAX);
    ck_assert_uint_eq(told(UINT64_MAX), 0);
    ck_assert_uint_eq(log_limit_total(limit), 31);
    talloc_free(limit);
}
END_TEST

/* More kinds than there are places: bounded all the same. */
START_TEST(however_many_kinds_there_are)
{
    static char kinds[3000];
    unsigned count = 0;
    begin();
    for (unsigned i = 0; i < sizeof(kinds); i++)
        count += written(&kinds[i], 0, 40, START, 0);
    ck_assert_uint_le(count, 256 * LOG_STRANGE_PER_S);
    ck_assert_uint_eq(told(UINT64_MAX), 40 * sizeof(kinds) - count);
    talloc_free(limit);
}
END_TEST

Suite *suite_log_limit(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("log_limit", &tcase);
    tcase_add_test(tcase, a_flood_is_bounded_and_counted);
    tcase_add_test(tcase, kinds_do_not_share);
    tcase_add_test(tcase, strangers_take_no_place_of_the_known);
    tcase_add_test(tcase, what_was_left_out_is_told_once_and_in_time);
    tcase_add_test(tcase, however_many_kinds_there_are);
    return suite;
}
