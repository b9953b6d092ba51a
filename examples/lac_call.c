/* SPDX-License-Identifier: MIT */
/* The calls of l2tpha-lac and their numbered data frames. */
#include "common/clock.h"
#include "common/data.h"
#include "common/refusal.h"
#include "lac.h"

#include <string.h>

#define CALLS_AT_ONCE 256 /* half open, without --rate */
#define FRAMES_PER_TURN 1024

void lac_set_frame_rate(struct lac *lac)
{
    uint64_t rate = lac->stopping ? 0 : (uint64_t)lac->app->options->data_rate * lac->up_count;
    pace_set(&lac->frame_pace, rate, clock_now());
}

/* ---- calls ---- */

static void call_up(struct lac *lac, struct lac_call *call)
{
    size_t room = talloc_array_length(lac->up);
    if (lac->up_count == room)
        lac->up = talloc_realloc(lac->objects, lac->up, struct lac_call *, 2 * room + 64);
    call->up = true;
    call->place = lac->up_count;
    lac->up[lac->up_count++] = call;
    lac->report.calls_up++;
    lac_set_frame_rate(lac);
}

void lac_settle_flow(struct lac *lac, struct lac_call *call)
{
    report_add(&lac->report, &call->flow, clock_now());
    lac->awaited -= call->flow.sent - call->flow.received;
    memset(&call->flow, 0, sizeof(call->flow));
}

/* One of the tunnel's calls has come to nothing or ended. It is placed again, in the same tunnel
 * where that lives, and together with all that end before its time has come. */
static void hold_call(struct lac *lac, struct lac_tunnel *tunnel, uint32_t pause_s)
{
    if (pause_s == 0)
        return;
    tunnel->calls -= tunnel->calls > 0;
    tunnel->held++;
    tunnel->again++;
    retry_later(lac->objects, &lac->recalls, &tunnel->call, pause_s, clock_now());
}

static void call_down(struct lac *lac, struct lac_call *call)
{
    if (call->up) {
        lac_settle_flow(lac, call);
        lac->up[call->place] = lac->up[--lac->up_count];
        lac->up[call->place]->place = call->place;
        lac_set_frame_rate(lac);
        lac->told_up = false;
        lac->report.calls_lost += !lac->finished;
    } else {
        lac->calls_half_open--;
        lac->report.calls_failed += !lac->finished;
    }
    talloc_free(call);
}

void lac_call_restored(struct lac *lac, struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct lac_call *call = talloc_zero(lac->objects, struct lac_call);
    l2tpha_session_get(session, &record);
    call->tunnel_id = record.tunnel_id;
    call->session_id = record.local_id;
    l2tpha_session_set_user(session, call);
    lac->report.calls_asked++;
    if (record.state == L2TPHA_SESSION_ESTABLISHED)
        call_up(lac, call);
    else
        lac->calls_half_open++;
}

static int open_call(struct lac *lac, struct lac_tunnel *tunnel, struct l2tpha_tunnel *handle,
                     uint64_t now)
{
    struct l2tpha_session *session;
    struct lac_call *call = talloc_zero(lac->objects, struct lac_call);
    struct l2tpha_session_options options = {.size = sizeof(options),
                                             .call = L2TPHA_CALL_INCOMING,
                                             .user = call,
                                             .framing = 1,
                                             .tx_speed = 100000000};
    int error = lac_mark(lac, tunnel, handle, now);
    if (error == L2TPHA_OK)
        error = l2tpha_session_open(handle, &options, now, &session);
    if (error != L2TPHA_OK) {
        talloc_free(call);
        return error;
    }
    call->tunnel_id = tunnel->id;
    call->session_id = l2tpha_session_id(session);
    lac->calls_half_open++;
    return L2TPHA_OK;
}

static void call_over(struct lac *lac, struct lac_call *call, const struct l2tpha_event *event)
{
    struct lac_tunnel *tunnel = l2tpha_tunnel_user(event->tunnel);
    bool final = refusal_of_call_is_final(event->result, event->error);
    bool proved = call->up;
    call_down(lac, call);
    if (tunnel != NULL)
        hold_call(lac, tunnel, lac_redial_s(lac, proved, final));
}

void lac_on_call(struct lac *lac, const struct l2tpha_event *event)
{
    struct lac_call *call = talloc_get_type(event->user, struct lac_call);
    struct lac_tunnel *tunnel = l2tpha_tunnel_user(event->tunnel);
    if (call == NULL)
        return;
    if (event->kind == L2TPHA_EVENT_SESSION_DOWN) {
        call_over(lac, call, event);
    } else if (!call->up) {
        lac->calls_half_open--;
        call_up(lac, call);
        if (tunnel != NULL)
            tunnel->call.failures = 0;
    }
}

/* ---- placing them ---- */

static bool may_call(struct lac *lac, uint64_t now)
{
    if (lac->dial_count == 0)
        return false;
    return lac->app->options->rate > 0 ? pace_due(&lac->call_pace, now)
                                       : lac->calls_half_open < CALLS_AT_ONCE;
}

static bool is_over(struct l2tpha_tunnel *handle)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    if (handle != NULL)
        l2tpha_tunnel_get(handle, &record);
    return handle == NULL || record.state >= L2TPHA_TUNNEL_STOPPING;
}

/* False when the tunnel has enough to do, or the node rests; it is asked again. A failure counts as
 * a call that did not come up. A tunnel may be over that the events do not say so of yet. */
static bool place_call(struct lac *lac, struct lac_tunnel *tunnel, uint64_t now)
{
    struct l2tpha_tunnel *handle = l2tpha_tunnel_find(lac->app->node, tunnel->id);
    if (is_over(handle)) {
        lac_dial_remove(lac, tunnel);
        return true;
    }
    int error = open_call(lac, tunnel, handle, now);
    if (error == L2TPHA_ERR_QUEUE_FULL || error == L2TPHA_ERR_STATE)
        return false;
    lac->report.calls_asked++;
    lac->report.calls_redialed += tunnel->again > 0;
    tunnel->again -= tunnel->again > 0;
    tunnel->calls++;
    if (error != L2TPHA_OK) {
        lac->report.calls_failed++;
        log_about(&lac->app->log, L2TPHA_LOG_ERROR, tunnel->id, 0, "call: %s",
                  l2tpha_strerror(error));
        hold_call(lac, tunnel, lac_redial_s(lac, false, false));
    }
    if (!lac_wants_calls(lac, tunnel))
        lac_dial_remove(lac, tunnel);
    return true;
}

void lac_open_calls(struct lac *lac, uint64_t now)
{
    struct lac_tunnel *tunnel;
    while ((tunnel = retry_due(&lac->recalls, now)) != NULL) {
        tunnel->held = 0;
        lac_dial_add(lac, tunnel);
    }
    while (may_call(lac, now))
        if (!place_call(lac, lac->dial[lac->dial_next++ % lac->dial_count], now))
            return;
}

uint64_t lac_call_deadline(const struct lac *lac)
{
    uint64_t due = retry_deadline(&lac->recalls), call = pace_deadline(&lac->call_pace);
    return lac->dial_count > 0 && call < due ? call : due;
}

/* ---- data ---- */

void lac_on_frame(struct lac *lac, const struct l2tpha_frame *frame)
{
    struct data_frame data;
    struct lac_call *call = talloc_get_type(l2tpha_session_user(frame->session), struct lac_call);
    if (call == NULL || !data_decode(frame->payload, frame->len, &data) ||
        data.epoch != lac->epoch || data.tunnel_id != call->tunnel_id ||
        data.session_id != call->session_id)
        return;
    uint64_t before = call->flow.received;
    if (flow_receive(&call->flow, data.number, clock_now()))
        lac->awaited -= call->flow.received - before;
}

static void send_frame(struct lac *lac, struct lac_call *call, uint64_t now)
{
    uint8_t payload[DATA_FRAME_SIZE];
    struct l2tpha_session *session =
        l2tpha_session_find(lac->app->node, call->tunnel_id, call->session_id);
    if (session == NULL)
        return; /* its end is about to be told */
    struct data_frame data = {.epoch = lac->epoch,
                              .tunnel_id = call->tunnel_id,
                              .session_id = call->session_id,
                              .number = call->flow.sent,
                              .sent_us = now};
    data_encode(&data, payload);
    if (app_send_data(lac->app, session, payload, sizeof(payload)) != L2TPHA_OK)
        return;
    flow_send(&call->flow, now);
    lac->awaited++;
}

void lac_send_frames(struct lac *lac, uint64_t now)
{
    for (int i = 0; i < FRAMES_PER_TURN && lac->up_count > 0; i++) {
        if (!pace_due(&lac->frame_pace, now))
            return;
        send_frame(lac, lac->up[lac->up_next++ % lac->up_count], now);
    }
}
