/* SPDX-License-Identifier: MIT */
/* In place of lns_fsm.c in a library without L2TPHA_LNS: no call gets beyond idle, and what a peer
 * asks for is refused by CDN. */
#include "engine/session_rows.h"

static const struct fsm_row refusing[] = {
    FSM_ROW(IDLE, SESSION_REQUEST_REFUSED, IDLE, send_cdn),
    FSM_ROW(IDLE, SESSION_REPLY, IDLE, send_cdn),
    FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE),
    FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),
    FSM_ROW(IDLE, SESSION_FAILED, IDLE, send_cdn_failed),
    FSM_ROW_SILENT(IDLE, SESSION_TIMEOUT, IDLE),
};

const struct fsm session_fsm_lns_incoming = SESSION_MACHINE("LNS incoming call", "7.4.2", refusing);

const struct fsm session_fsm_lns_outgoing = SESSION_MACHINE("LNS outgoing call", "7.5.2", refusing);
