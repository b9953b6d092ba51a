/* SPDX-License-Identifier: MIT */
#include "base/scramble.h"
#include "fixture.h"

#include <string.h>

#define IDS SCRAMBLE_IDS

static const uint64_t keys[] = {0,          1,          UINT64_MAX, UINT64_C(0x0123456789abcdef),
                                0xffffffff, 0x80000000, 65536,      UINT64_C(0x8000000000000000)};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* Walk all ids once; whether each came exactly once. */
static bool walk_is_full(struct scramble *walk, uint16_t *ids)
{
    static uint8_t seen[IDS + 1];

    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < walk->ids; i++) {
        ids[i] = scramble_next(walk);
        if (ids[i] == 0 || ids[i] > walk->ids || seen[ids[i]]++)
            return false;
    }
    return true;
}

START_TEST(every_id_comes_once_in_a_cycle)
{
    static uint16_t first[IDS], second[IDS];
    struct scramble walk = {.key = keys[_i], .ids = IDS};

    ck_assert(walk_is_full(&walk, first));
    ck_assert_uint_eq(walk.counter, 0);
    ck_assert(walk_is_full(&walk, second));
    ck_assert_mem_eq(first, second, sizeof(first));
}
END_TEST

START_TEST(a_cycle_may_begin_anywhere)
{
    static uint16_t ids[IDS];
    struct scramble walk = {.key = keys[_i], .counter = 40000, .ids = IDS};

    ck_assert(walk_is_full(&walk, ids));
    ck_assert_uint_eq(walk.counter, 40000);
}
END_TEST

START_TEST(restored_walk_goes_on)
{
    struct scramble walk = {.key = 42, .ids = IDS};
    for (unsigned i = 0; i < 1000; i++)
        scramble_next(&walk);
    struct scramble restored = {.key = 42, .counter = 1000, .ids = IDS};
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_uint_eq(scramble_next(&restored), scramble_next(&walk));
}
END_TEST

START_TEST(counter_out_of_range_is_taken_modulo)
{
    struct scramble odd = {.key = 42, .counter = UINT32_MAX, .ids = IDS};
    struct scramble even = {.key = 42, .counter = UINT32_MAX % IDS, .ids = IDS};

    ck_assert_uint_eq(scramble_next(&odd), scramble_next(&even));
    ck_assert_uint_eq(odd.counter, even.counter);
}
END_TEST

/* RFC 2661 9.1: who sees some ids cannot name the next. */
START_TEST(steps_look_random)
{
    static uint8_t seen[IDS + 1];
    struct scramble walk = {.key = keys[_i], .ids = IDS};
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
            struct scramble one = {.key = keys[a], .ids = IDS},
                            other = {.key = keys[b], .ids = IDS};
            unsigned same = 0;
            for (unsigned i = 0; i < 1000; i++)
                same += scramble_next(&one) == scramble_next(&other);
            ck_assert_uint_lt(same, 5);
        }
    }
}
END_TEST

static const uint32_t sizes[] = {1,    2,    3,    513,  767,   1000,  1023,  1024,
                                 1025, 4096, 8191, 8192, 16384, 32767, 32768, 65534};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define FEWEST 3 /* from there on an order is long enough to look at */

START_TEST(fewer_ids_come_once_in_a_cycle_too)
{
    static uint16_t first[IDS], second[IDS];

    for (size_t key = 0; key < KEYS; key++) {
        struct scramble walk = {.key = keys[key], .ids = sizes[_i]};
        ck_assert(walk_is_full(&walk, first));
        ck_assert_uint_eq(walk.counter, 0);
        ck_assert(walk_is_full(&walk, second));
        ck_assert_mem_eq(first, second, walk.ids * sizeof(first[0]));
    }
}
END_TEST

/* Half of the steps of a random order go upwards, and hardly any two are alike: also where the
 * bits of the highest id are odd in number, or it is just beyond a power of two. */
START_TEST(steps_among_fewer_look_random)
{
    static uint8_t seen[2 * IDS];
    unsigned ids = sizes[FEWEST + _i];

    for (size_t key = 0; key < KEYS; key++) {
        struct scramble walk = {.key = keys[key], .ids = ids};
        unsigned distinct = 0, upwards = 0;
        uint16_t id = scramble_next(&walk);
        memset(seen, 0, sizeof(seen));
        for (unsigned i = 1; i < ids; i++) {
            uint16_t next = scramble_next(&walk);
            distinct += seen[ids + next - id]++ == 0;
            upwards += next > id;
            id = next;
        }
        ck_assert_uint_gt(distinct, ids * 2 / 3);
        ck_assert_uint_gt(upwards, ids * 9 / 20);
        ck_assert_uint_lt(upwards, ids * 11 / 20);
    }
}
END_TEST

/* A place in the order is replicated, and another release goes on there. */
START_TEST(the_order_of_all_is_for_ever)
{
    static const uint16_t from_0[] = {11575, 51265, 13535, 8690, 54868, 57825};
    static const uint16_t from_65530[] = {11061, 28727, 36501, 43707, 32580, 53417};
    struct scramble one = {.key = 42, .ids = IDS};
    struct scramble other = {.key = UINT64_C(0x0123456789abcdef), .counter = 65530, .ids = IDS};

    for (size_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(scramble_next(&one), from_0[i]);
        ck_assert_uint_eq(scramble_next(&other), from_65530[i]);
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
    tcase_add_test(tcase, the_order_of_all_is_for_ever);
    tcase_add_loop_test(tcase, fewer_ids_come_once_in_a_cycle_too, 0, (int)SIZES);
    tcase_add_loop_test(tcase, steps_among_fewer_look_random, 0, (int)(SIZES - FEWEST));
    return suite;
}
