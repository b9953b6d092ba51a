/* SPDX-License-Identifier: MIT */
/* A client that has begun anew, after a StopCCN or without a word, often uses its tunnel id and its
 * port again. Its SCCRQ then names a tunnel that this end still has, and differs from a copy of the
 * SCCRQ of that one in little, or in nothing. It is new
 * - when Tie Breaker, Challenge or Host Name differ;
 * - when that tunnel is over: RFC 2661 5.7 keeps it for copies of a StopCCN alone;
 * - when the peer has had the answer for longer than it repeats a request, or repeats it all the
 *   same: one copy may be late on the wire, a second one half a second behind it is asked anew.
 *
 * Nothing is proven by it. So the new tunnel is set up beside the old one, its duplicate, which
 * ends when the new one is established: then the peer itself has given the id away. What the old
 * one would still say would be taken for the new one's, so it ends without a word. The one
 * established last wins, since the peer has one at most; those asked for later than it are still to
 * come. */
#include "dispatch/tunnel_duplicate.h"

#include "base/assert.h"
#include "codec/wire_id.h"
#include "control/duplicate.h"
#include "control/machine.h"
#include "control/place.h"
#include "dispatch/duplicates.h"
#include "state/digest.h"

#define AGAIN_MS 500           /* between two requests of one peer that asks anew */
#define DUPLICATES_HALF_OPEN 4 /* with one address and id of the peer */

uint64_t tunnel_request_digest(const struct l2tpha_message *sccrq)
{
    static const uint16_t types[] = {L2TPHA_AVP_TIE_BREAKER, L2TPHA_AVP_CHALLENGE,
                                     L2TPHA_AVP_HOST_NAME};
    uint64_t digest = 0;

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct l2tpha_bytes value = {0};
        if (l2tpha_message_bytes(sccrq, types[i], &value))
            digest = digest_bytes(digest ^ types[i], value.data, value.len);
    }
    return digest ? digest : 1; /* 0 = not known */
}

/* Where one that this end has asked for has its tie breaker. */
void tunnel_note_request(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *sccrq)
{
    ASSERT(&tunnel->engine->log, !(tunnel->entry.record.flags & L2TPHA_TUNNEL_INITIATOR));
    if (!tunnel_is_recovery(tunnel))
        put_u64(tunnel->entry.record.tie_breaker, tunnel_request_digest(sccrq));
}

/* --- copies --- */

/* Not known of one that this end has asked for, nor of one that an older release has set up. */
static bool differs(const struct l2tpha_tunnel *known, uint64_t digest)
{
    const struct l2tpha_tunnel_record *record = &known->entry.record;
    uint64_t own = record->flags & L2TPHA_TUNNEL_INITIATOR ? 0 : get_u64(record->tie_breaker);

    return own != 0 && own != digest;
}

/* The peer has shown that it has our answer, and so will not repeat its request. */
static bool is_answered(const struct l2tpha_tunnel *known)
{
    return known->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED || channel_idle(&known->channel);
}

static bool is_asked_anew(struct l2tpha_tunnel *known)
{
    const struct engine *engine = known->engine;
    uint32_t now = engine_now_ms(engine);

    if (now - known->answered_ms > channel_cycle_us(engine) / US_PER_MS)
        return true;
    if (known->asked_again)
        return now - known->asked_again_ms >= AGAIN_MS;
    known->asked_again = true;
    known->asked_again_ms = now;
    return false;
}

/* One that is over answers the request itself while the peer has acknowledged nothing: a refusal,
 * or an SCCRP that was lost and the StopCCN behind it. */
static bool is_unheard(const struct l2tpha_tunnel *known)
{
    const struct l2tpha_tunnel_record *record = &known->entry.record;

    return record->state == L2TPHA_TUNNEL_STOPPING && record->acked == 0 && record->nr == 1 &&
           !(record->flags & L2TPHA_TUNNEL_INITIATOR);
}

static bool is_copy(struct l2tpha_tunnel *known, uint64_t digest)
{
    if (differs(known, digest))
        return false;
    if (tunnel_is_over(known))
        return is_unheard(known);
    /* RFC 4951 3.2.1: what rests is being recovered; that comes first. */
    return known->channel.suspended || !is_answered(known) || !is_asked_anew(known);
}

/* Recovery tunnels have ids of their own (RFC 4951 3.2.1), but a peer with few free ones soon uses
 * that of one that it has given up, or that is over. The answer to that one must not be taken for
 * an answer to this. What recovers the same tunnel is a copy. */
static bool is_reused(const struct l2tpha_tunnel *known, uint32_t recovers)
{
    const struct l2tpha_tunnel_record *record = &known->entry.record;
    bool asked =
        recovers && tunnel_is_recovery(known) && !(record->flags & L2TPHA_TUNNEL_INITIATOR);

    return (known->lingering || asked) && record->recovers != recovers;
}

struct l2tpha_tunnel *tunnel_find_copied(struct engine *engine, const struct l2tpha_path *path,
                                         const struct l2tpha_message *sccrq, uint32_t recovers)
{
    uint64_t digest = tunnel_request_digest(sccrq);
    uint32_t id = wire_tunnel_id(sccrq);
    struct l2tpha_tunnel *known = duplicate_first(engine, &path->remote, id), *next;

    for (; known; known = next) {
        next = duplicate_next(known);
        bool recovery = recovers || tunnel_is_recovery(known);
        if (recovery && is_reused(known, recovers))
            tunnel_end_lingering(known);
        else if (recovery ? tunnel_is_recovery(known) || !tunnel_is_over(known)
                          : is_copy(known, digest))
            return known;
    }
    return NULL;
}

/* Its peer has not heard of our id, as far as is known. */
static bool is_unknown_to_peer(const struct l2tpha_tunnel *tunnel)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;

    return tunnel_is_half_open(tunnel) ||
           (record->state == L2TPHA_TUNNEL_STOPPED && record->acked == 0);
}

/* It comes of a peer that has not heard of our id: so it means one that is half open, and the
 * oldest of these, should it come late. Where that has been stopped so, or for others, it is a
 * copy: one that was meant for a younger one costs less than a new tunnel that an old word ends. */
struct l2tpha_tunnel *tunnel_find_stopped(struct engine *engine, const struct l2tpha_path *path,
                                          const struct l2tpha_message *stopccn)
{
    struct l2tpha_tunnel *first = duplicate_first(engine, &path->remote, wire_tunnel_id(stopccn));
    struct l2tpha_tunnel *found = first;

    for (struct l2tpha_tunnel *at = first; at; at = duplicate_next(at))
        if (is_unknown_to_peer(at))
            found = at;
    return found;
}

/* --- several at one time --- */

void tunnel_make_duplicate_place(struct engine *engine, const struct l2tpha_path *path, uint32_t id)
{
    struct l2tpha_tunnel *oldest = NULL;
    uint32_t count = 0;

    for (struct l2tpha_tunnel *at = duplicate_first(engine, &path->remote, id); at;
         at = duplicate_next(at)) {
        if (!tunnel_is_half_open(at) || tunnel_is_recovery(at))
            continue;
        oldest = at;
        count++;
    }
    if (count < DUPLICATES_HALF_OPEN)
        return;
    engine->counters.limit_reached++;
    machine_clear(oldest, L2TPHA_ERR_LIMIT, "the peer asks anew all the time");
}
