/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/buffer.h"
#include "fixture.h"
#include "starve.h"

#include <string.h>

static struct buffer_pool *pool;

static void setup_pool(size_t limit)
{
    assert_ok(buffer_pool_new(root, limit, &pool));
}

static struct buffer *get(size_t cap)
{
    int error = 0;
    struct buffer *buffer = buffer_get(pool, cap, &error);
    ck_assert_ptr_nonnull(buffer);
    assert_ok(error);
    ck_assert_uint_ge(buffer->cap, cap);
    ck_assert_uint_eq(buffer->len, 0);
    ck_assert_ptr_null(buffer->next);
    memset(buffer->data, 0xff, buffer->cap); /* all of it is there */
    return buffer;
}

static void assert_refused(size_t cap, int expected)
{
    size_t out = buffer_pool_out(pool);
    int error = 0;

    ck_assert_ptr_null(buffer_get(pool, cap, &error));
    assert_error(error, expected);
    ck_assert_ptr_null(buffer_get(pool, cap, NULL));
    ck_assert_uint_eq(buffer_pool_out(pool), out);
}

START_TEST(smallest_class_that_fits)
{
    static const struct {
        size_t asked, cap;
    } cases[] = {{0, 64},        {64, 64},       {65, 128},      {129, 256},
                 {257, 512},     {513, 1024},    {1025, 2048},   {2049, 4096},
                 {32769, 65536}, {65536, 65536}, {65537, 65537}, {99999, 99999}};

    setup_pool(100000);
    ck_assert_uint_eq(get(cases[_i].asked)->cap, cases[_i].cap);
    ck_assert_uint_eq(buffer_pool_out(pool), 1);
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    talloc_free(pool); /* with the buffer that is still out */
}
END_TEST

START_TEST(beyond_the_largest_class)
{
    setup_pool(200000);
    struct buffer *small = get(10), *large = get(150000);
    assert_refused(65537, L2TPHA_ERR_LIMIT);
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    buffer_put(pool, large); /* not kept */
    ck_assert_uint_lt(buffer_pool_bytes(pool), 1000);
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    buffer_put(pool, small);
    ck_assert_uint_eq(buffer_pool_out(pool), 0);
    talloc_free(pool);
    setup_pool(SIZE_MAX);
    assert_refused(SIZE_MAX, L2TPHA_ERR_LIMIT);
    talloc_free(pool);
}
END_TEST

START_TEST(what_comes_back_is_given_out_again)
{
    setup_pool(100000);
    struct buffer *buffer = get(200);
    buffer->len = 17;
    buffer->next = buffer;
    size_t bytes = buffer_pool_bytes(pool);
    buffer_put(pool, buffer);
    ck_assert_uint_eq(buffer_pool_out(pool), 0);
    ck_assert_uint_eq(buffer_pool_bytes(pool), bytes);
    starve(root, 0);
    ck_assert_ptr_eq(get(250), buffer);
    buffer_put(pool, NULL);
    ck_assert_uint_eq(buffer_pool_out(pool), 1);
    talloc_free(pool);
}
END_TEST

START_TEST(limit_counts_what_is_out)
{
    struct buffer *small[8];

    setup_pool(1024 + 127);
    for (size_t i = 0; i < 8; i++)
        small[i] = get(128);
    assert_refused(128, L2TPHA_ERR_LIMIT);
    for (size_t i = 0; i < 4; i++)
        buffer_put(pool, small[i]);
    assert_refused(513, L2TPHA_ERR_LIMIT);
    get(512); /* in place of four */
    assert_refused(128, L2TPHA_ERR_LIMIT);
    ck_assert_uint_eq(buffer_pool_out(pool), 5);
    talloc_free(pool);
}
END_TEST

START_TEST(limit_of_nothing)
{
    setup_pool(63);
    assert_refused(0, L2TPHA_ERR_LIMIT);
    talloc_free(pool);
}
END_TEST

/* Traffic of one size may not starve the next size for good, nor pile up memory beside it. */
START_TEST(kept_buffers_make_room_for_other_classes)
{
    enum { LIMIT = 65536 };
    static struct buffer *out[LIMIT / 128];

    setup_pool(LIMIT);
    for (size_t i = 0; i < LIMIT / 128; i++)
        out[i] = get(128);
    for (size_t i = 0; i < LIMIT / 128; i++)
        buffer_put(pool, out[i]);
    struct buffer *large = get(65536);
    ck_assert_uint_lt(buffer_pool_bytes(pool), LIMIT + 1000);
    buffer_put(pool, large);
    struct buffer *middle = get(2000);
    ck_assert_uint_lt(buffer_pool_bytes(pool), 4096);
    buffer_put(pool, middle);
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    talloc_free(pool);
}
END_TEST

START_TEST(agrees_with_a_model)
{
    enum { OUT_MAX = 64, LIMIT = 150000 };
    static const size_t caps[] = {100, 500, 2000, 60000};
    struct buffer *out[OUT_MAX] = {0};
    size_t count = 0, bytes = 0;

    setup_pool(LIMIT);
    for (uint64_t round = 0; round < 20000; round++) {
        uint64_t random = bits_mix(round);
        struct buffer **slot = &out[random % OUT_MAX];
        if (*slot) {
            count--;
            bytes -= (*slot)->cap;
            buffer_put(pool, *slot);
            *slot = NULL;
        } else {
            *slot = buffer_get(pool, caps[random >> 32 & 3], NULL);
            count += *slot != NULL;
            bytes += *slot ? (*slot)->cap : 0;
            ck_assert(*slot || bytes + 65536 > LIMIT);
        }
        ck_assert_uint_le(bytes, LIMIT);
        ck_assert_uint_eq(buffer_pool_out(pool), count);
        ck_assert_uint_le(buffer_pool_bytes(pool),
                          LIMIT + LIMIT / 128 * sizeof(struct buffer) + 200);
    }
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    talloc_free(pool);
}
END_TEST

START_TEST(no_memory)
{
    struct buffer_pool *untouched = NULL;

    starve(root, 0);
    assert_error(buffer_pool_new(root, 1000, &untouched), L2TPHA_ERR_NOMEM);
    ck_assert_ptr_null(untouched);
    starve(root, NOT_STARVED);
    setup_pool(100000);
    starve(root, 0);
    assert_refused(1, L2TPHA_ERR_NOMEM);
    ck_assert_uint_eq(buffer_pool_bytes(pool), talloc_total_size(pool));
    starve(root, NOT_STARVED);
    buffer_put(pool, get(1));
    talloc_free(pool);
}
END_TEST

START_TEST(larger_one_stands_in_without_memory)
{
    int error;

    setup_pool(100000);
    assert_ok(buffer_reserve(pool, 2000));
    starve(root, 0);
    assert_ok(buffer_reserve(pool, 1));
    assert_error(buffer_reserve(pool, 2049), L2TPHA_ERR_NOMEM);
    struct buffer *buffer = buffer_get(pool, 100, &error);
    ck_assert_ptr_nonnull(buffer);
    ck_assert_uint_eq(buffer->cap, 2048);
    ck_assert_ptr_null(buffer_get(pool, 100, &error));
    ck_assert_int_eq(error, L2TPHA_ERR_NOMEM);
    assert_error(buffer_reserve(pool, 100), L2TPHA_ERR_NOMEM);
    buffer_put(pool, buffer);
    ck_assert_uint_eq(buffer_pool_out(pool), 0);
    ck_assert_ptr_nonnull(buffer = buffer_get(pool, 2048, &error));
    buffer_put(pool, buffer);
    starve(root, NOT_STARVED);
    talloc_free(pool);
}
END_TEST

Suite *suite_buffer(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("buffer", &tcase);
    tcase_add_loop_test(tcase, smallest_class_that_fits, 0, 12);
    tcase_add_test(tcase, beyond_the_largest_class);
    tcase_add_test(tcase, what_comes_back_is_given_out_again);
    tcase_add_test(tcase, limit_counts_what_is_out);
    tcase_add_test(tcase, limit_of_nothing);
    tcase_add_test(tcase, kept_buffers_make_room_for_other_classes);
    tcase_add_test(tcase, agrees_with_a_model);
    tcase_add_test(tcase, no_memory);
    tcase_add_test(tcase, larger_one_stands_in_without_memory);
    return suite;
}
