/* SPDX-License-Identifier: MIT */
#include "handing.h"
#include "common/app.h"
#include "common/clock.h"
#include "common/control.h"
#include "role.h"

#define DRAIN_US 5000000 /* until all is confirmed */
#define OFFER_US 1000000 /* until the standby accepts */
#define HELD_US 1000000  /* held: after an offer that was not taken; doubled each time, up to */
#define HELD_MAX_US 32000000

bool role_has_handed(const struct app *app)
{
    return app->switchover == SWITCHOVER_HANDED;
}

void handing_complete(struct app *app, const char *why)
{
    control_complete(app->control, CONTROL_SWITCHOVER, why, NULL);
    control_complete(app->control, CONTROL_STANDBY, why, NULL);
}

static void stay_held(struct app *app, const char *why)
{
    (void)l2tpha_hold(app->node, clock_now());
    app->offer_at = clock_now() + app->offer_wait;
    app->offer_wait = app->offer_wait < HELD_MAX_US ? 2 * app->offer_wait : HELD_MAX_US;
    log_say(&app->log, L2TPHA_LOG_RF, "held on: %s", why);
}

void handing_hold(struct app *app)
{
    app->held = true;
    app->offer_at = 0;
    app->offer_wait = HELD_US;
    log_say(&app->log, L2TPHA_LOG_RF, "held: silent, with all it has, until another serves");
    control_complete(app->control, CONTROL_STANDBY, NULL, NULL);
}

/* It goes on with the socket that it has had all the time, unless the address has moved. */
static void take_socket_back(struct app *app)
{
    if (app->udp == NULL)
        return;
    udp_share(app->udp, false);
    if (!udp_is_here(&app->options->listen))
        TALLOC_FREE(app->udp);
}

/* This node serves again, with all it had; unless it was held before, or the address has moved away
 * meanwhile: then whoever has it is yet to serve. */
static void cancel_switchover(struct app *app, const char *why)
{
    bool handed = app->switchover == SWITCHOVER_HANDED, was_held = app->held;
    app->switchover = SWITCHOVER_NONE;
    (void)l2tpha_switchover_cancel(app->node, clock_now()); /* may be cancelled already */
    if (handed) {
        lock_take(&app->lock, app->options);
        ha_keep_listening(app->ha);
        take_socket_back(app);
    }
    const char *unbound = was_held ? NULL : app_open_socket(app);
    if (unbound != NULL)
        handing_hold(app);
    if (app->held)
        stay_held(app, unbound != NULL ? unbound : why);
    else
        app_read(app);
    if (!was_held)
        log_say(&app->log, L2TPHA_LOG_RF, "switchover given up: %s", why);
    handing_complete(app, why);
}

/* Over tcp. What the other does when it is met again says what came of it: it serves, or asks for a
 * copy. */
static const char fate_unknown[] = "handed over, and the stream has ended: silent until the other "
                                   "is met; 'takeover' has this node serve again";

void role_standby_lost(struct app *app, bool is_over)
{
    if (app->step_down) /* its newer epoch was the last thing that it said */
        return;
    if (app->switchover == SWITCHOVER_DRAINING || app->switchover == SWITCHOVER_OFFERED)
        cancel_switchover(app, "the standby is gone");
    else if (app->switchover == SWITCHOVER_HANDED && is_over)
        cancel_switchover(app, "the standby has died without having served");
    else if (app->switchover == SWITCHOVER_HANDED) {
        log_say(&app->log, L2TPHA_LOG_ERROR, "%s", fate_unknown);
        handing_complete(app, fate_unknown);
    }
}

const char *handing_reclaim(struct app *app)
{
    cancel_switchover(app, "the operator has it back");
    if (app->held)
        return "the address is not here: held";
    control_complete(app->control, CONTROL_TAKEOVER, NULL, NULL);
    return NULL;
}

static const char *begin_switchover(struct app *app)
{
    int error = l2tpha_switchover(app->node, clock_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    app->switchover = SWITCHOVER_DRAINING;
    app->switchover_until = clock_now() + DRAIN_US;
    return NULL;
}

const char *role_switchover(struct app *app)
{
    if (app->switchover != SWITCHOVER_NONE)
        return "a switchover is under way";
    if (app->held)
        return "this node is held, and serves nobody";
    const char *why = begin_switchover(app);
    if (why != NULL)
        return why;
    udp_read_stop(app->udp); /* what comes now waits in the socket for the successor */
    app->serving = false;
    return NULL;
}

/* Nobody is served while this node is held: whoever comes to hold all that it has is to serve. */
void handing_settle_held(struct app *app)
{
    if (!app->held || app->switchover != SWITCHOVER_NONE || clock_now() < app->offer_at ||
        role_info(app).role != L2TPHA_ROLE_ACTIVE)
        return;
    (void)l2tpha_release(app->node, clock_now()); /* what was confirmed is polled, to be ready */
    const char *why = begin_switchover(app);
    if (why != NULL)
        stay_held(app, why);
}

static void offer(struct app *app)
{
    int error = ha_hand_over(app->ha);
    if (error != L2TPHA_OK) {
        cancel_switchover(app, l2tpha_strerror(error));
        return;
    }
    app->switchover = SWITCHOVER_OFFERED;
    app->switchover_until = clock_now() + OFFER_US;
}

/* What the standby will need is let go before the word that it is to serve leaves. The address it
 * binds itself over tcp, and this node's socket stays there, unread, until the other serves: were
 * the port free in between, an ICMP port unreachable would end the tunnel at some peers. */
void role_handed(struct app *app)
{
    if (app->switchover != SWITCHOVER_OFFERED)
        return;
    if (app->options->ha_listen.kind == ENDPOINT_TCP) {
        if (app->udp != NULL)
            udp_share(app->udp, true);
    } else {
        ha_stop_listening(app->ha);
        lock_let_go(&app->lock);
    }
    app->switchover = SWITCHOVER_HANDED;
    app->switchover_until = L2TPHA_NEVER;
}

/* Not accepted so far, or the link has ended the offer by itself: nobody takes over upon it. */
static void take_back(struct app *app, const char *why)
{
    (void)ha_take_back(app->ha);
    cancel_switchover(app, why);
}

void handing_settle(struct app *app)
{
    bool is_late = clock_now() >= app->switchover_until;
    if (app->switchover == SWITCHOVER_DRAINING) {
        if (!app->step_down && !role_info(app).handing_over)
            cancel_switchover(app, "the standby is not in sync any more");
        else if (l2tpha_switchover_ready(app->node))
            offer(app);
        else if (is_late)
            cancel_switchover(app, "the standby did not confirm in time");
    } else if (app->switchover == SWITCHOVER_OFFERED && !app->step_down &&
               !role_info(app).handing_over) {
        take_back(app, "the standby lacked something");
    } else if (app->switchover == SWITCHOVER_OFFERED && is_late) {
        take_back(app, "the standby does not answer");
    } else if (app->switchover == SWITCHOVER_HANDED && !app->step_down &&
               !role_info(app).handing_over) {
        cancel_switchover(app, app->declined != 0 ? "the standby could not take over"
                                                  : "the standby did not take over");
    }
}
