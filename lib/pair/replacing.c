/* SPDX-License-Identifier: MIT */
#include "replacing.h"
#include "handing.h"
#include "host.h"
#include "info.h"
#include "links.h"
#include "pair.h"
#include "succession.h"

#define SUCCESSOR_US (L2TPHA_PAIR_REPLACE_MS * UINT64_C(1000))

const char *replacing_start(struct l2tpha_pair *pair)
{
    if (!replaces(pair))
        return NULL;
    pair->replace_until = l2tpha_pair_now() + SUCCESSOR_US;
    handing_offer_at_once(pair);
    return lock_take(&pair->starting) ? NULL : "another process is about to replace the one there";
}

/* ---- the successor ---- */

/* What it lacks to be handed over to. */
static const char *what_lacks(const struct l2tpha_pair *pair)
{
    const char *refusal;
    (void)links_refusals(pair->links, &refusal);
    if (links_was_refused(pair->links))
        return "nobody listens there, and this one cannot serve";
    if (!links_are_up(pair->links))
        return refusal != NULL ? refusal : "the process there says nothing";
    return info_of(pair).role == L2TPHA_ROLE_STANDBY_HOT ? "it was not handed over to"
                                                         : "its copy is not whole";
}

static void advance_successor(struct l2tpha_pair *pair)
{
    char text[ENDPOINT_TEXT_MAX];
    endpoint_text(&pair->listen, text);
    if (pair->refused)
        say(pair, L2TPHA_LOG_ERROR, "%s is not replaced: %s", text, what_lacks(pair));
    else if (l2tpha_pair_now() >= pair->replace_until)
        say(pair, L2TPHA_LOG_ERROR, "%s is not replaced: %u s have passed, and %s", text,
            L2TPHA_PAIR_REPLACE_MS / 1000, what_lacks(pair));
    else
        return;
    end_pair(pair, false);
}

/* ---- the one that serves ---- */

static bool may_hand_over(const struct l2tpha_pair *pair)
{
    return pair->reads && pair->switchover == SWITCHOVER_NONE && handing_is_possible(pair);
}

static void advance_active(struct l2tpha_pair *pair)
{
    succession_end_predecessor(pair);
    if (links_count(pair->links) == 0)
        handing_offer_at_once(pair);
    if (!may_hand_over(pair) || l2tpha_pair_now() < pair->offer_at)
        return;
    const char *why = handing_begin(pair);
    if (why != NULL)
        pair->offer_at = l2tpha_pair_now() + pair->offer_wait;
}

void replacing_advance(struct l2tpha_pair *pair)
{
    if (!replaces(pair))
        return;
    if (is_standby(pair))
        advance_successor(pair);
    else if (!pair->step_down)
        advance_active(pair);
}

uint64_t replacing_deadline(const struct l2tpha_pair *pair)
{
    if (!replaces(pair))
        return L2TPHA_NEVER;
    if (is_standby(pair))
        return pair->refused ? 0 : pair->replace_until;
    uint64_t due = pair->predecessor >= 0 ? pair->predecessor_until : L2TPHA_NEVER;
    return may_hand_over(pair) && pair->offer_at < due ? pair->offer_at : due;
}
