/* SPDX-License-Identifier: MIT */
/* The four machines of a call, row for row as in RFC 2661 7.4.1, 7.4.2, 7.5.1 and 7.5.2; behind
 * each what the RFC says elsewhere: SLI and WEN (6.13, 6.14), faults (7.1), timers (7.3). A state
 * that has no row for an event ignores it; idle rows that need no session also answer messages for
 * sessions that are not there. */
#include "engine/session_fsm.h"

#include "base/assert.h"
#include "dispatch/session_state.h"
#include "engine/session_action.h"
#include "engine/session_errors.h"

_Static_assert(SESSION_STATES < FSM_ANY && SESSION_EVENT_COUNT < FSM_ANY, "rows can name all");

#define IDLE L2TPHA_SESSION_IDLE
#define WAIT_TUNNEL L2TPHA_SESSION_WAIT_TUNNEL
#define WAIT_REPLY L2TPHA_SESSION_WAIT_REPLY
#define WAIT_CONNECT L2TPHA_SESSION_WAIT_CONNECT
#define WAIT_CS_ANSWER L2TPHA_SESSION_WAIT_CS_ANSWER
#define ESTABLISHED L2TPHA_SESSION_ESTABLISHED
/* How a state in which the peer knows the session ends beyond the RFC's own rows. */
#define ENDS(state)                                                                                \
    FSM_ROW(state, SESSION_FAULT, IDLE, send_cdn),                                                 \
        FSM_ROW(state, SESSION_TIMEOUT, IDLE, send_cdn),                                           \
        FSM_ROW(state, SESSION_FAILED, IDLE, send_cdn_failed)
#define ENDS_ESTABLISHED                                                                           \
    FSM_ROW(ESTABLISHED, SESSION_FAULT, IDLE, send_cdn),                                           \
        FSM_ROW(ESTABLISHED, SESSION_FAILED, IDLE, send_cdn_failed)
#define ENDS_SILENTLY(state)                                                                       \
    FSM_ROW_SILENT(state, SESSION_TIMEOUT, IDLE), FSM_ROW_SILENT(state, SESSION_FAILED, IDLE)

/* clang-format off */
static const struct fsm_row lac_incoming[] = { /* RFC 2661 7.4.1 */
    FSM_ROW_SILENT(IDLE, SESSION_OPEN, WAIT_TUNNEL),
    FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_REPLY, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(WAIT_TUNNEL, SESSION_CLOSE, IDLE),
    FSM_ROW(WAIT_TUNNEL, SESSION_TUNNEL_OPEN, WAIT_REPLY, send_request),
    FSM_ROW(WAIT_REPLY, SESSION_REPLY, ESTABLISHED, send_connect),
    FSM_ROW(WAIT_REPLY, SESSION_REPLY_REFUSED, IDLE, send_cdn),
    FSM_ROW(WAIT_REPLY, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW_SILENT(WAIT_REPLY, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(WAIT_REPLY, SESSION_CONNECT, IDLE),
    FSM_ROW(WAIT_REPLY, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW_SILENT(ESTABLISHED, SESSION_CDN, IDLE),
    FSM_ROW(ESTABLISHED, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CONNECT, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CLOSE, IDLE, send_cdn),
    /* beyond the table */
    FSM_ROW(ESTABLISHED, SESSION_SLI, FSM_SAME, take_link_info),
    FSM_ROW(ESTABLISHED, SESSION_TIMEOUT, FSM_SAME, send_errors),
    ENDS_SILENTLY(IDLE),
    ENDS_SILENTLY(WAIT_TUNNEL),
    ENDS(WAIT_REPLY),
    ENDS_ESTABLISHED,
};

static const struct fsm_row lns_incoming[] = { /* RFC 2661 7.4.2 */
    FSM_ROW(IDLE, SESSION_REQUEST, WAIT_CONNECT, send_reply),
    FSM_ROW(IDLE, SESSION_REQUEST_REFUSED, IDLE, send_cdn),
    FSM_ROW(IDLE, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE),
    FSM_ROW(WAIT_CONNECT, SESSION_CONNECT, ESTABLISHED, take_connect),
    FSM_ROW(WAIT_CONNECT, SESSION_CONNECT_REFUSED, IDLE, send_cdn),
    FSM_ROW(WAIT_CONNECT, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(WAIT_CONNECT, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(WAIT_CONNECT, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(ESTABLISHED, SESSION_CDN, IDLE),
    FSM_ROW(WAIT_CONNECT, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CONNECT, IDLE, send_cdn),
    /* beyond the table */
    FSM_ROW(ESTABLISHED, SESSION_WEN, FSM_SAME, tell_errors),
    FSM_ROW(IDLE, SESSION_FAILED, IDLE, send_cdn_failed),
    ENDS(WAIT_CONNECT),
    ENDS_ESTABLISHED,
};

static const struct fsm_row lac_outgoing[] = { /* RFC 2661 7.5.1 */
    FSM_ROW(IDLE, SESSION_REQUEST, WAIT_CS_ANSWER, send_reply),
    FSM_ROW(IDLE, SESSION_REQUEST_REFUSED, IDLE, send_cdn),
    FSM_ROW(IDLE, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),
    FSM_ROW(WAIT_CS_ANSWER, SESSION_ANSWERED, ESTABLISHED, send_connect),
    FSM_ROW(WAIT_CS_ANSWER, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW(WAIT_CS_ANSWER, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(WAIT_CS_ANSWER, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW(WAIT_CS_ANSWER, SESSION_CONNECT, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CONNECT, IDLE, send_cdn),
    FSM_ROW_SILENT(WAIT_CS_ANSWER, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(ESTABLISHED, SESSION_CDN, IDLE),
    FSM_ROW(ESTABLISHED, SESSION_CLOSE, IDLE, send_cdn),
    /* beyond the table; 6.14: an SLI may come at any time during the call */
    FSM_ROW(WAIT_CS_ANSWER, SESSION_SLI, FSM_SAME, take_link_info),
    FSM_ROW(ESTABLISHED, SESSION_SLI, FSM_SAME, take_link_info),
    FSM_ROW(ESTABLISHED, SESSION_TIMEOUT, FSM_SAME, send_errors),
    FSM_ROW(IDLE, SESSION_FAILED, IDLE, send_cdn_failed),
    ENDS(WAIT_CS_ANSWER),
    ENDS_ESTABLISHED,
};

static const struct fsm_row lns_outgoing[] = { /* RFC 2661 7.5.2 */
    FSM_ROW_SILENT(IDLE, SESSION_OPEN, WAIT_TUNNEL),
    FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_REPLY, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),
    FSM_ROW(WAIT_TUNNEL, SESSION_TUNNEL_OPEN, WAIT_REPLY, send_request),
    FSM_ROW(WAIT_REPLY, SESSION_REPLY, WAIT_CONNECT, take_reply),
    FSM_ROW(WAIT_REPLY, SESSION_REPLY_REFUSED, IDLE, send_cdn),
    FSM_ROW(WAIT_REPLY, SESSION_CONNECT, IDLE, send_cdn),
    FSM_ROW(WAIT_REPLY, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(WAIT_CONNECT, SESSION_CONNECT, ESTABLISHED, take_connect),
    FSM_ROW(WAIT_CONNECT, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(WAIT_CONNECT, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW_SILENT(WAIT_REPLY, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(WAIT_CONNECT, SESSION_CDN, IDLE),
    FSM_ROW_SILENT(ESTABLISHED, SESSION_CDN, IDLE),
    FSM_ROW(ESTABLISHED, SESSION_REQUEST, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CONNECT, IDLE, send_cdn),
    FSM_ROW(WAIT_REPLY, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW(WAIT_CONNECT, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_CLOSE, IDLE, send_cdn),
    FSM_ROW_SILENT(WAIT_TUNNEL, SESSION_CLOSE, IDLE),
    /* beyond the table */
    FSM_ROW(WAIT_CONNECT, SESSION_CONNECT_REFUSED, IDLE, send_cdn),
    FSM_ROW(ESTABLISHED, SESSION_WEN, FSM_SAME, tell_errors),
    ENDS_SILENTLY(IDLE),
    ENDS_SILENTLY(WAIT_TUNNEL),
    ENDS(WAIT_REPLY),
    ENDS(WAIT_CONNECT),
    ENDS_ESTABLISHED,
};

/* clang-format on */

static const char *const event_names[SESSION_EVENT_COUNT] = {
    [SESSION_OPEN] = "open",
    [SESSION_TUNNEL_OPEN] = "tunnel open",
    [SESSION_REQUEST] = "request",
    [SESSION_REQUEST_REFUSED] = "request, not acceptable",
    [SESSION_REPLY] = "reply",
    [SESSION_REPLY_REFUSED] = "reply, not acceptable",
    [SESSION_CONNECT] = "connected",
    [SESSION_CONNECT_REFUSED] = "connected, not acceptable",
    [SESSION_ANSWERED] = "bearer answered",
    [SESSION_CDN] = "CDN",
    [SESSION_CLOSE] = "close",
    [SESSION_SLI] = "SLI",
    [SESSION_WEN] = "WEN",
    [SESSION_FAULT] = "invalid message",
    [SESSION_TIMEOUT] = "timeout",
    [SESSION_FAILED] = "failed",
};

static void enter(void *object, uint8_t next, void *argument)
{
    session_set_state(object, next, argument);
}

static bool is_alive(const void *object)
{
    return !session_is_gone(object);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MACHINE(title, part, table)                                                                \
    {                                                                                              \
        .name = title, .section = "RFC 2661 " part, .state_names = session_state_names,            \
        .event_names = event_names, .rows = table, .row_count = COUNT(table),                      \
        .state_count = SESSION_STATES, .event_count = SESSION_EVENT_COUNT,                         \
        .failed_event = SESSION_FAILED, .enter = enter, .alive = is_alive                          \
    }

const struct fsm session_fsm_lac_incoming = MACHINE("LAC incoming call", "7.4.1", lac_incoming);

const struct fsm session_fsm_lns_incoming = MACHINE("LNS incoming call", "7.4.2", lns_incoming);

const struct fsm session_fsm_lac_outgoing = MACHINE("LAC outgoing call", "7.5.1", lac_outgoing);

const struct fsm session_fsm_lns_outgoing = MACHINE("LNS outgoing call", "7.5.2", lns_outgoing);

static const struct fsm *fsm_of(uint8_t side, uint8_t call)
{
    bool lac = side == L2TPHA_LAC;

    if (call == L2TPHA_CALL_INCOMING)
        return lac ? &session_fsm_lac_incoming : &session_fsm_lns_incoming;
    return lac ? &session_fsm_lac_outgoing : &session_fsm_lns_outgoing;
}

const struct fsm *session_fsm(const struct l2tpha_session *session)
{
    return fsm_of(session->entry.side, session->entry.call);
}

bool session_has_state(uint8_t side, uint8_t call, uint8_t state)
{
    return fsm_has_state(fsm_of(side, call), state);
}

int session_step(struct l2tpha_session *session, uint8_t event, struct machine_input *input)
{
    ASSERT(&session_engine(session)->log, !session_is_gone(session));
    ASSERT(&session_engine(session)->log, event < SESSION_EVENT_COUNT);
    return fsm_step(session_fsm(session), session->entry.state, event, session, input);
}
