/* SPDX-License-Identifier: MIT */
/* The control connection's machine: RFC 2661 7.2.1 row for row. Where the RFC says "clean up" and
 * idle, the reliable delivery of what was said last comes in between (5.7, 7.1): STOPPING until our
 * StopCCN is acknowledged, STOPPED to acknowledge copies of the peer's. */
#include "engine/tunnel_fsm.h"

#include "base/assert.h"
#include "dispatch/tunnel_state.h"
#include "engine/tunnel_action.h"

_Static_assert(TUNNEL_STATES < FSM_ANY && TUNNEL_EVENT_COUNT < FSM_ANY, "rows can name all");

#define IDLE L2TPHA_TUNNEL_IDLE
#define WAIT_CTL_REPLY L2TPHA_TUNNEL_WAIT_CTL_REPLY
#define WAIT_CTL_CONN L2TPHA_TUNNEL_WAIT_CTL_CONN
#define ESTABLISHED L2TPHA_TUNNEL_ESTABLISHED
#define STOPPING L2TPHA_TUNNEL_STOPPING
#define STOPPED L2TPHA_TUNNEL_STOPPED

/* clang-format off */
static const struct fsm_row rows[] = {
    /* RFC 2661 7.2.1 */
    FSM_ROW(IDLE, TUNNEL_OPEN, WAIT_CTL_REPLY, send_sccrq),
    FSM_ROW(IDLE, TUNNEL_SCCRQ, WAIT_CTL_CONN, send_sccrp),
    FSM_ROW(IDLE, TUNNEL_SCCRQ_REFUSED, STOPPING, send_stopccn),
    FSM_ROW(IDLE, TUNNEL_SCCRP, STOPPING, send_stopccn),
    FSM_ROW_SILENT(IDLE, TUNNEL_SCCCN, IDLE),
    FSM_ROW_SILENT(IDLE, TUNNEL_STOPCCN, IDLE),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_SCCRP, ESTABLISHED, send_scccn),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_SCCRP_REFUSED, STOPPING, send_stopccn),
    FSM_ROW_SILENT(WAIT_CTL_REPLY, TUNNEL_SCCRQ_LOST, IDLE),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_SCCCN, STOPPING, send_stopccn),
    FSM_ROW_SILENT(WAIT_CTL_REPLY, TUNNEL_STOPCCN, STOPPED),
    FSM_ROW_SILENT(WAIT_CTL_CONN, TUNNEL_SCCCN, ESTABLISHED),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_SCCCN_REFUSED, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_SCCRP, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_SCCRQ, STOPPING, send_stopccn),
    FSM_ROW_SILENT(WAIT_CTL_CONN, TUNNEL_STOPCCN, STOPPED),
    FSM_ROW(ESTABLISHED, TUNNEL_OPEN, FSM_SAME, start_sessions),
    FSM_ROW(ESTABLISHED, TUNNEL_CLOSE, STOPPING, send_stopccn),
    FSM_ROW(ESTABLISHED, TUNNEL_SCCRQ, STOPPING, send_stopccn),
    FSM_ROW(ESTABLISHED, TUNNEL_SCCRP, STOPPING, send_stopccn),
    FSM_ROW(ESTABLISHED, TUNNEL_SCCCN, STOPPING, send_stopccn),
    FSM_ROW_SILENT(ESTABLISHED, TUNNEL_STOPCCN, STOPPED),
    /* Ties (4.4.3), and what the RFC's table leaves out */
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_SCCRQ_WON, FSM_SAME, ask_again),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_SCCRQ, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_CLOSE, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_CLOSE, STOPPING, send_stopccn),
    /* 6.5: HELLO is answered by the channel alone */
    FSM_ROW_SILENT(FSM_ANY, TUNNEL_HELLO, FSM_SAME),
    /* 7.1: invalid and malformed messages */
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_FAULT, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_FAULT, STOPPING, send_stopccn),
    FSM_ROW(ESTABLISHED, TUNNEL_FAULT, STOPPING, send_stopccn),
    /* 5.8, 7.3: timers */
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_TIMEOUT, STOPPING, send_stopccn),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_TIMEOUT, STOPPING, send_stopccn),
    FSM_ROW(ESTABLISHED, TUNNEL_TIMEOUT, STOPPING, send_stopccn),
    /* 5.7, 7.6: lingering */
    FSM_ROW_SILENT(STOPPING, TUNNEL_DELIVERED, IDLE),
    FSM_ROW_SILENT(STOPPING, TUNNEL_STOPCCN, STOPPED),
    FSM_ROW_SILENT(STOPPING, TUNNEL_TIMEOUT, IDLE),
    FSM_ROW_SILENT(STOPPED, TUNNEL_STOPCCN, FSM_SAME),
    FSM_ROW_SILENT(STOPPED, TUNNEL_TIMEOUT, IDLE),
    /* Our own failures */
    FSM_ROW(IDLE, TUNNEL_FAILED, STOPPING, stop_failed),
    FSM_ROW(WAIT_CTL_REPLY, TUNNEL_FAILED, STOPPING, stop_failed),
    FSM_ROW(WAIT_CTL_CONN, TUNNEL_FAILED, STOPPING, stop_failed),
    FSM_ROW(ESTABLISHED, TUNNEL_FAILED, STOPPING, stop_failed),
};

/* clang-format on */

static const char *const event_names[TUNNEL_EVENT_COUNT] = {
    [TUNNEL_OPEN] = "open",
    [TUNNEL_SCCRQ] = "SCCRQ",
    [TUNNEL_SCCRQ_REFUSED] = "SCCRQ, not acceptable",
    [TUNNEL_SCCRQ_WON] = "SCCRQ, tie won",
    [TUNNEL_SCCRQ_LOST] = "SCCRQ, tie lost",
    [TUNNEL_SCCRP] = "SCCRP",
    [TUNNEL_SCCRP_REFUSED] = "SCCRP, not acceptable",
    [TUNNEL_SCCCN] = "SCCCN",
    [TUNNEL_SCCCN_REFUSED] = "SCCCN, not acceptable",
    [TUNNEL_HELLO] = "HELLO",
    [TUNNEL_STOPCCN] = "StopCCN",
    [TUNNEL_CLOSE] = "close",
    [TUNNEL_FAULT] = "invalid message",
    [TUNNEL_DELIVERED] = "delivered",
    [TUNNEL_TIMEOUT] = "timeout",
    [TUNNEL_FAILED] = "failed",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void enter(void *object, uint8_t next, void *argument)
{
    tunnel_set_state(object, next, argument);
}

static bool is_alive(const void *object)
{
    return !((const struct l2tpha_tunnel *)object)->dying;
}

const struct fsm tunnel_fsm = {
    .name = "tunnel",
    .section = "RFC 2661 7.2.1",
    .state_names = tunnel_state_names,
    .event_names = event_names,
    .rows = rows,
    .row_count = COUNT(rows),
    .state_count = TUNNEL_STATES,
    .event_count = TUNNEL_EVENT_COUNT,
    .failed_event = TUNNEL_FAILED,
    .enter = enter,
    .alive = is_alive,
};

int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct machine_input *input)
{
    struct engine *engine = tunnel->engine;

    ASSERT(&engine->log, !tunnel->dying && event < TUNNEL_EVENT_COUNT);
    int error = fsm_step(&tunnel_fsm, tunnel->entry.record.state, event, tunnel, input);
    if (error == L2TPHA_ERR_UNEXPECTED)
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "%s is improper in %s", tunnel_fsm.event_names[event],
                 l2tpha_tunnel_state_name(tunnel->entry.record.state));
    return error;
}
