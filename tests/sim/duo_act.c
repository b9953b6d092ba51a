/* SPDX-License-Identifier: MIT */
/* What the two hosts do of their own. An action that the moment does not allow does nothing. */
#include "control/transaction.h"
#include "node/node.h"
#include "sim/duo.h"

static void judge(struct duo *duo, const char *what, int error)
{
    if (error && error != L2TPHA_ERR_QUEUE_FULL && error != L2TPHA_ERR_STATE)
        world_fail(&duo->world, "%s: %s", what, l2tpha_strerror(error));
}

/* One of the ordinary tunnels that are not ending; NULL = none. */
static struct l2tpha_tunnel *pick_tunnel(const struct end *end, uint32_t pick)
{
    struct l2tpha_tunnel_record record = {.size = sizeof(record)};
    struct l2tpha_tunnel *tunnel = NULL, *chosen = NULL;
    uint32_t seen = 0;

    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        l2tpha_tunnel_get(tunnel, &record);
        if (!record.recovers && record.state <= L2TPHA_TUNNEL_ESTABLISHED && pick % ++seen == 0)
            chosen = tunnel;
    }
    return chosen;
}

static struct l2tpha_session *pick_session(struct l2tpha_tunnel *tunnel, uint32_t pick)
{
    struct l2tpha_session *session = NULL, *chosen = NULL;
    uint32_t seen = 0;

    while (tunnel && (session = l2tpha_session_next(tunnel, session)))
        if (pick % ++seen == 0)
            chosen = session;
    return chosen;
}

static void open_tunnel(struct duo *duo, struct end *end)
{
    struct l2tpha_tunnel_options options = {.size = sizeof(options)};
    struct l2tpha_tunnel *tunnel;

    net_address(end->place, &options.path.local);
    net_address(!end->place, &options.path.remote);
    judge(duo, "tunnel_open",
          host_tunnel_open(end->active.node, &options, duo->world.now, &tunnel));
}

static void call(struct duo *duo, struct end *end, const struct duo_action *action)
{
    struct l2tpha_session_options options = {
        .size = sizeof(options),
        .call = action->deed == DUO_CALL ? L2TPHA_CALL_INCOMING : L2TPHA_CALL_OUTGOING,
        .framing = 1,
        .tx_speed = 64000,
        .bearer = 1,
        .minimum_bps = 1000,
        .maximum_bps = 64000,
        .sequencing_required = action->deed == DUO_CALL && action->pick % 3 == 0};
    struct l2tpha_tunnel *tunnel = pick_tunnel(end, action->pick);
    struct l2tpha_session *session;

    if (!tunnel)
        return;
    duo->calls++;
    judge(duo, "session_open", host_session_open(tunnel, &options, duo->world.now, &session));
}

static void hang_up(struct duo *duo, struct end *end, uint32_t pick)
{
    const struct l2tpha_disconnect why = {.size = sizeof(why), .result = 3};
    struct l2tpha_session *session = pick_session(pick_tunnel(end, pick), pick / 7);

    if (!session)
        return;
    duo_excuse(duo, end->place, l2tpha_tunnel_id(l2tpha_session_tunnel(session)),
               l2tpha_session_id(session));
    judge(duo, "session_close", host_session_close(session, &why, duo->world.now));
}

static void close_tunnel(struct duo *duo, struct end *end, uint32_t pick)
{
    struct l2tpha_tunnel *tunnel = pick_tunnel(end, pick);

    if (!tunnel)
        return;
    duo_excuse(duo, end->place, l2tpha_tunnel_id(tunnel), 0);
    judge(duo, "tunnel_close", host_tunnel_close(tunnel, 1, 0, "bye", duo->world.now));
}

void duo_act(struct duo *duo, const struct duo_action *action)
{
    struct end *end = &duo->ends[action->end];
    struct l2tpha_session *session;

    if (!end->active.node)
        return;
    switch ((enum duo_deed)action->deed) {
    case DUO_OPEN:
        open_tunnel(duo, end);
        break;
    case DUO_CALL:
    case DUO_CALL_OUT:
        call(duo, end, action);
        break;
    case DUO_HANG_UP:
        hang_up(duo, end, action->pick);
        break;
    case DUO_CLOSE:
        close_tunnel(duo, end, action->pick);
        break;
    case DUO_DATA:
        session = pick_session(pick_tunnel(end, action->pick), action->pick / 7);
        if (session)
            end_send_data(end, session);
        break;
    }
    end_pump(end);
}

/* --- data of calls that nobody asks about --- */

/* After a silent takeover from a lagging record the other end may have calls that the taker does
 * not know. It learns of them as soon as anything comes of them. */
static void touch(struct duo *duo, struct end *end)
{
    const struct end *peer = &duo->ends[!end->place];
    struct l2tpha_tunnel *tunnel = NULL;

    while (end->active.node && (tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        const struct l2tpha_tunnel *other =
            peer->active.node
                ? l2tpha_tunnel_find(peer->active.node, tunnel->entry.record.remote_id)
                : NULL;
        struct l2tpha_session *session = NULL;
        while (other && other->reconciles && (session = l2tpha_session_next(tunnel, session)))
            end_send_data(end, session);
    }
}

void duo_touch(struct duo *duo)
{
    touch(duo, &duo->ends[0]);
    touch(duo, &duo->ends[1]);
}

/* --- a long life --- */

#define SETUP_MESSAGES 3 /* SCCRQ, SCCRP, SCCCN */

/* Nor has been since it was set up: the ids of calls follow from Ns, and what an earlier call sent
 * must not be under way when the wrap brings its id again. */
static bool is_quiet(const struct l2tpha_tunnel *tunnel)
{
    return tunnel->entry.record.state == L2TPHA_TUNNEL_ESTABLISHED &&
           tunnel->entry.record.ns + tunnel->entry.record.nr <= SETUP_MESSAGES &&
           tunnel->entry.queue_count == 0 && tunnel->channel.told_nr == tunnel->entry.record.nr &&
           !tunnel->channel.suspended;
}

static void set_numbers(struct end *end, struct l2tpha_tunnel *tunnel, uint16_t ns, uint16_t nr)
{
    channel_reset(&end->active.node->engine, &tunnel->channel, ns, nr);
    engine_commit(&end->active.node->engine);
}

/* Numbers shortly before the wrap, on tunnels on which nothing is under way; as after a long life.
 * True when there was one. */
bool duo_age(struct duo *duo)
{
    struct end *end = &duo->ends[0], *peer = &duo->ends[1];
    struct l2tpha_tunnel *tunnel = NULL;
    bool any = false;

    if (duo->net.count || !end->active.node || !peer->active.node)
        return false;
    while ((tunnel = l2tpha_tunnel_next(end->active.node, tunnel))) {
        struct l2tpha_tunnel *other =
            l2tpha_tunnel_find(peer->active.node, tunnel->entry.record.remote_id);
        if (!other || !is_quiet(tunnel) || !is_quiet(other))
            continue;
        uint16_t ns = (uint16_t)(65535 - world_below(&duo->world, 30));
        uint16_t nr = (uint16_t)(65535 - world_below(&duo->world, 30));
        set_numbers(end, tunnel, ns, nr);
        set_numbers(peer, other, nr, ns);
        any = true;
    }
    if (any) {
        end_pump(end);
        end_pump(peer);
    }
    return any;
}
