/* SPDX-License-Identifier: MIT */
/* Who is there. A host that was stopped finds all its timers overdue and, unread, what the peer has
 * said meanwhile: its own absence is not the peer's silence. So whatever entry comes first after an
 * absence does not count it, and asks the peer by a PROBE: until its ECHO has come nothing is
 * known, since what is read first may be old. As the stream keeps its order, the ECHO says that all
 * that was said before it has been read, a newer epoch included.
 *
 * Nor does an order of calls decide: a silence that has lasted too long is looked at several times,
 * base/patience.h. */
#include "redundancy/link_presence.h"

#include "base/assert.h"
#include "redundancy/audit.h"
#include "redundancy/link_copy.h"
#include "redundancy/link_digest.h"
#include "redundancy/link_end.h"
#include "redundancy/link_output.h"

#define SILENCE_MS 1000
#define FAR_SILENCE_MS 5000 /* nobody waits meanwhile */
#define AWAY_BEATS 1        /* not driven for so many beyond what was asked for: away */
#define UNHEARD_BEATS 6     /* nothing heard for so many: the active hangs */

static uint64_t away_us(const struct l2tpha_link *link)
{
    return AWAY_BEATS * (uint64_t)link->options.heartbeat_ms * 1000;
}

void link_agree_on_gate(struct l2tpha_link *link, bool ungated)
{
    uint32_t usual = ungated ? FAR_SILENCE_MS : SILENCE_MS;
    uint32_t silence = link->options.silence_ms ? link->options.silence_ms : usual;

    link->info.ungated = ungated;
    link->silence_us = (uint64_t)silence * 1000;
}

static uint64_t answer_us(const struct l2tpha_link *link)
{
    return (uint64_t)link->options.answer_ms * 1000;
}

/* Before an active can have gone on alone of whom nothing comes any more. */
static uint64_t unheard_us(const struct l2tpha_link *link)
{
    uint64_t heartbeat = (uint64_t)link->options.heartbeat_ms * 1000;
    uint64_t gate = answer_us(link) * 3 / 4;

    if (gate > UNHEARD_BEATS * heartbeat)
        return UNHEARD_BEATS * heartbeat;
    return gate > 2 * heartbeat ? gate : 2 * heartbeat;
}

static void lose_sight(struct l2tpha_link *link, uint64_t since, uint64_t now)
{
    ASSERT(link->ops.log, link->side == SIDE_STANDBY);
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

void link_recheck(struct l2tpha_link *link, uint64_t now)
{
    if (link->side == SIDE_STANDBY)
        lose_sight(link, link_last_heard(link), now);
    ask(link, now);
}

uint64_t link_present(const struct l2tpha_link *link, bool away, uint64_t now)
{
    return link->ops.present(link->ops.user, away, now + link->heartbeat_us, now);
}

static uint64_t silence_due(const struct l2tpha_link *link)
{
    uint64_t due = patience_due(&link->silence, link->heard, link->silence_us);
    bool may_lose_sight = link->side == SIDE_STANDBY && link->up && !link->unheard;
    uint64_t unheard = may_lose_sight ? link_last_heard(link) + unheard_us(link) : L2TPHA_NEVER;

    return unheard < due ? unheard : due;
}

static uint64_t answer_due(const struct l2tpha_link *link)
{
    return link->waiting ? patience_due(&link->answer, link->asked_at, answer_us(link))
                         : L2TPHA_NEVER;
}

/* Before the hellos nothing is said, but whoever drives the link is missed as soon. */
uint64_t link_heartbeat_due(const struct l2tpha_link *link)
{
    return link->spoke + link->heartbeat_us;
}

uint64_t l2tpha_link_deadline(const struct l2tpha_link *link)
{
    if (!link || link->error)
        return L2TPHA_NEVER;
    uint64_t due = silence_due(link);
    due = sooner(due, link_heartbeat_due(link));
    due = sooner(due, answer_due(link));
    due = sooner(due, link_digest_due(link));
    return sooner(due, link->copy_at);
}

static void note_absence(struct l2tpha_link *link, uint64_t from, uint64_t now)
{
    link->spoke = now; /* this absence has been seen */
    if (link->copy_at < now)
        link->copy_at = now;
    if (link->up)
        link_recheck(link, now);
    else
        link->slept = true;
    patience_absent(&link->silence, from, now);
    patience_absent(&link->answer, from, now);
}

/* The node may have seen it before: its entries come in any order, too. */
void link_wake(struct l2tpha_link *link, uint64_t now)
{
    uint64_t due = l2tpha_link_deadline(link); /* no later should this call have come */
    uint64_t from = link->driven;

    if (link->error)
        return;
    if (due < from) /* it is overdue, but the host was there */
        due = from;
    bool away = now > due && now - due > away_us(link);
    if (now > link->driven)
        link->driven = now;
    uint64_t absences = link_present(link, away, now);
    if (absences == link->absences)
        return;
    link->absences = absences;
    note_absence(link, from, now);
}

int link_check(struct l2tpha_link *link, uint64_t now)
{
    if (!link)
        return L2TPHA_ERR_INVALID;
    link_audit(link); /* as the call before has left it */
    enum l2tpha_role role = role_of(link);
    if (link->error || link->side == SIDE_STANDBY || role_serves(role)) {
        link_wake(link, now);
        return link->error;
    }
    link->serving = false;
    if (role != L2TPHA_ROLE_FENCED)
        return link_fail(link, L2TPHA_ERR_ROLE, now);
    if (link->up)
        (void)link_put_refuse(link, L2TPHA_ERR_FENCED, now); /* without room the end says it */
    return link_fail(link, L2TPHA_ERR_FENCED, now);
}

/* What is read first on a new stream was said when it was opened, while this end was away perhaps:
 * a standby can tell by the time that has passed since, an active asks. */
int link_meets(struct l2tpha_link *link, uint64_t now)
{
    ASSERT(link->ops.log, link->info.met && !link->up && link->peer_side != link->side);
    bool late = link->slept || now - link->opened > 2 * away_us(link);

    link->up = true;
    link->absences = link_present(link, false, now);
    if (link->side == SIDE_STANDBY && !late) {
        link->ops.heard(link->ops.user, now);
        return L2TPHA_OK;
    }
    link_recheck(link, now);
    if (link->error || link->side == SIDE_STANDBY)
        return link->error;
    return link_resume(link, now) ? L2TPHA_OK : link_copy(link, now);
}

void link_hears(struct l2tpha_link *link, uint64_t now)
{
    patience_heard(&link->silence);
    link->heard = patience_own(&link->silence, now);
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
    if (now - link->asked > answer_us(link))
        ask(link, now);
    else
        link->probe = 0;
    return link->error;
}

int link_check_silence(struct l2tpha_link *link, uint64_t now)
{
    if (link->side == SIDE_STANDBY && link->up && !link->unheard &&
        now >= link_last_heard(link) + unheard_us(link)) {
        link_recheck(link, now); /* what comes first then was said long before */
        if (link->error)
            return link->error;
    }
    return patience_over(&link->silence, link->heard, link->silence_us, now) ? L2TPHA_ERR_TIMEOUT
                                                                             : L2TPHA_OK;
}

void link_awaits(struct l2tpha_link *link, uint64_t now)
{
    ASSERT(link->ops.log, link->side == SIDE_STANDBY && link->announced);
    link->waiting = true;
    link->answer = (struct patience){0};
    link->asked_at = now;
}

void link_check_answer(struct l2tpha_link *link, uint64_t now)
{
    if (!link->waiting || !patience_over(&link->answer, link->asked_at, answer_us(link), now))
        return;
    link->waiting = false;
    link->unanswered = true;
}
