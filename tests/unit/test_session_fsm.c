/* SPDX-License-Identifier: MIT */
#include "engine/session_fsm.h"
#include "fixture.h"
#include "sim/fsm_expect.h"

#include <string.h>

#define IDLE L2TPHA_SESSION_IDLE
#define TUNNEL L2TPHA_SESSION_WAIT_TUNNEL
#define REPLY L2TPHA_SESSION_WAIT_REPLY
#define CONNECT L2TPHA_SESSION_WAIT_CONNECT
#define ANSWER L2TPHA_SESSION_WAIT_CS_ANSWER
#define UP L2TPHA_SESSION_ESTABLISHED

#define CDN "send_cdn"
#define FAILED "send_cdn_failed"

/* What ends a call that the peer knows of, in each of the states given. */
#define ENDS(state)                                                                                \
    {"7.1-04", state, SESSION_FAULT, IDLE, CDN},                                                   \
        {"setup time", state, SESSION_TIMEOUT, IDLE, CDN},                                         \
    {                                                                                              \
        "own failure", state, SESSION_FAILED, IDLE, FAILED                                         \
    }
#define ENDS_UP                                                                                    \
    {"7.1-04", UP, SESSION_FAULT, IDLE, CDN},                                                      \
    {                                                                                              \
        "own failure", UP, SESSION_FAILED, IDLE, FAILED                                            \
    }
/* ... and of one that it does not know of. */
#define ENDS_UNHEARD                                                                               \
    {"own failure", IDLE, SESSION_FAILED, IDLE, NULL},                                             \
        {"own failure", IDLE, SESSION_TIMEOUT, IDLE, NULL},                                        \
        {"own failure", TUNNEL, SESSION_FAILED, IDLE, NULL},                                       \
    {                                                                                              \
        "setup time", TUNNEL, SESSION_TIMEOUT, IDLE, NULL                                          \
    }

/* clang-format off */
static const struct fsm_expect lac_incoming[] = {
    {"7.4.1-01", IDLE, SESSION_OPEN, TUNNEL, NULL},
    {"7.4.1-02", IDLE, SESSION_CONNECT, IDLE, NULL},
    {"7.4.1-02", IDLE, SESSION_REPLY, IDLE, NULL},
    {"7.4.1-02", IDLE, SESSION_CDN, IDLE, NULL},
    {"7.4.1-03", TUNNEL, SESSION_CLOSE, IDLE, NULL},
    {"7.4.1-04", TUNNEL, SESSION_TUNNEL_OPEN, REPLY, "send_request"},
    {"7.4.1-05", REPLY, SESSION_REPLY, UP, "send_connect"},
    {"7.4.1-06", REPLY, SESSION_REPLY_REFUSED, IDLE, CDN},
    {"7.4.1-07", REPLY, SESSION_REQUEST, IDLE, CDN},
    {"7.4.1-08", REPLY, SESSION_CDN, IDLE, NULL},
    {"7.4.1-08", REPLY, SESSION_CONNECT, IDLE, NULL},
    {"7.4.1-09", REPLY, SESSION_CLOSE, IDLE, CDN},
    {"7.4.1-10", UP, SESSION_CDN, IDLE, NULL},
    {"7.4.1-11", UP, SESSION_REQUEST, IDLE, CDN},
    {"7.4.1-11", UP, SESSION_REPLY, IDLE, CDN},
    {"7.4.1-11", UP, SESSION_CONNECT, IDLE, CDN},
    {"7.4.1-12", UP, SESSION_CLOSE, IDLE, CDN},
    {"6.14-01", UP, SESSION_SLI, FSM_SAME, "take_link_info"},
    {"6.13-01", UP, SESSION_TIMEOUT, FSM_SAME, "send_errors"},
    ENDS_UNHEARD, ENDS(REPLY), ENDS_UP,
};

static const struct fsm_expect lns_incoming[] = {
    {"7.4.2-01", IDLE, SESSION_REQUEST, CONNECT, "send_reply"},
    {"7.4.2-02", IDLE, SESSION_REQUEST_REFUSED, IDLE, CDN},
    {"7.4.2-03", IDLE, SESSION_REPLY, IDLE, CDN},
    {"7.4.2-04", IDLE, SESSION_CONNECT, IDLE, NULL},
    {"7.4.2-05", CONNECT, SESSION_CONNECT, UP, "take_connect"},
    {"7.4.2-06", CONNECT, SESSION_CONNECT_REFUSED, IDLE, CDN},
    {"7.4.2-07", CONNECT, SESSION_REQUEST, IDLE, CDN},
    {"7.4.2-07", CONNECT, SESSION_REPLY, IDLE, CDN},
    {"7.4.2-08", IDLE, SESSION_CDN, IDLE, NULL},
    {"7.4.2-08", CONNECT, SESSION_CDN, IDLE, NULL},
    {"7.4.2-08", UP, SESSION_CDN, IDLE, NULL},
    {"7.4.2-09", CONNECT, SESSION_CLOSE, IDLE, CDN},
    {"7.4.2-09", UP, SESSION_CLOSE, IDLE, CDN},
    {"7.4.2-10", UP, SESSION_REQUEST, IDLE, CDN},
    {"7.4.2-10", UP, SESSION_REPLY, IDLE, CDN},
    {"7.4.2-10", UP, SESSION_CONNECT, IDLE, CDN},
    {"6.13-01", UP, SESSION_WEN, FSM_SAME, "tell_errors"},
    {"own failure", IDLE, SESSION_FAILED, IDLE, FAILED},
    ENDS(CONNECT), ENDS_UP,
};

static const struct fsm_expect lac_outgoing[] = {
    {"7.5.1-01", IDLE, SESSION_REQUEST, ANSWER, "send_reply"},
    {"7.5.1-02", IDLE, SESSION_REQUEST_REFUSED, IDLE, CDN},
    {"7.5.1-03", IDLE, SESSION_REPLY, IDLE, CDN},
    {"7.5.1-04", IDLE, SESSION_CONNECT, IDLE, NULL},
    {"7.5.1-04", IDLE, SESSION_CDN, IDLE, NULL},
    {"7.5.1-05", ANSWER, SESSION_ANSWERED, UP, "send_connect"},
    {"7.5.1-06", ANSWER, SESSION_CLOSE, IDLE, CDN},
    {"7.5.1-07", ANSWER, SESSION_REQUEST, IDLE, CDN},
    {"7.5.1-07", ANSWER, SESSION_REPLY, IDLE, CDN},
    {"7.5.1-07", ANSWER, SESSION_CONNECT, IDLE, CDN},
    {"7.5.1-08", UP, SESSION_REQUEST, IDLE, CDN},
    {"7.5.1-08", UP, SESSION_REPLY, IDLE, CDN},
    {"7.5.1-08", UP, SESSION_CONNECT, IDLE, CDN},
    {"7.5.1-09", ANSWER, SESSION_CDN, IDLE, NULL},
    {"7.5.1-09", UP, SESSION_CDN, IDLE, NULL},
    {"7.5.1-10", UP, SESSION_CLOSE, IDLE, CDN},
    {"6.14-01", ANSWER, SESSION_SLI, FSM_SAME, "take_link_info"},
    {"6.14-01", UP, SESSION_SLI, FSM_SAME, "take_link_info"},
    {"6.13-01", UP, SESSION_TIMEOUT, FSM_SAME, "send_errors"},
    {"own failure", IDLE, SESSION_FAILED, IDLE, FAILED},
    ENDS(ANSWER), ENDS_UP, /* 7.5.1-11: the timeout */
};

static const struct fsm_expect lns_outgoing[] = {
    {"7.5.2-01", IDLE, SESSION_OPEN, TUNNEL, NULL},
    {"7.5.2-02", IDLE, SESSION_CONNECT, IDLE, NULL},
    {"7.5.2-02", IDLE, SESSION_REPLY, IDLE, NULL},
    {"7.5.2-03", TUNNEL, SESSION_TUNNEL_OPEN, REPLY, "send_request"},
    {"7.5.2-04", REPLY, SESSION_REPLY, CONNECT, "take_reply"},
    {"7.5.2-05", REPLY, SESSION_REPLY_REFUSED, IDLE, CDN},
    {"7.5.2-06", REPLY, SESSION_CONNECT, IDLE, CDN},
    {"7.5.2-06", REPLY, SESSION_REQUEST, IDLE, CDN},
    {"7.5.2-07", CONNECT, SESSION_CONNECT, UP, "take_connect"},
    {"7.5.2-08", CONNECT, SESSION_REQUEST, IDLE, CDN},
    {"7.5.2-08", CONNECT, SESSION_REPLY, IDLE, CDN},
    {"7.5.2-09", IDLE, SESSION_CDN, IDLE, NULL},
    {"7.5.2-09", REPLY, SESSION_CDN, IDLE, NULL},
    {"7.5.2-09", CONNECT, SESSION_CDN, IDLE, NULL},
    {"7.5.2-09", UP, SESSION_CDN, IDLE, NULL},
    {"7.5.2-10", UP, SESSION_REQUEST, IDLE, CDN},
    {"7.5.2-10", UP, SESSION_REPLY, IDLE, CDN},
    {"7.5.2-10", UP, SESSION_CONNECT, IDLE, CDN},
    {"7.5.2-11", REPLY, SESSION_CLOSE, IDLE, CDN},
    {"7.5.2-11", CONNECT, SESSION_CLOSE, IDLE, CDN},
    {"7.5.2-11", UP, SESSION_CLOSE, IDLE, CDN},
    {"7.5.2-12", TUNNEL, SESSION_CLOSE, IDLE, NULL},
    {"7.1-04", CONNECT, SESSION_CONNECT_REFUSED, IDLE, CDN},
    {"6.13-01", UP, SESSION_WEN, FSM_SAME, "tell_errors"},
    ENDS_UNHEARD, ENDS(REPLY), ENDS(CONNECT), ENDS_UP,
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const struct fsm *fsm;
    const struct fsm_expect *expected;
    size_t count;
    const char *section;
    uint8_t side;
    uint8_t call;
} machines[] = {
    {&session_fsm_lac_incoming, lac_incoming, COUNT(lac_incoming), "RFC 2661 7.4.1", L2TPHA_LAC,
     L2TPHA_CALL_INCOMING},
    {&session_fsm_lns_incoming, lns_incoming, COUNT(lns_incoming), "RFC 2661 7.4.2", L2TPHA_LNS,
     L2TPHA_CALL_INCOMING},
    {&session_fsm_lac_outgoing, lac_outgoing, COUNT(lac_outgoing), "RFC 2661 7.5.1", L2TPHA_LAC,
     L2TPHA_CALL_OUTGOING},
    {&session_fsm_lns_outgoing, lns_outgoing, COUNT(lns_outgoing), "RFC 2661 7.5.2", L2TPHA_LNS,
     L2TPHA_CALL_OUTGOING},
};

START_TEST(table_is_sound)
{
    assert_ok(fsm_check(machines[_i].fsm));
    ck_assert_str_eq(machines[_i].fsm->section, machines[_i].section);
}
END_TEST

START_TEST(every_state_with_every_event)
{
    fsm_expect_all(machines[_i].fsm, machines[_i].expected, machines[_i].count);
}
END_TEST

START_TEST(side_and_call_choose_the_machine)
{
    struct l2tpha_session session = {0};

    session.entry.side = machines[_i].side & 0xf;
    session.entry.call = machines[_i].call & 0xf;
    ck_assert_ptr_eq(session_fsm(&session), machines[_i].fsm);
}
END_TEST

START_TEST(only_states_of_the_machine_are_had)
{
    static const bool had[][L2TPHA_SESSION_ESTABLISHED + 1] = {
        [0] = {[IDLE] = true, [TUNNEL] = true, [REPLY] = true, [UP] = true},
        [1] = {[IDLE] = true, [CONNECT] = true, [UP] = true},
        [2] = {[IDLE] = true, [ANSWER] = true, [UP] = true},
        [3] = {[IDLE] = true, [TUNNEL] = true, [REPLY] = true, [CONNECT] = true, [UP] = true},
    };

    for (uint8_t state = 0; state <= UP; state++)
        ck_assert_int_eq(session_has_state(machines[_i].side, machines[_i].call, state),
                         had[_i][state]);
    ck_assert(!session_has_state(machines[_i].side, machines[_i].call, UP + 1));
}
END_TEST

START_TEST(states_have_names)
{
    ck_assert_str_eq(l2tpha_session_state_name(TUNNEL), "wait-tunnel");
    ck_assert_str_eq(l2tpha_session_state_name(ANSWER), "wait-cs-answer");
    ck_assert_str_eq(l2tpha_session_state_name(UP), "established");
    ck_assert_str_eq(l2tpha_session_state_name(UP + 1), "unknown");
}
END_TEST

Suite *suite_session_fsm(void);
Suite *suite_session_fsm(void)
{
    TCase *tcase;
    Suite *suite = fixture_suite("session_fsm", &tcase);

    tcase_add_loop_test(tcase, table_is_sound, 0, COUNT(machines));
    tcase_add_loop_test(tcase, every_state_with_every_event, 0, COUNT(machines));
    tcase_add_loop_test(tcase, side_and_call_choose_the_machine, 0, COUNT(machines));
    tcase_add_loop_test(tcase, only_states_of_the_machine_are_had, 0, COUNT(machines));
    tcase_add_test(tcase, states_have_names);
    return suite;
}
