/* SPDX-License-Identifier: MIT */
/* What follows from a session message whichever machine it goes to. */
#include "dispatch/session_input.h"

#include "codec/wire_id.h"
#include "control/resync.h"

/* RFC 2661 4.4.4: before it knows our id the peer names the session by its own. So it does when it
 * knows another id, given by a previous active whose record is lagging. */
static struct l2tpha_session *find(const struct l2tpha_tunnel *tunnel,
                                   const struct l2tpha_message *message)
{
    uint32_t id = message->header.session_id;
    struct l2tpha_session *session = id ? tunnel_session_find(tunnel, id) : NULL;

    if (session || message->type != L2TPHA_MESSAGE_CDN || !wire_session_id(message) ||
        (id && !tunnel->reconciles))
        return session;
    return tunnel_session_find_remote(tunnel, wire_session_id(message));
}

struct l2tpha_session *session_addressed(struct l2tpha_tunnel *tunnel,
                                         const struct l2tpha_message *message)
{
    struct l2tpha_session *session = find(tunnel, message);

    if (message->type == L2TPHA_MESSAGE_CDN)
        tunnel->channel.ended_call = wire_session_id(message);
    if (session)
        session->unheard = false;
    return session;
}

bool session_end_orphan(struct l2tpha_tunnel *tunnel, const struct l2tpha_message *message)
{
    tunnel->engine->counters.unknown_session++;
    if (message->type == L2TPHA_MESSAGE_CDN || !tunnel->reconciles)
        return false;
    tunnel_end_orphan(tunnel, message->header.session_id, wire_session_id(message));
    return true;
}

/* The request may be a straggler that the previous active has answered: the call that came of it is
 * not known here, and the CDN ends it. */
bool session_request_must_wait(struct l2tpha_tunnel *tunnel)
{
    tunnel->engine->counters.resync_refusals += tunnel->channel.lagging;
    return tunnel->channel.lagging;
}
