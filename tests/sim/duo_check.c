/* SPDX-License-Identifier: MIT */
/* What has to be so between two ends of ours that recover by RFC 4951. */
#include "failover/recovery.h"
#include "node/node.h"
#include "sim/duo.h"

#include <l2tpha/observe.h>
#include <stdio.h>

static struct l2tpha_tunnel *other_of(const struct end *end, const struct l2tpha_tunnel *tunnel)
{
    struct l2tpha_tunnel *other =
        end->active.node ? l2tpha_tunnel_find(end->active.node, tunnel->entry.record.remote_id)
                         : NULL;

    return other && other->entry.record.remote_id == tunnel->entry.record.local_id ? other : NULL;
}

static struct l2tpha_session *session_at(const struct end *end, uint32_t tunnel, uint32_t session)
{
    return end->active.node ? l2tpha_session_find(end->active.node, tunnel, session) : NULL;
}

static struct l2tpha_session *other_session(const struct end *end,
                                            const struct l2tpha_session *session)
{
    const struct l2tpha_tunnel *tunnel = l2tpha_session_tunnel(session);
    struct l2tpha_session *other =
        session_at(end, tunnel->entry.record.remote_id, session->entry.remote_id);

    return other && other->entry.remote_id == session->entry.local_id ? other : NULL;
}

static bool is_up(const struct l2tpha_tunnel *tunnel)
{
    return tunnel && tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED &&
           !tunnel_is_recovery(tunnel);
}

/* --- what has to stay --- */

/* The wish dies with the node that it was told to, unless the standby has been told; or the peer,
 * where outputs run ahead of the standby. */
static bool is_left(const struct duo *duo, unsigned place, uint32_t tunnel, uint32_t session)
{
    bool lags = duo->ends[place].options.config.commit != L2TPHA_COMMIT_GATED;

    for (unsigned i = 0; i < duo->left_count; i++) {
        const struct duo_left *left = &duo->left[i];
        if (left->place == place && left->tunnel == tunnel && left->session == session &&
            (lags || left->life == duo->ends[place].deaths))
            return true;
    }
    return false;
}

/* A host has ended it, while the channel rested maybe: the word for the peer is still to come. */
static bool is_ending(const struct duo *duo, const struct end *end,
                      const struct l2tpha_tunnel *tunnel, const struct l2tpha_session *session)
{
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    uint32_t here = session ? session->entry.local_id : 0;
    uint32_t there = session ? session->entry.remote_id : 0;

    return is_left(duo, end->place, record->local_id, here) ||
           is_left(duo, !end->place, record->remote_id, there);
}

static struct duo_kept *find_kept(struct duo *duo, unsigned place, uint32_t tunnel,
                                  uint32_t session)
{
    for (unsigned i = 0; i < duo->kept_count; i++)
        if (duo->kept[i].tunnel[place] == tunnel && duo->kept[i].session[place] == session)
            return &duo->kept[i];
    return NULL;
}

/* Nobody but who is not answered has a second choice. */
static bool has_no_choice(const struct l2tpha_tunnel_record *record)
{
    return record->effective_method == L2TPHA_FAILOVER_PROTOCOL ||
           record->flags & L2TPHA_TUNNEL_RESET_SENT;
}

static void keep(struct duo *duo, const struct end *taker, const struct l2tpha_tunnel *tunnel,
                 const struct l2tpha_session *session)
{
    unsigned here = taker->place, there = !here;
    uint32_t id = session ? session->entry.local_id : 0;
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    struct duo_kept *kept = find_kept(duo, here, record->local_id, id);

    if (!kept) {
        if (duo->kept_count == DUO_KEPT)
            return;
        kept = &duo->kept[duo->kept_count++];
        *kept = (struct duo_kept){0};
    }
    kept->tunnel[here] = record->local_id;
    kept->tunnel[there] = record->remote_id;
    kept->session[here] = id;
    kept->session[there] = session ? session->entry.remote_id : 0;
    bool in_vain = duo->plan.kind >= DUO_REFUSED && tunnel->recovery;
    kept->doomed = in_vain && has_no_choice(record);
    /* The refusal may be heard, or be lost for as long as an answer is waited for. */
    kept->excused |= in_vain && !kept->doomed && duo->plan.kind != DUO_DEAF;
    /* What the takeover has not come to yet has no attempt to be seen. */
    kept->excused |= duo->plan.kind >= DUO_REFUSED && !tunnel->engine;
}

/* The peer may know nothing of it, and have said so. */
static bool is_in_doubt(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.flags & L2TPHA_TUNNEL_UNCERTAIN;
}

/* What the dead active had not told its standby yet was not established: nor has its peer heard.
 * Where outputs run ahead of the standby its peer may have heard of what the standby lacks. A peer
 * in doubt asks for a recovery, where it would repeat what completes the set-up else. */
static void forget_unconfirmed(struct duo *duo, const struct end *taker)
{
    bool lags = taker->options.config.commit != L2TPHA_COMMIT_GATED;
    const struct end *peer = &duo->ends[!taker->place];

    for (unsigned i = 0; i < duo->kept_count; i++) {
        struct duo_kept *kept = &duo->kept[i];
        uint32_t tunnel = kept->tunnel[taker->place], id = kept->session[taker->place];
        const struct l2tpha_session *session = session_at(taker, tunnel, id);
        const struct l2tpha_tunnel *other =
            l2tpha_tunnel_find(peer->active.node, kept->tunnel[peer->place]);
        if (other && is_in_doubt(other) && !is_up(l2tpha_tunnel_find(taker->active.node, tunnel)))
            kept->excused = true;
        if (session && session->entry.state != L2TPHA_SESSION_ESTABLISHED)
            kept->excused = true;
        if (lags && ((id && !session) || !is_up(l2tpha_tunnel_find(taker->active.node, tunnel))))
            kept->excused = true;
    }
}

/* Some host has ended it, in this life or before. */
static bool was_closed(const struct duo *duo, const struct l2tpha_tunnel_record *record,
                       unsigned place)
{
    for (unsigned i = 0; i < duo->left_count; i++) {
        const struct duo_left *left = &duo->left[i];
        if (left->session == 0 &&
            left->tunnel == (left->place == place ? record->local_id : record->remote_id))
            return true;
    }
    return false;
}

/* The set-up of a tunnel runs ahead of no standby: what the peer has established the taker has, if
 * it has not cleared what is stale. */
static void check_tunnels(struct duo *duo, const struct end *taker)
{
    const struct end *peer = &duo->ends[!taker->place];
    struct l2tpha_tunnel *tunnel = NULL;

    while (peer->active.node && (tunnel = l2tpha_tunnel_next(peer->active.node, tunnel)))
        if (taker->options.trust != L2TPHA_TRUST_STALE && is_up(tunnel) && !is_in_doubt(tunnel) &&
            !was_closed(duo, &tunnel->entry.record, peer->place) &&
            !l2tpha_tunnel_find(taker->active.node, tunnel->entry.record.remote_id))
            world_fail(&duo->world, "tunnel %u of end %u has no other end after the takeover",
                       (unsigned)tunnel->entry.record.local_id, peer->place);
}

void duo_note_kept(struct duo *duo, const struct end *taker)
{
    const struct end *peer = &duo->ends[!taker->place];
    struct l2tpha_tunnel *tunnel = NULL;

    check_tunnels(duo, taker);
    forget_unconfirmed(duo, taker);
    while ((tunnel = l2tpha_tunnel_next(taker->active.node, tunnel))) {
        if (!is_up(tunnel) || !is_up(other_of(peer, tunnel)) || is_ending(duo, taker, tunnel, NULL))
            continue;
        keep(duo, taker, tunnel, NULL);
        struct l2tpha_session *session = NULL;
        while ((session = l2tpha_session_next(tunnel, session))) {
            const struct l2tpha_session *other = other_session(peer, session);
            if (session->entry.state == L2TPHA_SESSION_ESTABLISHED && other &&
                other->entry.state == L2TPHA_SESSION_ESTABLISHED &&
                !is_ending(duo, taker, tunnel, session))
                keep(duo, taker, tunnel, session);
        }
    }
}

void duo_excuse(struct duo *duo, unsigned place, uint32_t tunnel, uint32_t session)
{
    for (unsigned i = 0; i < duo->kept_count; i++) {
        struct duo_kept *kept = &duo->kept[i];
        if (kept->tunnel[place] == tunnel && (!session || kept->session[place] == session))
            kept->excused = true;
    }
    if (duo->left_count < DUO_ACTIONS) /* one for each deed at most */
        duo->left[duo->left_count++] = (struct duo_left){
            .place = place, .tunnel = tunnel, .session = session, .life = duo->ends[place].deaths};
}

static bool is_there(struct duo *duo, const struct duo_kept *kept, unsigned place)
{
    const struct end *end = &duo->ends[place];

    if (kept->session[place])
        return session_at(end, kept->tunnel[place], kept->session[place]) != NULL;
    return is_up(l2tpha_tunnel_find(end->active.node, kept->tunnel[place]));
}

void duo_check_kept(struct duo *duo)
{
    for (unsigned i = 0; i < duo->kept_count; i++)
        for (unsigned place = 0; place < 2; place++) {
            const struct duo_kept *kept = &duo->kept[i];
            bool there = is_there(duo, kept, place);
            if (there ? !kept->doomed : kept->doomed || kept->excused)
                continue;
            world_fail(&duo->world, "%s %u/%u (end 0: %u/%u) is %s at end %u",
                       kept->session[0] ? "call" : "tunnel", (unsigned)kept->tunnel[place],
                       (unsigned)kept->session[place], (unsigned)kept->tunnel[0],
                       (unsigned)kept->session[0], there ? "still there" : "lost", place);
        }
}

/* --- at any time --- */

static void watch_end(struct duo *duo, const struct end *end)
{
    struct l2tpha_tunnel *tunnel = NULL;

    if (!end->active.node || !end->takeovers ||
        duo->world.now < end->served_since + end_patience(end))
        return;
    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel)))
        if (tunnel->channel.suspended && duo->ends[!end->place].active.node &&
            duo->world.now >= duo->ends[!end->place].served_since + end_patience(end))
            world_fail(&duo->world, "tunnel %u of end %u rests past every deadline",
                       (unsigned)tunnel->entry.record.local_id, end->place);
}

void duo_watch(struct duo *duo)
{
    watch_end(duo, &duo->ends[0]);
    watch_end(duo, &duo->ends[1]);
}

/* --- rest --- */

static const char *session_unrest(const struct end *peer, const struct l2tpha_session *session)
{
    const struct l2tpha_session *other = other_session(peer, session);

    if (session->entry.state != L2TPHA_SESSION_ESTABLISHED)
        return "a call is half open";
    if (!other)
        return "a call lives at one end only";
    if (other->entry.serial != session->entry.serial)
        return "a call is confused with another";
    return NULL;
}

static const char *tunnel_unrest(struct duo *duo, unsigned place,
                                 const struct l2tpha_tunnel *tunnel)
{
    const struct end *peer = &duo->ends[!place];
    const struct l2tpha_tunnel_record *record = &tunnel->entry.record;
    const struct l2tpha_tunnel *other = other_of(peer, tunnel);
    const char *why = NULL;

    duo->restless = (struct duo_left){.place = place, .tunnel = record->local_id};
    if (tunnel_is_recovery(tunnel))
        return "a recovery tunnel is left";
    if (record->state != L2TPHA_TUNNEL_ESTABLISHED)
        return "a tunnel is half open or lingers";
    if (tunnel->channel.suspended || tunnel->recovery)
        return "a tunnel is being recovered";
    if (tunnel->channel.lagging && machines_are_attached(place == 0))
        return "a daemon can place no call yet";
    if (record->acked != record->ns)
        return "something is not acknowledged";
    if (!is_up(other))
        return "a tunnel lives at one end only";
    if (record->ns != other->entry.record.nr || record->nr != other->entry.record.ns)
        return "the ends have different numbers";
    for (struct session_entry *entry = tunnel->entry.sessions; entry && !why; entry = entry->next) {
        duo->restless.session = entry->local_id;
        why = session_unrest(peer, session_of(entry));
    }
    return why;
}

const char *duo_unrest(struct duo *duo)
{
    const char *why = NULL;

    for (unsigned i = 0; i < 2; i++)
        if (!duo->ends[i].active.node)
            return "an end is dead";
    /* With HELLOs in between the two need not be so at the same instant. */
    for (unsigned i = 0; i < 2; i++)
        duo->copied[i] |= end_is_idle(&duo->ends[i]) && end_is_copied(&duo->ends[i]);
    if (duo->net.count)
        return "datagrams are under way";
    for (unsigned i = 0; i < 2 && !why; i++) {
        struct l2tpha_tunnel *tunnel = NULL;
        while (!why && (tunnel = l2tpha_tunnel_next(duo->ends[i].active.node, tunnel)))
            why = tunnel_unrest(duo, i, tunnel);
    }
    if (!why && !(duo->copied[0] && duo->copied[1]))
        why = "a replica differs";
    for (unsigned i = 0; i < 2 && !why; i++) /* an event may be still to come */
        why = machines_fault(duo->ends[i].active.node, true);
    return why;
}

/* Only its recovery tunnel is still there. */
static bool is_returned(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->recovery && tunnel->recovery->state == RECOVERY_PEER_RECOVERED;
}

bool duo_is_whole(struct duo *duo)
{
    for (unsigned i = 0; i < 2; i++) {
        struct l2tpha_tunnel *tunnel = NULL;
        if (!duo->ends[i].active.node)
            return false;
        while ((tunnel = l2tpha_tunnel_next(duo->ends[i].active.node, tunnel)))
            if (!tunnel_is_recovery(tunnel) && !is_returned(tunnel) &&
                tunnel_unrest(duo, i, tunnel))
                return false;
    }
    return true;
}

/* --- the control channel carries --- */

void duo_call_all(struct duo *duo)
{
    const struct l2tpha_session_options options = {
        .size = sizeof(options), .call = L2TPHA_CALL_INCOMING, .framing = 1, .tx_speed = 64000};
    struct end *end = &duo->ends[world_below(&duo->world, 2)];
    struct l2tpha_tunnel *tunnel = NULL;
    struct l2tpha_session *session;

    duo->kept_count = 0;
    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        int error = host_session_open(tunnel, &options, duo->world.now, &session);
        if (error) {
            world_fail(&duo->world, "no new call: %s", l2tpha_strerror(error));
            return;
        }
        if (duo->kept_count == DUO_KEPT)
            return;
        struct duo_kept *kept = &duo->kept[duo->kept_count++];
        *kept = (struct duo_kept){0};
        kept->tunnel[end->place] = l2tpha_tunnel_id(tunnel);
        kept->session[end->place] = l2tpha_session_id(session);
    }
    end_pump(end);
}

void duo_check_calls(struct duo *duo)
{
    for (unsigned i = 0; i < duo->kept_count; i++) {
        const struct duo_kept *kept = &duo->kept[i];
        unsigned here = kept->tunnel[0] ? 0 : 1;
        struct l2tpha_session *session =
            session_at(&duo->ends[here], kept->tunnel[here], kept->session[here]);
        if (!session || session->entry.state != L2TPHA_SESSION_ESTABLISHED ||
            !other_session(&duo->ends[!here], session))
            world_fail(&duo->world, "tunnel %u of end %u carries no new call",
                       (unsigned)kept->tunnel[here], here);
    }
}
