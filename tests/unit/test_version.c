/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <l2tpha/version.h>
#include <stdio.h>

START_TEST(number_and_text_say_the_same)
{
    char text[32];
    snprintf(text, sizeof(text), "%d.%d.%d", L2TPHA_VERSION_MAJOR, L2TPHA_VERSION_MINOR,
             L2TPHA_VERSION_PATCH);
    ck_assert_str_eq(L2TPHA_VERSION, text);
    ck_assert_str_eq(l2tpha_version(), text);
    ck_assert_uint_eq(l2tpha_version_number(), L2TPHA_VERSION_NUMBER);
    ck_assert_int_lt(L2TPHA_VERSION_MINOR, 100);
    ck_assert_int_lt(L2TPHA_VERSION_PATCH, 100);
}
END_TEST

/* The package, its pkg-config files and the programs say what the headers say. */
START_TEST(the_build_has_this_version)
{
    ck_assert_str_eq(PROJECT_VERSION, L2TPHA_VERSION);
}
END_TEST

Suite *suite_version(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("version", &tcase);
    tcase_add_test(tcase, number_and_text_say_the_same);
    tcase_add_test(tcase, the_build_has_this_version);
    return suite;
}
