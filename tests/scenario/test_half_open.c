/* SPDX-License-Identifier: MIT */
/* Who asks for a tunnel back (RFC 4951 3.2.1) does not stand in line with strangers that ask for
 * one: max_half_open counts the strangers alone. */
#include "scenario/rig_recovery.h"

static struct peer old, fresh;

/* An SCCRQ and nothing more. */
static int stranger_asks(unsigned number)
{
    struct peer stranger;

    peer_begins(&stranger, number);
    return say_valid(&stranger, SCCRQ);
}

static void begin(void)
{
    rig.config.max_half_open = 1;
    peer_opens_capable(&old, 1);
}

START_TEST(strangers_do_not_hold_up_a_recovery)
{
    begin();
    assert_ok(stranger_asks(2));
    forget_datagrams();
    peer_takes_back(&fresh, &old);
    assert_alive(&old);
    ck_assert_uint_eq(rig_counters()->half_open_ended, 0);
    assert_ok(stranger_asks(4));
    ck_assert_uint_eq(rig_counters()->half_open_ended, 1); /* the first one was still there */
}
END_TEST

START_TEST(a_recovery_does_not_hold_up_strangers)
{
    begin();
    peer_asks_back(&fresh, &old);
    assert_ok(stranger_asks(2));
    ck_assert_uint_eq(rig_counters()->half_open_ended, 0);
    assert_ok(stranger_asks(3));
    ck_assert_uint_eq(rig_counters()->half_open_ended, 1);
    ck_assert_uint_eq(tunnels_of_node(), 3); /* the recovery goes on */
}
END_TEST

/* The node that goes on with the recovery counts as the one before. */
START_TEST(a_recovery_taken_over_does_not_hold_up_strangers)
{
    rig.config.failover = L2TPHA_FAILOVER_SILENT; /* else this end recovers itself */
    begin();
    peer_asks_back(&fresh, &old);
    node_fails();
    ck_assert_uint_eq(tunnels_of_node(), 2);
    forget_datagrams();
    assert_ok(stranger_asks(2));
    ck_assert_uint_eq(rig_counters()->half_open_ended, 0);
    assert_ok(stranger_asks(3));
    ck_assert_uint_eq(rig_counters()->half_open_ended, 1);
    ck_assert_uint_eq(tunnels_of_node(), 3);
}
END_TEST

/* Whoever names no tunnel of his is no better than a stranger. */
START_TEST(the_unwelcome_stand_in_line)
{
    begin();
    assert_ok(stranger_asks(2));
    peer_returns(&fresh, &old);
    struct says sccrq = recovery_request(&fresh, &old);
    change(&sccrq, avp_recovery(UNKNOWN_ID, old.node_id));
    assert_error(say(&fresh, &sccrq), L2TPHA_ERR_LIMIT);
}
END_TEST

Suite *suite_half_open(void)
{
    TCase *tcase;
    Suite *suite = recovery_suite("half_open", &tcase);

    tcase_add_test(tcase, strangers_do_not_hold_up_a_recovery);
    tcase_add_test(tcase, a_recovery_does_not_hold_up_strangers);
    tcase_add_test(tcase, a_recovery_taken_over_does_not_hold_up_strangers);
    tcase_add_test(tcase, the_unwelcome_stand_in_line);
    return suite;
}
