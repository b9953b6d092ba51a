/* SPDX-License-Identifier: MIT */
/* What the library relies on of its allocator. The runner has it of the one of its build, libtalloc
 * as a rule; talloc_builtin has it of lib/base/talloc.c. */
#include "fixture.h"
#include "starve.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

Suite *suite_talloc(void);

/* Which destructors have been called, in order. */
static char calls[128];

static void setup(void)
{
    fixture_setup();
    calls[0] = '\0';
}

static int note(char *block)
{
    strncat(calls, talloc_get_name(block), sizeof(calls) - strlen(calls) - 1);
    return 0;
}

static int keep(char *block)
{
    note(block);
    return -1;
}

static char *make(const void *parent, const char *name)
{
    char *block = talloc_named_const(parent, 8, name);
    ck_assert_ptr_nonnull(block);
    talloc_set_destructor(block, note);
    return block;
}

START_TEST(blocks_are_aligned_and_zero_where_asked_for)
{
    for (unsigned size = 0; size < 100; size++) {
        uint8_t *block = talloc_zero_size(root, size),
                *list = talloc_zero_array(root, uint8_t, size);
        ck_assert_uint_eq((uintptr_t)block % alignof(max_align_t), 0);
        ck_assert_uint_eq(talloc_get_size(block), size);
        for (unsigned i = 0; i < size; i++)
            ck_assert(block[i] == 0 && list[i] == 0);
        if (size > 0)
            memset(block, 0xff, size);
        talloc_free(list);
        talloc_free(block);
    }
}
END_TEST

START_TEST(names_are_the_types)
{
    struct tree {
        int leaves;
    };
    struct tree *one = talloc_zero(root, struct tree), *many = talloc_array(one, struct tree, 3);

    ck_assert_str_eq(talloc_get_name(one), "struct tree");
    ck_assert_str_eq(talloc_get_name(many), "struct tree");
    ck_assert_uint_eq(talloc_get_size(many), sizeof(struct tree[3]));
    talloc_set_name_const(one, "oak");
    ck_assert_str_eq(talloc_get_name(one), "oak");
    ck_assert_ptr_eq(talloc_parent(many), one);
    ck_assert_ptr_null(talloc_parent(root));
    talloc_free(one);
}
END_TEST

START_TEST(copies_are_their_own)
{
    char *text = talloc_strdup(root, "text"), *bytes = talloc_memdup(root, text, 3);

    ck_assert_uint_eq(talloc_get_size(text), 5);
    text[0] = 'n';
    ck_assert_str_eq(text, "next");
    ck_assert_mem_eq(bytes, "tex", 3);
    ck_assert_ptr_null(talloc_strdup(root, NULL));
    ck_assert_ptr_null(talloc_memdup(root, NULL, 1));
    talloc_free(text);
    talloc_free(bytes);
}
END_TEST

START_TEST(owner_goes_before_what_it_owns_and_the_youngest_first)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(a, "c");

    make(b, "d");
    make(b, "e");
    make(c, "f");
    ck_assert_uint_eq(talloc_total_blocks(a), 6);
    ck_assert_uint_eq(talloc_total_size(a), 48);
    ck_assert_int_eq(talloc_free(a), 0);
    ck_assert_str_eq(calls, "acfbed");
    ck_assert_int_eq(talloc_free(NULL), -1);
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

START_TEST(children_go_alone)
{
    char *a = make(root, "a");

    make(make(a, "b"), "c");
    talloc_free_children(a);
    ck_assert_str_eq(calls, "bc");
    ck_assert_uint_eq(talloc_total_blocks(a), 1);
    talloc_free_children(NULL);
    talloc_free(a);
}
END_TEST

START_TEST(destructor_keeps_its_block)
{
    char *a = make(root, "a"), *b = make(a, "b");

    talloc_set_destructor(a, keep);
    ck_assert_int_eq(talloc_free(a), -1);
    ck_assert_str_eq(calls, "a");
    ck_assert_ptr_eq(talloc_parent(b), a);
    ck_assert_ptr_eq(talloc_parent(a), root);
    talloc_set_destructor(a, NULL);
    ck_assert_int_eq(talloc_free(a), 0);
    ck_assert_str_eq(calls, "ab");
}
END_TEST

/* Of libtalloc it is, by its place in the list, nobody's or the next owner's, and asked again. */
START_TEST(who_is_kept_outlives_its_owners)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(b, "c");

    talloc_set_destructor(c, keep);
    talloc_free_children(b);
    ck_assert_ptr_eq(talloc_parent(c), a);
    talloc_steal(b, c);
    talloc_free(a);
#ifdef L2TPHA_TALLOC_BUILTIN
    ck_assert_str_eq(calls, "cabc");
    ck_assert_ptr_null(talloc_parent(c));
#endif
    ck_assert_int_eq(talloc_free(c), -1);
    talloc_set_destructor(c, note);
    ck_assert_int_eq(talloc_free(c), 0);
}
END_TEST

static char *victim;

static int free_victim(char *block)
{
    note(block);
    int result = talloc_free(victim); /* which adds to the calls */
    snprintf(calls + strlen(calls), 4, "%d", result);
    return 0;
}

/* A brother that is next, a brother that has gone by, a child, an uncle. */
START_TEST(destructor_frees_others)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(a, "c"), *d = make(c, "d");
    static const char *const expected[] = {"acb0d", "acd0b", "acdb0"};

    victim = _i == 1 ? d : b;
    talloc_set_destructor(_i == 2 ? d : c, free_victim);
    talloc_free(a);
    ck_assert_str_eq(calls, expected[_i]);
}
END_TEST

/* A block that is going already: itself, in its destructor; its owner, whose destructor has been
 * called. */
START_TEST(destructor_frees_who_goes_already)
{
    char *a = make(root, "a"), *b = make(a, "b");

    victim = _i == 0 ? b : a;
    talloc_set_destructor(b, free_victim);
    ck_assert_int_eq(talloc_free(a), 0);
    ck_assert_str_eq(calls, _i == 0 ? "ab-1" : "ab0");
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

/* The owner of the block whose destructor runs: it goes, and the block after it. */
START_TEST(destructor_frees_its_owner)
{
    char *a = make(root, "a"), *b = make(a, "b");

    victim = a;
    talloc_set_destructor(b, free_victim);
    ck_assert_int_eq(talloc_free(b), 0);
    ck_assert_str_eq(calls, "ba0");
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

static int make_another(char *block)
{
    note(block);
    make(talloc_parent(block), "n");
    return 0;
}

START_TEST(destructor_makes_a_block_for_an_owner_that_goes)
{
    char *a = make(root, "a"), *b = make(a, "b");

    make(b, "c");
    talloc_set_destructor(b, make_another);
    talloc_free(a);
    ck_assert_str_eq(calls, "abcn");
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

static int move_to_victim(char *block)
{
    note(block);
    talloc_steal(victim, block);
    return (signed char)victim[0]; /* char has no sign on some machines */
}

/* It stays where it has gone to, when it stays. */
START_TEST(destructor_moves_its_block)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(b, "c");

    make(a, "e");
    victim = make(root, "v");
    victim[0] = (char)-_i;
    talloc_set_destructor(b, move_to_victim);
    ck_assert_int_eq(talloc_free(a), 0);
    ck_assert_uint_eq(talloc_total_blocks(victim), _i == 0 ? 1 : 3);
    if (_i == 1) {
        ck_assert_ptr_eq(talloc_parent(b), victim);
        ck_assert_ptr_eq(talloc_parent(c), b);
        talloc_set_destructor(b, note);
    }
    talloc_free(victim);
    ck_assert_str_eq(calls, _i == 0 ? "aebcv" : "aebvbc");
}
END_TEST

START_TEST(blocks_move)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(root, "c"), *pointer = b;

    make(b, "d");
    ck_assert_ptr_eq(talloc_steal(c, b), b);
    ck_assert_ptr_eq(talloc_parent(b), c);
    ck_assert_ptr_eq(talloc_steal(c, b), b);
    ck_assert_ptr_eq(talloc_move(a, &pointer), b);
    ck_assert_ptr_null(pointer);
    ck_assert_uint_eq(talloc_total_blocks(a), 3);
    ck_assert_uint_eq(talloc_total_blocks(c), 1);
    ck_assert_ptr_eq(talloc_steal(NULL, b), b);
    ck_assert_ptr_null(talloc_parent(b));
    ck_assert_ptr_null(talloc_steal(c, NULL));
    talloc_free(a);
    talloc_free(c);
    talloc_free(b);
    ck_assert_str_eq(calls, "acbd");
}
END_TEST

/* Larger by far, so that it moves; smaller; none. */
START_TEST(realloc_keeps_the_tree)
{
    char *a = make(root, "a"), *b = make(a, "b"), *c = make(a, "c"), *d = make(a, "d");
    char *e = make(c, "e"), *f = make(c, "f");
    static const unsigned sizes[] = {100000, 20, 1000000, 8};

    memset(c, 0x5a, 8);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        c = talloc_realloc(a, c, char, sizes[i]);
        ck_assert_uint_eq(talloc_get_size(c), sizes[i]);
        ck_assert_ptr_eq(talloc_parent(c), a);
        ck_assert_ptr_eq(talloc_parent(e), c);
        ck_assert_ptr_eq(talloc_parent(f), c);
        ck_assert(c[0] == 0x5a && c[7] == 0x5a);
    }
    ck_assert_str_eq(talloc_get_name(c), "char");
    talloc_set_name_const(c, "c");
    ck_assert_ptr_eq(talloc_parent(b), a);
    ck_assert_ptr_eq(talloc_parent(d), a);
    talloc_free(d);
    ck_assert_ptr_null(talloc_realloc(a, c, char, 0));
    talloc_free(a);
    ck_assert_str_eq(calls, "dcfeab");
}
END_TEST

/* In a list of one as well. */
START_TEST(realloc_of_a_first_and_a_last)
{
    char *blocks[4] = {0};

    for (int i = 0; i < 4; i++) {
        for (int k = 0; k < i; k++)
            ck_assert_ptr_nonnull(blocks[k] =
                                      talloc_realloc(root, blocks[k], char, 50000 + 1000 * i));
        blocks[i] = talloc_realloc(root, NULL, char, 10);
    }
    ck_assert_uint_eq(talloc_total_blocks(root), 5);
    for (int i = 0; i < 4; i++)
        talloc_free(blocks[(i + 2) % 4]);
    ck_assert_uint_eq(talloc_total_blocks(root), 1);
}
END_TEST

START_TEST(huge_sizes_are_refused)
{
    char *a = make(root, "a");

    for (int i = 0; i < 6; i++) {
        const size_t size = (size_t[]){SIZE_MAX,         SIZE_MAX / 2, SIZE_MAX / 8,
                                       SIZE_MAX / 8 + 2, UINT32_MAX,   0x10000000}[i];
        unsigned count = size > UINT32_MAX ? UINT32_MAX - (unsigned)i : (unsigned)size;
        ck_assert_ptr_null(talloc_size(root, size));
        ck_assert_ptr_null(talloc_zero_size(root, size));
        ck_assert_ptr_null(talloc_realloc_size(root, a, size));
        ck_assert_ptr_null(talloc_array(root, uint64_t, count));
        ck_assert_ptr_null(talloc_zero_array(root, uint64_t, count));
        ck_assert_ptr_null(talloc_realloc(root, a, uint64_t, count));
    }
    ck_assert_uint_eq(talloc_total_blocks(root), 2);
    ck_assert_uint_eq(talloc_get_size(a), 8);
    talloc_free(a);
}
END_TEST

START_TEST(starved_tree_refuses_and_stays_as_it_is)
{
    char *a = make(root, "a"), *b = make(a, "b");

    starve(root, 0);
    ck_assert_ptr_null(talloc_size(b, 100));
    ck_assert_ptr_null(talloc_zero_size(a, 100));
    ck_assert_ptr_null(talloc_memdup(b, "0123456789", 10));
    ck_assert_ptr_null(talloc_realloc_size(a, b, 4000));
    ck_assert_uint_eq(talloc_get_size(b), 8);
    talloc_free(talloc_size(NULL, 100));
    starve(root, NOT_STARVED);
    b = talloc_realloc_size(a, b, 4000);
    ck_assert_ptr_nonnull(b);
    talloc_free(a);
}
END_TEST

static void spell(const void *block, int depth, int max_depth, int is_ref, void *user)
{
    (void)max_depth, (void)is_ref;
    snprintf((char *)user + strlen(user), 8, "%s%d ", talloc_get_name(block), depth);
}

START_TEST(walk_visits_owners_first)
{
    char *a = make(root, "a"), *b = make(a, "b"), seen[64] = "";

    make(b, "c");
    make(b, "d");
    make(a, "e");
    talloc_report_depth_cb(a, 0, -1, spell, seen);
    ck_assert_str_eq(seen, "a0 e1 b1 d2 c2 ");
    seen[0] = '\0';
    talloc_report_depth_cb(a, 1, 2, spell, seen);
    ck_assert_str_eq(seen, "a1 e2 b2 ");
    talloc_free(a);
}
END_TEST

#ifdef L2TPHA_TALLOC_BUILTIN
START_TEST(circles_are_refused)
{
    char *a = make(root, "a"), *b = make(make(a, "m"), "b"), *pointer = a;

    ck_assert_ptr_null(talloc_steal(b, a));
    ck_assert_ptr_null(talloc_steal(a, a));
    ck_assert_ptr_null(talloc_move(b, &pointer));
    ck_assert_ptr_eq(pointer, a);
    ck_assert_ptr_eq(talloc_parent(a), root);
    talloc_free(a);
}
END_TEST

START_TEST(what_is_no_block_is_refused)
{
    uint8_t bytes[512] = {0};

    ck_assert_ptr_null(talloc_size(bytes + 256, 1));
    ck_assert_ptr_null(talloc_realloc_size(NULL, bytes + 256, 1));
    ck_assert_ptr_null(talloc_steal(root, bytes + 256));
    ck_assert_int_eq(talloc_free(bytes + 256), -1);
    ck_assert_uint_eq(talloc_total_blocks(bytes + 256), 0);
}
END_TEST

/* No stack is as deep. */
START_TEST(depth_has_no_limit)
{
    void *top = talloc_new(NULL);

    for (int i = 0; i < 1000000; i++) {
        void *owner = talloc_new(NULL);
        talloc_steal(owner, top);
        top = owner;
    }
    ck_assert_uint_eq(talloc_total_blocks(top), 1000001);
    ck_assert_int_eq(talloc_free(top), 0);
}
END_TEST

static char *refuge;

static int move_owner(char *block)
{
    note(block);
    ck_assert_ptr_null(talloc_steal(refuge, talloc_parent(block)));
    return 0;
}

START_TEST(who_goes_already_is_not_moved)
{
    char *a = make(root, "a"), *b = make(a, "b");

    refuge = make(root, "r");
    talloc_set_destructor(make(b, "c"), move_owner);
    ck_assert_int_eq(talloc_free(a), 0);
    ck_assert_str_eq(calls, "abc");
    ck_assert_uint_eq(talloc_total_blocks(refuge), 1);
    talloc_free(refuge);
}
END_TEST

static int free_owner(char *block)
{
    note(block);
    ck_assert_int_eq(talloc_free(talloc_parent(block)), -1);
    return 0;
}

/* The owner, whose children are being freed, stays until they are. */
START_TEST(owner_of_children_being_freed_stays)
{
    char *a = make(root, "a");

    talloc_set_destructor(make(a, "b"), free_owner);
    talloc_set_destructor(make(a, "c"), free_owner);
    talloc_free_children(a);
    ck_assert_str_eq(calls, "cb");
    ck_assert_int_eq(talloc_free(a), 0);
}
END_TEST
#endif

Suite *suite_talloc(void)
{
    Suite *suite = suite_create("talloc");
    TCase *tcase = tcase_create("talloc");

    tcase_add_checked_fixture(tcase, setup, fixture_teardown);
    tcase_add_test(tcase, blocks_are_aligned_and_zero_where_asked_for);
    tcase_add_test(tcase, names_are_the_types);
    tcase_add_test(tcase, copies_are_their_own);
    tcase_add_test(tcase, owner_goes_before_what_it_owns_and_the_youngest_first);
    tcase_add_test(tcase, children_go_alone);
    tcase_add_test(tcase, destructor_keeps_its_block);
    tcase_add_test(tcase, who_is_kept_outlives_its_owners);
    tcase_add_loop_test(tcase, destructor_frees_others, 0, 3);
    tcase_add_loop_test(tcase, destructor_frees_who_goes_already, 0, 2);
    tcase_add_test(tcase, destructor_frees_its_owner);
    tcase_add_test(tcase, destructor_makes_a_block_for_an_owner_that_goes);
    tcase_add_loop_test(tcase, destructor_moves_its_block, 0, 2);
    tcase_add_test(tcase, blocks_move);
    tcase_add_test(tcase, realloc_keeps_the_tree);
    tcase_add_test(tcase, realloc_of_a_first_and_a_last);
    tcase_add_test(tcase, huge_sizes_are_refused);
    tcase_add_test(tcase, starved_tree_refuses_and_stays_as_it_is);
    tcase_add_test(tcase, walk_visits_owners_first);
#ifdef L2TPHA_TALLOC_BUILTIN
    tcase_add_test(tcase, circles_are_refused);
    tcase_add_test(tcase, what_is_no_block_is_refused);
    tcase_add_test(tcase, depth_has_no_limit);
    tcase_add_test(tcase, who_goes_already_is_not_moved);
    tcase_add_test(tcase, owner_of_children_being_freed_stays);
#endif
    suite_add_tcase(suite, tcase);
    return suite;
}
