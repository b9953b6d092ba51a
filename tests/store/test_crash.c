/* SPDX-License-Identifier: MIT */
/* An LNS alone with its store dies at every step of what it and the disk do, by a kill or with the
 * power, and begins again: nothing that has left is missing, and both ends have the same calls. */
#include "store/box.h"

#include "fixture.h"

#define SECOND UINT64_C(1000000)

static struct box box;

static void begin(void)
{
    fixture_setup();
    box = (struct box){0};
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

/* Something happens somewhere. False: nothing but time is left. */
static bool step(void)
{
    bool first = box_random(&box, 2);
    bool any = first ? box_turn(&box) : box_disk(&box);

    return any || (first ? box_disk(&box) : box_turn(&box));
}

static void steps(unsigned count)
{
    while (count-- > 0) {
        if (box_random(&box, 4) == 0)
            box_act(&box);
        if (!step())
            box_pass(&box, 20000);
    }
}

static void die(bool power)
{
    assert_ok(box_die(&box, power));
    if (!box.found.any)
        return;
    ck_assert(!box.found.stale);
    assert_well(box_has_left(&box));
}

/* Both ends agree, and go on. */
static void judge(void)
{
    for (int i = 0; i < 2; i++) {
        box_pass(&box, 120 * SECOND);
        assert_well(box_differs(&box));
        ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_IN_SYNC);
        box_act(&box);
        box_act(&box);
        box_act(&box);
    }
}

/* From the first datagram on. */
START_TEST(at_every_step)
{
    box_open(&box, (uint64_t)_i);
    box_settle(&box);
    for (int i = 0; i < 3; i++)
        box_dial(&box);
    steps((unsigned)_i / 2);
    die(_i & 1);
    judge();
}
END_TEST

/* Again and again, also while it begins again. */
START_TEST(many_times)
{
    box_open(&box, 1000 + (uint64_t)_i);
    box_settle(&box);
    for (int i = 0; i < 3; i++)
        box_dial(&box);
    for (int i = 0; i < 6; i++) {
        steps(box_random(&box, 120));
        die(box_random(&box, 2));
        if (box_random(&box, 3) == 0)
            box_pass(&box, 30 * SECOND);
    }
    judge();
}
END_TEST

/* What can be asked of the disk has been asked at each of its steps. */
static void slow_disk(unsigned count)
{
    while (count-- > 0) {
        for (int i = 0; i < 8; i++)
            box_turn(&box);
        box_disk(&box);
    }
}

/* At any moment, whatever the disk is at: the mark is made, and then there is nothing to do. */
START_TEST(who_serves_no_more)
{
    box_open(&box, 2000 + (uint64_t)_i);
    if (_i % 2)
        box_settle(&box);
    for (int i = 0; i < 3; i++)
        box_dial(&box);
    if (_i % 2)
        steps((unsigned)_i / 2);
    else
        slow_disk((unsigned)_i / 2);
    assert_ok(l2tpha_fence(box.pair.lns, 1000, box.pair.now));
    if (_i & 4) /* or it is seen to be fenced */
        l2tpha_storage_retire(box.storage);
    box_pass(&box, SECOND);
    ck_assert_int_eq(box_state(&box), L2TPHA_STORAGE_OFF);
    ck_assert(!box_disk(&box));
    ck_assert_uint_eq(l2tpha_storage_deadline(box.storage), L2TPHA_NEVER);
    assert_ok(box_die(&box, _i & 2));
    ck_assert(!box.found.any || box.found.stale);
}
END_TEST

/* The disk takes nothing at first: that is tried until it does. */
START_TEST(a_mark_takes_time)
{
    box_open(&box, 3000);
    box_settle(&box);
    box_dial(&box);
    box_pass(&box, SECOND);
    box.fake.fail_at = box.fake.calls + 1; /* and all from it on */
    l2tpha_storage_retire(box.storage);
    box_pass(&box, 10 * SECOND);
    ck_assert_uint_ne(l2tpha_storage_deadline(box.storage), L2TPHA_NEVER);
    box.fake.fail_at = 0;
    box_pass(&box, 2 * SECOND);
    ck_assert_uint_eq(l2tpha_storage_deadline(box.storage), L2TPHA_NEVER);
    assert_ok(box_die(&box, true));
    ck_assert(box.found.any && box.found.stale);
}
END_TEST

Suite *suite_crash(void);
Suite *suite_crash(void)
{
    Suite *suite = suite_create("crash");
    TCase *tcase = tcase_create("crash");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, at_every_step, 0, 300);
    tcase_add_loop_test(tcase, many_times, 0, 100);
    tcase_add_loop_test(tcase, who_serves_no_more, 0, 160);
    tcase_add_test(tcase, a_mark_takes_time);
    suite_add_tcase(suite, tcase);
    return suite;
}
