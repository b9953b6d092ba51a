/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/id_set.h"
#include "fixture.h"
#include "starve.h"

static struct id_set set;

static void make_set(void)
{
    ck_assert(id_set_make(root, &set, ID_SET_IDS));
}

START_TEST(empty_set_gives_what_is_asked)
{
    make_set();
    ck_assert_uint_eq(id_set_free_from(&set, 1), 1);
    ck_assert_uint_eq(id_set_free_from(&set, 4711), 4711);
    ck_assert_uint_eq(id_set_free_from(&set, 65535), 65535);
    ck_assert_uint_eq(id_set_free_from(&set, 0), 1);
    id_set_drop(&set);
    ck_assert_ptr_null(set.words);
}
END_TEST

START_TEST(search_goes_up_and_round)
{
    make_set();
    for (uint32_t id = 60000; id <= 65535; id++)
        id_set_take(&set, id);
    id_set_take(&set, 1);
    ck_assert_uint_eq(id_set_free_from(&set, 59999), 59999);
    ck_assert_uint_eq(id_set_free_from(&set, 60000), 2);
    ck_assert_uint_eq(id_set_free_from(&set, 65535), 2);
    id_set_give(&set, 65535);
    ck_assert_uint_eq(id_set_free_from(&set, 60000), 65535);
    id_set_drop(&set);
}
END_TEST

START_TEST(one_free_id_is_found_from_everywhere)
{
    make_set();
    for (uint32_t id = 1; id <= ID_SET_IDS; id++)
        id_set_take(&set, id);
    ck_assert_uint_eq(id_set_free_from(&set, 77), 0);
    for (uint32_t only = 1; only <= ID_SET_IDS; only += 31) {
        id_set_give(&set, only);
        uint16_t from = (uint16_t)bits_mix(only);
        assert_true(id_set_free_from(&set, from) == only);
        assert_true(id_set_free_from(&set, (uint16_t)only) == only);
        id_set_take(&set, only);
    }
    id_set_drop(&set);
}
END_TEST

START_TEST(foreign_ids_and_unmade_sets_are_ignored)
{
    id_set_take(&set, 5);
    id_set_give(&set, 5);
    ck_assert_ptr_null(set.words);
    make_set();
    id_set_give(&set, 0);
    id_set_take(&set, 65536);
    id_set_take(&set, UINT32_MAX);
    id_set_give(&set, 65536 + 64);
    ck_assert_uint_eq(id_set_free_from(&set, 0), 1);
    ck_assert_uint_eq(id_set_free_from(&set, 65535), 65535);
    id_set_drop(&set);
}
END_TEST

/* No more are given than there are, whatever the last word of the set has room for. */
START_TEST(fewer_ids_end_earlier)
{
    static const uint32_t sizes[] = {1, 62, 63, 64, 65, 1000};
    uint32_t ids = sizes[_i];

    ck_assert(id_set_make(root, &set, ids));
    ck_assert_uint_eq(id_set_free_from(&set, (uint16_t)ids), ids);
    for (uint32_t id = 1; id <= ids; id++)
        id_set_take(&set, id);
    ck_assert_uint_eq(id_set_free_from(&set, 1), 0);
    id_set_give(&set, ids + 1);
    id_set_give(&set, ids + 64);
    ck_assert_uint_eq(id_set_free_from(&set, 1), 0);
    id_set_give(&set, (ids + 1) / 2);
    for (uint32_t from = 0; from <= ids + 1; from++)
        ck_assert_uint_eq(id_set_free_from(&set, (uint16_t)from), (ids + 1) / 2);
    id_set_drop(&set);
}
END_TEST

START_TEST(no_memory)
{
    starve(root, 0);
    ck_assert(!id_set_make(root, &set, ID_SET_IDS));
    starve(root, NOT_STARVED);
    ck_assert_ptr_null(set.words);
}
END_TEST

/* The walk's own order where it can, any free one where too many in a row are in use. */
START_TEST(walk_passes_over_what_is_in_use)
{
    struct scramble plain = {42, 0, ID_SET_IDS}, walk = {42, 0, ID_SET_IDS};
    struct id_set used = {NULL};

    assert_true(id_set_make(root, &used, ID_SET_IDS));
    uint16_t first = scramble_next(&plain), second = scramble_next(&plain);
    ck_assert_uint_eq(id_set_next(&used, &walk), first);
    walk.counter = 0;
    id_set_take(&used, first);
    ck_assert_uint_eq(id_set_next(&used, &walk), second);
    ck_assert_uint_eq(walk.counter, 2);
    for (uint32_t id = 1; id <= ID_SET_IDS; id++)
        id_set_take(&used, id);
    ck_assert_uint_eq(id_set_next(&used, &walk), 0);
    id_set_give(&used, 7);
    ck_assert_uint_eq(id_set_next(&used, &walk), 7);
    id_set_drop(&used);
}
END_TEST

Suite *suite_id_set(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("id_set", &tcase);
    tcase_add_test(tcase, walk_passes_over_what_is_in_use);
    tcase_add_test(tcase, empty_set_gives_what_is_asked);
    tcase_add_test(tcase, search_goes_up_and_round);
    tcase_add_test(tcase, one_free_id_is_found_from_everywhere);
    tcase_add_test(tcase, foreign_ids_and_unmade_sets_are_ignored);
    tcase_add_loop_test(tcase, fewer_ids_end_earlier, 0, 6);
    tcase_add_test(tcase, no_memory);
    return suite;
}
