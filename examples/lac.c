/* SPDX-License-Identifier: MIT */
/* l2tpha-lac: an L2TP access concentrator that opens tunnels and calls, sends numbered data frames
 * and reports what became of them. A second one with --role standby takes its calls over when it
 * dies; handles are kept no longer than an event, so what was restored is like what was opened. */
#include "lac.h"
#include "common/clock.h"

#include <stdlib.h>

#define LAST_ECHO_US 1000000

static struct lac *lac_of(struct app *app)
{
    struct lac *lac = app->state;
    lac->app = app;
    return lac;
}

/* Of a takeover: --duration is counted from the first node that dialled for the pair. */
static void set_stop(struct lac *lac)
{
    uint64_t duration = lac->app->options->duration_s * UINT64_C(1000000);
    uint64_t now_wall = clock_wall();
    if (lac->began_wall == 0) /* by this one */
        lac->began_wall = now_wall;
    uint64_t gone = now_wall > lac->began_wall ? now_wall - lac->began_wall : 0;
    lac->stop_at = L2TPHA_NEVER;
    if (duration > 0)
        lac->stop_at = clock_now() + (gone < duration ? duration - gone : 0);
}

static void on_event(struct app *app, const struct l2tpha_event *event)
{
    struct lac *lac = lac_of(app);
    if (lac->objects == NULL) /* the first word of a takeover */
        lac->objects = talloc_new(app);
    switch (event->kind) {
    case L2TPHA_EVENT_TUNNEL_RESTORED:
        lac_tunnel_restored(lac, event);
        set_stop(lac);
        break;
    case L2TPHA_EVENT_TUNNEL_UP:
    case L2TPHA_EVENT_TUNNEL_DOWN:
    case L2TPHA_EVENT_TUNNEL_GONE:
        lac_on_tunnel(lac, event);
        break;
    case L2TPHA_EVENT_TAKEOVER_DONE:
        lac->untold = false;
        break;
    case L2TPHA_EVENT_TUNNEL_UNRESPONSIVE:
        lac_silence_begin(lac, clock_now());
        break;
    case L2TPHA_EVENT_SESSION_UP:
    case L2TPHA_EVENT_SESSION_DOWN:
        lac_on_call(lac, event);
        break;
    default:
        break;
    }
}

static void on_frame(struct app *app, const struct l2tpha_frame *frame)
{
    lac_on_frame(lac_of(app), frame);
}

/* ---- the plan ---- */

static void stop(struct app *app)
{
    struct lac *lac = lac_of(app);
    if (lac->stopping)
        return;
    app->stopping = lac->stopping = true;
    lac_set_frame_rate(lac);
    lac->last_echo_at = clock_now() + LAST_ECHO_US;
}

static void tell_progress(struct lac *lac)
{
    const struct options *options = lac->app->options;
    if (!lac->told_up && lac->standing == options->tunnels &&
        lac->up_count == (size_t)options->tunnels * options->sessions) {
        lac->told_up = true;
        app_tell("all up: %u tunnels, %zu calls", lac->tunnels_up, lac->up_count);
    }
    if (lac->report.tunnels >= options->tunnels &&
        lac->tunnels_up + lac->tunnels_half_open + lac->redials.count == 0) {
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
    lac->report.tunnels_lost += lac_unsettled_tunnels(lac);
    lac->report.calls_failed += lac->calls_half_open;
    for (size_t i = 0; i < lac->up_count; i++)
        lac_settle_flow(lac, lac->up[i]);
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
    lac_open_tunnels(lac, now);
    lac_open_calls(lac, now);
    lac_send_frames(lac, now);
    lac_silence_look(lac, now);
    tell_progress(lac);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t deadline(struct app *app)
{
    struct lac *lac = lac_of(app);
    if (lac->finished)
        return L2TPHA_NEVER;
    if (lac->stopping)
        return lac->last_echo_at;
    uint64_t frame = lac->up_count > 0 ? pace_deadline(&lac->frame_pace) : L2TPHA_NEVER;
    uint64_t due = earlier(lac->stop_at, frame);
    due = earlier(due, earlier(lac_redial_deadline(lac), lac_call_deadline(lac)));
    return lac->silence.since != 0 ? earlier(due, lac->silence.tell_at) : due;
}

static void serve(struct app *app)
{
    struct lac *lac = lac_of(app);
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    uint64_t now = clock_now();
    l2tpha_redundancy_get(app->node, &info);
    lac->epoch = info.epoch;
    lac->untold = info.resyncing > 0 && lac->tunnels_up + lac->tunnels_half_open == 0;
    set_stop(lac);
    udp_watch(app->udp);
    if (lac->objects == NULL)
        lac->objects = talloc_new(app);
    pace_set(&lac->call_pace, app->options->rate, now);
}

/* Another node has the calls now; what was counted of them stays. */
static void yield(struct app *app)
{
    struct lac *lac = lac_of(app);
    for (size_t i = 0; i < lac->up_count; i++)
        lac_settle_flow(lac, lac->up[i]);
    TALLOC_FREE(lac->objects);
    lac->dial = NULL;
    lac->up = NULL;
    lac->redials = lac->recalls = (struct retry_line){0};
    lac->silence = (struct lac_silence){0};
    lac->dial_count = lac->up_count = 0;
    lac->tunnels_half_open = lac->tunnels_up = lac->standing = lac->calls_half_open = 0;
    lac->told_up = lac->untold = false;
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
    struct lac lac = {.stop_at = L2TPHA_NEVER};
    return app_main(&program, argc, argv, &lac);
}
