/* SPDX-License-Identifier: MIT */
#include "base/serial.h"
#include "fixture.h"

START_TEST(distances_of_rfc_2661_5_8)
{
    static const struct {
        uint16_t a, b;
        int diff;
    } cases[] = {
        {0, 0, 0},         {1, 0, 1},         {0, 1, -1},         {0, 65535, 1},
        {65535, 0, -1},    {32767, 0, 32767}, {32768, 0, -32768}, {0, 32768, -32768},
        {0, 32769, 32767}, {15, 65535, 16},   {65000, 100, -636}, {15, 32783, -32768},
    };

    ck_assert_int_eq(serial_diff(cases[_i].a, cases[_i].b), cases[_i].diff);
    ck_assert_int_eq(serial_before(cases[_i].a, cases[_i].b), cases[_i].diff < 0);
    ck_assert_int_eq(serial_after(cases[_i].a, cases[_i].b), cases[_i].diff > 0);
}
END_TEST

/* RFC 2661 5.8: of all values, the 32768 just below the expected one are old. */
START_TEST(half_of_all_values_is_old)
{
    static const uint16_t bases[] = {0, 1, 15, 32767, 32768, 65535};
    uint16_t base = bases[_i];

    for (uint32_t i = 0; i < 32768; i++) {
        assert_true(serial_before((uint16_t)(base - 1 - i), base));
        assert_true(!serial_before((uint16_t)(base + i), base));
        assert_true(serial_after((uint16_t)(base + i), base) == (i > 0));
        assert_true(serial_diff((uint16_t)(base + i), base) == (int)i);
    }
}
END_TEST

Suite *suite_serial(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("serial", &tcase);
    tcase_add_loop_test(tcase, distances_of_rfc_2661_5_8, 0, 12);
    tcase_add_loop_test(tcase, half_of_all_values_is_old, 0, 6);
    return suite;
}
