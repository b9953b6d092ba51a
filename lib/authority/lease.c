/* SPDX-License-Identifier: MIT */
/* A lease asks its authority one thing after the other, and a renewal beside it.
 *
 * What was asked and not answered may be carried out at any time, as long as the claim has the
 * revision that it was asked of. So whoever has no answer looks, and then asks again of the same
 * revision: one of the two is carried out, and the other is void from then on. Until the claim is
 * seen with another revision everything holds that was so before, and everything that may be so. */
#include "authority/copy.h"
#include "authority/lease_node.h"
#include "authority/members.h"

#include <string.h>

#define MS UINT64_C(1000)
#define AGAIN_US (200 * MS) /* after a failure */

static bool is_ours(const struct l2tpha_lease *lease)
{
    return lease->epoch && claim_is_of(&lease->claim, lease->options.name, lease->epoch);
}

/* --- asking --- */

static void failed(struct l2tpha_lease *lease, int status, uint64_t now)
{
    lease->failures++;
    lease->status = status;
    lease->try_at = now + AGAIN_US;
}

static void note_asked(struct l2tpha_lease *lease, enum asked what, int error, uint64_t now)
{
    if (error) {
        failed(lease, error, now);
        return;
    }
    lease->asked = what;
    lease->asked_at = now;
}

static void look(struct l2tpha_lease *lease, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    lease->outdated = false;
    note_asked(lease, ASKED_LOOK, authority->look(authority->user, now), now);
}

/* The first time or once more, as what it is known to be now. */
static void take(struct l2tpha_lease *lease, const struct l2tpha_claim *claim, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    lease->asking = *claim;
    lease->epoch = claim->epoch;
    int error = authority->take(authority->user, &lease->asking, lease->claim.revision,
                                lease->options.ttl_ms, now);
    lease->look_next = error != 0;
    note_asked(lease, ASKED_TAKE, error, now);
}

static void change(struct l2tpha_lease *lease, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    lease->asking = members_claim(lease, now);
    note_asked(lease, ASKED_CHANGE,
               authority->change(authority->user, &lease->asking, lease->claim.revision, now), now);
}

/* Nothing more leaves of this node under that claim, whenever it comes to pass: it serves again by
 * another take alone, of the revision that the claim has then. */
static void empty(struct l2tpha_lease *lease, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    lease->retake_only = true;
    lease->asking = claim_of(lease->options.name, lease->epoch);
    lease->asking.count = 0;
    int error = authority->change(authority->user, &lease->asking, lease->claim.revision, now);
    lease->empties = error == 0;
    note_asked(lease, ASKED_CHANGE, error, now);
}

static void begin_to_take(struct l2tpha_lease *lease, uint64_t now)
{
    struct l2tpha_redundancy_info info = {.size = sizeof(info)};
    uint64_t newest = lease->claim.epoch;

    if (now >= lease->order_until && lease->want == L2TPHA_LEASE_SERVE_STALE)
        lease->want = L2TPHA_LEASE_SERVE;
    lease->reason = lease->want == L2TPHA_LEASE_FOLLOW ? "another node is to serve"
                    : !lease->node                     ? "no node"
                    : lease->claim.leased              ? "another node serves"
                                                       : copy_trust(lease, &lease->trust);
    if (lease->reason)
        return;
    lease->reason = "";
    l2tpha_redundancy_get(lease->node, &info);
    newest = info.epoch > newest ? info.epoch : newest;
    uint64_t epoch = l2tpha_epoch_next(newest, l2tpha_node_config(lease->node)->rank);
    struct l2tpha_claim claim = claim_of(lease->options.name, epoch);
    lease->state = L2TPHA_LEASE_TAKING;
    take(lease, &claim, now);
}

/* --- what the claim is --- */

static void see_while_watching(struct l2tpha_lease *lease, uint64_t now)
{
    bool first = !lease->outdated && !lease->looked;

    lease->looked = lease->looked || first;
    if (first && lease->node && lease->claim.epoch > lease->floor) {
        lease_node_end(lease, now); /* made too early: copy.c */
        return;
    }
    bool soon = lease->node && lease->want != L2TPHA_LEASE_FOLLOW;
    lease->try_at = now + lease->options.renew_ms * MS / (soon ? 3 : 1);
    if (lease->looked)
        begin_to_take(lease, now);
}

/* Whose it is by whichever take, is confirmed by a renewal: a lease that was begun by another one
 * may have begun long ago. */
static void see_ours(struct l2tpha_lease *lease, uint64_t now)
{
    if (!lease->claim.leased) {
        struct l2tpha_claim alone = claim_of(lease->options.name, lease->epoch);
        take(lease, claim_is_void(&lease->claim) ? &alone : &lease->claim, now);
        return;
    }
    lease->try_at = now + AGAIN_US;
    if (lease->retake_only)
        return;
    lease->confirm = true;
    lease->look_next = false;
    lease->renew_at = now;
}

static void see_while_taking(struct l2tpha_lease *lease, bool moved, uint64_t now)
{
    if (is_ours(lease)) {
        see_ours(lease, now);
    } else if (moved) { /* nothing of what was asked can come any more */
        lease_say(lease, "authority: '%s' has the claim", lease->claim.owner);
        lease->state = L2TPHA_LEASE_WATCHING;
        lease->try_at = now;
    } else if (!lease->claim.leased) {
        struct l2tpha_claim claim = claim_of(lease->options.name, lease->epoch);
        take(lease, &claim, now);
    } else {
        lease->try_at = now + AGAIN_US;
    }
}

static void see(struct l2tpha_lease *lease, const struct l2tpha_claim *claim, uint64_t now)
{
    bool insists = lease->want == L2TPHA_LEASE_SERVE_STALE && lease->state == L2TPHA_LEASE_WATCHING;
    bool moved = claim->revision != lease->claim.revision;

    if (claim->revision < lease->claim.revision && !insists) { /* an older one */
        failed(lease, L2TPHA_ERR_STALE, now);
        return;
    }
    lease->claim = *claim;
    lease->looks++;
    lease->look_next = false;
    if (moved)
        lease->unknown = false;
    switch (lease->state) {
    case L2TPHA_LEASE_WATCHING:
        see_while_watching(lease, now);
        break;
    case L2TPHA_LEASE_TAKING:
        lease->look_next = true;
        see_while_taking(lease, moved, now);
        break;
    case L2TPHA_LEASE_FENCED:
        break;
    default:
        lease->try_at = now;
        if (lease->state == L2TPHA_LEASE_LEFT && !lease->empties)
            lease->try_at += lease->options.renew_ms * MS;
        if (!is_ours(lease))
            lease_node_end(lease, now);
        else if (lease->state == L2TPHA_LEASE_LOST) {
            lease->look_next = true;
            see_ours(lease, now);
        }
        break;
    }
}

/* --- answers --- */

static void ask_anew(struct l2tpha_lease *lease, uint64_t now)
{
    lease->look_next = true;
    lease->try_at = now;
}

/* What has become of a take or a change. What is refused may have been carried out before, if the
 * request was doubled on its way. */
static void take_outcome(struct l2tpha_lease *lease, const struct l2tpha_authority_event *event,
                         uint64_t now)
{
    bool refused = event->status == L2TPHA_ERR_FENCED || event->status == L2TPHA_ERR_EXISTS;

    lease->unknown = true; /* until the claim is seen with another revision */
    if (!event->status) {
        lease->asking.revision = event->claim.revision;
        lease->claim = lease->asking;
        lease->claim.leased = true;
        lease->unknown = lease->look_next = false;
        lease->status = L2TPHA_OK;
        lease->try_at = now;
    } else if (refused && event->claim.epoch) {
        see(lease, &event->claim, now);
    } else {
        ask_anew(lease, now);
    }
    if (event->status && !refused)
        failed(lease, event->status, now);
}

static void take_taken(struct l2tpha_lease *lease, const struct l2tpha_authority_event *event,
                       uint64_t now)
{
    take_outcome(lease, event, now);
    if (event->status)
        return;
    if (lease->want == L2TPHA_LEASE_SERVE_STALE)
        lease->want = L2TPHA_LEASE_SERVE;
    lease->renew_at = lease->asked_at + lease->options.renew_ms * MS;
    if (lease->state == L2TPHA_LEASE_LEFT) { /* since it was asked for */
        lease->give = true;
        lease->renew_at = now;
    }
    if (lease->state != L2TPHA_LEASE_TAKING && lease->state != L2TPHA_LEASE_LOST)
        return;
    lease->retake_only = false;
    if (lease_node_begin(lease, lease->asked_at, now))
        return;
    lease->confirm = true; /* the answer has taken too long */
    lease->renew_at = now;
}

static void take_renewed(struct l2tpha_lease *lease, int status, uint64_t now)
{
    bool ended = status == L2TPHA_ERR_FENCED || status == L2TPHA_ERR_NOT_FOUND;
    bool waits =
        lease->state == L2TPHA_LEASE_HELD || lease->state == L2TPHA_LEASE_LOST || lease->confirm;

    lease->renew_at = lease->beside_at + lease->options.renew_ms * MS;
    if (!waits)
        return;
    if (!status) {
        lease->status = L2TPHA_OK;
        if (lease->retake_only || lease_node_begin(lease, lease->beside_at, now))
            return;
        lease->renew_at = now;
    } else if (ended) {
        lease->confirm = false;
        lease_node_lose(lease, "the authority says that the lease has ended", now);
        ask_anew(lease, now);
    } else {
        lease->failures++;
        lease->status = status;
        lease->renew_at = now + AGAIN_US;
    }
}

static void take_left(struct l2tpha_lease *lease, int status, uint64_t now)
{
    bool known = !status || status == L2TPHA_ERR_FENCED || status == L2TPHA_ERR_NOT_FOUND;

    if (!lease->give)
        return;
    lease->renew_at = now + AGAIN_US;
    if (!known) {
        lease->failures++;
        return;
    }
    lease->give = false;
    lease_node_tell(lease, L2TPHA_LEASE_GIVEN);
}

static void take_event(struct l2tpha_lease *lease, const struct l2tpha_authority_event *event,
                       uint64_t now)
{
    switch (event->kind) {
    case L2TPHA_AUTHORITY_RENEWED:
        lease->beside = BESIDE_NOTHING;
        take_renewed(lease, event->status, now);
        return;
    case L2TPHA_AUTHORITY_LEFT:
        lease->beside = BESIDE_NOTHING;
        take_left(lease, event->status, now);
        return;
    default:
        break;
    }
    lease->asked = ASKED_NOTHING;
    if (event->kind == L2TPHA_AUTHORITY_TOOK)
        take_taken(lease, event, now);
    else if (event->kind == L2TPHA_AUTHORITY_CHANGED) {
        lease->empties = lease->empties && !claim_is_void(&lease->asking);
        take_outcome(lease, event, now);
        lease->changes += !event->status;
    } else if (event->status)
        failed(lease, event->status, now);
    else {
        lease->status = L2TPHA_OK;
        see(lease, &event->claim, now);
    }
}

/* --- turns --- */

/* A node that was fenced by another one, or has not taken over so far, has nobody in sync: that
 * says nothing of who is. */
static bool wants_change(const struct l2tpha_lease *lease)
{
    return lease->state == L2TPHA_LEASE_HELD && lease->node && lease_node_serves(lease) &&
           (lease->unknown || members_differ(lease));
}

static void ask(struct l2tpha_lease *lease, uint64_t now)
{
    if (lease->asked || now < lease->try_at || lease->state == L2TPHA_LEASE_FENCED)
        return;
    if (lease->confirm && !lease->look_next)
        return;
    lease->empties = lease->empties && lease_node_is_empty(lease);
    if (lease->empties)
        empty(lease, now);
    else if (lease->look_next || lease->state != L2TPHA_LEASE_HELD)
        look(lease, now);
    else if (wants_change(lease))
        change(lease, now);
}

static bool wants_beside(const struct l2tpha_lease *lease)
{
    bool gives = lease->give && !lease->empties;

    return lease->state == L2TPHA_LEASE_HELD || lease->confirm || gives;
}

static void ask_beside(struct l2tpha_lease *lease, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;

    if (lease->beside || now < lease->renew_at || !wants_beside(lease))
        return;
    int error = lease->give ? authority->leave(authority->user, now)
                            : authority->renew(authority->user, now);
    if (error) {
        lease->failures++;
        lease->status = error;
        lease->renew_at = now + AGAIN_US;
        return;
    }
    lease->retake_only = lease->retake_only || lease->give;
    lease->beside = lease->give ? BESIDE_LEAVE : BESIDE_RENEW;
    lease->beside_at = now;
}

/* Whatever serves without a lease is silent. */
bool l2tpha_lease_check(struct l2tpha_lease *lease, uint64_t now)
{
    if (lease->state == L2TPHA_LEASE_HELD && now >= lease->until)
        lease_node_lose(lease, "the authority has not renewed the lease", now);
    if (lease->state != L2TPHA_LEASE_HELD)
        lease_node_hold(lease, now);
    return lease->state == L2TPHA_LEASE_HELD;
}

bool l2tpha_lease_service(struct l2tpha_lease *lease, uint64_t now)
{
    const struct l2tpha_authority *authority = lease->options.authority;
    struct l2tpha_authority_event event;

    lease->called = false;
    while (authority->event(authority->user, &event, now))
        take_event(lease, &event, now);
    (void)l2tpha_lease_check(lease, now);
    members_release(lease, now);
    ask(lease, now);
    ask_beside(lease, now);
    return lease->called || lease->events;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t l2tpha_lease_deadline(const struct l2tpha_lease *lease)
{
    const struct l2tpha_authority *authority = lease->options.authority;
    uint64_t due = authority->deadline(authority->user);

    if (lease->state == L2TPHA_LEASE_FENCED)
        return lease->events ? 0 : due;
    if (lease->events)
        return 0;
    if (lease->state == L2TPHA_LEASE_HELD)
        due = sooner(due, lease->until);
    if (!lease->beside && wants_beside(lease))
        due = sooner(due, lease->renew_at);
    bool asks = lease->look_next || wants_change(lease) ||
                (lease->state != L2TPHA_LEASE_HELD && !lease->confirm);
    return !lease->asked && asks ? sooner(due, lease->try_at) : due;
}

/* --- orders --- */

void l2tpha_lease_want(struct l2tpha_lease *lease, enum l2tpha_lease_want want, uint64_t now)
{
    bool watches = lease->state == L2TPHA_LEASE_WATCHING;

    lease->want = want == L2TPHA_LEASE_SERVE_STALE && !watches ? L2TPHA_LEASE_SERVE : want;
    lease->order_until = now + lease->options.ttl_ms * MS;
    if (watches)
        lease->try_at = now;
}

int l2tpha_lease_leave(struct l2tpha_lease *lease, uint64_t now)
{
    if (lease->state != L2TPHA_LEASE_HELD && lease->state != L2TPHA_LEASE_LOST)
        return L2TPHA_ERR_STATE;
    lease->state = L2TPHA_LEASE_LEFT;
    lease->until = 0;
    lease->confirm = false;
    lease->give = true;
    lease->renew_at = lease->try_at = now;
    lease->reason = "";
    lease_node_hold(lease, now);
    lease->empties = lease->node && lease_node_is_empty(lease);
    return L2TPHA_OK;
}

int l2tpha_lease_return(struct l2tpha_lease *lease, uint64_t now)
{
    if (lease->state != L2TPHA_LEASE_LEFT)
        return L2TPHA_ERR_STATE;
    lease->state = L2TPHA_LEASE_LOST;
    lease->reason = "it was given back";
    lease->give = lease->empties = false;
    ask_anew(lease, now);
    return L2TPHA_OK;
}
