/* SPDX-License-Identifier: MIT */
/* l2tpha-lac: an L2TP access concentrator that opens tunnels and calls, sends numbered data frames
 * and reports what became of them. A second one with --role standby takes its calls over when it
 * dies; handles are kept no longer than an event, so what was restored is like what was opened. */
#include "common/app.h"
#include "common/clock.h"
#include "common/data.h"
#include "common/pace.h"

#include <stdlib.h>
#include <string.h>

#define TUNNELS_AT_ONCE 32 /* half open, so that setup does not overrun its peer */
#define CALLS_AT_ONCE 256  /* likewise, without --rate */
#define FRAMES_PER_TURN 1024
#define LAST_ECHO_US 1000000

struct lac_tunnel {
    uint32_t id;
    uint32_t calls; /* asked for so far */
    bool up, down;
    bool dialing;
    size_t place; /* in lac.dial, while dialing */
};

struct lac_call {
    uint32_t tunnel_id;
    uint32_t session_id;
    bool up;
    size_t place; /* in lac.up */
    struct flow flow;
};

struct lac {
    struct app *app;
    void *reign; /* parent of all tunnels and calls */
    uint64_t epoch;
    uint64_t started, stop_at, last_echo_at;
    bool told_up, stopping, finished;
    uint32_t tunnels_half_open, tunnels_up, calls_half_open;
    struct lac_tunnel **dial; /* up, with calls still to be asked for */
    size_t dial_count, dial_next;
    struct lac_call **up;
    size_t up_count, up_next;
    uint64_t awaited; /* frames sent and not yet back */
    struct pace call_pace, frame_pace;
    struct report report;
};

static struct lac *lac_of(struct app *app)
{
    struct lac *lac = app->state;
    lac->app = app;
    return lac;
}

static void set_frame_rate(struct lac *lac)
{
    uint64_t rate = lac->stopping ? 0 : (uint64_t)lac->app->options->data_rate * lac->up_count;
    pace_set(&lac->frame_pace, rate, clock_now());
}

/* ---- calls ---- */

static void call_up(struct lac *lac, struct lac_call *call)
{
    size_t room = talloc_array_length(lac->up);
    if (lac->up_count == room)
        lac->up = talloc_realloc(lac->reign, lac->up, struct lac_call *, 2 * room + 64);
    call->up = true;
    call->place = lac->up_count;
    lac->up[lac->up_count++] = call;
    lac->report.calls_up++;
    set_frame_rate(lac);
}

static void settle_flow(struct lac *lac, struct lac_call *call)
{
    report_add(&lac->report, &call->flow, clock_now());
    lac->awaited -= call->flow.sent - call->flow.received;
    memset(&call->flow, 0, sizeof(call->flow));
}

static void call_down(struct lac *lac, struct lac_call *call)
{
    if (call->up) {
        settle_flow(lac, call);
        lac->up[call->place] = lac->up[--lac->up_count];
        lac->up[call->place]->place = call->place;
        set_frame_rate(lac);
        lac->report.calls_lost += !lac->finished;
    } else {
        lac->calls_half_open--;
        lac->report.calls_failed += !lac->finished;
    }
    talloc_free(call);
}

static void call_restored(struct lac *lac, struct l2tpha_session *session)
{
    struct l2tpha_session_record record = {.size = sizeof(record)};
    struct lac_call *call = talloc_zero(lac->reign, struct lac_call);
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

/* A call asked for by the tunnel, or not; a failure counts as a call that did not come up. */
static int open_call(struct lac *lac, struct lac_tunnel *tunnel, uint64_t now)
{
    struct l2tpha_session *session;
    struct lac_call *call = talloc_zero(lac->reign, struct lac_call);
    struct l2tpha_session_options options = {.size = sizeof(options),
                                             .call = L2TPHA_CALL_INCOMING,
                                             .user = call,
                                             .framing = 1,
                                             .tx_speed = 100000000};
    struct l2tpha_tunnel *handle = l2tpha_tunnel_find(lac->app->node, tunnel->id);
    int error = handle != NULL ? l2tpha_session_open(handle, &options, now, &session)
                               : L2TPHA_ERR_NOT_FOUND;
    if (error != L2TPHA_OK) {
        talloc_free(call);
        return error;
    }
    call->tunnel_id = tunnel->id;
    call->session_id = l2tpha_session_id(session);
    lac->calls_half_open++;
    return L2TPHA_OK;
}

/* ---- tunnels ---- */

static void dial_add(struct lac *lac, struct lac_tunnel *tunnel)
{
    size_t room = talloc_array_length(lac->dial);
    if (tunnel->calls >= lac->app->options->sessions)
        return;
    if (lac->dial_count == room)
        lac->dial = talloc_realloc(lac->reign, lac->dial, struct lac_tunnel *, 2 * room + 64);
    tunnel->dialing = true;
    tunnel->place = lac->dial_count;
    lac->dial[lac->dial_count++] = tunnel;
}

static void dial_remove(struct lac *lac, struct lac_tunnel *tunnel)
{
    if (!tunnel->dialing)
        return;
    tunnel->dialing = false;
    lac->dial[tunnel->place] = lac->dial[--lac->dial_count];
    lac->dial[tunnel->place]->place = tunnel->place;
}

static void tunnel_up(struct lac *lac, struct lac_tunnel *tunnel)
{
    tunnel->up = true;
    lac->tunnels_up++;
    dial_add(lac, tunnel);
}

/* It stays the user of its sessions' last events until it is gone. */
static void tunnel_down(struct lac *lac, struct lac_tunnel *tunnel)
{
    if (tunnel->down)
        return;
    tunnel->down = true;
    if (tunnel->up)
        lac->tunnels_up--;
    else
        lac->tunnels_half_open--;
    lac->report.tunnels_lost += !lac->finished;
    dial_remove(lac, tunnel);
}

static void tunnel_restored(struct lac *lac, const struct l2tpha_event *event)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    if (event->tunnel == NULL)
        return;
    l2tpha_tunnel_get(event->tunnel, &record);
    if (record.state > L2TPHA_TUNNEL_ESTABLISHED)
        return;
    struct lac_tunnel *tunnel = talloc_zero(lac->reign, struct lac_tunnel);
    tunnel->id = event->tunnel_id;
    tunnel->calls = l2tpha_tunnel_sessions(event->tunnel);
    l2tpha_tunnel_set_user(event->tunnel, tunnel);
    lac->report.tunnels++;
    if (record.state == L2TPHA_TUNNEL_ESTABLISHED)
        tunnel_up(lac, tunnel);
    else
        lac->tunnels_half_open++;
    for (struct l2tpha_session *session = NULL;
         (session = l2tpha_session_next(event->tunnel, session)) != NULL;)
        call_restored(lac, session);
}

static int open_tunnel(struct lac *lac, uint64_t now)
{
    struct l2tpha_tunnel *handle;
    struct lac_tunnel *tunnel = talloc_zero(lac->reign, struct lac_tunnel);
    struct l2tpha_tunnel_options options = {.size = sizeof(options), .user = tunnel};
    options.path.remote = lac->app->options->connect;
    int error = l2tpha_tunnel_open(lac->app->node, &options, now, &handle);
    if (error != L2TPHA_OK) {
        talloc_free(tunnel);
        return error;
    }
    tunnel->id = l2tpha_tunnel_id(handle);
    lac->tunnels_half_open++;
    return L2TPHA_OK;
}

static void on_tunnel(struct lac *lac, const struct l2tpha_event *event)
{
    struct lac_tunnel *tunnel = talloc_get_type(event->user, struct lac_tunnel);
    if (tunnel == NULL)
        return;
    if (event->kind == L2TPHA_EVENT_TUNNEL_UP && !tunnel->up) {
        lac->tunnels_half_open--;
        tunnel_up(lac, tunnel);
    } else if (event->kind != L2TPHA_EVENT_TUNNEL_UP) {
        tunnel_down(lac, tunnel);
    }
    if (event->kind == L2TPHA_EVENT_TUNNEL_GONE)
        talloc_free(tunnel);
}

static void on_call(struct lac *lac, const struct l2tpha_event *event)
{
    struct lac_call *call = talloc_get_type(event->user, struct lac_call);
    if (call == NULL)
        return;
    if (event->kind == L2TPHA_EVENT_SESSION_DOWN) {
        call_down(lac, call);
    } else if (!call->up) {
        lac->calls_half_open--;
        call_up(lac, call);
    }
}

static void on_event(struct app *app, const struct l2tpha_event *event)
{
    struct lac *lac = lac_of(app);
    if (lac->reign == NULL) /* the first word of a takeover */
        lac->reign = talloc_new(app);
    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_RESTORED:
        tunnel_restored(lac, event);
        break;
    case L2TPHA_EVENT_TUNNEL_UP:
    case L2TPHA_EVENT_TUNNEL_DOWN:
    case L2TPHA_EVENT_TUNNEL_GONE:
        on_tunnel(lac, event);
        break;
    case L2TPHA_EVENT_SESSION_UP:
    case L2TPHA_EVENT_SESSION_DOWN:
        on_call(lac, event);
        break;
    default:
        break;
    }
}

/* ---- data ---- */

static void on_frame(struct app *app, const struct l2tpha_frame *frame)
{
    struct lac *lac = lac_of(app);
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

/* ---- the plan ---- */

static void open_tunnels(struct lac *lac, uint64_t now)
{
    while (lac->tunnels_half_open < TUNNELS_AT_ONCE &&
           lac->report.tunnels < lac->app->options->tunnels) {
        lac->report.tunnels++;
        int error = open_tunnel(lac, now);
        if (error != L2TPHA_OK) {
            lac->report.tunnels_lost++;
            log_say(&lac->app->log, L2TPHA_LOG_ERROR, "tunnel: %s", l2tpha_strerror(error));
        }
    }
}

static bool may_call(struct lac *lac, uint64_t now)
{
    if (lac->dial_count == 0)
        return false;
    return lac->app->options->rate > 0 ? pace_due(&lac->call_pace, now)
                                       : lac->calls_half_open < CALLS_AT_ONCE;
}

static void open_calls(struct lac *lac, uint64_t now)
{
    while (may_call(lac, now)) {
        struct lac_tunnel *tunnel = lac->dial[lac->dial_next++ % lac->dial_count];
        int error = open_call(lac, tunnel, now);
        if (error == L2TPHA_ERR_QUEUE_FULL)
            return; /* the tunnel has enough to do; it is asked again */
        lac->report.calls_asked++;
        if (error != L2TPHA_OK) {
            lac->report.calls_failed++;
            log_about(&lac->app->log, L2TPHA_LOG_ERROR, tunnel->id, 0, "call: %s",
                      l2tpha_strerror(error));
        }
        if (++tunnel->calls >= lac->app->options->sessions)
            dial_remove(lac, tunnel);
    }
}

static void send_frames(struct lac *lac, uint64_t now)
{
    for (int i = 0; i < FRAMES_PER_TURN && lac->up_count > 0; i++) {
        if (!pace_due(&lac->frame_pace, now))
            return;
        send_frame(lac, lac->up[lac->up_next++ % lac->up_count], now);
    }
}

static void stop(struct app *app)
{
    struct lac *lac = lac_of(app);
    if (lac->stopping)
        return;
    app->stopping = lac->stopping = true;
    set_frame_rate(lac);
    lac->last_echo_at = clock_now() + LAST_ECHO_US;
}

static void tell_progress(struct lac *lac)
{
    const struct options *options = lac->app->options;
    if (!lac->told_up && lac->tunnels_up == options->tunnels &&
        lac->up_count == (size_t)options->tunnels * options->sessions) {
        lac->told_up = true;
        app_tell("all up: %u tunnels, %zu calls", lac->tunnels_up, lac->up_count);
    }
    if (lac->report.tunnels >= options->tunnels && lac->tunnels_up + lac->tunnels_half_open == 0) {
        app_tell("no tunnel is left");
        stop(lac->app);
    }
}

/* Whether something is still to come: echoes, or answers to what was asked. */
static bool is_waiting(const struct lac *lac)
{
    return lac->awaited + lac->tunnels_half_open + lac->calls_half_open > 0;
}

/* The last echoes and answers have had their time. */
static void finish(struct lac *lac)
{
    lac->finished = true;
    lac->report.tunnels_lost += lac->tunnels_half_open;
    lac->report.calls_failed += lac->calls_half_open;
    for (size_t i = 0; i < lac->up_count; i++)
        settle_flow(lac, lac->up[i]);
    app_leave(lac->app);
}

static void on_expire(struct app *app, uint64_t now)
{
    struct lac *lac = lac_of(app);
    if (lac->finished)
        return;
    if (now >= lac->stop_at)
        stop(app);
    if (lac->stopping) {
        if (!is_waiting(lac) || now >= lac->last_echo_at)
            finish(lac);
        return;
    }
    open_tunnels(lac, now);
    open_calls(lac, now);
    send_frames(lac, now);
    tell_progress(lac);
}

static uint64_t deadline(struct app *app)
{
    struct lac *lac = lac_of(app);
    if (lac->finished)
        return L2TPHA_NEVER;
    if (lac->stopping)
        return lac->last_echo_at;
    uint64_t due = lac->stop_at, call = pace_deadline(&lac->call_pace);
    uint64_t frame = lac->up_count > 0 ? pace_deadline(&lac->frame_pace) : L2TPHA_NEVER;
    if (lac->dial_count > 0 && call < due)
        due = call;
    return frame < due ? frame : due;
}

static void serve(struct app *app)
{
    struct lac *lac = lac_of(app);
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    uint64_t now = clock_now();
    l2tpha_redundancy_get(app->node, &info);
    lac->epoch = info.epoch;
    lac->stop_at = app->options->duration_s == 0
                       ? L2TPHA_NEVER
                       : lac->started + app->options->duration_s * UINT64_C(1000000);
    if (lac->reign == NULL)
        lac->reign = talloc_new(app);
    pace_set(&lac->call_pace, app->options->rate, now);
}

/* Another node has the calls now; what was counted of them stays. */
static void yield(struct app *app)
{
    struct lac *lac = lac_of(app);
    for (size_t i = 0; i < lac->up_count; i++)
        settle_flow(lac, lac->up[i]);
    TALLOC_FREE(lac->reign);
    lac->dial = NULL;
    lac->up = NULL;
    lac->dial_count = lac->up_count = 0;
    lac->tunnels_half_open = lac->tunnels_up = lac->calls_half_open = 0;
    lac->report.tunnels = lac->report.calls_asked = lac->report.calls_up = 0;
}

static void active_left(struct app *app)
{
    app_tell("the active has left: nothing to go on with");
    app_quit(app, EXIT_SUCCESS);
}

static int left(struct app *app)
{
    struct lac *lac = lac_of(app);
    const struct report *report = &lac->report;
    lac->report.control_gap_us = gap_longest(&app->control_gap, clock_now());
    report_print(report, app->options->report_json, tell_stream());
    return report->calls_lost + report->calls_failed + report->tunnels_lost > 0;
}

static const struct app_program program = {
    .program = PROGRAM_LAC,
    .serve = serve,
    .yield = yield,
    .event = on_event,
    .frame = on_frame,
    .deadline = deadline,
    .expire = on_expire,
    .stop = stop,
    .active_left = active_left,
    .left = left,
};

int main(int argc, char **argv)
{
    struct lac lac = {.started = clock_now(), .stop_at = L2TPHA_NEVER};
    return app_main(&program, argc, argv, &lac);
}
