/* SPDX-License-Identifier: MIT */
#include "serving.h"
#include "host.h"
#include "info.h"
#include "leasing.h"
#include "links.h"
#include "output.h"
#include "pair.h"
#include "storing.h"
#include "succession.h"

#include <stdio.h>

#define LOOK_US 2000000 /* at the authority, that may not be there */

/* The node is active and has a socket. */
void serving_begin(struct l2tpha_pair *pair, enum l2tpha_pair_event event)
{
    pair->looking = pair->held = false;
    lock_take(&pair->lock);
    succession_serve(pair);
    if (!pair->note_later)
        lock_note(&pair->lock, info_of(pair).epoch);
    pair->reads = true;
    tell_event(pair, event);
}

/* The node is not active any more. */
void serving_stop(struct l2tpha_pair *pair)
{
    pair->reads = false;
    storing_retire(pair);
    tell_event(pair, L2TPHA_PAIR_STOPPED);
    passed_clear(&pair->given, false);
    passed_clear(&pair->kept, true);
}

/* With an authority nobody is followed before it was asked what the claim is: a copy of what was
 * served before would be of no use. */
const char *serving_follow(struct l2tpha_pair *pair)
{
    const char *why = pair->node != NULL ? NULL : make_node(pair, true);
    if (why == NULL)
        why = leasing_begin(pair);
    if (why != NULL)
        return why;
    tell_event(pair, L2TPHA_PAIR_WAITS);
    pair->began = l2tpha_pair_now();
    if (leasing_is_used(pair))
        pair->taking.look_until = pair->began + LOOK_US;
    else
        links_connect(pair->links);
    return NULL;
}

static const char *start_listening(struct l2tpha_pair *pair)
{
    char listen[ENDPOINT_TEXT_MAX];
    const char *why = links_listen(pair->links);
    if (why == NULL)
        return NULL;
    snprintf(pair->why, sizeof(pair->why), "%s %s: %s", option_name(pair, "--ha-listen"),
             endpoint_text(&pair->listen, listen), why);
    return pair->why;
}

/* From what this node served before it died. */
static const char *go_on(struct l2tpha_pair *pair, enum l2tpha_trust trust)
{
    int error = l2tpha_takeover_as(pair->node, 0, trust, l2tpha_pair_now());
    if (error != L2TPHA_OK)
        return l2tpha_strerror(error);
    output_drain(pair);
    serving_begin(pair, L2TPHA_PAIR_TOOK_OVER);
    return NULL;
}

const char *serving_start(struct l2tpha_pair *pair)
{
    bool restored;
    enum l2tpha_trust trust;
    const char *why = open_socket(pair, false);
    if (why == NULL) /* it may be taken from another process, which must have left the address */
        why = storing_restore(pair, &restored, &trust);
    if (why == NULL && !restored)
        why = make_node(pair, false);
    pair->from_store = why == NULL && restored;
    if (why == NULL)
        why = start_listening(pair);
    if (why == NULL)
        why = storing_begin(pair);
    pair->note_later = why == NULL && restored && replaces(pair);
    if (why == NULL && restored)
        why = go_on(pair, trust);
    if (why != NULL) {
        storing_end(pair);
        return why;
    }
    if (!restored)
        serving_begin(pair, L2TPHA_PAIR_SERVES);
    if (pair->connect.kind == ENDPOINT_TCP)
        links_connect(pair->links); /* whoever serves there must not serve beside this node */
    return NULL;
}

static const char *become_active(struct l2tpha_pair *pair, enum l2tpha_trust trust)
{
    const char *why = storing_begin(pair); /* before anything leaves that it lacks */
    if (why != NULL)
        return why;
    int error = l2tpha_takeover_as(pair->node, pair->next_epoch, trust, l2tpha_pair_now());
    pair->next_epoch = 0;
    if (error == L2TPHA_OK)
        return NULL;
    storing_end(pair);
    return l2tpha_strerror(error);
}

const char *serving_take_over(struct l2tpha_pair *pair, enum l2tpha_trust trust, const char *cause)
{
    if (!is_standby(pair))
        return "this node is no standby";
    bool inherited = has_socket(pair);
    const char *why = succession_claim(pair);
    if (why == NULL)
        why = open_socket(pair, false);
    if (why == NULL)
        why = become_active(pair, trust);
    if (why != NULL) {
        succession_fail(pair);
        if (!inherited)
            close_socket(pair); /* whoever serves needs the address */
        return why;
    }
    say(pair, L2TPHA_LOG_RF, "taking over: %s", cause);
    links_keep_listening(
        pair->links);            /* whoever steps down is to follow at once: nobody protects this */
    links_promoted(pair->links); /* an old active that lives hears the new epoch first */
    output_drain(pair);
    serving_begin(pair, L2TPHA_PAIR_TOOK_OVER);
    return NULL;
}

/* What the active answers is waited for. */
bool serving_announce(struct l2tpha_pair *pair)
{
    uint64_t newest = info_of(pair).epoch, noted = lock_epoch(&pair->lock);
    pair->next_epoch = l2tpha_epoch_next(noted > newest ? noted : newest, config_of(pair)->rank);
    if (!links_are_up(pair->links) ||
        links_announce(pair->links, pair->next_epoch, pair->stale) != L2TPHA_OK)
        return false;
    pair->switchover = SWITCHOVER_ANNOUNCED;
    pair->switchover_until =
        l2tpha_pair_now() + config_of(pair)->commit_timeout_ms * UINT64_C(1000);
    return true;
}

const char *serving_try(struct l2tpha_pair *pair, enum l2tpha_trust trust, const char *cause)
{
    const char *why = serving_take_over(pair, trust, cause);
    if (why != NULL)
        say(pair, L2TPHA_LOG_ERROR, "cannot take over (%s): %s", cause, why);
    return why;
}
