/* SPDX-License-Identifier: MIT */
#include "engine/session_rows.h"

_Static_assert(SESSION_STATES < FSM_ANY && SESSION_EVENT_COUNT < FSM_ANY, "rows can name all");

const char *const session_event_names[SESSION_EVENT_COUNT] = {
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

void session_enter(void *object, uint8_t next, void *argument)
{
    session_set_state(object, next, argument);
}

bool session_is_alive(const void *object)
{
    return !session_is_gone(object);
}
