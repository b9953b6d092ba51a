/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/id_map.h"
#include "fixture.h"
#include "starve.h"

static struct id_map map;

static void setup(void)
{
    fixture_setup();
    map = (struct id_map){.parent = talloc_new(root)};
}

/* An empty one holds nothing. */
static void teardown(void)
{
    ck_assert_uint_eq(map.count, 0);
    ck_assert_uint_eq(map.page_count, 0);
    ck_assert_uint_eq(id_map_bytes(&map), 0);
    ck_assert_uint_eq(talloc_total_blocks(map.parent), 1);
    talloc_free(map.parent);
    fixture_teardown();
}

static void drop_all(void)
{
    for (uint32_t id = 0; id < ID_MAP_IDS; id++)
        id_map_remove(&map, id);
}

START_TEST(an_empty_map_has_nothing)
{
    assert_true(id_map_find(&map, 0) == ID_MAP_NONE);
    assert_true(id_map_find(&map, 65535) == ID_MAP_NONE);
    ck_assert(!id_map_remove(&map, 0));
    ck_assert(!id_map_remove(&map, 65535));
}
END_TEST

/* The first and the last id, and both sides of a page's edge. */
START_TEST(ids_at_the_edges)
{
    static const uint32_t ids[] = {0, 1, ID_PAGE_IDS - 1, ID_PAGE_IDS, 65535 - ID_PAGE_IDS, 65535};
    enum { COUNT = sizeof(ids) / sizeof(ids[0]) };

    for (uint32_t i = 0; i < COUNT; i++)
        assert_ok(id_map_insert(&map, ids[i], UINT16_MAX - i));
    ck_assert_uint_eq(map.count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(id_map_find(&map, ids[i]) == UINT16_MAX - i);
    assert_true(id_map_find(&map, 2) == ID_MAP_NONE);
    assert_true(id_map_find(&map, 65534) == ID_MAP_NONE);
    for (uint32_t i = 0; i < COUNT; i++)
        assert_true(id_map_remove(&map, ids[i]) && !id_map_remove(&map, ids[i]));
}
END_TEST

START_TEST(refusals_change_nothing)
{
    assert_ok(id_map_insert(&map, 5, 0));
    assert_error(id_map_insert(&map, 5, 51), L2TPHA_ERR_EXISTS);
    assert_error(id_map_insert(&map, 6, ID_MAP_NONE), L2TPHA_ERR_INVALID);
    assert_error(id_map_insert(&map, 6, 65536), L2TPHA_ERR_INVALID);
    assert_error(id_map_insert(&map, 65536, 1), L2TPHA_ERR_INVALID);
    assert_error(id_map_insert(&map, UINT32_MAX, 1), L2TPHA_ERR_INVALID);
    assert_true(id_map_find(&map, 5) == 0);
    assert_true(id_map_find(&map, 6) == ID_MAP_NONE);
    assert_true(id_map_find(&map, 65536 + 5) == ID_MAP_NONE); /* never taken for a shorter one */
    assert_true(id_map_find(&map, UINT32_MAX) == ID_MAP_NONE);
    ck_assert(!id_map_remove(&map, 65536 + 5));
    ck_assert_uint_eq(map.count, 1);
    drop_all();
}
END_TEST

static uint32_t far_apart(uint32_t i)
{
    return i * 40503 % ID_MAP_IDS; /* all come once */
}

START_TEST(all_ids_at_once)
{
    for (uint32_t id = 0; id < ID_MAP_IDS; id++)
        assert_ok(id_map_insert(&map, id, far_apart(id)));
    ck_assert_uint_eq(map.count, ID_MAP_IDS);
    ck_assert_uint_le(id_map_bytes(&map), ID_MAP_IDS * 5 / 2);
    ck_assert_uint_eq(talloc_total_size(map.parent), id_map_bytes(&map));
    for (uint32_t id = 0; id < ID_MAP_IDS; id++)
        assert_true(id_map_find(&map, id) == far_apart(id));
    drop_all();
}
END_TEST

START_TEST(agrees_with_a_model)
{
    enum { ROUNDS = 100000 };
    static uint32_t model[ID_MAP_IDS]; /* value + 1; 0 = absent */
    uint32_t spread = _i ? ID_MAP_IDS : 300;
    uint32_t count = 0;

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint64_t random = bits_mix(round + ((uint64_t)_i << 32));
        uint32_t id = (uint32_t)(random >> 40) % spread, other = (uint32_t)(random >> 16) % spread;
        if (random & 1) {
            assert_error(id_map_insert(&map, id, round % UINT16_MAX),
                         model[id] ? L2TPHA_ERR_EXISTS : L2TPHA_OK);
            count += model[id] == 0;
            model[id] = model[id] ? model[id] : round % UINT16_MAX + 1;
        } else {
            assert_true(id_map_remove(&map, id) == (model[id] != 0));
            count -= model[id] != 0;
            model[id] = 0;
        }
        assert_true(id_map_find(&map, other) == (model[other] ? model[other] - 1 : ID_MAP_NONE));
        assert_true(map.count == count);
    }
    drop_all();
}
END_TEST

/* A node with few tunnels: each costs a page at most, and it goes with the tunnel. */
START_TEST(few_ids_hold_little)
{
    for (uint32_t i = 0; i < 10; i++)
        assert_ok(id_map_insert(&map, far_apart(i), i));
    ck_assert_uint_le(id_map_bytes(&map), 10 * 300);
    for (uint32_t i = 10; i < 10000; i++) {
        assert_true(id_map_remove(&map, far_apart(i - 10)));
        assert_ok(id_map_insert(&map, far_apart(i), i));
        assert_true(map.page_count <= 10);
    }
    drop_all();
}
END_TEST

/* One id at a time has the last value, which its page cannot say; its neighbours have none. */
START_TEST(the_last_value)
{
    assert_ok(id_map_insert(&map, 300, 7));
    assert_ok(id_map_insert(&map, 301, ID_MAP_LAST));
    assert_true(id_map_find(&map, 301) == ID_MAP_LAST);
    assert_true(id_map_find(&map, 302) == ID_MAP_NONE);
    assert_error(id_map_insert(&map, 301, 8), L2TPHA_ERR_EXISTS);
    assert_error(id_map_insert(&map, 302, ID_MAP_LAST), L2TPHA_ERR_INVALID);
    assert_error(id_map_insert(&map, 65535, ID_MAP_LAST), L2TPHA_ERR_INVALID);
    ck_assert_uint_eq(map.page_count, 1);
    ck_assert(id_map_remove(&map, 301));
    ck_assert(!id_map_remove(&map, 301));
    assert_ok(id_map_insert(&map, 65535, ID_MAP_LAST));
    assert_true(id_map_find(&map, 65535) == ID_MAP_LAST);
    assert_true(id_map_find(&map, 301) == ID_MAP_NONE);
    drop_all();
    ck_assert_uint_eq(map.last, 0);
}
END_TEST

START_TEST(no_memory)
{
    starve(root, 0);
    assert_error(id_map_insert(&map, 700, 1), L2TPHA_ERR_NOMEM);
    assert_true(id_map_find(&map, 700) == ID_MAP_NONE);
    ck_assert_uint_eq(map.count, 0);
    starve(root, NOT_STARVED);
    assert_ok(id_map_insert(&map, 700, 1));
    starve(root, 0);
    assert_ok(id_map_insert(&map, 701, 2)); /* of a page that is there */
    assert_error(id_map_insert(&map, 60000, 3), L2TPHA_ERR_NOMEM);
    starve(root, NOT_STARVED);
    assert_true(id_map_find(&map, 700) == 1 && id_map_find(&map, 701) == 2);
    drop_all();
}
END_TEST

Suite *suite_id_map(void)
{
    Suite *suite = suite_create("id_map");
    TCase *tcase = tcase_create("id_map");
    tcase_add_checked_fixture(tcase, setup, teardown);
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, an_empty_map_has_nothing);
    tcase_add_test(tcase, ids_at_the_edges);
    tcase_add_test(tcase, refusals_change_nothing);
    tcase_add_test(tcase, all_ids_at_once);
    tcase_add_loop_test(tcase, agrees_with_a_model, 0, 2);
    tcase_add_test(tcase, few_ids_hold_little);
    tcase_add_test(tcase, the_last_value);
    tcase_add_test(tcase, no_memory);
    return suite;
}
