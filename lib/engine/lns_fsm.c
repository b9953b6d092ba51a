/* SPDX-License-Identifier: MIT */
/* The machines of a call at the LNS, row for row as in RFC 2661 7.4.2 and 7.5.2; behind each what
 * the RFC says elsewhere: SLI and WEN (6.13, 6.14), faults (7.1), timers (7.3). A state that has no
 * row for an event ignores it; idle rows that need no session also answer messages for sessions
 * that are not there. */
#include "engine/session_rows.h"

/* clang-format off */
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

const struct fsm session_fsm_lns_incoming =
    SESSION_MACHINE("LNS incoming call", "7.4.2", lns_incoming);

const struct fsm session_fsm_lns_outgoing =
    SESSION_MACHINE("LNS outgoing call", "7.5.2", lns_outgoing);
