/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/idtable.h"
#include "fixture.h"
#include "starve.h"

#define VALUES (UINT32_C(1) << 18)

static struct idtable_kind kind;
static struct idtable table;
static uint64_t keys_of[VALUES]; /* by value, modulo */

static uint64_t key_of_value(const void *user, uint32_t value)
{
    const uint64_t *keys = user;
    return keys[value % VALUES];
}

static void setup_table(uint64_t seed)
{
    kind = (struct idtable_kind){
        .parent = talloc_new(root), .seed = seed, .key_of = key_of_value, .user = keys_of};
    table = (struct idtable){.kind = &kind};
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

static int insert(uint64_t key, uint32_t value)
{
    keys_of[value % VALUES] = key;
    return idtable_insert(&table, key, value);
}

static void assert_value(uint64_t key, uint32_t expected)
{
    uint32_t value = ~expected;
    assert_true(idtable_find(&table, key, &value) && value == expected);
}

static void assert_absent(uint64_t key)
{
    uint32_t value = 12345;
    assert_true(!idtable_find(&table, key, &value) && value == 12345);
}

START_TEST(empty_table)
{
    setup_table(0);
    assert_absent(0);
    assert_absent(UINT64_MAX);
    ck_assert(!idtable_remove(&table, 0));
    ck_assert_uint_eq(table.count, 0);
    teardown_table();
}
END_TEST

START_TEST(extreme_keys_and_values)
{
    static const uint64_t keys[] = {0,         1, UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 63,
                                    UINT64_MAX};
    setup_table(7);
    for (uint32_t i = 0; i < 6; i++)
        assert_ok(insert(keys[i], UINT32_MAX - 1 - i));
    for (uint32_t i = 0; i < 6; i++)
        assert_value(keys[i], UINT32_MAX - 1 - i);
    ck_assert(idtable_remove(&table, 0));
    assert_absent(0);
    assert_value(UINT64_MAX, UINT32_MAX - 6);
    teardown_table();
}
END_TEST

START_TEST(refusals_change_nothing)
{
    setup_table(7);
    assert_ok(insert(5, 50));
    assert_error(insert(5, 51), L2TPHA_ERR_EXISTS);
    assert_value(5, 50);
    assert_error(insert(6, UINT32_MAX), L2TPHA_ERR_INVALID);
    assert_absent(6);
    ck_assert_uint_eq(table.count, 1);
    ck_assert(idtable_remove(&table, 5));
    ck_assert(!idtable_remove(&table, 5));
    assert_ok(insert(5, 52));
    assert_value(5, 52);
    teardown_table();
}
END_TEST

/* Ways in which ids lie: dense 16-bit ones, in the upper half, beside a tunnel's, far apart. */
static uint64_t key_of_pattern(int pattern, uint32_t id)
{
    switch (pattern) {
    case 0:
        return id;
    case 1:
        return (uint64_t)id << 32;
    case 2:
        return (uint64_t)id << 48 | (id & 15);
    default:
        return bits_mix(id);
    }
}

START_TEST(all_16_bit_ids_at_once)
{
    setup_table(UINT64_C(0xfeedface) * (unsigned)_i);
    for (uint32_t id = 0; id < 65536; id++)
        assert_ok(insert(key_of_pattern(_i, id), id));
    ck_assert_uint_eq(table.count, 65536);
    ck_assert_uint_eq(kind.bytes, talloc_total_size(kind.parent));
    ck_assert_uint_lt(kind.bytes, 65536 * 22);
    for (uint32_t id = 0; id < 65536; id++)
        assert_value(key_of_pattern(_i, id), id);
    for (uint32_t id = 0; id < 65536; id++)
        assert_true(idtable_remove(&table, key_of_pattern(_i, id)));
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
        uint64_t key = key_of_pattern(_i / 2, id);
        bool filling = round / 40000 % 2 == 0;
        if (random % 16 < (filling ? 11 : 5)) {
            assert_error(insert(key, round), model[id] ? L2TPHA_ERR_EXISTS : L2TPHA_OK);
            count += model[id] == 0;
            if (model[id] == 0)
                model[id] = round + 1;
        } else {
            assert_true(idtable_remove(&table, key) == (model[id] != 0));
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
    for (uint64_t key = 0; key < 200; key++)
        assert_ok(insert(key, (uint32_t)key));
    size_t bytes = kind.bytes;
    starve(root, 0);
    for (uint64_t key = 200; key < 100000; key++) {
        assert_true(idtable_remove(&table, key - 200));
        assert_ok(insert(key, (uint32_t)key));
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
    for (uint64_t key = 0; key < 200000; key++) {
        assert_ok(insert(key, (uint32_t)key));
        after = kind.bytes;
        assert_true(after - before <= 16384);
        before = after;
    }
    teardown_table();
}
END_TEST

static uint32_t hash_under_seed_1(uint64_t key)
{
    return (uint32_t)bits_mix(bits_mix(key ^ 1) + 1);
}

/* Entries that look alike are told apart by their objects' keys. */
START_TEST(keys_with_the_same_hash)
{
    static const uint64_t alike[][2] = {{2939, 31777}, {14571, 42027}, {98757, 141391}};

    for (size_t i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
        uint64_t first = alike[i][0], second = alike[i][1];
        ck_assert_uint_eq(hash_under_seed_1(first), hash_under_seed_1(second));
        setup_table(1);
        assert_ok(insert(first, 10));
        assert_absent(second);
        assert_ok(insert(second, 20));
        assert_error(idtable_insert(&table, second, 30), L2TPHA_ERR_EXISTS);
        assert_value(first, 10);
        assert_value(second, 20);
        assert_true(idtable_remove(&table, first));
        assert_absent(first);
        assert_value(second, 20);
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
        int error = insert(key, key);
        starve(root, NOT_STARVED);
        if (error != L2TPHA_OK) {
            refused++;
            assert_error(error, L2TPHA_ERR_NOMEM);
            assert_absent(key);
            ck_assert_uint_eq(table.count, key);
            assert_ok(insert(key, key));
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
    tcase_add_test(tcase, keys_with_the_same_hash);
    tcase_add_test(tcase, no_memory);
    return suite;
}
