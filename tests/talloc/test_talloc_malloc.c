/* SPDX-License-Identifier: MIT */
/* The builtin allocator on a malloc that fails. */
#include "fixture.h"

#include <stdlib.h>

static bool fails;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size)
{
    return fails ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails ? NULL : __real_realloc(old, size);
}

START_TEST(no_block_is_made)
{
    void *made[8];

    fails = true;
    made[0] = talloc_size(root, 10);
    made[1] = talloc_zero_size(root, 10);
    made[2] = talloc_new(NULL);
    made[3] = talloc_array(root, int, 10);
    made[4] = talloc_zero_array(root, int, 10);
    made[5] = talloc_strdup(root, "text");
    made[6] = talloc_memdup(root, "text", 4);
    made[7] = talloc_realloc(root, NULL, int, 10);
    fails = false;
    for (int i = 0; i < 8; i++)
        ck_assert_ptr_null(made[i]);
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

START_TEST(realloc_leaves_the_block_as_it_is)
{
    int *block = talloc_zero_array(root, int, 10);
    char *child = talloc_strdup(block, "text");

    talloc_set_name_const(block, "numbers");
    block[9] = 9;
    fails = true;
    int *moved = talloc_realloc(root, block, int, 100000);
    fails = false;
    ck_assert_ptr_null(moved);
    ck_assert_uint_eq(talloc_get_size(block), sizeof(int[10]));
    ck_assert_str_eq(talloc_get_name(block), "numbers");
    ck_assert_ptr_eq(talloc_parent(block), root);
    ck_assert_ptr_eq(talloc_parent(child), block);
    ck_assert_int_eq(block[9], 9);
    talloc_free(block);
}
END_TEST

/* What frees needs no memory. */
START_TEST(everything_is_freed)
{
    void *block = talloc_new(root);

    for (int i = 0; i < 10; i++)
        block = talloc_new(block);
    fails = true;
    talloc_free_children(root);
    fails = false;
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

Suite *suite_talloc_malloc(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("talloc_malloc", &tcase);

    tcase_add_test(tcase, no_block_is_made);
    tcase_add_test(tcase, realloc_leaves_the_block_as_it_is);
    tcase_add_test(tcase, everything_is_freed);
    return suite;
}
