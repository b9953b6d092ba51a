/* SPDX-License-Identifier: MIT */
#include "succession.h"
#include "host.h"
#include "info.h"
#include "links.h"
#include "pair.h"
#include "process.h"

#include <unistd.h>

#define LEAVE_US 5000000 /* who was replaced has left by then */

/* ---- the one that serves ---- */

void succession_hand_over(struct l2tpha_pair *pair)
{
    if (pair->lock.fd >= 0 && passed_put(&pair->given, SUCCESSION_TAG, pair->lock.fd) == L2TPHA_OK)
        links_pass(pair->links, SUCCESSION_TAG);
}

void succession_take_back(struct l2tpha_pair *pair)
{
    (void)passed_take(&pair->given, SUCCESSION_TAG);
}

void succession_note(struct l2tpha_pair *pair)
{
    if (replaces(pair) && has_handed(pair))
        pair->replaced_by = (uint32_t)links_heir_process(pair->links);
}

/* ---- the successor ---- */

static void forget_predecessor(struct l2tpha_pair *pair)
{
    if (pair->predecessor >= 0)
        close(pair->predecessor);
    pair->predecessor = -1;
}

/* It may have been passed by the one that serves, or free since that has died. */
static bool has_lock(struct l2tpha_pair *pair)
{
    int fd = passed_take(&pair->kept, SUCCESSION_TAG);
    pair->note_later = fd >= 0 && pair->storage != NULL; /* which has all that was served */
    if (fd >= 0 && pair->lock.fd >= 0)
        close(fd);
    else if (fd >= 0)
        pair->lock.fd = fd;
    return lock_take(&pair->lock);
}

const char *succession_claim(struct l2tpha_pair *pair)
{
    if (!replaces(pair))
        return NULL;
    if (!has_lock(pair))
        return "another process serves, or is about to";
    if (lock_epoch(&pair->lock) > info_of(pair).epoch)
        return "another process has served since";
    forget_predecessor(pair);
    pair->predecessor = links_active_process(pair->links);
    return NULL;
}

void succession_fail(struct l2tpha_pair *pair)
{
    if (!replaces(pair))
        return;
    forget_predecessor(pair);
    lock_let_go(&pair->lock);
}

bool succession_has_better(const struct l2tpha_pair *pair)
{
    return replaces(pair) && ((pair->storage != NULL && !has_exact_copy(pair)) ||
                              lock_epoch(&pair->lock) > info_of(pair).epoch);
}

void succession_serve(struct l2tpha_pair *pair)
{
    lock_let_go(&pair->starting);
    pair->predecessor_until = l2tpha_pair_now() + LEAVE_US;
}

/* What it holds may be wanted: the port, the store. */
void succession_end_predecessor(struct l2tpha_pair *pair)
{
    if (pair->predecessor < 0)
        return;
    bool has_left = process_has_ended(pair->predecessor);
    if (!has_left && l2tpha_pair_now() < pair->predecessor_until)
        return;
    if (!has_left && process_kill(pair->predecessor) == 0)
        say(pair, L2TPHA_LOG_ERROR, "the process that was replaced does not leave: it is ended");
    forget_predecessor(pair);
}

void succession_end(struct l2tpha_pair *pair)
{
    forget_predecessor(pair);
    lock_let_go(&pair->starting);
}
