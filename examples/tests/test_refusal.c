/* SPDX-License-Identifier: MIT */
#include "common/refusal.h"
#include "fixture.h"

#define CODES 40

/* Those that are; 0 ends. */
static const uint16_t tunnels[] = {4, 5, 0}, calls[] = {3, 5, 6, 11, 0}, errors[] = {2, 3, 8, 0};

static bool in(const uint16_t *list, uint16_t code)
{
    while (*list != 0 && *list != code)
        list++;
    return *list != 0;
}

START_TEST(time_mends_the_others)
{
    for (uint16_t code = 0; code < CODES; code++) {
        if (code != 2) {
            ck_assert_int_eq(refusal_of_tunnel_is_final(code, 0), in(tunnels, code));
            ck_assert_int_eq(refusal_of_call_is_final(code, 8), in(calls, code));
        }
        ck_assert_int_eq(refusal_of_tunnel_is_final(2, code), in(errors, code));
        ck_assert_int_eq(refusal_of_call_is_final(2, code), in(errors, code));
    }
    ck_assert(!refusal_of_tunnel_is_final(UINT16_MAX, 0));
    ck_assert(!refusal_of_call_is_final(2, UINT16_MAX));
}
END_TEST

Suite *suite_refusal(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("refusal", &tcase);
    tcase_add_test(tcase, time_mends_the_others);
    return suite;
}
