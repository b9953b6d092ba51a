/* SPDX-License-Identifier: MIT */
#include "role.h"
#include "app.h"
#include "clock.h"
#include "control.h"

#include <stdlib.h>

#define SWITCHOVER_US 5000000

bool role_is_standby(const struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    return info.role >= L2TPHA_ROLE_STANDBY_COLD && info.role <= L2TPHA_ROLE_OUT_OF_SYNC;
}

static uint64_t epoch_of(const struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    return info.epoch;
}

/* The node is active and has a socket. */
static void serve(struct app *app)
{
    char text[ADDRESS_TEXT_MAX];
    struct l2tpha_address bound;
    app_serve(app);
    udp_address(app->udp, &bound);
    app_tell("listening on %s role active epoch %llu", address_text(&bound, text),
             (unsigned long long)epoch_of(app));
}

static const char *start_standby(struct app *app)
{
    const char *why = app_make_node(app, true);
    if (why != NULL)
        return why;
    app_tell("waiting for the active role standby");
    ha_connect(app->ha);
    return NULL;
}

static const char *start_active(struct app *app)
{
    char listen[ADDRESS_TEXT_MAX], ha[ENDPOINT_TEXT_MAX];
    address_text(&app->options->listen, listen);
    endpoint_text(&app->options->ha_listen, ha);
    const char *why = app_make_node(app, false);
    if (why == NULL)
        why = app_blame(app, "listen", listen, app_open_socket(app));
    if (why == NULL)
        why = app_blame(app, "ha-listen", ha, ha_listen(app->ha));
    if (why == NULL)
        serve(app);
    return why;
}

const char *role_start(struct app *app)
{
    return app->options->standby ? start_standby(app) : start_active(app);
}

const char *role_take_over(struct app *app, const char *cause)
{
    if (!role_is_standby(app))
        return "this node is no standby";
    bool inherited = app->udp != NULL;
    const char *why = app_open_socket(app);
    if (why != NULL)
        return why;
    int error = l2tpha_takeover(app->node, epoch_of(app) + 1, clock_now());
    if (error != L2TPHA_OK) {
        if (!inherited)
            TALLOC_FREE(app->udp); /* whoever serves needs the address */
        return l2tpha_strerror(error);
    }
    log_say(&app->log, L2TPHA_LOG_RF, "taking over: %s", cause);
    app->last_switchover_wall = clock_wall();
    app_drain(app);                /* peers first */
    ha_disconnect(app->ha, false); /* an old active that lives hears the new epoch */
    serve(app);
    ha_keep_listening(app->ha);
    return NULL;
}

/* Taking over by itself: nobody is there to be answered. */
static void try_to_take_over(struct app *app, const char *cause)
{
    const char *why = role_take_over(app, cause);
    if (why != NULL)
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot take over (%s): %s", cause, why);
}

/* No stream, and the socket is of no use: nobody would ever read it, and the active could not be
 * started again. It stays only where an operator may still want to go on from a complete copy. The
 * next stream brings it anew. */
static void let_go(struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    if (info.role != L2TPHA_ROLE_STANDBY_HOT || !app->options->takeover_manual)
        TALLOC_FREE(app->udp);
}

/* The replica falls behind from now on: better to hold nothing than to take over what is stale. */
static void forget_replica(struct app *app)
{
    TALLOC_FREE(app->udp);
    TALLOC_FREE(app->node);
    const char *why = app_make_node(app, true);
    if (why == NULL)
        return;
    log_say(&app->log, L2TPHA_LOG_ERROR, "cannot start anew as a standby: %s", why);
    app_quit(app, EXIT_FAILURE);
}

void role_active_lost(struct app *app, enum ha_farewell farewell)
{
    if (farewell == HA_ABANDONED) {
        log_say(&app->log, L2TPHA_LOG_RF, "the active goes on alone: no takeover");
        forget_replica(app);
        return;
    }
    if (farewell == HA_LEFT && app->program->active_left != NULL)
        app->program->active_left(app);
    if (!app->quit && !app->options->takeover_manual && farewell != HA_UNKNOWN)
        try_to_take_over(app, farewell == HA_LEFT ? "the active has left" : "the active is dead");
    if (!app->quit && !app->serving)
        let_go(app);
}

void role_link_failed(struct app *app)
{
    let_go(app);
}

void role_asked_to_serve(struct app *app)
{
    app->asked_to_serve = true;
}

void role_superseded(struct app *app)
{
    app->step_down = true;
}

static void cancel_switchover(struct app *app, const char *why)
{
    app->switchover = SWITCHOVER_NONE;
    (void)l2tpha_switchover_cancel(app->node, clock_now()); /* may be cancelled already */
    if (app->udp != NULL)
        app_read(app);
    else
        app_quit(app, EXIT_FAILURE); /* somebody else has bound the address meanwhile */
    log_say(&app->log, L2TPHA_LOG_RF, "switchover given up: %s", why);
    control_answer(app->control, why);
}

void role_standby_lost(struct app *app)
{
    if (app->switchover == SWITCHOVER_DRAINING)
        cancel_switchover(app, "the standby is gone");
    else if (app->switchover == SWITCHOVER_HANDED)
        app->step_down = true;
}

const char *role_switchover(struct app *app)
{
    if (app->switchover != SWITCHOVER_NONE)
        return "a switchover is under way";
    int error = l2tpha_switchover(app->node, clock_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    udp_read_stop(app->udp); /* what comes now waits in the socket for the successor */
    app->serving = false;
    app->switchover = SWITCHOVER_DRAINING;
    app->switchover_until = clock_now() + SWITCHOVER_US;
    return NULL;
}

/* Everything is confirmed. What the standby will need is let go before it is told. */
static void hand_over(struct app *app)
{
    ha_stop_listening(app->ha);
    if (app->options->ha_listen.kind == ENDPOINT_TCP)
        TALLOC_FREE(app->udp); /* the standby binds the address itself */
    int error = ha_hand_over(app->ha);
    if (error == L2TPHA_OK) {
        app->switchover = SWITCHOVER_HANDED;
        app->switchover_until = clock_now() + SWITCHOVER_US;
        return;
    }
    const char *why = app_open_socket(app);
    if (why != NULL)
        log_say(&app->log, L2TPHA_LOG_ERROR, "after a failed switchover: %s", why);
    ha_keep_listening(app->ha);
    cancel_switchover(app, l2tpha_strerror(error));
}

/* Another node serves: this one begins anew as a standby, or leaves when it may not be one. */
static void step_down(struct app *app)
{
    const char *why = NULL;
    app->step_down = false;
    app->switchover = SWITCHOVER_NONE;
    ha_stop_listening(app->ha);
    ha_disconnect(app->ha, false);
    app_yield(app);
    TALLOC_FREE(app->udp);
    log_say(&app->log, L2TPHA_LOG_RF, "stepped down: a newer epoch serves");
    control_answer(app->control, NULL);
    if (app->options->ha_connect.kind == ENDPOINT_NONE) {
        app_tell("leaving: without --ha-connect there is no active to be a standby of");
        app_quit(app, EXIT_SUCCESS);
        return;
    }
    TALLOC_FREE(app->node);
    why = start_standby(app);
    if (why != NULL) {
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot become a standby: %s", why);
        app_quit(app, EXIT_FAILURE);
    }
}

void role_settle(struct app *app)
{
    if (app->asked_to_serve) {
        app->asked_to_serve = false;
        try_to_take_over(app, "planned switchover");
    }
    if (app->switchover == SWITCHOVER_DRAINING) {
        if (l2tpha_switchover_ready(app->node))
            hand_over(app);
        else if (clock_now() >= app->switchover_until)
            cancel_switchover(app, "the standby did not confirm in time");
    } else if (app->switchover == SWITCHOVER_HANDED && clock_now() >= app->switchover_until) {
        app->step_down = true;
    }
    if (app->step_down)
        step_down(app);
}

uint64_t role_deadline(const struct app *app)
{
    if (app->step_down || app->asked_to_serve)
        return 0;
    return app->switchover == SWITCHOVER_NONE ? L2TPHA_NEVER : app->switchover_until;
}
