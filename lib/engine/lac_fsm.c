/* SPDX-License-Identifier: MIT */
/* The machines of a call at the LAC, row for row as in RFC 2661 7.4.1 and 7.5.1; behind each what
 * the RFC says elsewhere: SLI and WEN (6.13, 6.14), faults (7.1), timers (7.3). A state that has no
 * row for an event ignores it; idle rows that need no session also answer messages for sessions
 * that are not there. */
#include "engine/session_rows.h"

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
/* clang-format on */

const struct fsm session_fsm_lac_incoming =
    SESSION_MACHINE("LAC incoming call", "7.4.1", lac_incoming);

const struct fsm session_fsm_lac_outgoing =
    SESSION_MACHINE("LAC outgoing call", "7.5.1", lac_outgoing);
