/* SPDX-License-Identifier: MIT */
#include "base/scramble.h"
#include "fixture.h"

#include <string.h>

#define IDS 65535

static const uint64_t keys[] = {0,          1,          UINT64_MAX, UINT64_C(0x0123456789abcdef),
                                0xffffffff, 0x80000000, 65536,      UINT64_C(0x8000000000000000)};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Walk all ids once; whether each came exactly once. */
static bool walk_is_full(struct scramble *walk, uint16_t *ids)
{
    static uint8_t seen[IDS + 1];

    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < IDS; i++) {
        ids[i] = scramble_next(walk);
        if (ids[i] == 0 || seen[ids[i]]++)
            return false;
    }
    return true;
}

START_TEST(every_id_comes_once_in_a_cycle)
{
    static uint16_t first[IDS], second[IDS];
    struct scramble walk = {.key = keys[_i]};

    ck_assert(walk_is_full(&walk, first));
    ck_assert_uint_eq(walk.counter, 0);
    ck_assert(walk_is_full(&walk, second));
    ck_assert_mem_eq(first, second, sizeof(first));
}
END_TEST

START_TEST(a_cycle_may_begin_anywhere)
{
    static uint16_t ids[IDS];
    struct scramble walk = {.key = keys[_i], .counter = 40000};

    ck_assert(walk_is_full(&walk, ids));
    ck_assert_uint_eq(walk.counter, 40000);
}
END_TEST

START_TEST(restored_walk_goes_on)
{
    struct scramble walk = {.key = 42};
    for (unsigned i = 0; i < 1000; i++)
        scramble_next(&walk);
    struct scramble restored = {.key = 42, .counter = 1000};
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(scramble_next(&restored), scramble_next(&walk));
}
END_TEST

START_TEST(counter_out_of_range_is_taken_modulo)
{
    struct scramble odd = {.key = 42, .counter = UINT32_MAX};
    struct scramble even = {.key = 42, .counter = UINT32_MAX % IDS};

    ck_assert_uint_eq(scramble_next(&odd), scramble_next(&even));
    ck_assert_uint_eq(odd.counter, even.counter);
}
END_TEST

/* RFC 2661 9.1: who sees some ids cannot name the next. */
START_TEST(steps_look_random)
{
    static uint8_t seen[IDS + 1];
    struct scramble walk = {.key = keys[_i]};
    uint16_t id = scramble_next(&walk);
    unsigned distinct = 0, upwards = 0;

    memset(seen, 0, sizeof(seen));
    for (unsigned i = 1; i < IDS; i++) {
        uint16_t next = scramble_next(&walk);
        distinct += seen[(uint16_t)(next - id)]++ == 0;
        upwards += next > id;
        id = next;
    }
    /* A random order has 65535 * (1 - 1/e) = 41426 distinct steps, half of them upwards. */
    ck_assert_uint_gt(distinct, 40500);
    ck_assert_uint_lt(distinct, 42500);
    ck_assert_uint_gt(upwards, 32000);
    ck_assert_uint_lt(upwards, 33500);
}
END_TEST

START_TEST(keys_give_different_orders)
{
    for (size_t a = 0; a < KEYS; a++) {
        for (size_t b = 0; b < a; b++) {
            struct scramble one = {.key = keys[a]}, other = {.key = keys[b]};
            unsigned same = 0;
            for (unsigned i = 0; i < 1000; i++)
                same += scramble_next(&one) == scramble_next(&other);
            ck_assert_uint_lt(same, 5);
        }
    }
}
END_TEST

Suite *suite_scramble(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("scramble", &tcase);
    tcase_add_loop_test(tcase, every_id_comes_once_in_a_cycle, 0, KEYS);
    tcase_add_loop_test(tcase, a_cycle_may_begin_anywhere, 0, KEYS);
    tcase_add_test(tcase, restored_walk_goes_on);
    tcase_add_test(tcase, counter_out_of_range_is_taken_modulo);
    tcase_add_loop_test(tcase, steps_look_random, 0, KEYS);
    tcase_add_test(tcase, keys_give_different_orders);
    return suite;
}
