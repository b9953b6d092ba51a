/* SPDX-License-Identifier: MIT */
/* One node hands over to the other in three steps, so that a standby that stalls or dies costs a
 * pause and no state:
 *
 *     active   OFFER    all is confirmed, and this end is silent
 *     standby  ACCEPT   I am there, and could
 *     active   GO       from here on this end serves again only when told that the other does not
 *     standby           takes over: its first frame of the new epoch fences the active;
 *              DECLINE  or it could not
 *
 * Before GO the active may take the offer back, since nobody takes over without one. After it, the
 * stream may end: whoever knows that the other process is dead and that no newer epoch stood in the
 * stream knows that it has not served. */
#include "redundancy/link_switchover.h"

#include "base/assert.h"
#include "redundancy/link_end.h"
#include "redundancy/link_output.h"
#include "redundancy/link_presence.h"

static int check_active(struct l2tpha_link *link, uint64_t now)
{
    int error = link_check(link, now);

    if (error)
        return error;
    if (link->side != SIDE_ACTIVE)
        return L2TPHA_ERR_ROLE;
    return link->up ? L2TPHA_OK : L2TPHA_ERR_STATE;
}

int l2tpha_link_hand_over(struct l2tpha_link *link, uint64_t now)
{
    int error = check_active(link, now);

    if (error)
        return error;
    if (!is_in_sync(link))
        return L2TPHA_ERR_NOT_IN_SYNC;
    if (link->offered || link->handed)
        return L2TPHA_ERR_STATE;
    link->next = l2tpha_epoch_next(epoch_of(link), link->info.peer_rank);
    error = link_put_number(link, FRAME_OFFER, link->next, now);
    if (error)
        return link_fail(link, error, now);
    link->offered = true;
    link->declined = 0;
    return L2TPHA_OK;
}

int l2tpha_link_withdraw(struct l2tpha_link *link, uint64_t now)
{
    int error = check_active(link, now);

    if (error)
        return error;
    if (!link->offered)
        return L2TPHA_ERR_STATE;
    link->offered = false;
    return L2TPHA_OK;
}

int link_take_offer(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t next;
    int error = number_read(frame, &next);

    if (error)
        return error;
    if (next != l2tpha_epoch_next(frame->epoch, link->ops.rank(link->ops.user)))
        return L2TPHA_ERR_LINK;
    /* Who was away has read all that came before the offer; should that be old, nobody takes the
     * answer. */
    if (role_of(link) != L2TPHA_ROLE_STANDBY_HOT && role_of(link) != L2TPHA_ROLE_UNHEARD)
        return link_put_refuse(link, L2TPHA_ERR_NOT_IN_SYNC, now);
    link->next = next;
    return link_put_number(link, FRAME_ACCEPT, next, now);
}

int link_take_accept(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t next;
    int error = number_read(frame, &next);

    if (error)
        return error;
    if (!link->offered) /* taken back meanwhile */
        return L2TPHA_OK;
    if (next != link->next)
        return L2TPHA_ERR_LINK;
    ASSERT(link->ops.log, !link->handed && next != 0);
    link->offered = false;
    if (!link->ops.hand(link->ops.user, now)) /* it serves again without having taken it back */
        return L2TPHA_OK;
    error = link_put_number(link, FRAME_GO, next, now);
    link->handed = !error;
    return error;
}

int link_take_go(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t next;
    int error = number_read(frame, &next);

    (void)now;
    if (error)
        return error;
    if (next != link->next || next == 0)
        return L2TPHA_ERR_LINK;
    link->next = 0;
    link->switchover = true;
    return L2TPHA_OK;
}

static int decline(struct l2tpha_link *link, int why, uint64_t now)
{
    struct writer out;
    int error = link_put(link, FRAME_DECLINE, 4, now, &out);

    if (!error)
        write_u32(&out, (uint32_t)why);
    return error;
}

int l2tpha_link_decline(struct l2tpha_link *link, int why, uint64_t now)
{
    if (why >= 0)
        return L2TPHA_ERR_INVALID;
    int error = link_check(link, now);
    if (error)
        return error;
    if (link->side != SIDE_STANDBY)
        return L2TPHA_ERR_ROLE;
    if (!link->switchover || role_serves(role_of(link)))
        return L2TPHA_ERR_STATE;
    link->switchover = false;
    error = decline(link, why, now);
    return error ? link_fail(link, error, now) : L2TPHA_OK;
}

int link_take_decline(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    int why;
    int error = refuse_read(frame, &why);

    if (error)
        return error;
    if (!link->handed && !link->announced)
        return L2TPHA_ERR_LINK;
    link->declined = why;
    if (link->handed)
        link->ops.resume(link->ops.user, now);
    link->handed = link->announced = link->unanswered = link->waiting = false;
    return L2TPHA_OK;
}

int l2tpha_link_announce(struct l2tpha_link *link, uint64_t epoch, bool force, uint64_t now)
{
    struct writer out;

    int error = link_check(link, now);

    if (error)
        return error;
    if (link->side != SIDE_STANDBY || !role_follows(role_of(link)))
        return L2TPHA_ERR_ROLE;
    if (!link->up || link->announced)
        return L2TPHA_ERR_STATE;
    if (epoch <= epoch_of(link) || epoch <= link->info.peer_epoch)
        return L2TPHA_ERR_STALE_EPOCH;
    error = link_put(link, FRAME_ANNOUNCE, ANNOUNCE_BODY, now, &out);
    if (error)
        return link_fail(link, error, now);
    write_u64(&out, epoch);
    write_u8(&out, force);
    link->announced = true;
    link->unanswered = false;
    link->declined = 0;
    link_awaits(link, now);
    link_recheck(link, now); /* until it has answered */
    return link->error;
}

/* It asks, so it may be told that it lacks what this end has; unless it knows and wants to serve
 * all the same. */
int link_take_announce(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    struct reader in = reader_over(frame->body, frame->len);
    uint64_t epoch = read_u64(&in);
    uint8_t force = read_u8(&in);

    if (in.error || reader_left(&in) > 0 || force > 1)
        return L2TPHA_ERR_LINK;
    if (epoch <= epoch_of(link) || epoch - epoch_of(link) > EPOCHS_AHEAD_MAX)
        return L2TPHA_ERR_EPOCH;
    if (!force && !is_in_sync(link))
        return decline(link, L2TPHA_ERR_NOT_IN_SYNC, now);
    return link_fenced(link, epoch, now);
}
