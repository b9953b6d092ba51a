/* SPDX-License-Identifier: MIT */
/* The control connection's machine: RFC 2661 7.2.1 row for row. Where the RFC says "clean up" and
 * idle, the reliable delivery of what was said last comes in between (5.7, 7.1): STOPPING until our
 * StopCCN is acknowledged, STOPPED to acknowledge copies of the peer's. */
#include "engine/tunnel_fsm.h"

#include "control/calling.h"
#include "control/event.h"
#include "control/half_open.h"
#include "control/linger.h"
#include "control/reorder.h"
#include "control/tunnel_policy.h"
#include "control/twin.h"
#include "dispatch/tunnel_end.h"
#include "dispatch/twins.h"
#include "engine/session_fsm.h"
#include "engine/tunnel_action.h"
#include "failover/recovery_input.h"

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
    FSM_ROW_SILENT(FSM_ANY, TUNNEL_UNREACHABLE, IDLE),
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

static const char *const state_names[] = {
    [IDLE] = "idle",
    [WAIT_CTL_REPLY] = "wait-ctl-reply",
    [WAIT_CTL_CONN] = "wait-ctl-conn",
    [ESTABLISHED] = "established",
    [STOPPING] = "stopping",
    [STOPPED] = "stopped",
};

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
    [TUNNEL_UNREACHABLE] = "unreachable",
    [TUNNEL_FAILED] = "failed",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct fsm tunnel_fsm = {
    .name = "tunnel",
    .section = "RFC 2661 7.2.1",
    .state_names = state_names,
    .event_names = event_names,
    .rows = rows,
    .row_count = COUNT(rows),
    .state_count = COUNT(state_names),
    .event_count = TUNNEL_EVENT_COUNT,
    .failed_event = TUNNEL_FAILED,
    .enter = tunnel_enter,
};

const char *l2tpha_tunnel_state_name(uint8_t state)
{
    return state < COUNT(state_names) ? state_names[state] : "unknown";
}

/* --- entering a state --- */

static void rise(struct l2tpha_tunnel *tunnel, const struct tunnel_input *input)
{
    struct engine *engine = tunnel->engine;

    tunnel_set_half_open(tunnel, false);
    if (tunnel_is_recovery(tunnel))
        return; /* the host hears of the tunnel that it is for */
    tunnel_replace_twins(tunnel);
    tunnel_settle_method(tunnel);
    engine->counters.tunnels_up++;
    tunnel->told = true;
    struct event_item *event = engine_event(engine, L2TPHA_EVENT_TUNNEL_UP, tunnel, NULL);
    if (input->message)
        event_attach_message(engine, event);
    log_line(&engine->log, L2TPHA_LOG_EVENT, tunnel->entry.record.local_id, 0, "tunnel is up");
}

static void tell_down(struct l2tpha_tunnel *tunnel, const struct tunnel_input *input)
{
    struct engine *engine = tunnel->engine;
    struct event_item *event = engine_event(engine, L2TPHA_EVENT_TUNNEL_DOWN, tunnel, NULL);

    if (!event)
        return;
    event->result = tunnel->entry.record.result;
    event->error = tunnel->entry.record.error;
    event->status = input->status;
    event->by_peer = input->by_peer;
    event->successor = input->successor;
    reason_text(input->words, input->reason, event->text, sizeof(event->text));
    if (input->message)
        event_attach_message(engine, event);
}

/* No longer usable: its sessions end at once, whatever is still to be delivered. */
static void fall(struct l2tpha_tunnel *tunnel, const struct tunnel_input *input, bool was_up)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct session_input sessions = {.status = input->status,
                                           .by_peer = input->by_peer,
                                           .words = input->words,
                                           .successor = input->successor,
                                           .reason = input->reason ? input->reason : "tunnel down"};
    char text[INPUT_TEXT];

    tunnel->fell = true;
    if (was_up && !tunnel_is_recovery(tunnel))
        engine->counters.tunnels_down++;
    if (log_wanted(&engine->log, L2TPHA_LOG_EVENT))
        log_line(&engine->log, L2TPHA_LOG_EVENT, record->local_id, 0, "tunnel is down: %s (%u/%u)",
                 reason_text(input->words, input->reason, text, sizeof(text)), record->result,
                 record->error);
    wheel_disarm(engine->wheel, &tunnel->start); /* nothing waits to be said or asked any more */
    session_clear_all(tunnel, &sessions);
    if (tunnel->told)
        tell_down(tunnel, input);
    tunnel_resynced(tunnel);
}

static void leave(struct l2tpha_tunnel *tunnel, uint8_t state)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (state != WAIT_CTL_REPLY)
        return;
    tunnel_leave_calling(tunnel);
    record->flags &= ~(uint32_t)L2TPHA_TUNNEL_TIE_BREAKER;
}

void tunnel_enter(void *object, uint8_t next)
{
    static const struct tunnel_input nothing;
    struct l2tpha_tunnel *tunnel = object;
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct tunnel_input *input = engine->tunnel_input ? engine->tunnel_input : &nothing;
    uint8_t before = record->state;

    log_line(&engine->log, L2TPHA_LOG_FSM, record->local_id, 0, "tunnel: %s -> %s",
             state_names[before], state_names[next]);
    leave(tunnel, before);
    record->state = next;
    if (next == WAIT_CTL_REPLY)
        tunnel_join_calling(tunnel);
    tunnel_note_lingering(tunnel);
    half_open_note(tunnel);
    tunnel_arm(tunnel);
    tunnel_mark(tunnel, DIRTY_FULL);
    if (before == ESTABLISHED && next != ESTABLISHED)
        reorder_drop(engine, &tunnel->channel);
    if (next == ESTABLISHED) {
        rise(tunnel, input);
        start_sessions(tunnel, NULL);
    } else if (next != WAIT_CTL_REPLY && next != WAIT_CTL_CONN && !tunnel->fell) {
        fall(tunnel, input, before == ESTABLISHED);
    }
    if (tunnel_is_recovery(tunnel))
        recovery_entered(engine->failover, tunnel, input->status);
    tunnel_wake_twins(tunnel);
    if (next == IDLE)
        tunnel_die(tunnel);
}

int tunnel_step(struct l2tpha_tunnel *tunnel, uint8_t event, struct tunnel_input *input)
{
    struct engine *engine = tunnel->engine;
    struct tunnel_input *outer = engine->tunnel_input;

    engine->tunnel_input = input;
    int error = fsm_step(&tunnel_fsm, tunnel->entry.record.state, event, tunnel, input);
    engine->tunnel_input = outer;
    if (error == L2TPHA_ERR_UNEXPECTED)
        log_line(&engine->log, L2TPHA_LOG_ERROR, tunnel->entry.record.local_id, 0,
                 "%s is improper in %s", tunnel_fsm.event_names[event],
                 l2tpha_tunnel_state_name(tunnel->entry.record.state));
    return error;
}

/* --- the end --- */

void tunnel_clear(struct l2tpha_tunnel *tunnel, int status, const char *why)
{
    struct engine *engine = tunnel->engine;
    struct tunnel_input *outer = engine->tunnel_input;
    struct tunnel_input input = {.status = status, .reason = why};

    if (tunnel->dying)
        return;
    engine->tunnel_input = &input;
    tunnel_enter(tunnel, L2TPHA_TUNNEL_IDLE);
    engine->tunnel_input = outer;
}

/* `older`: it stands behind `by`, in the order in which they became known here. */
static bool is_outlived(const struct l2tpha_tunnel *twin, const struct l2tpha_tunnel *by,
                        bool older)
{
    if (twin == by || tunnel_is_recovery(twin))
        return false;
    if (!tunnel_is_half_open(twin))
        return true;
    return twin->started == by->started ? older : twin->started < by->started;
}

void tunnel_replace_twins(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_tunnel *twin = twin_first(engine, &record->path.remote, record->remote_id), *next;
    bool older = false;

    tunnel->answered_ms = engine_now_ms(engine);
    tunnel->asked_again = false;
    for (; twin; twin = next) {
        next = twin_next(twin);
        older |= twin == tunnel;
        if (!is_outlived(twin, tunnel, older))
            continue;
        engine->counters.tunnels_replaced += twin->told && !twin->fell;
        tunnel_clear(twin, L2TPHA_ERR_REPLACED, "the peer has begun anew");
    }
}
