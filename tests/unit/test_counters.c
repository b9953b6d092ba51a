/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <l2tpha/observe.h>
#include <string.h>

#define COUNTERS (sizeof(struct l2tpha_counters) / sizeof(uint64_t))

START_TEST(each_counter_comes_once_with_its_own_value)
{
    struct l2tpha_counters counters;
    const char *name, *text, *names[COUNTERS];
    uint64_t value;

    for (size_t i = 0; i < COUNTERS; i++)
        memcpy((char *)&counters + i * sizeof(value), &(uint64_t){1000 + i}, sizeof(value));
    for (size_t i = 0; i < COUNTERS; i++) {
        ck_assert(l2tpha_counter_at(&counters, i, &names[i], &text, &value));
        ck_assert_uint_eq(value, 1000 + i);
        ck_assert_uint_gt(strlen(text), 0);
        for (size_t k = 0; k < i; k++)
            ck_assert_str_ne(names[i], names[k]);
    }
    ck_assert(!l2tpha_counter_at(&counters, COUNTERS, &name, &text, &value));
    ck_assert(!l2tpha_counter_at(&counters, SIZE_MAX, &name, &text, &value));
}
END_TEST

START_TEST(a_counter_goes_by_its_field_name)
{
    struct l2tpha_counters counters = {.takeovers = 3};
    const char *name, *text;
    uint64_t value;
    size_t i = 0;

    while (l2tpha_counter_at(&counters, i++, &name, &text, &value))
        ck_assert_uint_eq(value, strcmp(name, "takeovers") == 0 ? 3 : 0);
}
END_TEST

START_TEST(events_have_names)
{
    ck_assert_str_eq(l2tpha_event_name(L2TPHA_EVENT_NONE), "none");
    ck_assert_str_eq(l2tpha_event_name(L2TPHA_EVENT_TUNNEL_UP), "tunnel up");
    ck_assert_str_eq(l2tpha_event_name(L2TPHA_EVENT_STANDBY_DIFFERS), "standby differs");
    ck_assert_str_eq(l2tpha_event_name(L2TPHA_EVENT_STANDBY_DIFFERS + 1), "unknown");
}
END_TEST

Suite *suite_counters(void);
Suite *suite_counters(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("counters", &tcase);

    tcase_add_test(tcase, each_counter_comes_once_with_its_own_value);
    tcase_add_test(tcase, a_counter_goes_by_its_field_name);
    tcase_add_test(tcase, events_have_names);
    return suite;
}
