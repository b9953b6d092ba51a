/* SPDX-License-Identifier: MIT */
/* The state of a tunnel: the one place that writes it, whichever machine runs the tunnel, and what
 * follows from it for everybody else. */
#include "dispatch/tunnel_state.h"

#include "base/assert.h"
#include "control/duplicate.h"
#include "control/event.h"
#include "control/half_open.h"
#include "control/linger.h"
#include "control/opening.h"
#include "control/reorder.h"
#include "control/tunnel_policy.h"
#include "dispatch/duplicates.h"
#include "dispatch/session_state.h"
#include "dispatch/tunnel_end.h"
#include "failover/recovery_input.h"

const char *const tunnel_state_names[TUNNEL_STATES] = {
    [L2TPHA_TUNNEL_IDLE] = "idle",
    [L2TPHA_TUNNEL_WAIT_CTL_REPLY] = "wait-ctl-reply",
    [L2TPHA_TUNNEL_WAIT_CTL_CONN] = "wait-ctl-conn",
    [L2TPHA_TUNNEL_ESTABLISHED] = "established",
    [L2TPHA_TUNNEL_STOPPING] = "stopping",
    [L2TPHA_TUNNEL_STOPPED] = "stopped",
};

const char *l2tpha_tunnel_state_name(uint8_t state)
{
    return state < TUNNEL_STATES ? tunnel_state_names[state] : "unknown";
}

/* `older`: it stands behind `by`, in the order in which they became known here. */
static bool is_outlived(const struct l2tpha_tunnel *duplicate, const struct l2tpha_tunnel *by,
                        bool older)
{
    if (duplicate == by || tunnel_is_recovery(duplicate))
        return false;
    if (!tunnel_is_half_open(duplicate))
        return true;
    return duplicate->started == by->started ? older : duplicate->started < by->started;
}

/* The peer has no use for the others that are older. */
static void replace_duplicates(struct l2tpha_tunnel *tunnel)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct l2tpha_tunnel *duplicate =
                             duplicate_first(engine, &record->path.remote, record->remote_id),
                         *next;
    bool older = false;

    tunnel->answered_ms = engine_now_ms(engine);
    tunnel->asked_again = false;
    for (; duplicate; duplicate = next) {
        next = duplicate_next(duplicate);
        older |= duplicate == tunnel;
        if (!is_outlived(duplicate, tunnel, older))
            continue;
        engine->counters.tunnels_replaced += duplicate->announced && !duplicate->down_told;
        machine_clear(duplicate, L2TPHA_ERR_REPLACED, "the peer has begun anew");
    }
}

static void rise(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
{
    struct engine *engine = tunnel->engine;

    tunnel_set_half_open(tunnel, false);
    if (tunnel_is_recovery(tunnel))
        return; /* the host hears of the tunnel that it is for */
    replace_duplicates(tunnel);
    tunnel_fix_method(tunnel);
    engine->counters.tunnels_up++;
    tunnel->announced = true;
    struct event_item *event = engine_event(engine, L2TPHA_EVENT_TUNNEL_UP, tunnel, NULL);
    if (input->message)
        event_attach_message(engine, event);
    log_line(&engine->log, L2TPHA_LOG_EVENT, tunnel->entry.record.local_id, 0, "tunnel is up");
}

static void tell_down(struct l2tpha_tunnel *tunnel, const struct machine_input *input)
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
static void go_down(struct l2tpha_tunnel *tunnel, const struct machine_input *input, bool was_up)
{
    struct engine *engine = tunnel->engine;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct machine_input sessions = {.status = input->status,
                                           .by_peer = input->by_peer,
                                           .words = input->words,
                                           .successor = input->successor,
                                           .quiet = input->quiet,
                                           .reason = input->reason ? input->reason : "tunnel down"};
    char text[MACHINE_TEXT];

    tunnel->down_told = true;
    if (was_up && !tunnel_is_recovery(tunnel))
        engine->counters.tunnels_down++;
    if (log_wanted(&engine->log, L2TPHA_LOG_EVENT))
        log_line(&engine->log, L2TPHA_LOG_EVENT, record->local_id, 0, "tunnel is down: %s (%u/%u)",
                 reason_text(input->words, input->reason, text, sizeof(text)), record->result,
                 record->error);
    wheel_disarm(engine->wheel, &tunnel->start); /* nothing waits to be said or asked any more */
    session_end_all(tunnel, &sessions);
    if (tunnel->announced && !input->quiet)
        tell_down(tunnel, input);
    tunnel_resynced(tunnel);
    recovery_old_closed(tunnel);
}

static void leave(struct l2tpha_tunnel *tunnel, uint8_t state)
{
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    if (state != L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        return;
    tunnel_leave_opening(tunnel);
    record->flags &= ~(uint32_t)L2TPHA_TUNNEL_TIE_BREAKER;
}

void tunnel_set_state(struct l2tpha_tunnel *tunnel, uint8_t next, const struct machine_input *input)
{
    struct engine *engine = tunnel->engine;
    struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint8_t before = record->state;

    ASSERT(&engine->log, !tunnel->dying && next < TUNNEL_STATES);
    ASSERT(&engine->log, next == L2TPHA_TUNNEL_IDLE || next >= before); /* none goes back */
    log_line(&engine->log, L2TPHA_LOG_FSM, record->local_id, 0, "tunnel: %s -> %s",
             l2tpha_tunnel_state_name(before), l2tpha_tunnel_state_name(next));
    leave(tunnel, before);
    record->state = next;
    if (next == L2TPHA_TUNNEL_WAIT_CTL_REPLY)
        tunnel_join_opening(tunnel);
    tunnel_note_lingering(tunnel);
    half_open_note(tunnel);
    tunnel_arm(tunnel);
    tunnel_mark(tunnel, DIRTY_FULL);
    if (before == L2TPHA_TUNNEL_ESTABLISHED && next != L2TPHA_TUNNEL_ESTABLISHED)
        reorder_drop(engine, &tunnel->channel);
    if (next == L2TPHA_TUNNEL_ESTABLISHED) {
        rise(tunnel, input);
        machine_of(tunnel)->established(tunnel);
    } else if (next != L2TPHA_TUNNEL_WAIT_CTL_REPLY && next != L2TPHA_TUNNEL_WAIT_CTL_CONN &&
               !tunnel->down_told) {
        go_down(tunnel, input, before == L2TPHA_TUNNEL_ESTABLISHED);
    }
    if (tunnel_is_recovery(tunnel))
        recovery_tunnel_changed(engine->failover, tunnel, input->status);
    tunnel_wake_duplicates(tunnel);
    /* Nothing of all that has set another. */
    ASSERT(&engine->log, record->state == next && !tunnel->dying);
    if (next == L2TPHA_TUNNEL_IDLE)
        tunnel_die(tunnel);
}
