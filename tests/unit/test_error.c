/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include <string.h>

START_TEST(known_errors_have_their_row)
{
    ck_assert_str_eq(l2tpha_error_name(L2TPHA_ERR_NOMEM), "NOMEM");
    ck_assert_str_eq(l2tpha_strerror(L2TPHA_ERR_NOMEM), "out of memory");
    ck_assert(l2tpha_error_is_fatal(L2TPHA_ERR_NOMEM));
    ck_assert_str_eq(l2tpha_error_name(L2TPHA_ERR_AVP_MISSING), "AVP_MISSING");
    ck_assert(!l2tpha_error_is_fatal(L2TPHA_ERR_AVP_MISSING));
    ck_assert_str_eq(l2tpha_error_name(L2TPHA_ERR_FENCED), "FENCED");
    ck_assert(l2tpha_error_is_fatal(L2TPHA_ERR_FENCED));
}
END_TEST

START_TEST(success_is_no_error)
{
    ck_assert_str_eq(l2tpha_error_name(L2TPHA_OK), "OK");
    ck_assert_str_eq(l2tpha_strerror(L2TPHA_OK), "success");
    ck_assert(!l2tpha_error_is_fatal(L2TPHA_OK));
}
END_TEST

START_TEST(unknown_numbers_are_said_to_be_unknown)
{
    static const int unknown[] = {1, -1000, -19, INT32_MAX, INT32_MIN};

    ck_assert_str_eq(l2tpha_strerror(unknown[_i]), "unknown error");
    ck_assert_str_eq(l2tpha_error_name(unknown[_i]), "?");
    ck_assert(!l2tpha_error_is_fatal(unknown[_i]));
}
END_TEST

START_TEST(the_list_is_whole_and_without_doubles)
{
    size_t count = 0;
#define COUNT(name, value, fatal, text) count++;
    L2TPHA_ERRORS(COUNT)
#undef COUNT

    ck_assert_int_eq(l2tpha_error_at(0), L2TPHA_ERR_NOMEM);
    for (size_t i = 0; i < count; i++) {
        int error = l2tpha_error_at(i);
        ck_assert_int_lt(error, 0);
        ck_assert_str_ne(l2tpha_error_name(error), "?");
        ck_assert_uint_gt(strlen(l2tpha_strerror(error)), 0);
        for (size_t k = 0; k < i; k++) {
            ck_assert_int_ne(error, l2tpha_error_at(k));
            ck_assert_str_ne(l2tpha_error_name(error), l2tpha_error_name(l2tpha_error_at(k)));
            ck_assert_str_ne(l2tpha_strerror(error), l2tpha_strerror(l2tpha_error_at(k)));
        }
    }
    ck_assert_int_eq(l2tpha_error_at(count), 0);
    ck_assert_int_eq(l2tpha_error_at(SIZE_MAX), 0);
}
END_TEST

Suite *suite_error(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("error", &tcase);
    tcase_add_test(tcase, known_errors_have_their_row);
    tcase_add_test(tcase, success_is_no_error);
    tcase_add_loop_test(tcase, unknown_numbers_are_said_to_be_unknown, 0, 5);
    tcase_add_test(tcase, the_list_is_whole_and_without_doubles);
    return suite;
}
