/* SPDX-License-Identifier: MIT */
#include "base/packed.h"
#include "fixture.h"

START_TEST(each_text_is_found_by_its_place)
{
    static const char texts[] = "one\0"
                                "\0"
                                "three\0";

    ck_assert_str_eq(PACKED(texts, 0, "none"), "one");
    ck_assert_str_eq(PACKED(texts, 1, "none"), "");
    ck_assert_str_eq(PACKED(texts, 2, "none"), "three");
    ck_assert_str_eq(PACKED(texts, 3, "none"), "none");
    ck_assert_str_eq(PACKED(texts, SIZE_MAX, "none"), "none");
    ck_assert_ptr_null(PACKED(texts, 3, NULL));
}
END_TEST

Suite *suite_packed(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("packed", &tcase);

    tcase_add_test(tcase, each_text_is_found_by_its_place);
    return suite;
}
