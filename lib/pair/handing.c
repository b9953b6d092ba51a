/* SPDX-License-Identifier: MIT */
#include "handing.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links.h"
#include "pair.h"
#include "succession.h"

#define DRAIN_US 5000000 /* until all is confirmed */
#define OFFER_US 1000000 /* until the standby accepts */
#define GIVEN_US 4000000 /* until a successor, or with a lease the standby, is seen to serve */
#define HELD_US 1000000  /* after an offer that was not taken; doubled each time, up to */
#define HELD_MAX_US 32000000

void handing_complete(struct l2tpha_pair *pair, const char *why)
{
    complete(pair, L2TPHA_PAIR_SWITCHOVER, why);
    complete(pair, L2TPHA_PAIR_STAND_BY, why);
}

/* With a lease others may have it meanwhile. */
static void fall_silent(struct l2tpha_pair *pair)
{
    if (leasing_leave(pair) != L2TPHA_OK)
        (void)l2tpha_hold(pair->node, l2tpha_pair_now());
}

static void plan_offer(struct l2tpha_pair *pair)
{
    pair->offer_at = l2tpha_pair_now() + pair->offer_wait;
    pair->offer_wait = pair->offer_wait < HELD_MAX_US ? 2 * pair->offer_wait : HELD_MAX_US;
}

static void stay_held(struct l2tpha_pair *pair, const char *why)
{
    fall_silent(pair);
    plan_offer(pair);
    say(pair, L2TPHA_LOG_RF, "held on: %s", why);
}

void handing_offer_at_once(struct l2tpha_pair *pair)
{
    pair->offer_at = 0;
    pair->offer_wait = HELD_US;
}

void handing_hold(struct l2tpha_pair *pair)
{
    pair->held = true;
    handing_offer_at_once(pair);
    say(pair, L2TPHA_LOG_RF, "held: silent, with all it has, until another serves");
    complete(pair, L2TPHA_PAIR_STAND_BY, NULL);
}

/* It goes on with the socket that it has had all the time, unless the address has moved. */
static void take_socket_back(struct l2tpha_pair *pair)
{
    if (!has_socket(pair))
        return;
    share_socket(pair, false);
    if (!address_is_here(&pair->options.address))
        close_socket(pair);
}

/* This node serves again, with all it had; unless it was held before, or the address has moved away
 * meanwhile: then whoever has it is yet to serve. */
static void cancel_switchover(struct l2tpha_pair *pair, const char *why)
{
    bool handed = pair->switchover == SWITCHOVER_HANDED, was_held = pair->held;
    pair->switchover = SWITCHOVER_NONE;
    links_hand_to_none(pair->links);
    (void)l2tpha_switchover_cancel(pair->node, l2tpha_pair_now()); /* may be cancelled already */
    if (handed) {
        succession_take_back(pair);
        lock_take(&pair->lock);
        links_keep_listening(pair->links);
        take_socket_back(pair);
    }
    const char *unbound = was_held ? NULL : open_socket(pair, false);
    if (unbound != NULL)
        handing_hold(pair);
    if (pair->held) {
        stay_held(pair, unbound != NULL ? unbound : why);
    } else {
        pair->reads = !leasing_is_used(pair) || leasing_has(pair, L2TPHA_LEASE_HELD);
        plan_offer(pair); /* to a successor */
    }
    if (!was_held)
        say(pair, L2TPHA_LOG_RF, "switchover given up: %s", why);
    handing_complete(pair, why);
}

/* The claim says who serves: this node has given its lease back, and asks for it again. */
static void ask_back(struct l2tpha_pair *pair, const char *why)
{
    pair->switchover_until = L2TPHA_NEVER;
    if (leasing_return(pair) != L2TPHA_OK) /* it has asked already, or another one serves */
        return;
    pair->taken_back = why;
    say(pair, L2TPHA_LOG_RF, "would serve again: %s", why);
}

void handing_take_back(struct l2tpha_pair *pair)
{
    cancel_switchover(pair, pair->taken_back);
    links_begin_anew(pair->links);
}

/* Over tcp. What the other does when it is met again says what came of it: it serves, or asks for a
 * copy. */
static const char fate_unknown[] = "handed over, and the stream has ended: silent until the other "
                                   "is met; 'takeover' has this node serve again";

void handing_standby_lost(struct l2tpha_pair *pair, bool heir, bool is_over)
{
    if (pair->step_down) /* its newer epoch was the last thing that it said */
        return;
    if (pair->switchover == SWITCHOVER_DRAINING && links_standby_is_in_sync(pair->links))
        return; /* another one */
    if (is_offered(pair) && !heir)
        return;
    if (pair->switchover == SWITCHOVER_DRAINING || pair->switchover == SWITCHOVER_OFFERED)
        cancel_switchover(pair, "the standby is gone");
    else if (pair->switchover == SWITCHOVER_HANDED && leasing_is_used(pair))
        ask_back(pair, "the standby is gone");
    else if (pair->switchover == SWITCHOVER_HANDED && is_over)
        cancel_switchover(pair, "the standby has died without having served");
    else if (pair->switchover == SWITCHOVER_HANDED) {
        say(pair, L2TPHA_LOG_ERROR, "%s", fate_unknown);
        handing_complete(pair, fate_unknown);
    }
}

const char *handing_reclaim(struct l2tpha_pair *pair)
{
    cancel_switchover(pair, "the operator has it back");
    if (pair->held)
        return "the address is not here: held";
    complete(pair, L2TPHA_PAIR_TAKEOVER, NULL);
    return NULL;
}

static bool is_in_sync(const struct l2tpha_pair *pair)
{
    return info_of(pair).role == L2TPHA_ROLE_ACTIVE && links_standby_is_in_sync(pair->links);
}

bool handing_is_possible(const struct l2tpha_pair *pair)
{
    return is_in_sync(pair) && links_standby_is_known(pair->links);
}

static const char *begin_switchover(struct l2tpha_pair *pair)
{
    if (info_of(pair).role == L2TPHA_ROLE_ACTIVE && !handing_is_possible(pair))
        return l2tpha_strerror(L2TPHA_ERR_NOT_IN_SYNC);
    int error = l2tpha_switchover(pair->node, l2tpha_pair_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    pair->switchover = SWITCHOVER_DRAINING;
    pair->switchover_until = l2tpha_pair_now() + DRAIN_US;
    return NULL;
}

const char *handing_begin(struct l2tpha_pair *pair)
{
    if (pair->switchover != SWITCHOVER_NONE)
        return "a switchover is under way";
    if (pair->held)
        return "this node is held, and serves nobody";
    const char *why = begin_switchover(pair);
    if (why != NULL)
        return why;
    pair->reads = false; /* what comes now waits in the socket for the successor */
    return NULL;
}

/* Nobody is served while this node is held: whoever comes to hold all that it has is to serve. */
void handing_advance_held(struct l2tpha_pair *pair)
{
    if (!pair->held || pair->switchover != SWITCHOVER_NONE || pair->taking.order_until != 0)
        return;
    if (!is_in_sync(pair)) {
        (void)leasing_leave(pair); /* there is nobody any more to have it for */
        return;
    }
    if (l2tpha_pair_now() < pair->offer_at)
        return;
    (void)leasing_return(pair); /* whoever has the lease has the standby in the claim */
    if (!handing_is_possible(pair))
        return;
    (void)l2tpha_release(pair->node,
                         l2tpha_pair_now()); /* what was confirmed is polled, to be ready */
    const char *why = begin_switchover(pair);
    if (why != NULL)
        stay_held(pair, why);
}

static void offer(struct l2tpha_pair *pair)
{
    int error = links_hand_over(pair->links);
    if (error != L2TPHA_OK) {
        cancel_switchover(pair, l2tpha_strerror(error));
        return;
    }
    pair->switchover = SWITCHOVER_OFFERED;
    pair->switchover_until = l2tpha_pair_now() + OFFER_US;
}

/* What the standby will need is let go before the word that it is to serve leaves. The address it
 * binds itself over tcp, and this node's socket stays there, unread, until the other serves: were
 * the port free in between, an ICMP port unreachable would end the tunnel at some peers. */
void handing_handed(struct l2tpha_pair *pair)
{
    if (pair->switchover != SWITCHOVER_OFFERED)
        return;
    if (pair->listen.kind == ENDPOINT_TCP) {
        if (has_socket(pair))
            share_socket(pair, true);
    } else {
        links_stop_listening(pair->links);
        if (replaces(pair))
            succession_hand_over(pair);
        else
            lock_let_go(&pair->lock);
    }
    pair->switchover = SWITCHOVER_HANDED;
    pair->switchover_until = L2TPHA_NEVER;
    if (leasing_leave(pair) == L2TPHA_OK || replaces(pair))
        pair->switchover_until = l2tpha_pair_now() + GIVEN_US;
}

/* What the standby has said to it, or nothing. */
static void advance_handed(struct l2tpha_pair *pair, bool is_late)
{
    bool declines = !info_of(pair).handing_over;
    const char *why =
        pair->declined != 0 ? "the standby could not take over" : "the standby did not take over";
    if (pair->step_down)
        return;
    if (declines && !leasing_is_used(pair))
        cancel_switchover(pair, why);
    else if (declines)
        ask_back(pair, why);
    else if (is_late && replaces(pair)) { /* its end says what came of it */
        links_end_heir_process(pair->links);
        pair->switchover_until = L2TPHA_NEVER;
    } else if (is_late) { /* with a lease */
        links_end_heir(pair->links);
        ask_back(pair, "nothing is heard of the standby");
    }
}

/* Not accepted so far, or the link has ended the offer by itself: nobody takes over upon it. */
static void withdraw(struct l2tpha_pair *pair, const char *why)
{
    (void)links_withdraw(pair->links);
    cancel_switchover(pair, why);
}

void handing_advance(struct l2tpha_pair *pair)
{
    bool is_late = l2tpha_pair_now() >= pair->switchover_until;
    if (pair->switchover == SWITCHOVER_DRAINING) {
        if (!pair->step_down && !info_of(pair).handing_over)
            cancel_switchover(pair, "the standby is not in sync any more");
        else if (l2tpha_switchover_ready(pair->node))
            offer(pair);
        else if (is_late)
            cancel_switchover(pair, "the standby did not confirm in time");
    } else if (pair->switchover == SWITCHOVER_OFFERED && !pair->step_down &&
               !info_of(pair).handing_over) {
        withdraw(pair, "the standby lacked something");
    } else if (pair->switchover == SWITCHOVER_OFFERED && is_late) {
        withdraw(pair, "the standby does not answer");
    } else if (pair->switchover == SWITCHOVER_HANDED) {
        advance_handed(pair, is_late);
    }
}
