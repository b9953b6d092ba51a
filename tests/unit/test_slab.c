/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/slab.h"
#include "fixture.h"
#include "starve.h"

#include <string.h>

struct object {
    uint64_t name;
    uint8_t rest[192];
};

static struct slab *slab;

static void setup_slab(size_t size, uint32_t limit)
{
    assert_ok(slab_new(root, size, limit, "objects", &slab));
}

static uint32_t last; /* index of the object that alloc_one() gave */

static void *alloc_one(void)
{
    int error = 0;
    void *object = slab_alloc(slab, &last, &error);
    assert_true(object && error == 0 && slab_at(slab, last) == object);
    return object;
}

static void *next_from(uint32_t index)
{
    return slab_next(slab, &index);
}

START_TEST(bad_arguments)
{
    struct slab *untouched = NULL;

    assert_error(slab_new(root, 0, 10, "none", &untouched), L2TPHA_ERR_INVALID);
    assert_error(slab_new(root, 10, 0, "none", &untouched), L2TPHA_ERR_INVALID);
    assert_error(slab_new(root, SIZE_MAX, 10, "none", &untouched), L2TPHA_ERR_INVALID);
    assert_error(slab_new(root, (size_t)1 << 31, 10, "none", &untouched), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(untouched);
}
END_TEST

/* 64 bytes each. What is small is packed: only the first of a chunk begins one. */
START_TEST(large_objects_begin_a_cache_line)
{
    setup_slab(520, 1000);
    for (int i = 0; i < 500; i++)
        ck_assert_uint_eq((uintptr_t)alloc_one() % 64, 0);
    talloc_free(slab);
    setup_slab(80, 1000);
    const uint8_t *first = alloc_one(), *second = alloc_one();
    ck_assert_uint_eq((uintptr_t)first % 64, 0);
    ck_assert_int_eq(second - first, 80);
    talloc_free(slab);
}
END_TEST

START_TEST(fresh_objects_are_zero_also_when_used_before)
{
    static const struct object zero;

    setup_slab(sizeof(struct object), 10);
    ck_assert_str_eq(talloc_get_name(slab), "objects");
    struct object *first = alloc_one();
    memset(first, 0xff, sizeof(*first));
    slab_free(slab, last);
    struct object *again = alloc_one();
    ck_assert_ptr_eq(again, first);
    ck_assert_mem_eq(again, &zero, sizeof(zero));
    talloc_free(slab);
}
END_TEST

static const struct {
    size_t size;
    uint32_t limit;
} shapes[] = {{1, 1},      {1, 5000}, {24, 63},   {200, 64},  {200, 65},
              {200, 3000}, {7, 9000}, {40000, 5}, {16384, 9}, {16385, 9}};
#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

START_TEST(limit_is_met_exactly)
{
    uint32_t limit = shapes[_i].limit;
    int error = 0;

    setup_slab(shapes[_i].size, limit);
    ck_assert_uint_eq(slab_limit(slab), limit);
    for (uint32_t i = 0; i < limit; i++) {
        uint8_t *object = alloc_one();
        ck_assert_uint_eq(last, i);
        memset(object, (int)i, shapes[_i].size); /* to its last byte, without harm to others */
    }
    ck_assert_uint_eq(slab_count(slab), limit);
    ck_assert_ptr_null(slab_alloc(slab, &last, &error));
    assert_error(error, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_null(slab_alloc(slab, &last, NULL));
    for (uint32_t i = 0; i < limit; i++) {
        const uint8_t *object = slab_at(slab, i);
        ck_assert_ptr_eq(slab_get(slab, i), object);
        ck_assert_uint_eq(object[0], (uint8_t)i);
        ck_assert_uint_eq(object[shapes[_i].size - 1], (uint8_t)i);
        ck_assert_ptr_eq(next_from(i), object);
    }
    ck_assert_ptr_null(slab_at(slab, limit));
    ck_assert_ptr_null(next_from(limit));
    slab_free(slab, limit / 2);
    alloc_one();
    ck_assert_uint_eq(last, limit / 2);
    talloc_free(slab);
}
END_TEST

START_TEST(free_leaves_no_trace)
{
    setup_slab(200, 1000);
    alloc_one();
    slab_free(slab, last);
    ck_assert_uint_eq(slab_count(slab), 0);
    ck_assert_ptr_null(slab_at(slab, 0));
    ck_assert_ptr_null(next_from(0));
    talloc_free(slab);
}
END_TEST

START_TEST(freeing_what_is_not_there_changes_nothing)
{
    setup_slab(sizeof(struct object), 1000);
    slab_free(slab, 0); /* no chunk yet */
    alloc_one();
    struct object *other = alloc_one();
    slab_free(slab, 2);
    slab_free(slab, 100000);
    slab_free(slab, SLAB_NONE);
    ck_assert_uint_eq(slab_count(slab), 2);
    slab_free(slab, 0);
    slab_free(slab, 0);
    ck_assert_uint_eq(slab_count(slab), 1);
    ck_assert_ptr_eq(next_from(0), other);
    talloc_free(slab);
}
END_TEST

START_TEST(out_of_range_is_not_there)
{
    setup_slab(200, UINT32_MAX);
    ck_assert_ptr_null(slab_at(slab, 0));
    ck_assert_ptr_null(next_from(0));
    alloc_one();
    ck_assert_ptr_null(slab_at(slab, 1));
    ck_assert_ptr_null(slab_at(slab, SLAB_NONE));
    ck_assert_ptr_null(next_from(SLAB_NONE));
    ck_assert_uint_lt(slab_limit(slab), SLAB_NONE);
    talloc_free(slab);
}
END_TEST

START_TEST(iteration_survives_removal_and_insertion)
{
    enum { COUNT = 1000 };
    uint32_t visited = 0;

    setup_slab(sizeof(struct object), 2 * COUNT);
    for (uint64_t i = 0; i < COUNT; i++)
        ((struct object *)alloc_one())->name = i;
    for (uint32_t at = 0; at < COUNT; at++) {
        const struct object *object = slab_next(slab, &at);
        if (!object)
            break;
        ck_assert_uint_eq(object->name, at);
        visited++;
        slab_free(slab, at);
        slab_free(slab, at + 1); /* the one that would come next */
    }
    ck_assert_uint_eq(visited, COUNT / 2);
    ck_assert_uint_eq(slab_count(slab), 0);
    talloc_free(slab);
}
END_TEST

START_TEST(next_leaps_over_what_is_empty)
{
    enum { COUNT = 50000 };

    setup_slab(200, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        alloc_one();
    for (uint32_t i = 0; i < COUNT; i++)
        if (i != 7 && i != 25000 && i != COUNT - 1)
            slab_free(slab, i);
    for (unsigned trimmed = 0; trimmed < 2; trimmed++) {
        static const uint32_t kept[] = {7, 25000, COUNT - 1};
        uint32_t at = 0;
        for (unsigned i = 0; i < 3; i++, at++) {
            ck_assert_ptr_eq(slab_next(slab, &at), slab_at(slab, kept[i]));
            ck_assert_uint_eq(at, kept[i]);
        }
        ck_assert_ptr_eq(next_from(24000), slab_at(slab, 25000));
        ck_assert_ptr_null(next_from(COUNT));
        slab_trim(slab);
    }
    talloc_free(slab);
}
END_TEST

START_TEST(trim_gives_back_only_empty_chunks)
{
    enum { COUNT = 10000 };

    setup_slab(200, COUNT);
    size_t empty = slab_bytes(slab);
    for (uint32_t i = 0; i < COUNT; i++)
        alloc_one();
    size_t full = slab_bytes(slab);
    slab_trim(slab);
    ck_assert_uint_eq(slab_bytes(slab), full);
    for (uint32_t i = 0; i < COUNT; i++)
        if (i / 1000 % 2 == 0)
            slab_free(slab, i);
    ck_assert_uint_eq(slab_bytes(slab), full);
    slab_trim(slab);
    ck_assert_uint_lt(slab_bytes(slab), full * 3 / 4);
    ck_assert_uint_eq(slab_bytes(slab), talloc_total_size(slab));
    ck_assert_ptr_null(slab_at(slab, 500)); /* in a chunk that went */
    for (uint32_t i = 0; i < COUNT / 2; i++)
        alloc_one(); /* takes the numbers that went */
    ck_assert_uint_eq(slab_bytes(slab), full);
    ck_assert_ptr_nonnull(next_from(COUNT - 1));
    for (uint32_t at = 0; slab_next(slab, &at);)
        slab_free(slab, at);

    slab_trim(slab);
    slab_trim(slab);
    ck_assert_uint_lt(slab_bytes(slab), empty + 10000);
    alloc_one();
    ck_assert_uint_eq(last, 0);
    talloc_free(slab);
}
END_TEST

START_TEST(an_object_costs_little_more_than_itself)
{
    enum { COUNT = 100000 };

    setup_slab(200, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        alloc_one();
    ck_assert_uint_eq(slab_bytes(slab), talloc_total_size(slab));
    ck_assert_uint_lt(slab_bytes(slab), COUNT * (size_t)202);
    talloc_free(slab);
}
END_TEST

/* Whatever the slab may hold in the end. */
START_TEST(few_objects_take_little)
{
    setup_slab(200, 1000000);
    for (uint32_t i = 0; i < 16; i++) {
        alloc_one();
        ck_assert_uint_eq(last, i);
    }
    ck_assert_uint_lt(slab_bytes(slab), 16 * 200 + 3000);
    talloc_free(slab);
}
END_TEST

START_TEST(agrees_with_a_model)
{
    enum { ROOM = 3000, ROUNDS = 100000 };
    static struct object *model[4 * ROOM]; /* by index */
    uint32_t count = 0;

    setup_slab(sizeof(struct object), ROOM);
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t random = bits_mix(round);
        uint32_t victim = (uint32_t)(random >> 32) % ROOM;
        bool filling = round / 9000 % 2 == 0;
        if (random % 16 < (filling ? 12 : 4)) {
            struct object *object = slab_alloc(slab, &last, NULL);
            assert_true(!object == (count == ROOM));
            if (!object)
                continue;
            assert_true(last < 4 * ROOM);
            assert_true(!model[last]);
            assert_true(object->name == 0);
            object->name = last + UINT64_C(1);
            model[last] = object;
            count++;
        } else if (model[victim]) {
            assert_true(model[victim]->name == victim + UINT64_C(1));
            slab_free(slab, victim);
            model[victim] = NULL;
            count--;
        }
        if (random % 1000 == 0)
            slab_trim(slab);
        assert_true(slab_count(slab) == count);
        assert_true(slab_at(slab, victim) == model[victim]);
        if (random % 100 != 0)
            continue;
        uint32_t next = victim;
        while (next < 4 * ROOM && !model[next])
            next++;
        assert_true(next_from(victim) == (next < 4 * ROOM ? model[next] : NULL));
    }
    talloc_free(slab);
}
END_TEST

/* Wherever memory runs out, the slab goes on when there is some again. */
START_TEST(no_memory)
{
    enum { COUNT = 12000 };
    struct slab *untouched = NULL;
    int error = 0;

    starve(root, 0);
    assert_error(slab_new(root, 200, COUNT, "none", &untouched), L2TPHA_ERR_NOMEM);
    ck_assert_ptr_null(untouched);
    starve(root, NOT_STARVED);
    setup_slab(200, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        size_t bytes = slab_bytes(slab);
        starve(root, (size_t)(i % 7) * 150);
        if (!slab_alloc(slab, &last, &error)) {
            assert_error(error, L2TPHA_ERR_NOMEM);
            ck_assert_uint_le(slab_bytes(slab), talloc_total_size(slab));
            ck_assert_uint_ge(slab_bytes(slab), bytes);
            ck_assert_ptr_null(slab_alloc(slab, &last, NULL));
            starve(root, NOT_STARVED);
            ck_assert_uint_eq(slab_count(slab), i);
            alloc_one();
        }
        ck_assert_uint_eq(slab_count(slab), i + 1);
    }
    assert_error(error, L2TPHA_ERR_NOMEM); /* it did happen */
    starve(root, NOT_STARVED);
    ck_assert_uint_eq(slab_bytes(slab), talloc_total_size(slab));
    talloc_free(slab);
}
END_TEST

Suite *suite_slab(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("slab", &tcase);
    tcase_add_test(tcase, bad_arguments);
    tcase_add_test(tcase, large_objects_begin_a_cache_line);
    tcase_add_test(tcase, fresh_objects_are_zero_also_when_used_before);
    tcase_add_loop_test(tcase, limit_is_met_exactly, 0, SHAPES);
    tcase_add_test(tcase, free_leaves_no_trace);
    tcase_add_test(tcase, freeing_what_is_not_there_changes_nothing);
    tcase_add_test(tcase, out_of_range_is_not_there);
    tcase_add_test(tcase, iteration_survives_removal_and_insertion);
    tcase_add_test(tcase, next_leaps_over_what_is_empty);
    tcase_add_test(tcase, trim_gives_back_only_empty_chunks);
    tcase_add_test(tcase, an_object_costs_little_more_than_itself);
    tcase_add_test(tcase, few_objects_take_little);
    tcase_add_test(tcase, agrees_with_a_model);
    tcase_add_test(tcase, no_memory);
    return suite;
}
