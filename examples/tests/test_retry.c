/* SPDX-License-Identifier: MIT */
#include "common/retry.h"
#include "fixture.h"

#define MANY 500

static struct retry_line line;
static struct retry retries[MANY];

static void begin(void)
{
    fixture_setup();
    line = (struct retry_line){0};
    for (size_t i = 0; i < MANY; i++)
        retries[i] = (struct retry){.owner = &retries[i]};
}

START_TEST(pauses_grow_to_a_limit)
{
    static const uint32_t seconds[] = {5, 10, 20, 30, 30, 30};
    for (uint32_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++)
        ck_assert_uint_eq(retry_pause_us(5, i, 0), seconds[i] * UINT64_C(1000000));
    ck_assert_uint_eq(retry_pause_us(1, UINT32_MAX, 0), RETRY_PAUSE_MAX_S * UINT64_C(1000000));
    /* What was asked for is never cut short. */
    ck_assert_uint_eq(retry_pause_us(86400, 9, 0), UINT64_C(86400000000));
}
END_TEST

START_TEST(pauses_are_spread)
{
    ck_assert_uint_ge(retry_pause_us(4, 0, UINT32_MAX), 5999000);
    ck_assert_uint_le(retry_pause_us(4, 0, UINT32_MAX), 6000000);
    ck_assert_uint_eq(retry_pause_us(4, 0, UINT32_C(1) << 31), 5000000);
    ck_assert_uint_le(retry_pause_us(86400, 9, UINT32_MAX), UINT64_C(129600000000));
}
END_TEST

START_TEST(what_is_due_comes_in_order)
{
    uint64_t last = 0;
    size_t count = 0;
    struct retry *due;
    for (size_t i = 0; i < MANY; i++)
        retry_later(root, &line, &retries[i], 1 + i * 7919 % 97, 1000);
    for (size_t i = 0; i < MANY; i += 3)
        retry_cancel(&line, &retries[i]);
    ck_assert_ptr_null(retry_due(&line, retry_deadline(&line) - 1));
    while ((due = retry_due(&line, UINT64_MAX - 1)) != NULL) {
        ck_assert_uint_ge(due->at, last);
        ck_assert_uint_ne((size_t)(due - retries) % 3, 0);
        last = due->at;
        count++;
    }
    ck_assert_uint_eq(count, MANY - (MANY + 2) / 3);
    ck_assert_uint_eq(retry_deadline(&line), UINT64_MAX);
    TALLOC_FREE(line.heap);
}
END_TEST

START_TEST(who_waits_is_not_put_off)
{
    retry_later(root, &line, &retries[0], 5, 0);
    uint64_t at = retry_deadline(&line);
    retry_later(root, &line, &retries[0], 5, 3000000);
    ck_assert_uint_eq(retry_deadline(&line), at);
    ck_assert_uint_eq(retries[0].failures, 1);
    retry_cancel(&line, &retries[0]);
    retry_cancel(&line, &retries[0]);
    ck_assert_ptr_null(retry_due(&line, at));
    TALLOC_FREE(line.heap);
}
END_TEST

Suite *suite_retry(void)
{
    Suite *suite = suite_create("retry");
    TCase *tcase = tcase_create("retry");
    tcase_add_checked_fixture(tcase, begin, fixture_teardown);
    tcase_add_test(tcase, pauses_grow_to_a_limit);
    tcase_add_test(tcase, pauses_are_spread);
    tcase_add_test(tcase, what_is_due_comes_in_order);
    tcase_add_test(tcase, who_waits_is_not_put_off);
    suite_add_tcase(suite, tcase);
    return suite;
}
