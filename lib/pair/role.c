/* SPDX-License-Identifier: MIT */
#include "role.h"
#include "common/app.h"
#include "common/clock.h"
#include "common/control.h"
#include "handing.h"
#include "lock.h"
#include "common/tell.h"

#include <stdlib.h>

#define LOOK_US 1500000 /* --role auto over tcp: who else is there? */
#define RETRY_US 100000 /* and over unix */
#define LOCK_US 200000  /* between two tries for the lock */

struct l2tpha_redundancy_info role_info(const struct app *app)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    l2tpha_redundancy_get(app->node, &info);
    return info;
}

bool role_is_standby(const struct app *app)
{
    switch (role_info(app).role) {
    case L2TPHA_ROLE_STANDBY_COLD:
    case L2TPHA_ROLE_STANDBY_BULK:
    case L2TPHA_ROLE_STANDBY_HOT:
    case L2TPHA_ROLE_OUT_OF_SYNC:
    case L2TPHA_ROLE_UNHEARD:
    case L2TPHA_ROLE_CUT_OFF:
        return true;
    default:
        return false;
    }
}

static bool has_link(const struct app *app)
{
    struct l2tpha_link_info link = {.size = sizeof(link)};
    return ha_info(app->ha, &link) && link.up;
}

uint64_t role_behind_us(const struct app *app)
{
    return role_info(app).role == L2TPHA_ROLE_STANDBY_HOT ? 0 : clock_now() - app->hot_at;
}

static bool is_fresh(const struct app *app)
{
    return role_behind_us(app) <= app->options->fresh_ms * UINT64_C(1000);
}

/* ---- becoming active ---- */

/* The node is active and has a socket. */
static void serve(struct app *app)
{
    char text[ADDRESS_TEXT_MAX];
    struct l2tpha_address bound;
    app->looking = app->held = false;
    lock_take(&app->lock, app->options);
    lock_note(app->options, role_info(app).epoch);
    app_serve(app);
    udp_address(app->udp, &bound);
    tell("listening on %s role active epoch %llu", address_text(&bound, text),
         (unsigned long long)role_info(app).epoch);
}

static const char *start_standby(struct app *app)
{
    const char *why = app_make_node(app, true);
    if (why != NULL)
        return why;
    tell("waiting for the active role standby");
    app->began = clock_now();
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
    if (why != NULL)
        return why;
    serve(app);
    if (app->options->ha_connect.kind == ENDPOINT_TCP)
        ha_connect(app->ha); /* whoever serves there must not serve beside this node */
    return NULL;
}

/* Is nobody there who serves, or who holds what was served? */
static const char *start_looking(struct app *app)
{
    bool tcp = app->options->ha_connect.kind == ENDPOINT_TCP;
    app->looking = true;
    app->look_at = clock_now() + (tcp ? LOOK_US : 0);
    const char *why = start_standby(app);
    if (why == NULL && tcp)
        ha_keep_listening(app->ha);
    return why;
}

const char *role_start(struct app *app)
{
    const struct options *options = app->options;
    if (options->insecure)
        log_say(&app->log, L2TPHA_LOG_RF,
                "--ha-insecure: whoever reaches --ha-listen can read all secrets, change state and "
                "end this node's epoch");
    if (options->ha_listen.kind == ENDPOINT_TCP && !options->rank_given)
        log_say(&app->log, L2TPHA_LOG_RF,
                "--rank is not given: two nodes promoted at once may take the same epoch");
    switch (options->role) {
    case ROLE_STANDBY:
        return start_standby(app);
    case ROLE_AUTO:
        return start_looking(app);
    default:
        return start_active(app);
    }
}

static const char *take_over(struct app *app, enum l2tpha_trust trust, const char *cause)
{
    if (!role_is_standby(app))
        return "this node is no standby";
    bool inherited = app->udp != NULL;
    const char *why = app_open_socket(app);
    if (why != NULL)
        return why;
    int error = l2tpha_takeover_as(app->node, app->next_epoch, trust, clock_now());
    app->next_epoch = 0;
    if (error != L2TPHA_OK) {
        if (!inherited)
            TALLOC_FREE(app->udp); /* whoever serves needs the address */
        return l2tpha_strerror(error);
    }
    log_say(&app->log, L2TPHA_LOG_RF, "taking over: %s", cause);
    app->last_switchover_wall = clock_wall();
    ha_keep_listening(app->ha); /* whoever steps down is to follow at once: nobody protects this */
    ha_promoted(app->ha);       /* an old active that lives hears the new epoch first */
    app_drain(app);
    serve(app);
    return NULL;
}

/* Taking over by itself: nobody is there to be answered. NULL, or why not. */
static const char *try_to_take_over(struct app *app, enum l2tpha_trust trust, const char *cause)
{
    const char *why = take_over(app, trust, cause);
    if (why != NULL)
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot take over (%s): %s", cause, why);
    return why;
}

/* Over tcp a node that cannot be reached may serve: only one that answers says that it does not. */
static bool may_take_the_role(struct app *app, const char **why)
{
    struct ha_other other;
    ha_look(app->ha, &other);
    *why = NULL;
    if (app->options->ha_connect.kind != ENDPOINT_TCP)
        return other.refused && lock_take(&app->lock, app->options);
    if (other.holds)
        *why = "the other node holds what was served last: 'takeover' there, or here";
    else if (!other.refused && !other.looks)
        *why = "the other node cannot be reached, and may serve: 'takeover' makes this one serve";
    return *why == NULL && (other.refused || app->options->rank < other.rank);
}

/* Over tcp the old active keeps the address until this node serves: whoever it has counted on must
 * not be told that nobody is there. */
static bool take_what_is_given(struct app *app)
{
    bool inherited = app->udp != NULL;
    if (!inherited) /* if it cannot be had, that is told below */
        app->udp = udp_open_beside(app, &app->options->listen);
    const char *why = try_to_take_over(app, L2TPHA_TRUST_EXACT, "planned switchover");
    if (why != NULL && !inherited)
        TALLOC_FREE(app->udp); /* what comes is for the old one's again */
    return why == NULL;
}

/* It follows nobody, and nobody could go on from what it holds; over unix also when that may be
 * stale, for there it can be known that nobody else has more. */
static bool may_look(const struct app *app)
{
    bool unsure = app->options->ha_connect.kind == ENDPOINT_UNIX && !app->options->takeover_manual;
    return role_is_standby(app) && app->switchover == SWITCHOVER_NONE && !has_link(app) &&
           (unsure || !role_info(app).whole);
}

/* Whoever was followed is gone, and this node could not take over. */
static void look_again(struct app *app)
{
    bool tcp = app->options->ha_connect.kind == ENDPOINT_TCP;
    struct ha_other past;
    if (app->options->role != ROLE_AUTO || app->looking || !may_look(app))
        return;
    ha_look(app->ha, &past); /* what is met from now on counts */
    app->looking = true;
    app->look_told = false;
    app->look_at = clock_now() + (tcp ? LOOK_US : RETRY_US);
    if (tcp)
        ha_keep_listening(app->ha);
}

/* Nobody has what this node lacks: the dead are dead, and what they knew is settled by RFC 4951 or
 * closed. */
static void serve_what_is_left(struct app *app)
{
    if (try_to_take_over(app, L2TPHA_TRUST_STALE, "nobody serves, and the copy may be behind") ==
        NULL)
        return;
    lock_let_go(&app->lock);
    app->look_at = clock_now() + LOOK_US;
}

static void go_on_looking(struct app *app)
{
    bool tcp = app->options->ha_connect.kind == ENDPOINT_TCP;
    const char *why;
    uint64_t now = clock_now();
    if (!may_look(app)) {
        app->looking = false; /* there is somebody to follow */
        return;
    }
    if (now < app->look_at)
        return;
    app->look_at = now + (tcp ? LOOK_US : RETRY_US);
    if (!may_take_the_role(app, &why)) {
        if (why != NULL && !app->look_told)
            log_say(&app->log, L2TPHA_LOG_RF, "--role auto: %s", why);
        app->look_told = why != NULL;
        return;
    }
    if (role_info(app).whole) {
        serve_what_is_left(app);
        return;
    }
    ha_disconnect(app->ha, false);
    TALLOC_FREE(app->node);
    why = start_active(app);
    if (why == NULL)
        return;
    /* Somebody else has the address: whoever that is serves, or will. */
    log_say(&app->log, L2TPHA_LOG_RF, "--role auto: %s; looking on", why);
    TALLOC_FREE(app->udp);
    TALLOC_FREE(app->node);
    lock_let_go(&app->lock);
    why = start_looking(app);
    app->look_at = now + LOOK_US;
    if (why != NULL)
        app_quit(app, EXIT_FAILURE);
}

/* How far the copy is to be believed when the operator says so. Over unix the active tells before
 * it goes on alone, so a stream without such a word is exact, however long it has been silent. */
static enum l2tpha_trust operators_trust(struct app *app, bool stale)
{
    enum l2tpha_role role = role_info(app).role;
    bool in_sync = role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD;
    if ((in_sync && ha_is_exact(app->ha)) || (app->exact && role == L2TPHA_ROLE_CUT_OFF))
        return L2TPHA_TRUST_EXACT;
    if (role == L2TPHA_ROLE_STANDBY_COLD && !has_link(app))
        return L2TPHA_TRUST_EMPTY;
    if (!stale)
        return app->behind && role != L2TPHA_ROLE_STANDBY_HOT ? L2TPHA_TRUST_STALE
                                                              : L2TPHA_TRUST_AUTO;
    return role_info(app).whole ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EMPTY;
}

static const char *const stale_words =
    "the copy may be behind what was served: 'takeover --stale' recovers what RFC 4951 can, and "
    "clears the rest";

static const char *takeover_by_command(struct app *app)
{
    enum l2tpha_trust trust = operators_trust(app, app->stale);
    if (trust == L2TPHA_TRUST_STALE && !app->stale)
        return stale_words;
    const char *why = take_over(app, trust, "operator");
    return why != NULL && why == l2tpha_strerror(L2TPHA_ERR_STALE) ? stale_words : why;
}

static void end_takeover(struct app *app, const char *why)
{
    app->switchover = SWITCHOVER_NONE;
    app->next_epoch = 0;
    if (why != NULL)
        log_say(&app->log, L2TPHA_LOG_RF, "no takeover: %s", why);
    control_complete(app->control, CONTROL_TAKEOVER, why, NULL);
}

static const char *serve_again(struct app *app)
{
    const char *why = app_open_socket(app);
    if (why != NULL)
        return why;
    (void)l2tpha_release(app->node, clock_now());
    serve(app);
    control_complete(app->control, CONTROL_TAKEOVER, NULL, NULL);
    return NULL;
}

/* Over tcp: one that begins has nothing, and the other, a round trip away, may have it all. */
static bool is_too_early(const struct app *app)
{
    return app->options->ha_connect.kind == ENDPOINT_TCP && !has_link(app) &&
           role_info(app).role == L2TPHA_ROLE_STANDBY_COLD && !ha_was_refused(app->ha) &&
           clock_now() - app->began < LOOK_US;
}

const char *role_take_over(struct app *app, bool stale)
{
    if (role_has_handed(app) && !has_link(app))
        return handing_reclaim(app);
    if (app->switchover != SWITCHOVER_NONE)
        return role_is_standby(app) ? "a takeover is under way" : "a switchover is under way";
    if (app->held)
        return serve_again(app);
    if (!role_is_standby(app))
        return "this node is no standby";
    if (is_too_early(app))
        return "the other node is being looked for: again in a second";
    app->stale = stale;
    uint64_t newest = role_info(app).epoch, noted = lock_epoch(app->options);
    app->next_epoch = l2tpha_epoch_next(noted > newest ? noted : newest, app->options->rank);
    if (has_link(app)) {
        if (app->udp == NULL && !udp_is_here(&app->options->listen))
            return "the address of --listen is not here, and the active lives";
        if (!stale && !role_info(app).whole)
            return "the copy is not complete, and the active lives";
        if (ha_announce(app->ha, app->next_epoch, stale) == L2TPHA_OK) {
            app->switchover = SWITCHOVER_ANNOUNCED;
            app->switchover_until = clock_now() + app->options->commit_timeout_ms * UINT64_C(1000);
            return NULL;
        }
    }
    const char *why = takeover_by_command(app);
    if (why == NULL)
        end_takeover(app, NULL);
    return why;
}

/* ---- the active is lost ---- */

/* No stream, and the socket is of no use: nobody would ever read it, and the active could not be
 * started again. It stays only where an operator may still want to go on from a complete copy. The
 * next stream brings it anew. */
static void let_go(struct app *app)
{
    enum l2tpha_role role = role_info(app).role;
    bool complete = role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_CUT_OFF;
    if (!complete || app->behind || !app->options->takeover_manual)
        TALLOC_FREE(app->udp);
}

static void take_over_after(struct app *app, enum ha_farewell farewell)
{
    if (farewell != HA_DEATH_BEHIND)
        (void)try_to_take_over(app, L2TPHA_TRUST_EXACT,
                               farewell == HA_LEFT ? "the active has left" : "the active is dead");
    else if (is_fresh(app))
        (void)try_to_take_over(app, L2TPHA_TRUST_STALE,
                               "the active is dead, and had gone on alone shortly before");
    else
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot take over: %s", stale_words);
}

void role_active_lost(struct app *app, enum ha_farewell farewell)
{
    enum l2tpha_role role = role_info(app).role;
    if (role == L2TPHA_ROLE_OUT_OF_SYNC || role == L2TPHA_ROLE_STANDBY_BULK)
        farewell = farewell == HA_DEATH ? HA_DEATH_BEHIND : farewell;
    app->behind = farewell == HA_DEATH_BEHIND || farewell == HA_ABANDONED;
    app->exact = farewell == HA_DEATH; /* whoever takes over, and however late */
    if (farewell == HA_ABANDONED)
        log_say(&app->log, L2TPHA_LOG_RF, "the active goes on alone: no takeover");
    if (farewell == HA_LEFT && app->program->active_left != NULL)
        app->program->active_left(app);
    bool is_over = farewell != HA_UNKNOWN && farewell != HA_ABANDONED;
    if (app->switchover == SWITCHOVER_ANNOUNCED)
        app->switchover_until = clock_now(); /* nobody is left to answer */
    else if (!app->quit && !app->options->takeover_manual && is_over)
        take_over_after(app, farewell);
    if (!app->quit && !app->serving && app->switchover == SWITCHOVER_NONE)
        let_go(app);
}

void role_link_failed(struct app *app)
{
    if (app->switchover == SWITCHOVER_NONE)
        let_go(app);
}

void role_asked_to_serve(struct app *app)
{
    app->asked_to_serve = true;
}

void role_yielded(struct app *app)
{
    app->yielded = true;
}

void role_superseded(struct app *app)
{
    app->step_down = true;
}

void role_declined(struct app *app, int why)
{
    app->declined = why;
}

/* Another node serves: this one begins anew as a standby, or leaves when it may not be one. */
static void step_down(struct app *app)
{
    const char *why = NULL;
    app->step_down = app->held = app->behind = app->looking = false;
    app->switchover = SWITCHOVER_NONE;
    ha_stop_listening(app->ha);
    ha_disconnect(app->ha, false);
    app_yield(app);
    TALLOC_FREE(app->udp);
    lock_let_go(&app->lock);
    log_say(&app->log, L2TPHA_LOG_RF, "stepped down: a newer epoch serves");
    handing_complete(app, NULL);
    if (app->options->ha_connect.kind == ENDPOINT_NONE) {
        tell("leaving: without --ha-connect there is no active to be a standby of");
        app_quit(app, EXIT_SUCCESS);
        return;
    }
    TALLOC_FREE(app->node);
    why = start_standby(app);
    if (why != NULL) {
        log_say(&app->log, L2TPHA_LOG_ERROR, "cannot become a standby: %s", why);
        app_quit(app, EXIT_FAILURE);
    }
    if (app->options->role == ROLE_AUTO && app->options->ha_connect.kind == ENDPOINT_TCP)
        ha_keep_listening(app->ha);
}

/* ---- words of the operator and of cluster managers ---- */

const char *role_standby(struct app *app)
{
    struct l2tpha_redundancy_info info = role_info(app);
    if (app->options->ha_connect.kind == ENDPOINT_NONE)
        return "without --ha-connect there is nobody to follow";
    if (role_is_standby(app) || app->held || (role_has_handed(app) && !has_link(app))) {
        control_complete(app->control, CONTROL_STANDBY, NULL, NULL);
        return NULL;
    }
    if (app->switchover != SWITCHOVER_NONE)
        return NULL; /* what is under way tells */
    if (info.role == L2TPHA_ROLE_FENCED) {
        app->step_down = true;
        return NULL;
    }
    if (info.role == L2TPHA_ROLE_ACTIVE)
        return role_switchover(app);
    /* Nobody holds what this node does. It is silent from now on, and follows once another serves.
     */
    int error = l2tpha_hold(app->node, clock_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    udp_read_stop(app->udp);
    app->serving = false;
    handing_hold(app);
    return NULL;
}

const char *role_fence(struct app *app)
{
    struct l2tpha_redundancy_info info = role_info(app);
    if (info.role == L2TPHA_ROLE_FENCED || role_is_standby(app))
        return NULL; /* it serves nobody */
    int error =
        l2tpha_fence(app->node, l2tpha_epoch_next(info.epoch, app->options->rank), clock_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    app->switchover = SWITCHOVER_NONE;
    app->held = false;
    ha_stop_listening(app->ha);
    ha_let_go(app->ha); /* as if dead: a standby in sync may take over */
    app_yield(app);
    TALLOC_FREE(app->udp);
    lock_let_go(&app->lock);
    handing_complete(app, "this node was fenced");
    tell("fenced");
    return NULL;
}

const char *role_shutdown(struct app *app)
{
    app_stop(app);
    return NULL;
}

/* ---- the loop ---- */

/* By itself, since somebody else has fenced it: as good as dead, and it has said that it is. */
static void active_stopped(struct app *app)
{
    role_active_lost(app, HA_DEATH);
}

/* The link counts only time in which this node has read all that came. */
static bool is_unanswered(struct app *app)
{
    struct l2tpha_link_info link = {.size = sizeof(link)};
    if (ha_info(app->ha, &link) && link.up)
        return link.unanswered;
    return clock_now() >= app->switchover_until;
}

static void settle_takeover(struct app *app)
{
    bool asked = app->asked_to_serve && !app->quit; /* who leaves is seen to have left */
    app->asked_to_serve = false;
    if (asked && !take_what_is_given(app))
        (void)ha_decline(app->ha, L2TPHA_ERR_HOST);
    else if (asked && app->switchover == SWITCHOVER_ANNOUNCED)
        end_takeover(app, NULL); /* both ends were told the same */
    if (app->switchover != SWITCHOVER_ANNOUNCED) {
        if (app->yielded && role_is_standby(app))
            active_stopped(app);
        return;
    }
    if (app->yielded)
        end_takeover(app, app->stale ? takeover_by_command(app)
                                     : take_over(app, L2TPHA_TRUST_EXACT, "operator"));
    else if (app->declined != 0)
        end_takeover(app, "the active lives and has what this copy has not");
    else if (is_unanswered(app))
        end_takeover(app, takeover_by_command(app));
    else if (clock_now() >= app->switchover_until)
        app->switchover_until = clock_now() + RETRY_US;
}

/* A predecessor that is dying, or was stopped, may have it still. */
static bool lacks_lock(const struct app *app)
{
    return app->serving && app->lock.fd < 0 && app->options->ha_listen.kind == ENDPOINT_UNIX;
}

static void settle_lock(struct app *app)
{
    if (!lacks_lock(app) || clock_now() < app->lock_at)
        return;
    (void)lock_take(&app->lock, app->options);
    app->lock_at = clock_now() + LOCK_US;
}

void role_settle(struct app *app)
{
    if (role_info(app).role == L2TPHA_ROLE_STANDBY_HOT) {
        app->hot_at = clock_now();
        app->behind = app->exact = false;
    }
    settle_takeover(app);
    if (!app->quit)
        handing_settle(app);
    app->yielded = false;
    app->declined = 0;
    if (app->step_down)
        step_down(app);
    if (app->quit)
        return;
    settle_lock(app);
    handing_settle_held(app);
    look_again(app);
    if (app->looking)
        go_on_looking(app);
}

uint64_t role_deadline(const struct app *app)
{
    if (app->step_down || app->asked_to_serve || app->yielded)
        return 0;
    uint64_t due = app->looking ? app->look_at : L2TPHA_NEVER;
    if (lacks_lock(app))
        due = app->lock_at;
    if (app->held && app->switchover == SWITCHOVER_NONE &&
        role_info(app).role == L2TPHA_ROLE_ACTIVE)
        due = app->offer_at;
    if (app->switchover != SWITCHOVER_NONE && app->switchover_until < due)
        due = app->switchover_until;
    return due;
}
