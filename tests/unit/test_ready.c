/* SPDX-License-Identifier: MIT */
/* The line of tunnels that may have something to send. */
#include "control/ready.h"
#include "control/transaction.h"
#include "dispatch/output.h"
#include "fixture.h"

#define COUNT 4

static struct engine engine;
static struct l2tpha_tunnel tunnels[COUNT];

/* Tunnels that each owe one acknowledgement, so that each gives one datagram. */
static void setup(void)
{
    memset(&engine, 0, sizeof(engine));
    memset(tunnels, 0, sizeof(tunnels));
    engine.serving = true;
    for (uint32_t i = 0; i < COUNT; i++) {
        tunnels[i].entry.record.local_id = i + 1;
        tunnels[i].entry.record.remote_id = 100 + i;
        tunnels[i].channel.entry = &tunnels[i].entry;
        tunnels[i].channel.ack_again = true;
    }
}

static void expect_from(uint32_t local_id)
{
    struct l2tpha_output output;

    ck_assert(engine_next_datagram(&engine, &output));
    ck_assert_uint_eq(output.tunnel_id, local_id);
    ck_assert_ptr_eq(output.data, output.ack);
}

static void expect_none(void)
{
    struct l2tpha_output output;

    ck_assert(!engine_next_datagram(&engine, &output));
}

START_TEST(first_in_line_goes_first_and_once)
{
    setup();
    expect_none();
    engine_ready(&engine, &tunnels[2].channel);
    engine_ready(&engine, &tunnels[0].channel);
    engine_ready(&engine, &tunnels[2].channel);
    engine_confirmed(&engine, &tunnels[3].entry);
    expect_from(3);
    expect_from(1);
    expect_from(4);
    expect_none();
    ck_assert_ptr_null(engine.ready_head);
    ck_assert_ptr_null(engine.ready_tail);
    ck_assert_uint_eq(engine.counters.datagrams_out, 3);
    ck_assert_uint_eq(engine.counters.zlb_out, 3);
    tunnels[2].channel.ack_again = true;
    engine_ready(&engine, &tunnels[2].channel);
    expect_from(3);
}
END_TEST

/* Every subset of the line leaves it, in both directions. */
START_TEST(any_may_leave_the_line)
{
    for (int backwards = 0; backwards < 2; backwards++) {
        setup();
        for (uint32_t i = 0; i < COUNT; i++)
            engine_ready(&engine, &tunnels[i].channel);
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t which = backwards ? COUNT - 1 - i : i;
            if (_i >> which & 1)
                engine_unready(&engine, &tunnels[which].channel);
        }
        engine_unready(&engine, &tunnels[0].channel);
        for (uint32_t i = 1; i < COUNT; i++)
            if (!(_i >> i & 1))
                expect_from(i + 1);
        expect_none();
        ck_assert_ptr_null(engine.ready_tail);
    }
}
END_TEST

START_TEST(the_dying_do_not_join)
{
    setup();
    tunnels[0].channel.stopped = true;
    engine_ready(&engine, &tunnels[0].channel);
    engine_ready(&engine, &tunnels[1].channel);
    expect_from(2);
    expect_none();
}
END_TEST

/* A standby, or a node that is fenced, keeps silent and forgets nothing. */
START_TEST(nothing_leaves_unless_serving)
{
    setup();
    engine_ready(&engine, &tunnels[0].channel);
    engine.serving = false;
    expect_none();
    ck_assert_uint_eq(engine.counters.datagrams_out, 0);
    engine.serving = true;
    expect_from(1);
}
END_TEST

Suite *suite_ready(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("ready", &tcase);

    tcase_add_test(tcase, first_in_line_goes_first_and_once);
    tcase_add_loop_test(tcase, any_may_leave_the_line, 0, 1 << COUNT);
    tcase_add_test(tcase, the_dying_do_not_join);
    tcase_add_test(tcase, nothing_leaves_unless_serving);
    return suite;
}
