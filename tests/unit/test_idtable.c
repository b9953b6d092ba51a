/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/idtable.h"
#include "fixture.h"
#include "starve.h"

static struct idtable_kind kind;
static struct idtable table;

static void setup_tagged(uint64_t seed, uint32_t tag)
{
    kind = (struct idtable_kind){.parent = talloc_new(root), .seed = seed, .tag = tag};
    table = (struct idtable){.kind = &kind};
}

static void setup_table(uint64_t seed)
{
    setup_tagged(seed, 0);
}

/* Clearing gives all memory back. */
static void teardown_table(void)
{
    idtable_clear(&table);
    ck_assert_uint_eq(kind.bytes, 0);
    ck_assert_uint_eq(table.count, 0);
    ck_assert_uint_eq(talloc_total_blocks(kind.parent), 1);
    talloc_free(kind.parent);
}

static void assert_value(uint32_t key, uint32_t expected)
{
    uint32_t value = ~expected;
    assert_true(idtable_find(&table, key, expected & kind.tag, &value) && value == expected);
}

static void assert_no_entry(uint32_t key, uint32_t tag)
{
    uint32_t value = 12345;
    assert_true(!idtable_find(&table, key, tag, &value) && value == 12345);
}

static void assert_absent(uint32_t key)
{
    assert_no_entry(key, 0);
}

static bool drop(uint32_t key)
{
    return idtable_remove(&table, key, 0);
}

START_TEST(empty_table)
{
    setup_table(0);
    assert_absent(0);
    assert_absent(UINT32_MAX);
    idtable_replace(&table, 0, 1);
    assert_absent(0);
    ck_assert(!drop(0));
    ck_assert_uint_eq(table.count, 0);
    teardown_table();
}
END_TEST

START_TEST(extreme_keys_and_values)
{
    static const uint32_t keys[] = {0, 1, 65535, 65536, UINT32_C(1) << 31, UINT32_MAX};

    setup_table(7);
    for (uint32_t i = 0; i < 6; i++)
        assert_ok(idtable_insert(&table, keys[i], UINT32_MAX - 1 - i));
    for (uint32_t i = 0; i < 6; i++)
        assert_value(keys[i], UINT32_MAX - 1 - i);
    ck_assert(drop(0));
    assert_absent(0);
    assert_value(UINT32_MAX, UINT32_MAX - 6);
    teardown_table();
}
END_TEST

START_TEST(refusals_change_nothing)
{
    setup_table(7);
    assert_ok(idtable_insert(&table, 5, 50));
    assert_error(idtable_insert(&table, 5, 51), L2TPHA_ERR_EXISTS);
    assert_value(5, 50);
    assert_error(idtable_insert(&table, 6, UINT32_MAX), L2TPHA_ERR_INVALID);
    assert_absent(6);
    idtable_replace(&table, 6, 60);
    assert_absent(6);
    ck_assert_uint_eq(table.count, 1);
    ck_assert(drop(5));
    ck_assert(!drop(5));
    assert_ok(idtable_insert(&table, 5, 52));
    assert_value(5, 52);
    teardown_table();
}
END_TEST

/* Ways in which ids lie: dense, in the upper half, spread over both, far apart. */
static uint32_t key_of_pattern(int pattern, uint32_t id)
{
    switch (pattern) {
    case 0:
        return id;
    case 1:
        return id << 16;
    case 2:
        return id << 13 | (id & 7);
    default:
        return bits_mix32(id);
    }
}

START_TEST(all_16_bit_ids_at_once)
{
    setup_table(UINT64_C(0xfeedface) * (unsigned)_i);
    for (uint32_t id = 0; id < 65536; id++)
        assert_ok(idtable_insert(&table, key_of_pattern(_i, id), id));
    ck_assert_uint_eq(table.count, 65536);
    ck_assert_uint_eq(kind.bytes, talloc_total_size(kind.parent));
    ck_assert_uint_lt(kind.bytes, 65536 * 22);
    for (uint32_t id = 0; id < 65536; id++)
        assert_value(key_of_pattern(_i, id), id);
    for (uint32_t id = 0; id < 65536; id++)
        assert_true(drop(key_of_pattern(_i, id)));
    for (uint32_t id = 0; id < 65536; id++)
        assert_absent(key_of_pattern(_i, id));
    ck_assert_uint_eq(table.count, 0);
    teardown_table();
}
END_TEST

START_TEST(agrees_with_a_model)
{
    enum { ROUNDS = 200000 };
    static uint32_t model[65536]; /* value + 1; 0 = absent */
    size_t count = 0;
    uint32_t spread = _i % 2 ? 65536 : 600; /* dense, or one segment all the time */

    setup_table((uint64_t)_i);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t random = bits_mix(round + ((uint64_t)_i << 32));
        uint32_t id = (uint32_t)(random >> 40) % spread;
        uint32_t key = key_of_pattern(_i / 2, id);
        bool filling = round / 40000 % 2 == 0;
        if (random % 16 < (filling ? 11 : 5)) {
            assert_error(idtable_insert(&table, key, round),
                         model[id] ? L2TPHA_ERR_EXISTS : L2TPHA_OK);
            count += model[id] == 0;
            if (model[id] == 0)
                model[id] = round + 1;
        } else {
            assert_true(drop(key) == (model[id] != 0));
            count -= model[id] != 0;
            model[id] = 0;
        }
        uint32_t other = (uint32_t)(random >> 20) % spread;
        if (model[other])
            assert_value(key_of_pattern(_i / 2, other), model[other] - 1);
        else
            assert_absent(key_of_pattern(_i / 2, other));
        assert_true(table.count == count);
    }
    for (uint32_t id = 0; id < spread; id++) {
        if (model[id])
            assert_value(key_of_pattern(_i / 2, id), model[id] - 1);
        else
            assert_absent(key_of_pattern(_i / 2, id));
    }
    teardown_table();
}
END_TEST

/* With tombstones the table would fill up and have to grow. */
START_TEST(coming_and_going_takes_no_memory)
{
    setup_table(1);
    for (uint32_t key = 0; key < 200; key++)
        assert_ok(idtable_insert(&table, key, key));
    size_t bytes = kind.bytes;
    starve(root, 0);
    for (uint32_t key = 200; key < 100000; key++) {
        assert_true(drop(key - 200));
        assert_ok(idtable_insert(&table, key, key));
    }
    ck_assert_uint_eq(kind.bytes, bytes);
    teardown_table();
}
END_TEST

/* No insert brings more than two new segments and a directory of some thousand bytes. */
START_TEST(growth_comes_in_small_steps)
{
    size_t before, after;

    setup_table(1);
    before = kind.bytes;
    for (uint32_t key = 0; key < 200000; key++) {
        assert_ok(idtable_insert(&table, key, key));
        after = kind.bytes;
        assert_true(after - before <= 16384);
        before = after;
    }
    teardown_table();
}
END_TEST

/* The hash stands for the key, so no two keys may have the same one: neither among neighbours nor
 * among those that differ in high bits. */
START_TEST(no_two_keys_look_alike)
{
    enum { KEYS = 1 << 18 };
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, UINT64_C(0x0123456789abcdef)};
    uint32_t step = UINT32_C(1) << (14 * _i / 3); /* 2^18 of these are 32 bits at most */

    setup_table(seeds[_i]);
    for (uint32_t i = 0; i < KEYS; i++)
        assert_ok(idtable_insert(&table, i * step, i));
    for (uint32_t i = 0; i < KEYS; i++)
        assert_value(i * step, i);
    ck_assert_uint_eq(table.count, KEYS);
    teardown_table();
}
END_TEST

/* One id leads to several values, each by its own tag; of a value the rest is free. */
START_TEST(tags_tell_keys_apart)
{
    setup_tagged((uint64_t)_i, 3);
    for (uint32_t id = 0; id < 1000; id++)
        for (uint32_t tag = 0; tag < 4; tag++)
            assert_ok(idtable_insert(&table, id, (5000 - id) << 2 | tag));
    for (uint32_t id = 0; id < 1000; id++) {
        assert_error(idtable_insert(&table, id, 77 << 2 | 2), L2TPHA_ERR_EXISTS);
        assert_true(idtable_remove(&table, id, 2) && !idtable_remove(&table, id, 2));
        idtable_replace(&table, id, 3 << 2 | 1);
    }
    for (uint32_t id = 0; id < 1000; id++) {
        assert_value(id, (5000 - id) << 2);
        assert_value(id, 3 << 2 | 1);
        assert_no_entry(id, 2);
        assert_value(id, (5000 - id) << 2 | 3);
    }
    ck_assert_uint_eq(table.count, 3000);
    teardown_table();
}
END_TEST

/* Where probing for the key begins in a table of 8 slots, under seed 1. */
static uint32_t home_of_key(uint32_t key)
{
    return bits_mix32(bits_mix32(key ^ 1)) >> 23 & 7;
}

/* Keys that all begin at the last slot run on over the end to the first ones. Whichever goes, the
 * others are found, and what closes the gap leaves none behind it. */
START_TEST(runs_that_wrap_around)
{
    uint32_t keys[6], count = 0;

    for (uint32_t key = 0; count < 6; key++)
        if (home_of_key(key) == 7)
            keys[count++] = key;
    for (uint32_t gone = 0; gone < 6; gone++) {
        setup_table(1);
        for (uint32_t i = 0; i < 6; i++)
            assert_ok(idtable_insert(&table, keys[i], i));
        ck_assert_uint_eq(table.mask, 7);
        assert_true(drop(keys[gone]));
        for (uint32_t i = 0; i < 6; i++)
            if (i == gone)
                assert_absent(keys[i]);
            else
                assert_value(keys[i], i);
        assert_ok(idtable_insert(&table, keys[gone], 9));
        for (uint32_t i = 0; i < 6; i++)
            assert_true(drop(keys[i]));
        ck_assert_uint_eq(table.count, 0);
        teardown_table();
    }
}
END_TEST

START_TEST(no_memory)
{
    enum { COUNT = 20000 };
    unsigned refused = 0;

    setup_table(3);
    for (uint32_t key = 0; key < COUNT; key++) {
        starve(root, (size_t)(key % 5) * 2500); /* room for none, one or both segments */
        int error = idtable_insert(&table, key, key);
        starve(root, NOT_STARVED);
        if (error != L2TPHA_OK) {
            refused++;
            assert_error(error, L2TPHA_ERR_NOMEM);
            assert_absent(key);
            ck_assert_uint_eq(table.count, key);
            assert_ok(idtable_insert(&table, key, key));
        }
    }
    ck_assert_uint_gt(refused, 10);
    for (uint32_t key = 0; key < COUNT; key++)
        assert_value(key, key);
    ck_assert_uint_eq(kind.bytes, talloc_total_size(kind.parent));
    teardown_table();
}
END_TEST

Suite *suite_idtable(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("idtable", &tcase);
    tcase_add_test(tcase, empty_table);
    tcase_add_test(tcase, extreme_keys_and_values);
    tcase_add_test(tcase, refusals_change_nothing);
    tcase_add_loop_test(tcase, all_16_bit_ids_at_once, 0, 4);
    tcase_add_loop_test(tcase, agrees_with_a_model, 0, 8);
    tcase_add_test(tcase, coming_and_going_takes_no_memory);
    tcase_add_test(tcase, growth_comes_in_small_steps);
    tcase_add_loop_test(tcase, no_two_keys_look_alike, 0, 4);
    tcase_add_loop_test(tcase, tags_tell_keys_apart, 0, 4);
    tcase_add_test(tcase, runs_that_wrap_around);
    tcase_add_test(tcase, no_memory);
    return suite;
}
