/* SPDX-License-Identifier: MIT */
#include "looking.h"
#include "host.h"
#include "info.h"
#include "links.h"
#include "pair.h"
#include "serving.h"
#include "succession.h"

#define RETRY_US 100000 /* over unix */

/* Is nobody there who serves, or who holds what was served? */
const char *looking_start(struct l2tpha_pair *pair)
{
    bool tcp = pair->connect.kind == ENDPOINT_TCP;
    pair->looking = true;
    pair->look_at = l2tpha_pair_now() + (tcp ? LOOKING_US : 0);
    const char *why = serving_follow(pair);
    if (why == NULL && tcp)
        links_keep_listening(pair->links);
    return why;
}

/* Over tcp a node that cannot be reached may serve: only one that answers says that it does not. */
static bool may_take_the_role(struct l2tpha_pair *pair, const char **why)
{
    struct other_node other;
    links_look(pair->links, &other);
    *why = NULL;
    if (pair->connect.kind != ENDPOINT_TCP)
        return other.refused && lock_take(&pair->lock);
    if (other.holds)
        *why = "the other node holds what was served last: 'takeover' there, or here";
    else if (!other.refused && !other.looks)
        *why = "the other node cannot be reached, and may serve: 'takeover' makes this one serve";
    return *why == NULL && (other.refused || config_of(pair)->rank < other.rank);
}

/* It follows nobody, and nobody could go on from what it holds; over unix also when that may be
 * stale, for there it can be known that nobody else has more. */
static bool may_look(const struct l2tpha_pair *pair)
{
    bool unsure = pair->connect.kind == ENDPOINT_UNIX && !pair->options.takeover_manual;
    return is_standby(pair) && pair->switchover == SWITCHOVER_NONE && !links_are_up(pair->links) &&
           (unsure || !info_of(pair).whole);
}

/* Whoever was followed is gone, and this node could not take over. */
static void look_again(struct l2tpha_pair *pair)
{
    bool tcp = pair->connect.kind == ENDPOINT_TCP;
    struct other_node past;
    if (pair->options.role != L2TPHA_PAIR_AUTO || pair->looking || !may_look(pair))
        return;
    links_look(pair->links, &past); /* what is met from now on counts */
    pair->looking = true;
    pair->look_told = false;
    pair->look_at = l2tpha_pair_now() + (tcp ? LOOKING_US : RETRY_US);
    if (tcp)
        links_keep_listening(pair->links);
}

/* Nobody has what this node lacks: the dead are dead, and what they knew is recovered by RFC 4951
 * or closed. */
static void serve_what_is_left(struct l2tpha_pair *pair)
{
    bool exact = has_exact_copy(pair);
    if (serving_try(pair, exact ? L2TPHA_TRUST_EXACT : L2TPHA_TRUST_STALE,
                    exact ? "the active is dead" : "nobody serves, and the copy may be behind") ==
        NULL)
        return;
    lock_let_go(&pair->lock);
    pair->look_at = l2tpha_pair_now() + LOOKING_US;
}

static void go_on_looking(struct l2tpha_pair *pair)
{
    bool tcp = pair->connect.kind == ENDPOINT_TCP;
    const char *why;
    uint64_t now = l2tpha_pair_now();
    if (!may_look(pair)) {
        pair->looking = false; /* there is somebody to follow */
        return;
    }
    if (now < pair->look_at)
        return;
    pair->look_at = now + (tcp ? LOOKING_US : RETRY_US);
    if (!may_take_the_role(pair, &why)) {
        if (why != NULL && !pair->look_told)
            say(pair, L2TPHA_LOG_RF, "--role auto: %s", why);
        pair->look_told = why != NULL;
        return;
    }
    if (info_of(pair).whole && !succession_has_better(pair)) {
        serve_what_is_left(pair);
        return;
    }
    links_disconnect(pair->links, false);
    free_node(pair);
    why = serving_start(pair);
    if (why == NULL)
        return;
    /* Somebody else has the address: whoever that is serves, or will. */
    say(pair, L2TPHA_LOG_RF, "%s: %s; looking on", option_name(pair, "--role auto"), why);
    close_socket(pair);
    free_node(pair);
    lock_let_go(&pair->lock);
    why = looking_start(pair);
    pair->look_at = now + LOOKING_US;
    if (why != NULL)
        end_pair(pair, false);
}

void looking_advance(struct l2tpha_pair *pair)
{
    look_again(pair);
    if (pair->looking)
        go_on_looking(pair);
}
