/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/outbox.h"
#include "fixture.h"
#include "starve.h"

#include <string.h>

static struct outbox *outbox;

static void push(uint64_t number)
{
    int error = 0;
    uint64_t *slot = outbox_push(outbox, &error);
    assert_true(slot && error == 0 && *slot == 0);
    *slot = number;
}

static uint64_t pop(void)
{
    uint64_t *head = outbox_head(outbox);
    assert_true(head);
    uint64_t number = *head;
    outbox_pop(outbox);
    return number;
}

START_TEST(bad_arguments)
{
    struct outbox *untouched = NULL;

    assert_error(outbox_new(root, 0, 5, &untouched), L2TPHA_ERR_INVALID);
    assert_error(outbox_new(root, 8, 0, &untouched), L2TPHA_ERR_INVALID);
    assert_error(outbox_new(root, SIZE_MAX / 2, 3, &untouched), L2TPHA_ERR_INVALID);
    ck_assert_ptr_null(untouched);
}
END_TEST

START_TEST(empty_outbox)
{
    assert_ok(outbox_new(root, 8, 5, &outbox));
    ck_assert_ptr_null(outbox_head(outbox));
    ck_assert_ptr_null(outbox_at(outbox, 0));
    outbox_pop(outbox);
    ck_assert_uint_eq(outbox_count(outbox), 0);
    ck_assert_uint_eq(outbox_room(outbox), 5);
    talloc_free(outbox);
}
END_TEST

static const uint32_t limits[] = {1, 2, 15, 16, 17, 20, 31, 32, 33, 1000};

START_TEST(limit_is_met_exactly)
{
    uint32_t limit = limits[_i];
    int error = 0;

    assert_ok(outbox_new(root, sizeof(uint64_t), limit, &outbox));
    for (uint32_t i = 0; i < limit; i++) {
        ck_assert_uint_eq(outbox_room(outbox), limit - i);
        push(i + 1);
    }
    ck_assert_uint_eq(outbox_room(outbox), 0);
    ck_assert_ptr_null(outbox_push(outbox, &error));
    assert_error(error, L2TPHA_ERR_LIMIT);
    ck_assert_ptr_null(outbox_push(outbox, NULL));
    ck_assert_uint_eq(outbox_count(outbox), limit);
    ck_assert_uint_eq(pop(), 1);
    push(limit + 1); /* the freed slot, zero again */
    for (uint32_t i = 0; i < limit; i++)
        ck_assert_uint_eq(*(uint64_t *)outbox_at(outbox, i), i + 2);
    ck_assert_ptr_null(outbox_at(outbox, limit));
    ck_assert_ptr_null(outbox_at(outbox, UINT32_MAX));
    for (uint32_t i = 0; i < limit; i++)
        ck_assert_uint_eq(pop(), i + 2);
    ck_assert_ptr_null(outbox_head(outbox));
    talloc_free(outbox);
}
END_TEST

/* Growth with the head at every place of the first ring. */
START_TEST(growth_keeps_the_order)
{
    assert_ok(outbox_new(root, sizeof(uint64_t), 100, &outbox));
    for (int i = 0; i < _i; i++) {
        push(7);
        pop();
    }
    for (uint64_t i = 1; i <= 100; i++)
        push(i);
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_uint_eq(pop(), i);
    talloc_free(outbox);
}
END_TEST

START_TEST(agrees_with_counting)
{
    uint64_t pushed = 0, popped = 0;

    assert_ok(outbox_new(root, sizeof(uint64_t), limits[_i], &outbox));
    for (uint64_t round = 0; round < 20000; round++) {
        if (bits_mix(round) % 8 < (round / 500 % 2 ? 5 : 3) && outbox_room(outbox) > 0)
            push(++pushed);
        else if (outbox_head(outbox))
            assert_true(pop() == ++popped);
        assert_true(outbox_count(outbox) == pushed - popped);
        uint64_t *middle = outbox_at(outbox, outbox_count(outbox) / 2);
        assert_true(!middle || *middle == popped + 1 + (pushed - popped) / 2);
    }
    ck_assert_uint_gt(popped, 1000);
    talloc_free(outbox);
}
END_TEST

/* What is emptied each time does not walk through all of its memory. */
START_TEST(an_empty_one_begins_at_the_front)
{
    assert_ok(outbox_new(root, sizeof(uint64_t), 100, &outbox));
    for (uint64_t i = 0; i < 20; i++)
        push(i);
    for (uint64_t i = 0; i < 20; i++)
        ck_assert_uint_eq(pop(), i);
    push(7);
    const void *front = outbox_head(outbox);
    ck_assert_uint_eq(pop(), 7);
    for (uint64_t i = 0; i < 40; i++) {
        push(i);
        ck_assert_ptr_eq(outbox_head(outbox), front);
        push(i + 1);
        ck_assert_uint_eq(pop(), i);
        ck_assert_uint_eq(pop(), i + 1);
    }
    talloc_free(outbox);
}
END_TEST

START_TEST(memory_is_kept)
{
    assert_ok(outbox_new(root, 24, 64, &outbox));
    for (unsigned i = 0; i < 64; i++)
        outbox_push(outbox, NULL);
    starve(root, 0);
    for (unsigned i = 0; i < 1000; i++) {
        outbox_pop(outbox);
        ck_assert_ptr_nonnull(outbox_push(outbox, NULL));
    }
    talloc_free(outbox);
}
END_TEST

START_TEST(no_memory)
{
    struct outbox *untouched = NULL;
    int error = 0;

    starve(root, 0);
    assert_error(outbox_new(root, 8, 5, &untouched), L2TPHA_ERR_NOMEM);
    ck_assert_ptr_null(untouched);
    starve(root, NOT_STARVED);
    assert_ok(outbox_new(root, sizeof(uint64_t), 100, &outbox));
    for (uint64_t i = 1; i <= 100; i++) {
        starve(root, 0);
        uint64_t *slot = outbox_push(outbox, &error);
        starve(root, NOT_STARVED);
        ck_assert_uint_eq(outbox_count(outbox), slot ? i : i - 1);
        if (slot)
            *slot = i;
        else
            push(i);
    }
    assert_error(error, L2TPHA_ERR_NOMEM);
    for (uint64_t i = 1; i <= 100; i++)
        ck_assert_uint_eq(pop(), i);
    talloc_free(outbox);
}
END_TEST

Suite *suite_outbox(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("outbox", &tcase);
    tcase_add_test(tcase, bad_arguments);
    tcase_add_test(tcase, empty_outbox);
    tcase_add_loop_test(tcase, limit_is_met_exactly, 0, 10);
    tcase_add_loop_test(tcase, growth_keeps_the_order, 0, 33);
    tcase_add_loop_test(tcase, agrees_with_counting, 0, 10);
    tcase_add_test(tcase, an_empty_one_begins_at_the_front);
    tcase_add_test(tcase, memory_is_kept);
    tcase_add_test(tcase, no_memory);
    return suite;
}
