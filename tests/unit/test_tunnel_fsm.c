/* SPDX-License-Identifier: MIT */
#include "engine/tunnel_fsm.h"
#include "fixture.h"
#include "sim/fsm_expect.h"

#include <string.h>

#define IDLE L2TPHA_TUNNEL_IDLE
#define REPLY L2TPHA_TUNNEL_WAIT_CTL_REPLY
#define CONN L2TPHA_TUNNEL_WAIT_CTL_CONN
#define UP L2TPHA_TUNNEL_ESTABLISHED
#define STOPPING L2TPHA_TUNNEL_STOPPING
#define STOPPED L2TPHA_TUNNEL_STOPPED

/* The RFC's idle behind a StopCCN of ours is STOPPING, behind one of the peer's STOPPED (5.7). */
/* clang-format off */
static const struct fsm_expect expected[] = {
    {"7.2.1-01", IDLE, TUNNEL_OPEN, REPLY, "send_sccrq"},
    {"7.2.1-02", IDLE, TUNNEL_SCCRQ, CONN, "send_sccrp"},
    {"7.2.1-03", IDLE, TUNNEL_SCCRQ_REFUSED, STOPPING, "send_stopccn"},
    {"7.2.1-04", IDLE, TUNNEL_SCCRP, STOPPING, "send_stopccn"},
    {"7.2.1-05", IDLE, TUNNEL_SCCCN, IDLE, NULL},
    {"7.2.1-06", REPLY, TUNNEL_SCCRP, UP, "send_scccn"},
    {"7.2.1-07", REPLY, TUNNEL_SCCRP_REFUSED, STOPPING, "send_stopccn"},
    {"7.2.1-08", REPLY, TUNNEL_SCCRQ_LOST, IDLE, NULL},
    {"7.2.1-09", REPLY, TUNNEL_SCCCN, STOPPING, "send_stopccn"},
    {"7.2.1-10", CONN, TUNNEL_SCCCN, UP, NULL},
    {"7.2.1-11", CONN, TUNNEL_SCCCN_REFUSED, STOPPING, "send_stopccn"},
    {"7.2.1-12", CONN, TUNNEL_SCCRP, STOPPING, "send_stopccn"},
    {"7.2.1-12", CONN, TUNNEL_SCCRQ, STOPPING, "send_stopccn"},
    {"7.2.1-13", UP, TUNNEL_OPEN, FSM_SAME, "start_sessions"},
    {"7.2.1-14", UP, TUNNEL_CLOSE, STOPPING, "send_stopccn"},
    {"7.2.1-15", UP, TUNNEL_SCCRQ, STOPPING, "send_stopccn"},
    {"7.2.1-15", UP, TUNNEL_SCCRP, STOPPING, "send_stopccn"},
    {"7.2.1-15", UP, TUNNEL_SCCCN, STOPPING, "send_stopccn"},
    {"7.2.1-16", IDLE, TUNNEL_STOPCCN, IDLE, NULL},
    {"7.2.1-16", REPLY, TUNNEL_STOPCCN, STOPPED, NULL},
    {"7.2.1-16", CONN, TUNNEL_STOPCCN, STOPPED, NULL},
    {"7.2.1-16", UP, TUNNEL_STOPCCN, STOPPED, NULL},
    {"4.4.3-10", REPLY, TUNNEL_SCCRQ_WON, FSM_SAME, "ask_again"},
    {"7.1-02", REPLY, TUNNEL_SCCRQ, STOPPING, "send_stopccn"},
    {"close before it is up", REPLY, TUNNEL_CLOSE, STOPPING, "send_stopccn"},
    {"close before it is up", CONN, TUNNEL_CLOSE, STOPPING, "send_stopccn"},
    {"6.5-03", FSM_ANY, TUNNEL_HELLO, FSM_SAME, NULL},
    {"7.1-01", REPLY, TUNNEL_FAULT, STOPPING, "send_stopccn"},
    {"7.1-01", CONN, TUNNEL_FAULT, STOPPING, "send_stopccn"},
    {"7.1-01", UP, TUNNEL_FAULT, STOPPING, "send_stopccn"},
    {"setup time", REPLY, TUNNEL_TIMEOUT, STOPPING, "send_stopccn"},
    {"setup time", CONN, TUNNEL_TIMEOUT, STOPPING, "send_stopccn"},
    {"7.6-03", UP, TUNNEL_TIMEOUT, STOPPING, "send_stopccn"},
    {"7.6-01", STOPPING, TUNNEL_DELIVERED, IDLE, NULL},
    {"7.6-01", STOPPING, TUNNEL_TIMEOUT, IDLE, NULL},
    {"5.7-01, crossing", STOPPING, TUNNEL_STOPCCN, STOPPED, NULL},
    {"5.7-02", STOPPED, TUNNEL_STOPCCN, FSM_SAME, NULL},
    {"5.7-02", STOPPED, TUNNEL_TIMEOUT, IDLE, NULL},
    {"own failure", IDLE, TUNNEL_FAILED, STOPPING, "stop_failed"},
    {"own failure", REPLY, TUNNEL_FAILED, STOPPING, "stop_failed"},
    {"own failure", CONN, TUNNEL_FAILED, STOPPING, "stop_failed"},
    {"own failure", UP, TUNNEL_FAILED, STOPPING, "stop_failed"},
};
/* clang-format on */

START_TEST(table_is_sound)
{
    assert_ok(fsm_check(&tunnel_fsm));
}
END_TEST

START_TEST(every_state_with_every_event)
{
    fsm_expect_all(&tunnel_fsm, expected, sizeof(expected) / sizeof(expected[0]));
}
END_TEST

START_TEST(states_have_names)
{
    ck_assert_str_eq(l2tpha_tunnel_state_name(REPLY), "wait-ctl-reply");
    ck_assert_str_eq(l2tpha_tunnel_state_name(CONN), "wait-ctl-conn");
    ck_assert_str_eq(l2tpha_tunnel_state_name(UP), "established");
    ck_assert_str_eq(l2tpha_tunnel_state_name(STOPPED + 1), "unknown");
    ck_assert_str_eq(l2tpha_tunnel_state_name(255), "unknown");
    ck_assert_str_eq(tunnel_fsm.section, "RFC 2661 7.2.1");
}
END_TEST

Suite *suite_tunnel_fsm(void);
Suite *suite_tunnel_fsm(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("tunnel_fsm", &tcase);

    tcase_add_test(tcase, table_is_sound);
    tcase_add_test(tcase, every_state_with_every_event);
    tcase_add_test(tcase, states_have_names);
    return suite;
}
