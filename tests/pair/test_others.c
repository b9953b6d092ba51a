/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "pair/others.h"

#include <string.h>

static struct others others;

static void begin(void)
{
    others = (struct others){.count = 0};
}

static const char *add(const char *text, bool far)
{
    const char *why = others_add(&others, text, far);
    return why != NULL ? why : "";
}

START_TEST(a_list)
{
    struct endpoint from;
    ck_assert_str_eq(add("tcp:192.0.2.1:1702,tcp:192.0.2.2:1702", false), "");
    ck_assert_str_eq(add("tcp:[2001:db8::1]:1702", true), "");
    ck_assert_uint_eq(others.count, 3);
    ck_assert(!others.list[0].far && !others.list[1].far && others.list[2].far);
    ck_assert(endpoint_parse("tcp:192.0.2.2:50000", &from) == NULL);
    ck_assert_uint_eq(others_at(&others, &from.socket), 1);
    ck_assert(endpoint_parse("tcp:[2001:db8::1]:9", &from) == NULL);
    ck_assert_uint_eq(others_at(&others, &from.socket), 2);
    ck_assert(endpoint_parse("tcp:192.0.2.3:1702", &from) == NULL);
    ck_assert_uint_eq(others_at(&others, &from.socket), OTHERS_NONE);
}
END_TEST

START_TEST(a_path)
{
    ck_assert_str_eq(add("unix:/run/a,b", false), "");
    ck_assert_uint_eq(others.count, 1);
    ck_assert_str_ne(add("tcp:192.0.2.1:1702", false), "");
    ck_assert_str_ne(add("unix:/run/c", false), "");
}
END_TEST

START_TEST(what_is_none)
{
    static const char *const bad[] = {"",
                                      "tcp:",
                                      ",",
                                      "tcp:192.0.2.1:1702,",
                                      ",tcp:192.0.2.1:1702",
                                      "tcp:192.0.2.1",
                                      "tcp:192.0.2.1:1702,unix:/run/a",
                                      "tcp:192.0.2.1:1702 tcp:192.0.2.2:1702"};
    char text[1200] = "tcp:192.0.2.1:";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin();
        ck_assert_msg(strlen(add(bad[i], false)) > 0, "'%s' is taken", bad[i]);
    }
    memset(text + strlen(text), '1', 1000);
    ck_assert_str_ne(add(text, false), "");
    begin();
    ck_assert_str_ne(add("unix:/run/a", true), "");
    begin();
    for (unsigned i = 0; i < OTHERS_MAX; i++)
        ck_assert_str_eq(add("tcp:192.0.2.1:1702", false), "");
    ck_assert_str_ne(add("tcp:192.0.2.1:1702", false), "");
    ck_assert_uint_eq(others.count, OTHERS_MAX);
}
END_TEST

Suite *suite_others(void);
Suite *suite_others(void)
{
    Suite *suite = suite_create("others");
    TCase *tcase = tcase_create("others");
    tcase_add_checked_fixture(tcase, begin, NULL);
    tcase_add_test(tcase, a_list);
    tcase_add_test(tcase, a_path);
    tcase_add_test(tcase, what_is_none);
    suite_add_tcase(suite, tcase);
    return suite;
}
