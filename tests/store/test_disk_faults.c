/* SPDX-License-Identifier: MIT */
/* The disk fails at every call, has no space at every size, or takes its time; then the LNS dies.
 * Either what left is in the store, or the store says that it may not be. */
#include "store/box.h"

#include "fixture.h"

#define SECOND UINT64_C(1000000)

static struct box box;

static void begin(void)
{
    fixture_setup();
    box = (struct box){.tail_bytes = 2000};
}

static void end(void)
{
    box_close(&box);
    fixture_teardown();
}

static void assert_well(const char *why)
{
    ck_assert_msg(!why, "%s (%s)", why, box.line);
}

static void steps(unsigned count)
{
    while (count-- > 0) {
        if (box_random(&box, 4) == 0)
            box_act(&box);
        if (!box_turn(&box) && !box_disk(&box))
            box_pass(&box, 20000);
    }
}

static void dial(void)
{
    box_settle(&box);
    for (int i = 0; i < 3; i++)
        box_dial(&box);
}

/* The store is read on a disk that is well again. */
static void die_and_judge(bool power)
{
    box.fake.fail_at = 0;
    box.fake.room = 0;
    box.stalls = false;
    assert_ok(box_die(&box, power));
    if (box.found.any && !box.found.stale)
        assert_well(box_has_left(&box));
    box_pass(&box, 200 * SECOND);
    assert_well(box_differs(&box));
    ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_IN_SYNC);
}

#define CALLS 120

/* One call fails. */
START_TEST(a_call_fails)
{
    box.holds_for_ever = _i & 1;
    box_open(&box, (uint64_t)_i);
    box.fake.fail_at = box.fake.calls + 1 + (uint64_t)_i / 2;
    box.fake.fail_for = 1;
    dial();
    steps(400);
    ck_assert_uint_ge(box.fake.calls, box.fake.fail_at);
    box_pass(&box, 20 * SECOND);
    ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_IN_SYNC);
    assert_well(box_differs(&box));
    die_and_judge(box_random(&box, 2));
}
END_TEST

/* One call fails, and power soon after it: a sync that went well does not bring back what the one
 * before it has dropped. */
START_TEST(what_was_dropped_is_missed)
{
    box.tail_bytes = 1u << 30;
    box_open(&box, (uint64_t)_i);
    dial();
    box_pass(&box, SECOND);
    box.fake.fail_at = box.fake.calls + 1 + (uint64_t)_i % 4;
    box.fake.fail_for = 1;
    for (unsigned more = box_random(&box, 12); more > 0;) {
        bool failed = box.fake.calls >= box.fake.fail_at;
        if (!failed && box_random(&box, 4) == 0)
            box_act(&box);
        if (!box_turn(&box))
            box_disk(&box);
        more -= failed;
    }
    die_and_judge(true);
}
END_TEST

/* Nothing goes to the disk any more: the node holds, for it cannot say that the store is stale. */
START_TEST(all_calls_fail)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};

    box.holds_for_ever = _i & 1;
    box_open(&box, (uint64_t)_i);
    box_settle(&box);
    box.fake.fail_at = box.fake.calls + 1 + (uint64_t)_i / 2;
    dial();
    steps(400);
    if (_i / 4 % 2)
        box_pass(&box, 3 * SECOND);
    l2tpha_storage_get(box.storage, &info);
    ck_assert_int_eq(info.state, L2TPHA_STORAGE_HOLDS);
    ck_assert_uint_gt(info.losses, 0);
    ck_assert_int_eq(info.status, L2TPHA_ERR_HOST);
    die_and_judge(box_random(&box, 2));
    ck_assert(!box.found.stale);
}
END_TEST

static void steps_until_lost(void)
{
    for (unsigned i = 0; i < 20000 && box_state(&box) == L2TPHA_STORAGE_IN_SYNC; i++)
        steps(1);
}

static void assert_goes_on(void)
{
    assert_well(box_differs(&box));
    for (int i = 0; i < 3; i++)
        box_act(&box);
    box_pass(&box, SECOND);
    assert_well(box_differs(&box));
}

/* There is an end of the space: before the first segment, or after some of it. The mark needs none.
 * Then somebody dies, or there is space again before. */
START_TEST(no_space)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};

    box.holds_for_ever = _i & 1;
    box.tail_bytes = 1u << 30;
    box_open(&box, (uint64_t)_i);
    box.fake.room = _i < 8 ? 1 + (uint64_t)_i * 1000 : 300000 + (uint64_t)_i * 500;
    dial();
    steps_until_lost();
    box_pass(&box, 12 * SECOND);
    l2tpha_storage_get(box.storage, &info);
    ck_assert_int_eq(info.state,
                     box.holds_for_ever ? L2TPHA_STORAGE_HOLDS : L2TPHA_STORAGE_GOES_ON);
    ck_assert_int_eq(info.status, L2TPHA_ERR_LIMIT);
    if (!box.holds_for_ever)
        assert_goes_on();
    if (_i & 2) {
        box.fake.room = 0;
        box_pass(&box, 25 * SECOND);
        ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_IN_SYNC);
        assert_goes_on();
    }
    die_and_judge(_i & 4);
    ck_assert(!box.found.any || box.found.stale == (!box.holds_for_ever && !(_i & 2)));
}
END_TEST

/* The disk takes longer than it is given, and then goes on. */
START_TEST(a_slow_disk)
{
    box_open(&box, (uint64_t)_i);
    box_settle(&box);
    for (int i = 0; i < 2; i++)
        box_dial(&box);
    box_pass(&box, SECOND);
    steps((unsigned)_i);
    box.stalls = true;
    box_act(&box);
    box_act(&box);
    box_pass(&box, 8 * SECOND);
    if (_i & 1)
        die_and_judge(_i & 2);
    box.stalls = false;
    box_pass(&box, 20 * SECOND);
    ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_IN_SYNC);
    assert_well(box_differs(&box));
}
END_TEST

/* Copies are made anew again and again, and nothing waits for that; old segments go. */
START_TEST(copies_anew)
{
    struct l2tpha_storage_info info = {.size = sizeof(info)};
    uint32_t there = 0;

    box_open(&box, 7);
    dial();
    steps(6000);
    box_pass(&box, SECOND);
    l2tpha_storage_get(box.storage, &info);
    ck_assert_uint_gt(info.copies, 5);
    ck_assert_uint_eq(info.losses, 0);
    box_act(&box);
    box_pass(&box, SECOND);
    for (uint32_t i = 0; i < box.fake.count; i++)
        there += box.fake.files[i].there;
    ck_assert_uint_eq(there, 1);
    assert_well(box_differs(&box));
    die_and_judge(true);
    ck_assert(!box.found.stale);
}
END_TEST

Suite *suite_disk_faults(void);
Suite *suite_disk_faults(void)
{
    Suite *suite = suite_create("disk_faults");
    TCase *tcase = tcase_create("disk_faults");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, a_call_fails, 0, CALLS);
    tcase_add_loop_test(tcase, what_was_dropped_is_missed, 0, 120);
    tcase_add_loop_test(tcase, all_calls_fail, 0, 40);
    tcase_add_loop_test(tcase, no_space, 0, 24);
    tcase_add_loop_test(tcase, a_slow_disk, 0, 40);
    tcase_add_test(tcase, copies_anew);
    suite_add_tcase(suite, tcase);
    return suite;
}
