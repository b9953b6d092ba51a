/* SPDX-License-Identifier: MIT */
/* What the four machines of a call are made of, a file for each side. */
#ifndef ENGINE_SESSION_ROWS_H
#define ENGINE_SESSION_ROWS_H

#include "dispatch/session_state.h"
#include "engine/session_action.h"
#include "engine/session_errors.h"
#include "engine/session_fsm.h"

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

/* Of a side that is not there: no call gets beyond idle, what a peer asks for is refused by CDN. */
#define REFUSES                                                                                    \
    FSM_ROW(IDLE, SESSION_REQUEST_REFUSED, IDLE, send_cdn),                                        \
        FSM_ROW(IDLE, SESSION_REPLY, IDLE, send_cdn), FSM_ROW_SILENT(IDLE, SESSION_CONNECT, IDLE), \
        FSM_ROW_SILENT(IDLE, SESSION_CDN, IDLE),                                                   \
        FSM_ROW(IDLE, SESSION_FAILED, IDLE, send_cdn_failed),                                      \
        FSM_ROW_SILENT(IDLE, SESSION_TIMEOUT, IDLE)

extern const char *const session_event_names[SESSION_EVENT_COUNT];

/* fsm_enter, and whether it has not ended */
void session_enter(void *object, uint8_t next, void *argument);
bool session_is_alive(const void *object);

#define SESSION_MACHINE(title, part, table)                                                        \
    {                                                                                              \
        .name = title, .section = "RFC 2661 " part, .state_names = session_state_names,            \
        .event_names = session_event_names, .rows = table,                                         \
        .row_count = sizeof(table) / sizeof((table)[0]), .state_count = SESSION_STATES,            \
        .event_count = SESSION_EVENT_COUNT, .failed_event = SESSION_FAILED,                        \
        .enter = session_enter, .alive = session_is_alive                                          \
    }

#endif
