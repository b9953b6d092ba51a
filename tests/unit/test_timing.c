/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "base/timing.h"
#include "fixture.h"
#include "starve.h"

#define GRAIN 1024
#define DAY (UINT64_C(86400) * 1000000)

static struct wheel *wheel;

static void setup_at(uint64_t now)
{
    assert_ok(wheel_new(root, now, &wheel));
}

static void teardown(void)
{
    ck_assert_uint_eq(wheel_count(wheel), 0);
    ck_assert_uint_eq(wheel_deadline(wheel), L2TPHA_NEVER);
    talloc_free(wheel);
}

START_TEST(fires_at_its_grain_and_never_early)
{
    struct timer timer = {0};

    setup_at(5000);
    ck_assert(!timer_armed(&timer));
    wheel_arm(wheel, &timer, 10 * GRAIN + 1);
    ck_assert(timer_armed(&timer));
    ck_assert_uint_eq(timer.at, 10 * GRAIN + 1);
    ck_assert_uint_eq(wheel_count(wheel), 1);
    ck_assert_uint_eq(wheel_deadline(wheel), 11 * GRAIN);
    ck_assert_ptr_null(wheel_pop(wheel, 10 * GRAIN + 1));
    ck_assert_ptr_null(wheel_pop(wheel, 11 * GRAIN - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, 11 * GRAIN), &timer);
    ck_assert(!timer_armed(&timer));
    ck_assert_ptr_null(wheel_pop(wheel, 11 * GRAIN));
    teardown();
}
END_TEST

START_TEST(whole_grain_fires_on_the_dot)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_arm(wheel, &timer, 7 * GRAIN);
    ck_assert_ptr_null(wheel_pop(wheel, 7 * GRAIN - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, 7 * GRAIN), &timer);
    teardown();
}
END_TEST

START_TEST(past_fires_at_the_next_pop)
{
    static const uint64_t past[] = {0, 1, 4096, 4500, 5000};
    struct timer timer = {0};

    setup_at(5000);
    wheel_arm(wheel, &timer, past[_i]);
    ck_assert_uint_le(wheel_deadline(wheel), 5000);
    ck_assert_ptr_eq(wheel_pop(wheel, 5000), &timer);
    teardown();
}
END_TEST

START_TEST(never_disarms)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_disarm(wheel, &timer);
    wheel_arm(wheel, &timer, L2TPHA_NEVER);
    ck_assert(!timer_armed(&timer));
    wheel_arm(wheel, &timer, 5000);
    wheel_arm(wheel, &timer, L2TPHA_NEVER);
    ck_assert(!timer_armed(&timer));
    wheel_arm(wheel, &timer, 5000);
    wheel_disarm(wheel, &timer);
    wheel_disarm(wheel, &timer);
    ck_assert_uint_eq(wheel_count(wheel), 0);
    ck_assert_ptr_null(wheel_pop(wheel, 10000));
    teardown();
}
END_TEST

START_TEST(arming_again_moves)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_arm(wheel, &timer, 5 * GRAIN);
    wheel_arm(wheel, &timer, DAY);
    ck_assert_uint_eq(wheel_count(wheel), 1);
    ck_assert_ptr_null(wheel_pop(wheel, DAY - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, DAY + GRAIN), &timer);
    teardown();
}
END_TEST

START_TEST(time_does_not_run_backwards)
{
    struct timer timer = {0};

    setup_at(DAY);
    ck_assert_ptr_null(wheel_pop(wheel, 0));
    wheel_arm(wheel, &timer, DAY);
    ck_assert_ptr_eq(wheel_pop(wheel, 0), &timer); /* it was DAY already */
    teardown();
}
END_TEST

/* Armed far apart in time, so that they have moved down from different levels. */
START_TEST(one_grain_keeps_the_order_of_arming)
{
    struct timer timers[5] = {0};
    uint64_t at = 40 * DAY;

    setup_at(0);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_ptr_null(wheel_pop(wheel, at - (at >> (i * 8)))); /* ever nearer */
        wheel_arm(wheel, &timers[i], at - i);
    }
    for (size_t i = 0; i < 5; i++)
        ck_assert_ptr_eq(wheel_pop(wheel, at + GRAIN), &timers[i]);
    teardown();
}
END_TEST

START_TEST(unlinking_the_last_keeps_the_tail)
{
    struct timer timers[4] = {0};

    setup_at(0);
    for (size_t i = 0; i < 3; i++)
        wheel_arm(wheel, &timers[i], 5 * GRAIN);
    wheel_disarm(wheel, &timers[2]);
    wheel_disarm(wheel, &timers[0]);
    wheel_arm(wheel, &timers[3], 5 * GRAIN);
    ck_assert_ptr_eq(wheel_pop(wheel, 5 * GRAIN), &timers[1]);
    ck_assert_ptr_eq(wheel_pop(wheel, 5 * GRAIN), &timers[3]);
    teardown();
}
END_TEST

START_TEST(arming_while_firing)
{
    struct timer a = {0}, b = {0}, late = {0};

    setup_at(0);
    wheel_arm(wheel, &a, 5 * GRAIN);
    wheel_arm(wheel, &b, 9 * GRAIN);
    ck_assert_ptr_eq(wheel_pop(wheel, DAY), &a);
    wheel_arm(wheel, &a, 3 * GRAIN);      /* past: at once */
    wheel_arm(wheel, &late, DAY + GRAIN); /* not due in this round */
    ck_assert_ptr_eq(wheel_pop(wheel, DAY), &a);
    ck_assert_ptr_eq(wheel_pop(wheel, DAY), &b);
    ck_assert_ptr_null(wheel_pop(wheel, DAY));
    wheel_disarm(wheel, &late);
    teardown();
}
END_TEST

/* A walk from tick to tick would not come to an end. */
START_TEST(any_distance_is_one_jump)
{
    uint64_t at = (UINT64_C(1) << _i) + 1;
    struct timer near = {0}, far = {0};

    setup_at(0);
    wheel_arm(wheel, &far, at + GRAIN);
    wheel_arm(wheel, &near, at);
    ck_assert_ptr_null(wheel_pop(wheel, at - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, at + 3 * GRAIN), &near);
    ck_assert_ptr_eq(wheel_pop(wheel, at + 3 * GRAIN), &far);
    ck_assert_ptr_null(wheel_pop(wheel, UINT64_MAX - 1));
    teardown();
}
END_TEST

START_TEST(last_time_of_all)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_arm(wheel, &timer, L2TPHA_NEVER - 1);
    ck_assert_ptr_null(wheel_pop(wheel, L2TPHA_NEVER - 2 * GRAIN));
    ck_assert_uint_lt(wheel_deadline(wheel), L2TPHA_NEVER);
    ck_assert_ptr_eq(wheel_pop(wheel, L2TPHA_NEVER - 1), &timer);
    teardown();
}
END_TEST

/* Who wakes only at the deadlines meets the time exactly, after few wakes. */
START_TEST(deadlines_lead_to_the_timer)
{
    uint64_t at = (UINT64_C(1) << _i) + 12345, now = 777;
    struct timer timer = {0}, *fired;
    unsigned wakes = 0;

    setup_at(now);
    wheel_arm(wheel, &timer, at);
    do {
        ck_assert_uint_gt(wheel_deadline(wheel), now);
        now = wheel_deadline(wheel);
        ck_assert_uint_lt(now, at + GRAIN);
        fired = wheel_pop(wheel, now);
        ck_assert_uint_le(++wakes, 9);
    } while (!fired);
    ck_assert_uint_ge(now, at);
    teardown();
}
END_TEST

START_TEST(putting_off_leaves_it_where_it_is)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_arm(wheel, &timer, 5 * GRAIN);
    uint16_t place = timer.place;
    for (uint64_t at = 6; at < 100; at++)
        wheel_arm(wheel, &timer, at * GRAIN);
    ck_assert_uint_eq(timer.place, place);
    ck_assert_uint_eq(timer.at, 99 * GRAIN);
    ck_assert_uint_eq(wheel_count(wheel), 1);
    wheel_arm(wheel, &timer, 50 * GRAIN); /* nearer, but still behind its slot */
    ck_assert_uint_eq(timer.place, place);
    ck_assert_ptr_null(wheel_pop(wheel, 5 * GRAIN)); /* now it moves */
    ck_assert_uint_ne(timer.place, place);
    ck_assert(timer_armed(&timer));
    ck_assert_ptr_null(wheel_pop(wheel, 50 * GRAIN - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, 50 * GRAIN), &timer);
    teardown();
}
END_TEST

START_TEST(arming_nearer_moves_at_once)
{
    struct timer timer = {0};

    setup_at(0);
    wheel_arm(wheel, &timer, DAY);
    wheel_arm(wheel, &timer, 5 * GRAIN);
    ck_assert_ptr_null(wheel_pop(wheel, 5 * GRAIN - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, 5 * GRAIN), &timer);
    teardown();
}
END_TEST

/* A stopped timer stays in its slot; whoever frees it has to disarm it. */
START_TEST(stopped_fires_no_more)
{
    struct timer stopped = {0}, other = {0}, again = {0};

    setup_at(0);
    wheel_stop(wheel, &stopped);
    ck_assert(!timer_armed(&stopped));
    wheel_arm(wheel, &stopped, 5 * GRAIN);
    wheel_arm(wheel, &again, 5 * GRAIN);
    wheel_stop(wheel, &stopped);
    wheel_stop(wheel, &stopped);
    wheel_stop(wheel, &again);
    ck_assert(!timer_armed(&stopped));
    ck_assert_ptr_nonnull(stopped.back);
    ck_assert_uint_eq(wheel_count(wheel), 0);
    ck_assert_uint_eq(wheel_deadline(wheel), L2TPHA_NEVER);
    wheel_arm(wheel, &other, 5 * GRAIN);
    wheel_arm(wheel, &again, 7 * GRAIN);
    ck_assert_uint_eq(wheel_count(wheel), 2);
    ck_assert_ptr_eq(wheel_pop(wheel, DAY), &other);
    ck_assert_ptr_null(stopped.back); /* its slot has come up */
    ck_assert_ptr_eq(wheel_pop(wheel, DAY), &again);
    wheel_arm(wheel, &stopped, 2 * DAY);
    wheel_stop(wheel, &stopped);
    wheel_disarm(wheel, &stopped);
    ck_assert_ptr_null(stopped.back);
    teardown();
}
END_TEST

/* Many timers of one high slot: no call moves them all, and none is lost or late. */
START_TEST(moving_down_is_shared_out)
{
    enum { MANY = 5000 };
    static struct timer timers[MANY];
    struct timer early = {0};
    unsigned calls = 0, fired = 0;
    uint64_t start = 4096 * GRAIN;

    setup_at(0);
    for (size_t i = 0; i < MANY; i++)
        wheel_arm(wheel, &timers[i], start + i % 64 * GRAIN);
    ck_assert_uint_eq(wheel_deadline(wheel), start);
    ck_assert_ptr_null(wheel_pop(wheel, start));
    ck_assert_uint_le(wheel_deadline(wheel), start);
    wheel_disarm(wheel, &timers[0]);
    wheel_arm(wheel, &early, start - GRAIN); /* past */
    while (fired < MANY) {
        const struct timer *timer = wheel_pop(wheel, start + DAY);
        ck_assert(!timer || timer == &early || timer->at <= start + 63 * GRAIN);
        ck_assert(timer || wheel_deadline(wheel) <= start);
        fired += timer != NULL;
        calls += timer == NULL;
    }
    ck_assert_uint_ge(calls, 3);
    ck_assert_uint_le(calls, 6);
    ck_assert_ptr_null(wheel_pop(wheel, start + DAY));
    teardown();
}
END_TEST

START_TEST(a_slot_half_moved_may_be_emptied)
{
    enum { MANY = 1500 };
    static struct timer timers[MANY];
    uint64_t start = 4096 * GRAIN;

    setup_at(0);
    for (size_t i = 0; i < MANY; i++)
        wheel_arm(wheel, &timers[i], start + GRAIN);
    ck_assert_ptr_null(wheel_pop(wheel, start));
    for (size_t i = 0; i < MANY; i++)
        wheel_disarm(wheel, &timers[i]);
    wheel_arm(wheel, &timers[0], 2 * start);
    ck_assert_uint_gt(wheel_deadline(wheel), start);
    ck_assert_ptr_null(wheel_pop(wheel, 2 * start - 1));
    ck_assert_ptr_eq(wheel_pop(wheel, 2 * start), &timers[0]);
    teardown();
}
END_TEST

/* The earliest of an array, by due grain. */
enum { TIMERS = 300 };

static struct model {
    struct timer timer;
    uint64_t tick;
} models[TIMERS];

static struct model *model_first(void)
{
    struct model *first = NULL;

    for (size_t i = 0; i < TIMERS; i++) {
        struct model *it = &models[i];
        if (!timer_armed(&it->timer))
            continue;
        if (!first || it->tick < first->tick)
            first = it;
    }
    return first;
}

static uint64_t random_state;

static uint64_t next_random(void)
{
    return bits_mix(++random_state);
}

/* Short times more often than long ones, each bit length alike. */
static uint64_t random_span(unsigned bits)
{
    return next_random() >> (64 - 1 - next_random() % bits);
}

static void model_arm(struct model *it, uint64_t now)
{
    uint64_t span = random_span(50);
    uint64_t at = next_random() % 8 ? now + span : now - (span < now ? span : now);

    it->tick = at <= now ? now / GRAIN : at / GRAIN + (at % GRAIN != 0);
    wheel_arm(wheel, &it->timer, at);
}

static void drain_like_the_model(uint64_t now)
{
    for (;;) {
        struct model *first = model_first();
        bool due = first && first->tick <= now / GRAIN;
        uint64_t tick = due ? first->tick : 0;
        struct timer *timer = wheel_pop(wheel, now);
        assert_true((timer != NULL) == due);
        if (!due)
            break;
        assert_true(container_of(timer, struct model, timer)->tick == tick);
    }
}

START_TEST(agrees_with_a_model)
{
    uint64_t now = (uint64_t)_i * DAY;

    random_state = (uint64_t)_i << 32;
    setup_at(now);
    for (unsigned round = 0; round < 4000; round++) {
        for (uint64_t n = next_random() % 8; n > 0; n--)
            model_arm(&models[next_random() % TIMERS], now);
        wheel_disarm(wheel, &models[next_random() % TIMERS].timer);
        wheel_stop(wheel, &models[next_random() % TIMERS].timer);

        struct model *first = model_first();
        uint64_t deadline = wheel_deadline(wheel);
        assert_true(first ? deadline <= first->tick * GRAIN : deadline == L2TPHA_NEVER);
        now = next_random() % 4 == 0 && first && deadline > now ? deadline : now + random_span(45);
        drain_like_the_model(now);
    }
    drain_like_the_model(now + (UINT64_C(1) << 60));
    teardown();
}
END_TEST

START_TEST(count_follows)
{
    struct timer timers[100] = {0};

    setup_at(0);
    for (size_t i = 0; i < 100; i++) {
        wheel_arm(wheel, &timers[i], i * i * i * 1000 + 1);
        ck_assert_uint_eq(wheel_count(wheel), i + 1);
    }
    for (size_t i = 100; i > 0; i--) {
        wheel_disarm(wheel, &timers[i - 1]);
        ck_assert_uint_eq(wheel_count(wheel), i - 1);
    }
    teardown();
}
END_TEST

struct owner {
    int before;
    struct timer timer;
};

START_TEST(owner_is_found)
{
    struct owner owner = {.timer = {.kind = 3}};
    ck_assert_ptr_eq(container_of(&owner.timer, struct owner, timer), &owner);
}
END_TEST

START_TEST(no_memory)
{
    struct wheel *untouched = NULL;

    starve(root, 0);
    assert_error(wheel_new(root, 0, &untouched), L2TPHA_ERR_NOMEM);
    ck_assert_ptr_null(untouched);
}
END_TEST

Suite *suite_timing(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("timing", &tcase);
    tcase_add_test(tcase, fires_at_its_grain_and_never_early);
    tcase_add_test(tcase, whole_grain_fires_on_the_dot);
    tcase_add_loop_test(tcase, past_fires_at_the_next_pop, 0, 5);
    tcase_add_test(tcase, never_disarms);
    tcase_add_test(tcase, arming_again_moves);
    tcase_add_test(tcase, time_does_not_run_backwards);
    tcase_add_test(tcase, one_grain_keeps_the_order_of_arming);
    tcase_add_test(tcase, unlinking_the_last_keeps_the_tail);
    tcase_add_test(tcase, arming_while_firing);
    tcase_add_loop_test(tcase, any_distance_is_one_jump, 0, 63);
    tcase_add_test(tcase, last_time_of_all);
    tcase_add_loop_test(tcase, deadlines_lead_to_the_timer, 0, 63);
    tcase_add_test(tcase, putting_off_leaves_it_where_it_is);
    tcase_add_test(tcase, arming_nearer_moves_at_once);
    tcase_add_test(tcase, stopped_fires_no_more);
    tcase_add_test(tcase, moving_down_is_shared_out);
    tcase_add_test(tcase, a_slot_half_moved_may_be_emptied);
    tcase_add_loop_test(tcase, agrees_with_a_model, 0, 4);
    tcase_add_test(tcase, count_follows);
    tcase_add_test(tcase, owner_is_found);
    tcase_add_test(tcase, no_memory);
    return suite;
}
