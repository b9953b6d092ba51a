/* SPDX-License-Identifier: MIT */
/* The data channel reset, RFC 4951 3.2.3, on the receiving side: when late frames are taken for the
 * numbers of a peer that has begun at 0 again, and when they are just late. */
#include "scenario/rig.h"

#define SEQUENCE 0x0800
#define DEFAULT_FRAMES 5

static struct peer peer;
static uint16_t call;

static int arrives(uint16_t ns)
{
    struct wire wire = {0};
    struct l2tpha_frame frame;

    wire_u16(&wire, SEQUENCE | 2);
    wire_u16(&wire, peer.node_id);
    wire_u16(&wire, call);
    wire_u16(&wire, ns);
    wire_u16(&wire, 0);
    wire_octets(&wire, "\xff\x03", 2);
    return l2tpha_data_receive(rig_node(), &peer.path, wire.data, wire.len, rig.now, &frame);
}

static void is_taken(uint16_t ns)
{
    assert_error(arrives(ns), L2TPHA_OK);
}

static void is_late(uint16_t ns)
{
    assert_error(arrives(ns), L2TPHA_ERR_SEQUENCE);
}

/* A call whose next frame is this. */
static void expects(uint16_t ns)
{
    peer_opens(&peer, 1);
    call = peer_dials(&peer, PEER_CALL);
    uint16_t last = (uint16_t)(ns - 1);
    for (uint32_t step = 0; step < last; step += 0x1000)
        is_taken((uint16_t)step);
    is_taken(last);
    ck_assert_uint_eq(rig_counters()->data_late, 0);
}

static void resets_are(unsigned resets)
{
    ck_assert_uint_eq(rig_counters()->data_resets, resets);
}

static const uint16_t thresholds[] = {1, 2, 5, 10, 254, 255};
#define THRESHOLDS (int)(sizeof(thresholds) / sizeof(thresholds[0]))

/* R4951-3.2.3-05, -07, R4951-5.1-09 */
START_TEST(the_frame_after_so_many_is_taken)
{
    uint16_t enough = thresholds[_i];

    rig.config.data_reset_frames = enough;
    expects(5000);
    for (uint16_t ns = 0; ns < enough; ns++) {
        resets_are(0);
        is_late(ns);
    }
    resets_are(1);
    ck_assert_uint_eq(rig_counters()->data_late, enough);
    for (uint16_t ns = enough; ns < enough + 1000; ns++)
        is_taken(ns);
    resets_are(1);
    ck_assert_uint_eq(rig_counters()->data_late, enough);
    is_late(10); /* in order again */
}
END_TEST

START_TEST(one_fewer_change_nothing)
{
    uint16_t enough = thresholds[_i];

    rig.config.data_reset_frames = enough;
    expects(5000);
    for (uint16_t ns = 0; ns + 1 < enough; ns++)
        is_late(ns);
    is_taken(5000);
    for (uint16_t ns = 100; ns + 1 < 100 + enough; ns++)
        is_late(ns);
    is_taken(5001);
    resets_are(0);
}
END_TEST

START_TEST(never_when_switched_off)
{
    rig.config.data_reset_frames = 0;
    expects(5000);
    for (uint16_t ns = 0; ns < 1000; ns++)
        is_late(ns);
    resets_are(0);
    is_taken(5000);
}
END_TEST

START_TEST(numbers_wrap)
{
    static const struct {
        uint16_t expected;
        uint16_t first;
    } places[] = {{5000, 65533}, {9, 65535}, {0, 65530}, {40000, 7232}, {65535, 32767}, {3, 65534}};

    expects(places[_i].expected);
    for (uint16_t i = 0; i < DEFAULT_FRAMES; i++)
        is_late((uint16_t)(places[_i].first + i));
    resets_are(1);
    for (uint16_t i = DEFAULT_FRAMES; i < 2 * DEFAULT_FRAMES; i++)
        is_taken((uint16_t)(places[_i].first + i));
}
END_TEST

/* A peer whose numbers were in the upper half: 0 is not late, and no reset is needed. */
START_TEST(what_is_not_late_needs_no_reset)
{
    expects(33000);
    is_taken(0);
    resets_are(0);
    is_taken(1);
}
END_TEST

/* The late run catches up with the expected number on its own. */
START_TEST(a_short_way_back_is_walked)
{
    expects(5000);
    for (uint16_t ns = 4996; ns < 5000; ns++)
        is_late(ns);
    is_taken(5000);
    resets_are(0);
    is_late(4999);
    is_taken(5001);
}
END_TEST

/* R4951-3.2.3-06: each row comes ten times over, 5000 and up between the rows where it says so */
START_TEST(what_is_merely_late_resets_nothing)
{
    static const struct {
        uint16_t ns[8];
        bool good_between;
    } rows[] = {
        {{100, 100, 100, 100, 100, 100, 100, 100}, false}, /* copies */
        {{100, 101, 102, 103, 100, 101, 102, 103}, false}, /* a burst twice */
        {{100, 100, 101, 101, 102, 102, 103, 103}, false}, /* each twice */
        {{100, 102, 104, 106, 108, 110, 112, 114}, false}, /* gaps */
        {{107, 106, 105, 104, 103, 102, 101, 100}, false}, /* backwards */
        {{100, 101, 102, 103, 105, 106, 107, 108}, false}, /* one is missing */
        {{3, 900, 4, 901, 5, 902, 6, 903}, false},         /* two at a time */
        {{100, 101, 102, 103, 103, 102, 101, 100}, true},
    };
    uint16_t next = 5000;

    expects(5000);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 8; i++) {
            is_late(rows[_i].ns[i]);
            if (rows[_i].good_between)
                is_taken(next++);
        }
    }
    resets_are(0);
    is_taken(next);
}
END_TEST

START_TEST(a_good_frame_among_them_begins_the_count_anew)
{
    expects(5000);
    for (uint16_t ns = 0; ns < 200; ns++) {
        is_late(ns);
        if (ns % 4 == 3)
            is_taken((uint16_t)(5000 + ns));
    }
    resets_are(0);
    for (uint16_t ns = 200; ns < 200 + DEFAULT_FRAMES; ns++)
        is_late(ns);
    resets_are(1);
    is_taken(200 + DEFAULT_FRAMES);
}
END_TEST

START_TEST(a_broken_run_begins_with_the_frame_that_broke_it)
{
    expects(5000);
    is_late(0);
    is_late(1);
    is_late(2);
    is_late(4); /* 3 was lost */
    for (uint16_t ns = 5; ns < 8; ns++)
        is_late(ns);
    resets_are(0);
    is_late(8);
    resets_are(1);
    is_taken(9);
}
END_TEST

/* Frames that were held up together: what comes behind them is in order still. */
START_TEST(a_late_burst_does_no_harm)
{
    expects(5000);
    for (uint16_t ns = 4980; ns < 4985; ns++)
        is_late(ns);
    resets_are(1);
    is_taken(5000);
    is_taken(5001);
    is_late(4985);
}
END_TEST

START_TEST(each_call_counts_for_itself)
{
    uint16_t calls[2];

    expects(5000);
    calls[0] = call;
    call = calls[1] = peer_dials(&peer, PEER_CALL + 1);
    is_taken(4999);
    for (uint16_t i = 0; i < 4; i++) {
        call = calls[0];
        is_late(i);
        call = calls[1];
        is_late((uint16_t)(i + 4));
    }
    resets_are(0);
    call = calls[0];
    is_late(4);
    resets_are(1);
    is_taken(5);
    call = calls[1];
    is_taken(5000);
}
END_TEST

START_TEST(the_peer_may_fail_again_and_again)
{
    expects(5000);
    for (unsigned failures = 1; failures < 50; failures++) {
        for (uint16_t ns = 0; ns < DEFAULT_FRAMES; ns++)
            is_late(ns);
        resets_are(failures);
        for (uint16_t ns = DEFAULT_FRAMES; ns < 200; ns++)
            is_taken(ns);
    }
}
END_TEST

START_TEST(the_number_of_frames_has_a_limit)
{
    struct l2tpha_node *node;
    const struct l2tpha_host host = {.size = sizeof(host)};

    rig.config.data_reset_frames = 256;
    assert_error(l2tpha_node_new(root, &rig.config, &host, rig.now, &node), L2TPHA_ERR_INVALID);
}
END_TEST

Suite *suite_data_reset(void)
{
    TCase *tcase;
    Suite *suite = rig_suite("data_reset", &tcase);

    tcase_add_loop_test(tcase, the_frame_after_so_many_is_taken, 0, THRESHOLDS);
    tcase_add_loop_test(tcase, one_fewer_change_nothing, 0, THRESHOLDS);
    tcase_add_test(tcase, never_when_switched_off);
    tcase_add_loop_test(tcase, numbers_wrap, 0, 6);
    tcase_add_test(tcase, what_is_not_late_needs_no_reset);
    tcase_add_test(tcase, a_short_way_back_is_walked);
    tcase_add_loop_test(tcase, what_is_merely_late_resets_nothing, 0, 8);
    tcase_add_test(tcase, a_good_frame_among_them_begins_the_count_anew);
    tcase_add_test(tcase, a_broken_run_begins_with_the_frame_that_broke_it);
    tcase_add_test(tcase, a_late_burst_does_no_harm);
    tcase_add_test(tcase, each_call_counts_for_itself);
    tcase_add_test(tcase, the_peer_may_fail_again_and_again);
    tcase_add_test(tcase, the_number_of_frames_has_a_limit);
    return suite;
}
