/* SPDX-License-Identifier: MIT */
#include "role.h"
#include "handing.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links.h"
#include "looking.h"
#include "pair.h"
#include "replacing.h"
#include "serving.h"
#include "succession.h"
#include "taking.h"

#define RETRY_US 100000
#define LOCK_US 500 /* between two tries for the lock; doubled each time, up to */
#define LOCK_MAX_US 200000

static bool is_fresh(const struct l2tpha_pair *pair)
{
    return behind_us(pair) <= config_of(pair)->fresh_ms * UINT64_C(1000);
}

static const char *start(struct l2tpha_pair *pair)
{
    if (leasing_is_used(pair))
        return taking_start(pair);
    switch (pair->options.role) {
    case L2TPHA_PAIR_STANDBY:
        return serving_follow(pair);
    case L2TPHA_PAIR_AUTO:
        return looking_start(pair);
    default:
        return serving_start(pair);
    }
}

const char *role_start(struct l2tpha_pair *pair)
{
    const char *why;
    if (pair->options.insecure && pair->keys == NULL)
        say(pair, L2TPHA_LOG_RF,
            "--ha-insecure: whoever reaches --ha-listen, or is on the way to --ha-connect, can "
            "read all secrets, change state and end this node's epoch");
    why = start(pair);
    if (why == NULL && pair->listen.kind == ENDPOINT_TCP &&
        config_of(pair)->rank == L2TPHA_RANK_NONE)
        say(pair, L2TPHA_LOG_RF,
            "--rank is not given: two nodes promoted at once may take the same epoch");
    return why;
}

/* Over tcp the old active keeps the address until this node serves: whoever it has counted on must
 * not be told that nobody is there. */
static bool take_what_is_given(struct l2tpha_pair *pair)
{
    bool inherited = has_socket(pair);
    if (!inherited) /* if it cannot be had, that is told below */
        (void)open_socket(pair, true);
    const char *why = serving_try(pair, L2TPHA_TRUST_EXACT, "planned switchover");
    if (why != NULL && !inherited)
        close_socket(pair); /* what comes is for the old one's again */
    return why == NULL;
}

/* How far the copy is to be believed when the operator says so. Over unix the active tells before
 * it goes on alone, so a stream without such a word is exact, however long it has been silent. */
static enum l2tpha_trust operators_trust(struct l2tpha_pair *pair, bool stale)
{
    enum l2tpha_role role = info_of(pair).role;
    if (pair->ungated && info_of(pair).whole)
        return L2TPHA_TRUST_STALE;
    bool in_sync = role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_UNHEARD;
    if ((in_sync && links_is_exact(pair->links)) || has_exact_copy(pair))
        return L2TPHA_TRUST_EXACT;
    if (role == L2TPHA_ROLE_STANDBY_COLD && !links_are_up(pair->links))
        return L2TPHA_TRUST_EMPTY;
    if (!stale)
        return pair->behind && role != L2TPHA_ROLE_STANDBY_HOT ? L2TPHA_TRUST_STALE
                                                               : L2TPHA_TRUST_AUTO;
    return info_of(pair).whole ? L2TPHA_TRUST_STALE : L2TPHA_TRUST_EMPTY;
}

static const char *const stale_words =
    "the copy may be behind what was served: 'takeover --stale' recovers what RFC 4951 can, and "
    "clears the rest";

static const char *takeover_by_command(struct l2tpha_pair *pair)
{
    enum l2tpha_trust trust = operators_trust(pair, pair->stale);
    if (trust == L2TPHA_TRUST_STALE && !pair->stale)
        return stale_words;
    const char *why = serving_take_over(pair, trust, "operator");
    return why != NULL && why == l2tpha_strerror(L2TPHA_ERR_STALE) ? stale_words : why;
}

static void end_takeover(struct l2tpha_pair *pair, const char *why)
{
    if (leasing_is_used(pair)) {
        taking_end_order(pair, why);
        return;
    }
    pair->switchover = SWITCHOVER_NONE;
    pair->next_epoch = 0;
    if (why != NULL)
        say(pair, L2TPHA_LOG_RF, "no takeover: %s", why);
    complete(pair, L2TPHA_PAIR_TAKEOVER, why);
}

static const char *serve_again(struct l2tpha_pair *pair)
{
    const char *why = open_socket(pair, false);
    if (why != NULL)
        return why;
    (void)l2tpha_release(pair->node, l2tpha_pair_now());
    serving_begin(pair, L2TPHA_PAIR_SERVES);
    complete(pair, L2TPHA_PAIR_TAKEOVER, NULL);
    return NULL;
}

/* Over tcp: one that begins has nothing, and the other, a round trip away, may have it all. */
static bool is_too_early(const struct l2tpha_pair *pair)
{
    return pair->connect.kind == ENDPOINT_TCP && !links_are_up(pair->links) &&
           info_of(pair).role == L2TPHA_ROLE_STANDBY_COLD && !links_was_refused(pair->links) &&
           l2tpha_pair_now() - pair->began < LOOKING_US;
}

/* With a lease that was given back: once that is had again. */
static const char *serve_held(struct l2tpha_pair *pair)
{
    if (!leasing_is_used(pair) || leasing_has(pair, L2TPHA_LEASE_HELD))
        return serve_again(pair);
    const char *why = taking_order(pair, false);
    if (why == NULL)
        (void)leasing_return(pair); /* or it is asked for already */
    return why;
}

const char *role_take_over(struct l2tpha_pair *pair, bool stale)
{
    if (replaces(pair) && is_standby(pair))
        return "a successor serves by itself when its copy is whole";
    if (has_handed(pair) && !links_are_up(pair->links) && !leasing_is_used(pair))
        return handing_reclaim(pair);
    if (pair->switchover != SWITCHOVER_NONE)
        return is_standby(pair) ? "a takeover is under way" : "a switchover is under way";
    if (pair->held)
        return serve_held(pair);
    if (!is_standby(pair))
        return "this node is no standby";
    pair->stale = stale;
    if (leasing_is_used(pair))
        return taking_order(pair, stale);
    if (is_too_early(pair))
        return "the other node is being looked for: again in a second";
    if (links_are_up(pair->links)) {
        if (!has_socket(pair) && !address_is_here(&pair->options.address))
            return "the address of --listen is not here, and the active lives";
        if (!stale && !info_of(pair).whole)
            return "the copy is not complete, and the active lives";
    }
    if (serving_announce(pair))
        return NULL;
    const char *why = takeover_by_command(pair);
    if (why == NULL)
        end_takeover(pair, NULL);
    return why;
}

/* ---- the active is lost ---- */

/* No stream, and the socket is of no use: nobody would ever read it, and the active could not be
 * started again. It stays only where an operator may still want to go on from a complete copy. The
 * next stream brings it anew. */
static void let_go(struct l2tpha_pair *pair)
{
    enum l2tpha_role role = info_of(pair).role;
    bool complete = role == L2TPHA_ROLE_STANDBY_HOT || role == L2TPHA_ROLE_CUT_OFF;
    if (replaces(pair)) /* this node serves before long, or ends */
        return;
    if (!complete || pair->behind || !pair->options.takeover_manual)
        close_socket(pair);
}

static void take_over_after(struct l2tpha_pair *pair, enum farewell farewell)
{
    if (farewell != FAREWELL_DEATH_BEHIND)
        (void)serving_try(pair, L2TPHA_TRUST_EXACT,
                          farewell == FAREWELL_LEFT ? "the active has left" : "the active is dead");
    else if (is_fresh(pair) && !succession_has_better(pair))
        (void)serving_try(pair, L2TPHA_TRUST_STALE,
                          "the active is dead, and had gone on alone shortly before");
    else
        say(pair, L2TPHA_LOG_ERROR, "cannot take over: %s", stale_words);
}

static void active_lost(struct l2tpha_pair *pair, enum farewell farewell)
{
    enum l2tpha_role role = info_of(pair).role;
    if (role == L2TPHA_ROLE_OUT_OF_SYNC || role == L2TPHA_ROLE_STANDBY_BULK)
        farewell = farewell == FAREWELL_DEATH ? FAREWELL_DEATH_BEHIND : farewell;
    pair->behind = farewell == FAREWELL_DEATH_BEHIND || farewell == FAREWELL_ABANDONED;
    pair->exact = farewell == FAREWELL_DEATH; /* whoever takes over, and however late */
    if (farewell == FAREWELL_ABANDONED)
        say(pair, L2TPHA_LOG_RF, "the active goes on alone: no takeover");
    if (farewell == FAREWELL_LEFT)
        tell_event(pair, L2TPHA_PAIR_LEFT);
    bool is_over =
        farewell != FAREWELL_UNKNOWN && farewell != FAREWELL_ABANDONED && !leasing_is_used(pair);
    taking_look(pair);
    if (pair->switchover == SWITCHOVER_ANNOUNCED)
        pair->switchover_until = l2tpha_pair_now(); /* nobody is left to answer */
    else if (!pair->ending && !pair->options.takeover_manual && is_over)
        take_over_after(pair, farewell);
    if (!pair->ending && !pair->reads && pair->switchover == SWITCHOVER_NONE)
        let_go(pair);
}

static void link_failed(struct l2tpha_pair *pair)
{
    if (pair->switchover == SWITCHOVER_NONE)
        let_go(pair);
}

static void asked_to_serve(struct l2tpha_pair *pair)
{
    pair->asked_to_serve = true;
}

/* It knows whom it has stopped for; where there is a third node, not the one that has asked. */
static void active_stopped(struct l2tpha_pair *pair)
{
    pair->other_stopped = pair->others.count == 1 || pair->switchover == SWITCHOVER_ANNOUNCED;
}

static void superseded(struct l2tpha_pair *pair)
{
    succession_note(pair);
    pair->step_down = true;
}

static void declined(struct l2tpha_pair *pair, int why)
{
    pair->declined = why;
}

/* Another node serves: this one begins anew as a standby, or leaves when it may not be one. */
static void step_down(struct l2tpha_pair *pair)
{
    const char *why = NULL;
    pair->step_down = pair->held = pair->behind = pair->looking = pair->taking.fenced = false;
    pair->switchover = SWITCHOVER_NONE;
    links_stop_listening(pair->links);
    links_disconnect(pair->links, false);
    serving_stop(pair);
    close_socket(pair);
    lock_let_go(&pair->lock);
    say(pair, L2TPHA_LOG_RF, "stepped down: a newer epoch serves");
    handing_complete(pair, NULL);
    if (pair->connect.kind == ENDPOINT_NONE || replaces(pair)) {
        end_pair(pair, true);
        return;
    }
    leasing_end(pair);
    free_node(pair);
    why = serving_follow(pair);
    if (why != NULL) {
        say(pair, L2TPHA_LOG_ERROR, "cannot become a standby: %s", why);
        end_pair(pair, false);
    }
    if (pair->options.role == L2TPHA_PAIR_AUTO && pair->connect.kind == ENDPOINT_TCP &&
        !leasing_is_used(pair))
        links_keep_listening(pair->links);
}

/* ---- words of the operator and of cluster managers ---- */

const char *role_standby(struct l2tpha_pair *pair)
{
    struct l2tpha_redundancy_info info = info_of(pair);
    if (replaces(pair))
        return "there is no other node: a successor is to be started";
    if (pair->connect.kind == ENDPOINT_NONE)
        return "without --ha-connect there is nobody to follow";
    if (is_standby(pair) || pair->held || (has_handed(pair) && !links_are_up(pair->links))) {
        complete(pair, L2TPHA_PAIR_STAND_BY, NULL);
        return NULL;
    }
    if (pair->switchover != SWITCHOVER_NONE)
        return NULL; /* what is under way tells */
    if (info.role == L2TPHA_ROLE_FENCED) {
        pair->step_down = true;
        return NULL;
    }
    if (handing_is_possible(pair))
        return handing_begin(pair);
    /* Nobody holds what this node does. It is silent from now on, and follows once another serves.
     */
    int error = leasing_is_used(pair) ? leasing_leave(pair) /* another one may serve */
                                      : l2tpha_hold(pair->node, l2tpha_pair_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    pair->reads = false;
    handing_hold(pair);
    return NULL;
}

const char *role_fence(struct l2tpha_pair *pair)
{
    struct l2tpha_redundancy_info info = info_of(pair);
    if (info.role == L2TPHA_ROLE_FENCED || is_standby(pair))
        return NULL; /* it serves nobody */
    pair->taking.fenced = leasing_is_used(pair);
    (void)leasing_leave(pair); /* or it is given back already */
    int error = l2tpha_fence(pair->node, l2tpha_epoch_next(info.epoch, config_of(pair)->rank),
                             l2tpha_pair_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    pair->switchover = SWITCHOVER_NONE;
    pair->held = false;
    links_stop_listening(pair->links);
    links_let_go(pair->links); /* as if dead: a standby in sync may take over */
    serving_stop(pair);
    close_socket(pair);
    lock_let_go(&pair->lock);
    handing_complete(pair, "this node was fenced");
    return NULL;
}

/* ---- the loop ---- */

/* By itself, since somebody else has fenced it: as good as dead, and it has said that it is. */
static void take_over_from_stopped(struct l2tpha_pair *pair)
{
    active_lost(pair, FAREWELL_DEATH);
}

/* The link counts only time in which this node has read all that came. */
static bool is_unanswered(struct l2tpha_pair *pair)
{
    struct l2tpha_link_info link = {.size = sizeof(link)};
    if (links_info(pair->links, &link) && link.up)
        return link.unanswered && !links_are_unread(pair->links);
    return l2tpha_pair_now() >= pair->switchover_until;
}

/* The active has stopped, or does not answer. */
static void go_on_with_takeover(struct l2tpha_pair *pair)
{
    if (leasing_is_used(pair))
        pair->switchover = SWITCHOVER_NONE; /* the order goes on */
    else if (pair->other_stopped && !pair->stale)
        end_takeover(pair, serving_take_over(pair, L2TPHA_TRUST_EXACT, "operator"));
    else
        end_takeover(pair, takeover_by_command(pair));
}

static void advance_takeover(struct l2tpha_pair *pair)
{
    bool asked = pair->asked_to_serve && !pair->ending; /* who leaves is seen to have left */
    pair->asked_to_serve = false;
    if (asked && leasing_is_used(pair))
        taking_be_asked(pair);
    else if (asked && !take_what_is_given(pair)) {
        (void)links_decline(pair->links, L2TPHA_ERR_HOST);
        if (replaces(pair))
            end_pair(pair, false);
    } else if (asked && pair->switchover == SWITCHOVER_ANNOUNCED)
        end_takeover(pair, NULL); /* both ends were told the same */
    if (pair->switchover != SWITCHOVER_ANNOUNCED) {
        if (pair->other_stopped && is_standby(pair))
            take_over_from_stopped(pair);
        return;
    }
    if (pair->other_stopped)
        go_on_with_takeover(pair);
    else if (pair->declined != 0)
        end_takeover(pair, "the active lives and has what this copy has not");
    else if (is_unanswered(pair))
        go_on_with_takeover(pair);
    else if (l2tpha_pair_now() >= pair->switchover_until)
        pair->switchover_until = l2tpha_pair_now() + RETRY_US;
}

/* A predecessor that is dying, or was stopped, may have it still. One that is dying lets it go at
 * once: whoever begins meanwhile would find neither that nor this one, and serve. */
static bool lacks_lock(const struct l2tpha_pair *pair)
{
    return pair->reads && pair->lock.fd < 0 && pair->listen.kind == ENDPOINT_UNIX;
}

static void advance_lock(struct l2tpha_pair *pair)
{
    if (!lacks_lock(pair))
        pair->lock_wait = LOCK_US;
    if (!lacks_lock(pair) || l2tpha_pair_now() < pair->lock_at)
        return;
    (void)lock_take(&pair->lock);
    pair->lock_at = l2tpha_pair_now() + pair->lock_wait;
    pair->lock_wait = pair->lock_wait < LOCK_MAX_US ? 2 * pair->lock_wait : LOCK_MAX_US;
}

void role_advance(struct l2tpha_pair *pair)
{
    if (info_of(pair).role == L2TPHA_ROLE_STANDBY_HOT) {
        pair->hot_at = l2tpha_pair_now();
        pair->behind = pair->exact = false;
        pair->ungated = links_is_ungated(pair->links);
    }
    taking_advance(pair);
    if (pair->ended)
        return;
    advance_takeover(pair);
    if (!pair->ended)
        replacing_advance(pair);
    if (!pair->ending)
        handing_advance(pair);
    pair->other_stopped = false;
    pair->declined = 0;
    if (pair->step_down && taking_let_go(pair))
        step_down(pair);
    if (pair->ended)
        return;
    advance_lock(pair);
    handing_advance_held(pair);
    if (!leasing_is_used(pair))
        looking_advance(pair);
}

uint64_t role_deadline(const struct l2tpha_pair *pair)
{
    if (pair->step_down || pair->asked_to_serve || pair->other_stopped)
        return taking_let_go_until(pair);
    uint64_t due = pair->looking ? pair->look_at : L2TPHA_NEVER;
    if (lacks_lock(pair))
        due = pair->lock_at;
    if (pair->held && pair->switchover == SWITCHOVER_NONE && handing_is_possible(pair))
        due = pair->offer_at;
    if (pair->switchover != SWITCHOVER_NONE && pair->switchover_until < due)
        due = pair->switchover_until;
    return due;
}

const struct links_events role_events = {
    .active_lost = active_lost,
    .link_failed = link_failed,
    .standby_lost = handing_standby_lost,
    .asked_to_serve = asked_to_serve,
    .handed = handing_handed,
    .superseded = superseded,
    .active_stopped = active_stopped,
    .declined = declined,
};
