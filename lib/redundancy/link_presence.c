/* SPDX-License-Identifier: MIT */
/* Who is there. A host that was stopped finds all its timers overdue and, unread, what the peer has
 * said meanwhile: its own absence is not the peer's silence. So whatever entry comes first after an
 * absence measures anew, and asks the peer by a PROBE: until its ECHO has come nothing is known,
 * since what is read first may be old. As the stream keeps its order, the ECHO says that all that
 * was said before it has been read, a newer epoch included.
 *
 * Nor does an order of calls decide: a silence that has lasted too long is looked at three times.
 * Twice is not enough, since a turn that reads and then looks may be followed by one that looks and
 * then reads. */
#include "redundancy/link_state.h"

#define AWAY_BEATS 1            /* not driven for so many beyond what was asked for: away */
#define UNHEARD_BEATS 6         /* nothing heard for so many: the active hangs */
#define LOOKS 3                 /* at a silence, before it counts: between the first and the last */
#define LOOK_US UINT64_C(10000) /* lies a whole turn of the host's loop, in whatever order */

static uint64_t away_us(const struct l2tpha_link *link)
{
    return AWAY_BEATS * (uint64_t)link->options.heartbeat_ms * 1000;
}

/* Before an active can have gone on alone of whom nothing comes any more. */
static uint64_t unheard_us(const struct l2tpha_link *link)
{
    uint64_t heartbeat = (uint64_t)link->options.heartbeat_ms * 1000;
    uint64_t gate = (uint64_t)link->options.answer_ms * 1000 * 3 / 4;

    if (gate > UNHEARD_BEATS * heartbeat)
        return UNHEARD_BEATS * heartbeat;
    return gate > 2 * heartbeat ? gate : 2 * heartbeat;
}

static void lose_sight(struct l2tpha_link *link, uint64_t since, uint64_t now)
{
    if (link->unheard)
        return;
    link->unheard = true;
    link->ops.unheard(link->ops.user, since, now);
}

static void ask(struct l2tpha_link *link, uint64_t now)
{
    int error = link_put_number(link, FRAME_PROBE, ++link->probes, now);

    if (error)
        link_fail(link, error, now);
    else
        link->probe = link->probes;
    link->asked = now;
}

void link_doubts(struct l2tpha_link *link, uint64_t now)
{
    if (link->side == SIDE_STANDBY)
        lose_sight(link, link->heard, now);
    ask(link, now);
}

uint64_t link_present(const struct l2tpha_link *link, bool away, uint64_t now)
{
    return link->ops.present(link->ops.user, away, now + link->heartbeat_us, now);
}

/* The node may have seen it before: its entries come in any order, too. */
void link_wake(struct l2tpha_link *link, uint64_t now)
{
    uint64_t due = l2tpha_link_deadline(link); /* no later should this call have come */
    bool away = due != L2TPHA_NEVER && now > due && now - due > away_us(link);

    if (link->error)
        return;
    uint64_t absences = link_present(link, away, now);
    if (absences == link->absences)
        return;
    link->absences = absences;
    link->doubt = L2TPHA_NEVER;
    link->spoke = now; /* this absence has been seen */
    if (link->copy_at < now)
        link->copy_at = now;
    if (link->answer_at != L2TPHA_NEVER)
        link->answer_at = now + (uint64_t)link->options.answer_ms * 1000;
    if (link->up)
        link_doubts(link, now);
    else
        link->slept = true;
    link->heard = now;
}

/* What is read first on a new stream was said when it was opened, while this end was away perhaps:
 * a standby can tell by the time that has passed since, an active asks. */
int link_meets(struct l2tpha_link *link, uint64_t now)
{
    bool late = link->slept || now - link->opened > 2 * away_us(link);

    link->up = true;
    link->absences = link_present(link, false, now);
    if (link->side == SIDE_STANDBY && !late) {
        link->ops.heard(link->ops.user, now);
        return L2TPHA_OK;
    }
    link_doubts(link, now);
    if (link->error || link->side == SIDE_STANDBY)
        return link->error;
    return link_copy(link, now);
}

void link_hears(struct l2tpha_link *link, uint64_t now)
{
    link->heard = now;
    link->doubt = L2TPHA_NEVER;
}

void link_has_heard(struct l2tpha_link *link, uint64_t now)
{
    if (!link->up || link->error || link->probe)
        return;
    if (link->side == SIDE_STANDBY && !link->unheard)
        return;
    link->unheard = false;
    link->ops.heard(link->ops.user, now);
}

int link_take_probe(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t number;
    int error = number_read(frame, &number);

    return error ? error : link_put_number(link, FRAME_ECHO, number, now);
}

/* Of several the newest counts; and what was answered long ago is no news either: the stream hung
 * behind it. */
int link_take_echo(struct l2tpha_link *link, const struct link_frame *frame, uint64_t now)
{
    uint64_t number;
    int error = number_read(frame, &number);

    if (error)
        return error;
    if (number == 0 || number > link->probes)
        return L2TPHA_ERR_LINK;
    if (number != link->probe)
        return L2TPHA_OK;
    if (now - link->asked > (uint64_t)link->options.answer_ms * 1000)
        ask(link, now);
    else
        link->probe = 0;
    return link->error;
}

uint64_t link_silence_due(const struct l2tpha_link *link)
{
    uint64_t due =
        link->doubt == L2TPHA_NEVER ? link->heard + link->silence_us : link->doubt + LOOK_US;
    bool may_lose_sight = link->side == SIDE_STANDBY && link->up && !link->unheard;
    uint64_t unheard = may_lose_sight ? link->heard + unheard_us(link) : L2TPHA_NEVER;

    return unheard < due ? unheard : due;
}

int link_judge_silence(struct l2tpha_link *link, uint64_t now)
{
    if (link->side == SIDE_STANDBY && link->up && !link->unheard &&
        now >= link->heard + unheard_us(link)) {
        link_doubts(link, now); /* what comes first then was said long before */
        if (link->error)
            return link->error;
    }
    if (now < link->heard + link->silence_us)
        return L2TPHA_OK;
    if (link->doubt != L2TPHA_NEVER && now < link->doubt + LOOK_US)
        return L2TPHA_OK;
    link->looks = link->doubt == L2TPHA_NEVER ? 1 : link->looks + 1;
    link->doubt = now;
    return link->looks >= LOOKS ? L2TPHA_ERR_TIMEOUT : L2TPHA_OK;
}

void link_judge_answer(struct l2tpha_link *link, uint64_t now)
{
    if (now < link->answer_at)
        return;
    link->answer_at = now + LOOK_US;
    if (++link->looks < LOOKS)
        return;
    link->answer_at = L2TPHA_NEVER;
    link->unanswered = true;
}
