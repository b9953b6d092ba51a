/* SPDX-License-Identifier: MIT */
#include "common/data.h"
#include "common/pace.h"
#include "common/report.h"
#include "fixture.h"

#include <string.h>

static struct flow flow;

/* Send count frames, then have those come back that the text names: digits are numbers. */
static void exchange(unsigned count, const char *back)
{
    memset(&flow, 0, sizeof(flow));
    for (unsigned i = 0; i < count; i++)
        ck_assert_uint_eq(flow_send(&flow, 1 + i), i);
    for (; *back != '\0'; back++)
        ck_assert(flow_receive(&flow, (uint64_t)(*back - '0'), 100));
}

static const struct {
    unsigned sent;
    const char *back;
    unsigned lost, doubled, reordered;
} rounds[] = {
    {0, "", 0, 0, 0},         {3, "", 3, 0, 0},     {3, "012", 0, 0, 0},  {3, "02", 1, 0, 0},
    {3, "021", 0, 0, 1},      {3, "210", 0, 0, 2},  {3, "0122", 0, 1, 0}, {3, "00112", 0, 2, 0},
    {4, "3", 3, 0, 0},        {4, "3333", 3, 3, 0}, {4, "30", 2, 0, 1},   {4, "3003", 2, 2, 1},
    {9, "87654321", 1, 0, 7},
};
#define ROUNDS (int)(sizeof(rounds) / sizeof(rounds[0]))

START_TEST(frames_are_told_apart)
{
    struct report report = {0};
    exchange(rounds[_i].sent, rounds[_i].back);
    report_add(&report, &flow, 100);
    ck_assert_uint_eq(report.frames_sent, rounds[_i].sent);
    ck_assert_uint_eq(report.frames_lost, rounds[_i].lost);
    ck_assert_uint_eq(report.frames_doubled, rounds[_i].doubled);
    ck_assert_uint_eq(report.frames_reordered, rounds[_i].reordered);
    ck_assert_uint_eq(report.frames_received, rounds[_i].sent - rounds[_i].lost);
}
END_TEST

START_TEST(what_was_not_sent_does_not_count)
{
    exchange(2, "0");
    ck_assert(!flow_receive(&flow, 2, 100));
    ck_assert(!flow_receive(&flow, UINT64_MAX, 100));
    ck_assert_uint_eq(flow.received, 1);
    ck_assert_uint_eq(flow.next, 1);
}
END_TEST

/* Against a list of what has come, with every number within reach of the memory. */
START_TEST(random_order_agrees_with_a_list)
{
    uint32_t seed = 7;
    unsigned came[1000] = {0}, different = 0, doubled = 0, reordered = 0, highest = 0;
    memset(&flow, 0, sizeof(flow));
    for (unsigned i = 0; i < 1000; i++)
        flow_send(&flow, 1);
    for (unsigned i = 0; i < 5000; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned low = different == 0 || highest < 63 ? 0 : highest - 63;
        unsigned number = low + (seed >> 16) % 70;
        if (number > 999)
            continue;
        if (came[number]++ > 0)
            doubled++;
        else if (different++ > 0 && number < highest)
            reordered++;
        highest = number > highest ? number : highest;
        ck_assert(flow_receive(&flow, number, 2));
    }
    ck_assert_uint_eq(flow.received, different);
    ck_assert_uint_eq(flow.doubled, doubled);
    ck_assert_uint_eq(flow.reordered, reordered);
    ck_assert_uint_gt(doubled, 100);
    ck_assert_uint_gt(reordered, 100);
}
END_TEST

START_TEST(memory_moves_by_more_than_itself)
{
    memset(&flow, 0, sizeof(flow));
    for (unsigned i = 0; i < 300; i++)
        flow_send(&flow, 1);
    ck_assert(flow_receive(&flow, 0, 2));
    ck_assert(flow_receive(&flow, 64, 2));
    ck_assert(flow_receive(&flow, 200, 2));
    ck_assert(flow_receive(&flow, 200, 2));
    ck_assert(flow_receive(&flow, 137, 2)); /* the oldest that is remembered */
    ck_assert(flow_receive(&flow, 137, 2));
    ck_assert_uint_eq(flow.received, 4);
    ck_assert_uint_eq(flow.doubled, 2);
    ck_assert_uint_eq(flow.reordered, 1);
}
END_TEST

START_TEST(longest_gap)
{
    struct gap gap = {0};
    ck_assert_uint_eq(gap_longest(&gap, 5), 0);
    gap_close(&gap, 50); /* nothing was awaited */
    ck_assert_uint_eq(gap_longest(&gap, 500), 0);
    gap_open(&gap, 100);
    gap_open(&gap, 150); /* still since 100 */
    ck_assert_uint_eq(gap_longest(&gap, 170), 70);
    gap_close(&gap, 180);
    ck_assert_uint_eq(gap.longest_us, 80);
    gap_open(&gap, 200);
    ck_assert_uint_eq(gap_longest(&gap, 210), 80);
    gap_close(&gap, 210);
    ck_assert_uint_eq(gap.longest_us, 80);
}
END_TEST

START_TEST(gap_of_a_flow_and_of_the_report)
{
    struct report report = {0};
    memset(&flow, 0, sizeof(flow));
    flow_send(&flow, 1000);
    flow_receive(&flow, 0, 1010);
    flow_send(&flow, 2000);
    flow_send(&flow, 2500);
    flow_receive(&flow, 1, 2600);
    report_add(&report, &flow, 2650); /* 2 is still out: since 2600 */
    ck_assert_uint_eq(report.data_gap_us, 600);
    report_add(&report, &flow, 9600);
    ck_assert_uint_eq(report.data_gap_us, 7000);
}
END_TEST

START_TEST(report_is_complete_json)
{
    struct report report = {.calls_asked = 5, .frames_lost = 2, .data_gap_us = 1500};
    json_t *object = report_json(&report);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "calls_asked")), 5);
    ck_assert_int_eq(json_integer_value(json_object_get(object, "frames_lost")), 2);
    ck_assert_double_eq(json_real_value(json_object_get(object, "data_gap_ms")), 1.5);
    ck_assert_uint_eq(json_object_size(object), 15);
    json_decref(object);
}
END_TEST

START_TEST(data_frames_round_trip)
{
    uint8_t bytes[DATA_FRAME_SIZE + 1];
    struct data_frame in = {.epoch = UINT64_C(0x1122334455667788),
                            .tunnel_id = 0xfffe,
                            .session_id = 0xfffd,
                            .number = UINT64_MAX,
                            .sent_us = 42};
    struct data_frame out = {0};
    data_encode(&in, bytes);
    ck_assert(data_decode(bytes, DATA_FRAME_SIZE, &out));
    ck_assert_mem_eq(&in, &out, sizeof(in));
    ck_assert(!data_decode(bytes, DATA_FRAME_SIZE - 1, &out));
    ck_assert(!data_decode(bytes, DATA_FRAME_SIZE + 1, &out));
    ck_assert(!data_decode(bytes, 0, &out));
    bytes[3] ^= 1;
    ck_assert(!data_decode(bytes, DATA_FRAME_SIZE, &out));
}
END_TEST

START_TEST(pace_is_even)
{
    struct pace pace = {0};
    unsigned count = 0;
    ck_assert(!pace_due(&pace, 1000));
    ck_assert_uint_eq(pace_deadline(&pace), UINT64_MAX);
    pace_set(&pace, 1000, 5000);
    for (uint64_t now = 5000; now < 5000 + 1000000; now += 100)
        while (pace_due(&pace, now))
            count++;
    ck_assert_uint_eq(count, 1000);
    ck_assert_uint_eq(pace_deadline(&pace), 1005000);
    pace_set(&pace, 10, 1005000); /* a running one goes on */
    ck_assert(pace_due(&pace, 1005000));
    ck_assert_uint_eq(pace_deadline(&pace), 1105000);
}
END_TEST

START_TEST(pace_makes_up_for_little)
{
    struct pace pace = {0};
    unsigned count = 0;
    pace_set(&pace, 1000, 0);
    while (pace_due(&pace, 60000000))
        count++;
    ck_assert_uint_ge(count, 100);
    ck_assert_uint_le(count, 101);
    pace_set(&pace, UINT64_MAX, 60000000);
    ck_assert(pace_due(&pace, 60002000));
    pace_set(&pace, 0, 60002000);
    ck_assert(!pace_due(&pace, 90000000));
}
END_TEST

Suite *suite_report(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("report", &tcase);
    tcase_add_loop_test(tcase, frames_are_told_apart, 0, ROUNDS);
    tcase_add_test(tcase, what_was_not_sent_does_not_count);
    tcase_add_test(tcase, random_order_agrees_with_a_list);
    tcase_add_test(tcase, memory_moves_by_more_than_itself);
    tcase_add_test(tcase, longest_gap);
    tcase_add_test(tcase, gap_of_a_flow_and_of_the_report);
    tcase_add_test(tcase, report_is_complete_json);
    tcase_add_test(tcase, data_frames_round_trip);
    tcase_add_test(tcase, pace_is_even);
    tcase_add_test(tcase, pace_makes_up_for_little);
    return suite;
}
